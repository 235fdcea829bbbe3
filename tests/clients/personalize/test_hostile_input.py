"""What clients may ask for and what breaks nothing: found by reading and by mutated requests."""

import datetime

import pytest
from personalize.shop import ROLE, make_group, why_failed

HEADER = b"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE\n"


@pytest.fixture
def s3(clients):
    client = clients("s3")
    client.create_bucket(Bucket="files")
    return client


def failed_import(personalize, dataset, location, name):
    job = personalize.create_dataset_import_job(jobName=name, datasetArn=dataset, roleArn=ROLE,
                                                dataSource={"dataLocation": location})["datasetImportJobArn"]
    return why_failed(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job)


def test_a_reason_is_cut_between_two_characters(personalize, s3):
    """Keys are up to 1,024 bytes of UTF-8, and a reason that was cut within a character could not be kept: the job never ended."""
    _, datasets = make_group(personalize)
    for i in range(3):  # whatever stands before it, in one of them the cut is within a character
        s3.put_object(Bucket="files", Key=f"{'x' * (i + 1)}/{'€' * 330}.csv", Body=HEADER + b"a,b\n")
        why = failed_import(personalize, datasets["interactions"], f"s3://files/{'x' * (i + 1)}/", f"job-{i}")
        assert why.startswith("s3://files/x") and len(why.encode()) > 997 and why.endswith("€")
