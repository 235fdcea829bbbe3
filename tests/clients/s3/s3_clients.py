"""Clients of S3 as their users make them."""

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config


def client_of(server, key, verify=None, **config):
    config = {"s3": {"addressing_style": "path"}, "retries": {"max_attempts": 4, "mode": "standard"}} | config
    return boto3.client("s3", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=key[0],
                        aws_secret_access_key=key[1], verify=verify, config=Config(**config))


def code_of(call, **arguments):
    """The code of the error that a call is refused with."""
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]
