"""Clients of other services, unmodified, against a running server."""

import pytest
from serving import running, served  # noqa: F401  fixtures


@pytest.fixture
def access_key(running):
    """Of an engineer: what `aws configure` asks for."""
    made = running.post("/api/v1/access-keys", {"role": "engineer", "label": "clients"}).expect(201).json
    return {"aws_access_key_id": made["record"]["id"], "aws_secret_access_key": made["secret"]}
