"""Every operation of the three services refuses bad input in a way that botocore understands."""

import botocore.exceptions
import botocore.session
import pytest

SERVICES = ("personalize", "personalize-runtime", "personalize-events")
NOWHERE = "arn:aws:personalize:eu-central-1:000000000000:{kind}/none"
# What names one of these when a member is called so.
KINDS = {"batchInferenceJobArn": "batch-inference-job", "batchSegmentJobArn": "batch-segment-job",
         "campaignArn": "campaign", "dataDeletionJobArn": "data-deletion-job", "datasetArn": "dataset",
         "datasetExportJobArn": "dataset-export-job", "datasetGroupArn": "dataset-group",
         "datasetImportJobArn": "dataset-import-job", "eventTrackerArn": "event-tracker", "filterArn": "filter",
         "metricAttributionArn": "metric-attribution", "recommenderArn": "recommender", "schemaArn": "schema",
         "solutionArn": "solution", "solutionVersionArn": "solution", "resourceArn": "dataset-group"}
# What nothing that is named can be wrong about.
ONLY_PAGES = {"ListDatasetGroups", "ListSchemas", "ListRecipes"}


def operations():
    session = botocore.session.Session()
    for service in SERVICES:
        model = session.get_service_model(service)
        for name in model.operation_names:
            yield service, name, model.operation_model(name)


def value_of(shape, name=""):
    """Something that the service model has nothing against, and that names nothing there is."""
    if name == "solutionVersionArn":
        return NOWHERE.format(kind="solution") + "/1"
    if name in KINDS:
        return NOWHERE.format(kind=KINDS[name])
    if name == "recipeArn":
        return "arn:aws:personalize:::recipe/none"
    if name == "algorithmArn" or name == "featureTransformationArn":
        return "arn:aws:personalize:::algorithm/none"
    if name == "roleArn":
        return "arn:aws:iam::000000000000:role/none"
    if name in ("path", "dataLocation"):
        return "s3://none/none"
    if name == "schema":
        return "{}"
    if shape.type_name == "structure":
        wanted = shape.required_members or ["dataLocation"] if "dataLocation" in shape.members else shape.required_members
        return {each: value_of(shape.members[each], each) for each in wanted}
    if shape.type_name == "list":
        return [value_of(shape.member)]
    if shape.type_name in ("integer", "long"):
        return 1
    if shape.type_name == "timestamp":
        return 0
    if shape.type_name == "boolean":
        return True
    return shape.enum[0] if getattr(shape, "enum", None) else "none"


@pytest.fixture
def call(clients):
    made = {service: clients(service) for service in SERVICES}
    return lambda service, operation, input: getattr(made[service], botocore.xform_name(operation))(**input)


def test_what_names_nothing_is_told_from_what_is_malformed(call):
    silent = []
    for service, name, model in operations():
        input = {each: value_of(model.input_shape.members[each], each) for each in model.input_shape.required_members}
        for optional in ("datasetGroupArn", "datasetArn", "solutionArn", "solutionVersionArn", "campaignArn",
                         "metricAttributionArn", "userId"):
            if optional in model.input_shape.members and name != "CreateDatasetGroup":
                input.setdefault(optional, value_of(model.input_shape.members[optional], optional))
        if name == "CreateDatasetGroup":
            input["name"] = "made"  # so that nothing of the others names it
        if name in ONLY_PAGES:
            input["nextToken"] = "none"
        try:
            call(service, name, input)
            silent.append(name)
        except botocore.exceptions.ClientError as refused:
            error = refused.response["Error"]
            assert error["Code"] in ("ResourceNotFoundException", "InvalidInputException", "InvalidNextTokenException"), (
                name, error)
            assert error["Message"], name
    # It made what it was asked for.
    assert set(silent) <= {"CreateDatasetGroup"}, silent


def test_members_that_are_missing_or_of_another_type_are_named(running, access_key):
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
    import json
    import urllib.request
    credentials = botocore.credentials.Credentials(access_key["aws_access_key_id"], access_key["aws_secret_access_key"])
    for service, name, model in operations():
        protocol = model.service_model.metadata["protocol"]
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        url = running.url + model.http["requestUri"]
        if protocol == "json":
            headers["X-Amz-Target"] = f"{model.service_model.metadata['targetPrefix']}.{name}"
        for body, codes in (("{", {"SerializationException"}), ("[]", {"SerializationException"}),
                            (json.dumps({each: {"x": [1]} if shape.type_name != "structure" else "x"
                                         for each, shape in model.input_shape.members.items()}),
                             {"SerializationException"} if model.input_shape.members else {None})):
            signed = botocore.awsrequest.AWSRequest("POST", url, headers=dict(headers), data=body)
            botocore.auth.SigV4Auth(credentials, "personalize", "eu-central-1").add_auth(signed)
            request = urllib.request.Request(url, body.encode(), dict(signed.headers), method="POST")
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            assert 400 <= refused.value.code < 500, name
            error = json.loads(refused.value.read())
            assert error["__type"] in codes and error["message"], (name, body, error)


def test_every_operation_was_called_with_good_input_and_with_bad(whole_folder, called):
    """Not told by this file but by what boto3 asked in all the tests of the folder, after which this one runs."""
    all_of_them = {(service, name) for service, name, _ in operations()}
    assert len(all_of_them) == 79
    assert sorted(all_of_them - called.answered) == [], "no test called these with good input"
    assert sorted(all_of_them - called.refused) == [], "no test saw these refuse bad input with an error of their model"
