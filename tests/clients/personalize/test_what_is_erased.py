"""Erasures reach what Personalize's clients made."""

import json

import pytest
from personalize.shop import ROLE, import_file, make_group, small_shop, train, wait_for


@pytest.fixture
def running(served):
    return served.start("--erase-delay", "0")


def test_answers_of_batches_lose_the_lines_of_whoever_is_erased(personalize, clients, running):
    s3 = clients("s3")
    s3.create_bucket(Bucket="files")
    group, datasets = make_group(personalize)
    s3.put_object(Bucket="files", Key="shop.csv", Body=small_shop().replace("\nu1,", "\nann@example.org,").encode())
    import_file(personalize, datasets["interactions"], "s3://files/shop.csv", "shop")
    _, version = train(personalize, group, "aws-user-personalization-v2", "for-you")
    s3.put_object(Bucket="files", Key="people.jsonl", Body='{"userId":"ann@example.org"}\n{"userId":"u2"}\n')
    job = personalize.create_batch_inference_job(
        jobName="nightly", solutionVersionArn=version, roleArn=ROLE, jobInput={"s3DataSource": {"path": "s3://files/people.jsonl"}},
        jobOutput={"s3DataDestination": {"path": "s3://files/out/"}})["batchInferenceJobArn"]
    wait_for(personalize.describe_batch_inference_job, "batchInferenceJob", batchInferenceJobArn=job)
    running.wait_for_request(running.erase("ann@example.org"))
    left = s3.get_object(Bucket="files", Key="out/people.jsonl.out")["Body"].read().decode().splitlines()
    assert [json.loads(one)["input"] for one in left] == [{"userId": "u2"}]
