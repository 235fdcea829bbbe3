"""What tests of Recombee's client do again and again."""

import time

import pytest
from recombee_api_client.exceptions import ResponseException


def refused(client, request, code):
    """The message of the refusal, whose status it must have."""
    with pytest.raises(ResponseException) as caught:
        client.send(request)
    assert caught.value.status_code == code, str(caught.value)
    return str(caught.value)


def wait_until(holds, limit_s=60):
    deadline = time.monotonic() + limit_s
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
