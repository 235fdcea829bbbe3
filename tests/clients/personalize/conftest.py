"""boto3's clients of Personalize, each of whose answers is held against botocore's own service model."""

import json

import boto3
import botocore.config
import pytest


def strict(client):
    """Every answer must have the members that the service model says, of its types, and no others."""

    def check(shape, value, path):
        if value is None:
            raise AssertionError(f"{path} is null")
        if shape.type_name == "structure":
            for name, inner in value.items():
                assert name in shape.members, f"{path}.{name} is no member of {shape.name}"
                check(shape.members[name], inner, f"{path}.{name}")
            for name in shape.required_members:
                assert name in value, f"{path}.{name} is missing"
        elif shape.type_name == "list":
            for i, inner in enumerate(value):
                check(shape.member, inner, f"{path}[{i}]")
        elif shape.type_name == "map":
            for key, inner in value.items():
                check(shape.value, inner, f"{path}[{key}]")
        elif shape.type_name == "string":
            assert isinstance(value, str), f"{path} is {value!r}"
            assert not getattr(shape, "enum", None) or value in shape.enum, f"{path} is {value!r}, none of {shape.enum}"
        elif shape.type_name in ("integer", "long"):
            assert isinstance(value, int) and not isinstance(value, bool), f"{path} is {value!r}"
        elif shape.type_name in ("float", "double"):
            assert isinstance(value, (int, float)) and not isinstance(value, bool), f"{path} is {value!r}"
        elif shape.type_name == "boolean":
            assert isinstance(value, bool), f"{path} is {value!r}"

    def raw(http_response, parsed, model, **_):
        if "Error" in parsed or model.output_shape is None:
            return
        body = http_response.content
        if body:
            check(model.output_shape, json.loads(body), model.name)

    client.meta.events.register("after-call", raw)
    return client


@pytest.fixture
def clients(running, access_key):
    """A function from the name of a service to its client."""
    config = botocore.config.Config(retries={"mode": "standard", "max_attempts": 5}, inject_host_prefix=False)
    session = boto3.session.Session(**access_key, region_name="eu-central-1")
    return lambda service: (strict if service != "s3" else lambda client: client)(
        session.client(service, endpoint_url=running.url, config=config))


@pytest.fixture
def personalize(clients):
    return clients("personalize")


@pytest.fixture
def runtime(clients):
    return clients("personalize-runtime")


@pytest.fixture
def events(clients):
    return clients("personalize-events")
