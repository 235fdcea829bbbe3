"""Clients whose versions of boto3 are their own, in a virtual environment of their own."""

import os
import pathlib
import subprocess

import pytest

INSTALLED = pathlib.Path(__file__).parents[3] / ".deps" / "more-clients"
LIMIT_S = 280


@pytest.fixture
def run_client(running, access_key, tmp_path):
    """Runs a program of theirs to its end, in a folder and a home of this test's own; what it printed."""
    if not (INSTALLED / "bin" / "dvc").is_file():
        pytest.skip("NOT TESTED with DVC and MLflow: scripts/setup clients-more installs them")
    home = tmp_path / "home"
    home.mkdir()
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DVC_", "MLFLOW_", "GIT_"))}
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache"),
           "XDG_CONFIG_DIRS": str(home / "system"), "PATH": f"{INSTALLED / 'bin'}:{os.environ['PATH']}",
           "AWS_EC2_METADATA_DISABLED": "true", "DVC_NO_ANALYTICS": "1", "MLFLOW_S3_ENDPOINT_URL": running.url,
           "MLFLOW_DISABLE_TELEMETRY": "true"}

    def run(*command, folder=tmp_path, with_key=True):
        key = {name.upper(): value for name, value in access_key.items()} if with_key else {}
        ended = subprocess.run([INSTALLED / "bin" / command[0], *map(str, command[1:])], cwd=folder, env=bare | own | key,
                               capture_output=True, text=True, timeout=LIMIT_S)
        assert ended.returncode == 0, f"{command}\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}"
        return ended.stdout

    return run


@pytest.fixture
def objects(running, access_key):
    """The objects of a bucket, by key, with their sizes; and the bucket, made."""
    boto3 = pytest.importorskip("boto3", reason="NOT TESTED with DVC and MLflow: scripts/setup clients installs boto3 too")
    s3 = boto3.client("s3", endpoint_url=running.url, region_name="us-east-1", **access_key)

    def of(bucket):
        return {one["Key"]: one["Size"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
                for one in page.get("Contents", [])}

    of.client = s3
    return of
