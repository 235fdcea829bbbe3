"""S3's own clients against a running server."""

import pytest

from serving import running, served  # noqa: F401  fixtures

pytest.importorskip("boto3", reason="NOT TESTED with S3's clients: scripts/setup clients installs them")
from s3_clients import client_of  # noqa: E402


@pytest.fixture
def make_key_of():
    """A new access key of a server: its id and secret."""
    def make(server, role="engineer"):
        made = server.post("/api/v1/access-keys", {"role": role, "label": "test"}).expect(201).json
        return made["record"]["id"], made["secret"]
    return make


@pytest.fixture
def make_key(running, make_key_of):
    return lambda role="engineer": make_key_of(running, role)


@pytest.fixture
def s3(running, make_key):
    return client_of(running, make_key())


@pytest.fixture
def box(s3):
    """The name of an empty bucket."""
    s3.create_bucket(Bucket="box")
    return "box"
