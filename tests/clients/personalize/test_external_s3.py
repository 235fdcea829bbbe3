"""Jobs that read and write files at another S3 than the server's own store: here, that of a second server."""

import json

import boto3
import botocore.config
import pytest
from conftest import program
from personalize.shop import INTERACTIONS, ROLE, deploy, import_file, make_group, small_shop, train, wait_for
from serving import server

MIB = 1 << 20


@pytest.fixture
def far(eunomia_binary, tmp_path):
    """Another S3, with a bucket "far"."""
    folder = tmp_path / "far" / "data"
    folder.mkdir(parents=True)
    it = server(program(eunomia_binary, folder)).start()
    it.s3, it.key = client_of(it, "s3")
    it.s3.create_bucket(Bucket="far")
    yield it
    if it.process is not None:
        it.stop() if it.sanitized else it.kill()


def client_of(running, service):
    made = running.post("/api/v1/access-keys", {"role": "engineer", "label": service}).expect(201).json
    key = {"aws_access_key_id": made["record"]["id"], "aws_secret_access_key": made["secret"]}
    config = botocore.config.Config(inject_host_prefix=False)
    return boto3.client(service, endpoint_url=running.url, region_name="eu-central-1", config=config, **key), key


@pytest.fixture
def near(served, far, tmp_path):
    """The server, which is told of it."""
    key = tmp_path / "far.key"
    key.write_text("".join(f"{name} = {value}\n" for name, value in far.key.items()))
    return served.start("--s3-endpoint", far.url, "--s3-buckets", "far,missing", "--s3-region", "eu-central-1",
                        "--s3-credentials-file", key)


def test_jobs_import_export_and_answer_in_a_bucket_elsewhere(near, far):
    personalize, _ = client_of(near, "personalize")
    own, _ = client_of(near, "s3")
    own.create_bucket(Bucket="near")
    group, datasets = make_group(personalize, interactions=INTERACTIONS)
    header, *rows = small_shop().splitlines()
    for part, some in enumerate((rows[:100], rows[100:])):
        far.s3.put_object(Bucket="far", Key=f"in/part {part}+ü.csv", Body="\n".join([header, *some]) + "\n")
    import_file(personalize, datasets["interactions"], "s3://far/in/", "in")
    for bucket in ("far", "near"):
        arn = personalize.create_dataset_export_job(
            jobName=f"out-{bucket}", datasetArn=datasets["interactions"], roleArn=ROLE,
            jobOutput={"s3DataDestination": {"path": f"s3://{bucket}/out/"}})["datasetExportJobArn"]
        wait_for(personalize.describe_dataset_export_job, "datasetExportJob", datasetExportJobArn=arn)
    read = [client.get_object(Bucket=bucket, Key=f"out/out-{bucket}.csv")["Body"].read()
            for client, bucket in ((far.s3, "far"), (own, "near"))]
    assert read[0] == read[1] and len(read[0].splitlines()) == 241

    _, version = train(personalize, group, "aws-user-personalization")
    far.s3.put_object(Bucket="far", Key="ask/users.json", Body='{"userId": "u1"}\n{"userId": "u2"}\n')
    arn = personalize.create_batch_inference_job(
        jobName="ask", solutionVersionArn=version, roleArn=ROLE, numResults=3,
        jobInput={"s3DataSource": {"path": "s3://far/ask/users.json"}},
        jobOutput={"s3DataDestination": {"path": "s3://far/answers/"}})["batchInferenceJobArn"]
    wait_for(personalize.describe_batch_inference_job, "batchInferenceJob", batchInferenceJobArn=arn)
    lines = far.s3.get_object(Bucket="far", Key="answers/users.json.out")["Body"].read().decode().splitlines()
    assert [json.loads(line)["input"]["userId"] for line in lines] == ["u1", "u2"]

    # An erasure does not search the bucket, and says whom to tell of it.
    request = near.erase("u7")
    near.wait_for_request(request)
    remarks = near.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect().json["remarks"]
    assert any("s3://far" in one and "which erasures do not search" in one and "out-far" in one for one in remarks)
    assert any("batch job ask" in one for one in remarks)
    assert any("s3://near " in one and "do not search" not in one for one in remarks)
    assert b"u7," in far.s3.get_object(Bucket="far", Key="out/out-far.csv")["Body"].read()


def test_what_is_large_goes_in_parts_and_more_than_a_page_is_listed(near, far):
    personalize, _ = client_of(near, "personalize")
    group, datasets = make_group(personalize, interactions=INTERACTIONS)
    wide = "d" * 4000  # so that few rows are many bytes
    rows = "".join(f"u{n % 500},i{n % 40},{1_760_000_000 + n},view,1,{wide}{n}\n" for n in range(10_000))
    body = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE\n" + rows
    assert len(body) > 33 * MIB  # more than part_bytes
    far.s3.put_object(Bucket="far", Key="large.csv", Body=body)
    import_file(personalize, datasets["interactions"], "s3://far/large.csv", "large")
    arn = personalize.create_dataset_export_job(
        jobName="large", datasetArn=datasets["interactions"], roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": "s3://far/out/"}})["datasetExportJobArn"]
    wait_for(personalize.describe_dataset_export_job, "datasetExportJob", datasetExportJobArn=arn)
    head = far.s3.head_object(Bucket="far", Key="out/large.csv")
    assert head["ContentLength"] > 33 * MIB and head["ETag"].strip('"').endswith("-2")
    for n in range(1005):
        far.s3.put_object(Bucket="far", Key=f"many/{n:04}.csv", Body="USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE\n"
                          + f"v{n},i1,1760000000,view,1,x\n")
    import_file(personalize, datasets["interactions"], "s3://far/many/", "many")
    counts = near.get("/api/v1/datasets/shop").expect().json["counts"]
    assert counts["interactions"] == 1005


def test_what_is_wrong_there_is_the_reason_of_the_job(near, far):
    personalize, _ = client_of(near, "personalize")
    _, datasets = make_group(personalize, interactions=INTERACTIONS)

    def reason(location, name):
        arn = personalize.create_dataset_import_job(jobName=name, datasetArn=datasets["interactions"], roleArn=ROLE,
                                                    dataSource={"dataLocation": location})["datasetImportJobArn"]
        return wait_for(personalize.describe_dataset_import_job, "datasetImportJob", done="CREATE FAILED",
                        datasetImportJobArn=arn)["failureReason"]

    assert "NoSuchBucket" in reason("s3://missing/x.csv", "missing")
    assert "there is no file at s3://far/none.csv" in reason("s3://far/none.csv", "none")
    far.request("DELETE", f"/api/v1/access-keys/{far.key['aws_access_key_id']}").expect(204)
    denied = reason("s3://far/x.csv", "denied")
    assert "InvalidAccessKeyId" in denied and far.key["aws_secret_access_key"] not in denied
    url = far.url
    far.kill()
    assert url in reason("s3://far/x.csv", "gone")


def test_flags_that_cannot_be_are_refused(eunomia):
    def refused(*flags, code=3, **environment):
        return eunomia.run("up", "--port", "0", *flags, environment=environment).expect(code).stderr

    assert "go together" in refused("--s3-endpoint", "http://127.0.0.1:1")
    assert "go together" in refused("--s3-buckets", "far")
    assert "EUNOMIA_S3_AWS_ACCESS_KEY_ID" in refused("--s3-endpoint", "http://127.0.0.1:1", "--s3-buckets", "far")
    key = {"EUNOMIA_S3_AWS_ACCESS_KEY_ID": "a", "EUNOMIA_S3_AWS_SECRET_ACCESS_KEY": "b"}
    assert "http://" in refused("--s3-endpoint", "ftp://x", "--s3-buckets", "far", **key)
    refused("--s3-endpoint", "http://127.0.0.1:1", "--s3-buckets", "NO", **key)
