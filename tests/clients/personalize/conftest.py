"""boto3's clients of Personalize, each of whose answers is held against botocore's own service model."""

import dataclasses
import json
import pathlib

import boto3
import botocore.config
import pytest

HERE = pathlib.Path(__file__).parent
# Runs after all the others, because it looks at what they called.
LOOKS_BACK = "test_every_operation_was_called_with_good_input_and_with_bad"


@dataclasses.dataclass
class called_operations:
    """What boto3 asked in this run: pairs of a service and an operation."""

    answered: set = dataclasses.field(default_factory=set)  # 2xx, held against the service model
    refused: set = dataclasses.field(default_factory=set)  # with an error that the service model has for the operation


@pytest.fixture(scope="session")
def called():
    return called_operations()


some_were_deselected = False


def pytest_deselected(items):
    global some_were_deselected
    some_were_deselected = some_were_deselected or any(HERE in item.path.parents for item in items)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: HERE in item.path.parents and item.name == LOOKS_BACK)


@pytest.fixture
def whole_folder(request):
    """Skips where not every test of this folder ran, and well: what they call together is not known then."""
    ran = {item.path.name for item in request.session.items if HERE in item.path.parents}
    there = {path.name for path in HERE.glob("test_*.py")}
    if ran != there or some_were_deselected or any("::" in one for one in request.config.args):
        pytest.skip("only some tests of tests/clients/personalize ran; it looks at what all of them call")
    if request.session.testsfailed:
        pytest.skip("another test failed, and what it would have called is not known")


def strict(client, called):
    """Every answer must have the members that the service model says, of its types, and no others; every exception must
    be one that it has for the operation, or one that all services of AWS have."""

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
        operation = (model.service_model.service_name, model.name)
        if http_response.status_code >= 300:
            error = parsed["Error"]["Code"]
            if error in {shape.name for shape in model.error_shapes}:
                called.refused.add(operation)
            else:
                of_others = {shape.name for shape in model.service_model.error_shapes}
                assert error not in of_others, f"{model.name} answered {error}, which its model has not"
            return
        if model.output_shape is not None:
            check(model.output_shape, json.loads(http_response.content), model.name)
        called.answered.add(operation)

    client.meta.events.register("after-call", raw)
    return client


@pytest.fixture
def clients(running, access_key, called):
    """A function from the name of a service to its client."""
    config = botocore.config.Config(retries={"mode": "standard", "max_attempts": 5}, inject_host_prefix=False)
    session = boto3.session.Session(**access_key, region_name="eu-central-1")

    def client_of(service):
        made = session.client(service, endpoint_url=running.url, config=config)
        return made if service == "s3" else strict(made, called)

    return client_of


@pytest.fixture
def personalize(clients):
    return clients("personalize")


@pytest.fixture
def runtime(clients):
    return clients("personalize-runtime")


@pytest.fixture
def events(clients):
    return clients("personalize-events")
