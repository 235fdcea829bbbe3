"""The life of a small shop, as a script for AWS Personalize has it."""

import datetime
import json

import botocore.exceptions
import pytest
from personalize.shop import INTERACTIONS, make_group, wait_for

def tell(events, tracking_id, people=40, items=12):
    """People who each like three items beside each other."""
    moment = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)
    for who in range(people):
        events.put_events(trackingId=tracking_id, userId=f"u{who}", sessionId=f"s{who}", eventList=[
            {"eventType": "view", "itemId": f"i{(who + step) % items}", "sentAt": moment, "eventId": f"e{who}-{step}",
             "properties": json.dumps({"device": "phone|tablet"})} for step in range(3)])


def test_from_events_to_recommendations(personalize, runtime, events):
    group, datasets = make_group(personalize)
    dataset = datasets["interactions"]
    tracker = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)
    wait_for(personalize.describe_event_tracker, "eventTracker", eventTrackerArn=tracker["eventTrackerArn"])
    tell(events, tracker["trackingId"])

    solution = personalize.create_solution(
        name="Sims", datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-sims", performAutoTraining=False,
        solutionConfig={"algorithmHyperParameters": {"min_cointeraction_count": "1"}})["solutionArn"]
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    wait_for(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)
    campaign = personalize.create_campaign(name="sims", solutionVersionArn=version, minProvisionedTPS=1)["campaignArn"]
    wait_for(personalize.describe_campaign, "campaign", campaignArn=campaign)
    like = runtime.get_recommendations(campaignArn=campaign, itemId="i3", numResults=4)
    assert {one["itemId"] for one in like["itemList"]} == {"i1", "i2", "i4", "i5"}

    for_you = personalize.create_solution(
        name="for-you", datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-user-personalization-v2")
    version = personalize.create_solution_version(solutionArn=for_you["solutionArn"])["solutionVersionArn"]
    wait_for(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)
    campaign = personalize.create_campaign(name="for-you", solutionVersionArn=version, campaignConfig={
        "itemExplorationConfig": {"explorationWeight": "0"}})["campaignArn"]
    answer = runtime.get_recommendations(campaignArn=campaign, userId="u0", numResults=5)
    assert len(answer["itemList"]) == 5 and answer["recommendationId"]
    assert all("score" in one for one in answer["itemList"])

    # What somebody did last and what they had is left out by a filter, which knows the next event.
    seen = personalize.create_filter(name="not-seen", datasetGroupArn=group,
                                     filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")')["filterArn"]
    unseen = [one["itemId"] for one in runtime.get_recommendations(
        campaignArn=campaign, userId="u0", numResults=25, filterArn=seen)["itemList"]]
    assert set(unseen) == {f"i{i}" for i in range(3, 12)}
    events.put_events(trackingId=tracker["trackingId"], userId="u0", sessionId="s0", eventList=[
        {"eventType": "view", "itemId": unseen[0], "sentAt": datetime.datetime.now()}])
    after = [one["itemId"] for one in runtime.get_recommendations(
        campaignArn=campaign, userId="u0", numResults=25, filterArn=seen)["itemList"]]
    assert set(after) == set(unseen) - {unseen[0]}

    # Promoted items have their share of the places.
    promoted = personalize.create_filter(name="views", datasetGroupArn=group,
                                         filterExpression='INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")')
    mixed = runtime.get_recommendations(campaignArn=campaign, userId="u0", numResults=8, filterArn=seen, promotions=[
        {"name": "again", "percentPromotedItems": 25, "filterArn": promoted["filterArn"]}])["itemList"]
    assert [one["itemId"] for one in mixed if one.get("promotionName") == "again"] and len(mixed) == 8
    assert sum("promotionName" in one for one in mixed) == 2
    assert all(one["reason"] == ["Promoted item"] for one in mixed if "promotionName" in one)

    ranked = runtime.get_personalized_ranking(campaignArn=campaign, userId="u1", inputList=["i9", "nothing", "i4"])
    assert [one["itemId"] for one in ranked["personalizedRanking"]][-1] == "nothing"

    metrics = personalize.get_solution_metrics(solutionVersionArn=version)
    assert metrics["solutionVersionArn"] == version
    described = personalize.describe_solution(solutionArn=for_you["solutionArn"])["solution"]
    assert described["latestSolutionVersion"]["solutionVersionArn"] == version
    assert described["solutionConfig"]["autoTrainingConfig"]["schedulingExpression"] == "rate(7 days)"

    with pytest.raises(personalize.exceptions.ResourceInUseException):
        personalize.delete_solution(solutionArn=for_you["solutionArn"])
    with pytest.raises(personalize.exceptions.ResourceInUseException):
        personalize.delete_dataset_group(datasetGroupArn=group)
    for one in personalize.list_campaigns()["campaigns"]:
        personalize.delete_campaign(campaignArn=one["campaignArn"])
    for one in personalize.list_solutions(datasetGroupArn=group)["solutions"]:
        personalize.delete_solution(solutionArn=one["solutionArn"])
    for one in personalize.list_filters(datasetGroupArn=group)["Filters"]:
        personalize.delete_filter(filterArn=one["filterArn"])
    personalize.delete_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])
    schema = personalize.describe_dataset(datasetArn=dataset)["dataset"]["schemaArn"]
    with pytest.raises(personalize.exceptions.ResourceInUseException):
        personalize.delete_schema(schemaArn=schema)
    personalize.delete_dataset(datasetArn=dataset)
    personalize.delete_schema(schemaArn=schema)
    personalize.delete_dataset_group(datasetGroupArn=group)
    assert personalize.list_dataset_groups()["datasetGroups"] == []


def test_errors_are_those_that_scripts_catch(personalize, runtime, events):
    missing = "arn:aws:personalize:eu-central-1:000000000000:campaign/none"
    with pytest.raises(runtime.exceptions.ResourceNotFoundException):
        runtime.get_recommendations(campaignArn=missing, userId="u")
    with pytest.raises(runtime.exceptions.InvalidInputException):
        runtime.get_recommendations(userId="u")
    # PutEvents and the lists have no exception for what is not there.
    with pytest.raises(personalize.exceptions.InvalidInputException):
        personalize.list_campaigns(solutionArn="arn:aws:personalize:eu-central-1:000000000000:solution/none")
    with pytest.raises(events.exceptions.InvalidInputException):
        events.put_events(trackingId="none", sessionId="s", userId="u", eventList=[
            {"eventType": "view", "itemId": "i", "sentAt": datetime.datetime.now()}])
    with pytest.raises(personalize.exceptions.ResourceNotFoundException):
        personalize.describe_campaign(campaignArn=missing)
    with pytest.raises(personalize.exceptions.InvalidInputException):
        personalize.create_schema(name="bad", schema="{}")
    with pytest.raises(personalize.exceptions.InvalidNextTokenException):
        personalize.list_schemas(nextToken="nonsense")
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        personalize.create_schema(name="not a name!", schema="{}")
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert "'name'" in refused.value.response["Error"]["Message"]
    personalize.create_schema(name="twice", schema=json.dumps(INTERACTIONS))
    with pytest.raises(personalize.exceptions.ResourceAlreadyExistsException):
        personalize.create_schema(name="twice", schema=json.dumps(INTERACTIONS))


def test_pages_tags_and_recipes(personalize):
    for i in range(7):
        personalize.create_schema(name=f"schema-{i}", schema=json.dumps(INTERACTIONS))
    pages = list(personalize.get_paginator("list_schemas").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["schemas"]) for page in pages] == [3, 3, 1]
    group = personalize.create_dataset_group(name="shop", tags=[{"tagKey": "team", "tagValue": "a"}])["datasetGroupArn"]
    personalize.tag_resource(resourceArn=group, tags=[{"tagKey": "team", "tagValue": "b"}, {"tagKey": "x", "tagValue": ""}])
    personalize.untag_resource(resourceArn=group, tagKeys=["x"])
    assert personalize.list_tags_for_resource(resourceArn=group)["tags"] == [{"tagKey": "team", "tagValue": "b"}]
    recipes = personalize.list_recipes()["recipes"]
    assert len(recipes) == 25
    pages = list(personalize.get_paginator("list_recipes").paginate(PaginationConfig={"PageSize": 10}))
    assert [len(page["recipes"]) for page in pages] == [10, 10, 5]
    assert [one for page in pages for one in page["recipes"]] == recipes
    with pytest.raises(personalize.exceptions.InvalidNextTokenException):
        personalize.list_recipes(nextToken="nonsense")
    for one in recipes:
        described = personalize.describe_recipe(recipeArn=one["recipeArn"])["recipe"]
        assert described["description"]
        algorithm = personalize.describe_algorithm(algorithmArn=described["algorithmArn"])["algorithm"]
        assert algorithm["name"] == one["name"]
        personalize.describe_feature_transformation(featureTransformationArn=described["featureTransformationArn"])
    assert {one["domain"] for one in personalize.list_recipes(domain="ECOMMERCE")["recipes"]} == {"ECOMMERCE"}


def test_who_calls_is_proved_by_a_signature(running, access_key, clients):
    import boto3
    wrong = boto3.client("personalize", endpoint_url=running.url, region_name="eu-central-1",
                         aws_access_key_id=access_key["aws_access_key_id"], aws_secret_access_key="x" * 40)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        wrong.list_schemas()
    assert refused.value.response["Error"]["Code"] == "InvalidSignatureException"
    reader = running.post("/api/v1/access-keys", {"role": "service", "label": "frontend"}).expect(201).json
    of_service = boto3.client("personalize", endpoint_url=running.url, region_name="eu-central-1",
                              aws_access_key_id=reader["record"]["id"], aws_secret_access_key=reader["secret"])
    assert of_service.list_schemas()["schemas"] == []
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        of_service.create_dataset_group(name="shop")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_what_a_visitor_did_is_theirs_once_they_sign_in(personalize, runtime, events, running):
    group, _ = make_group(personalize)
    tracking_id = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    tell(events, tracking_id)
    solution = personalize.create_solution(name="for-you", datasetGroupArn=group, performAutoTraining=False,
                                           recipeArn="arn:aws:personalize:::recipe/aws-user-personalization-v2")["solutionArn"]
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    wait_for(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)
    campaign = personalize.create_campaign(name="for-you", solutionVersionArn=version, campaignConfig={
        "itemExplorationConfig": {"explorationWeight": "0"}})["campaignArn"]
    ask = lambda who: [one["itemId"] for one in runtime.get_recommendations(
        campaignArn=campaign, userId=who, numResults=12)["itemList"]]
    events.put_events(trackingId=tracking_id, sessionId="visit-7f3a", eventList=[
        {"eventType": "view", "itemId": item, "sentAt": datetime.datetime.now()} for item in ("i3", "i4")])
    assert ask("visit-7f3a") != ask("nobody"), "what they did counts before they sign in"
    for path in running.program.data_directory.rglob("*"):
        assert not path.is_file() or b"visit-7f3a" not in path.read_bytes(), path
    events.put_events(trackingId=tracking_id, sessionId="visit-7f3a", userId="carol", eventList=[
        {"eventType": "view", "itemId": "i5", "sentAt": datetime.datetime.now()}])
    seen = personalize.create_filter(name="seen", datasetGroupArn=group,
                                     filterExpression='INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")')["filterArn"]
    of_carol = runtime.get_recommendations(campaignArn=campaign, userId="carol", numResults=12, filterArn=seen)
    assert {one["itemId"] for one in of_carol["itemList"]} == {"i3", "i4", "i5"}
    assert ask("visit-7f3a") == ask("nobody")


def test_a_handful_of_people_is_enough(personalize, runtime, events):
    group, _ = make_group(personalize)
    tracking_id = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    tell(events, tracking_id, people=3, items=5)
    solution = personalize.create_solution(name="popular", datasetGroupArn=group, performAutoTraining=False,
                                           recipeArn="arn:aws:personalize:::recipe/aws-popularity-count")["solutionArn"]
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    wait_for(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)
    assert personalize.get_solution_metrics(solutionVersionArn=version)["metrics"] == {}
    campaign = personalize.create_campaign(name="popular", solutionVersionArn=version)["campaignArn"]
    assert len(runtime.get_recommendations(campaignArn=campaign, userId="u0")["itemList"]) == 5


def test_a_group_takes_an_empty_dataset_of_its_name_and_no_other(personalize, running):
    running.post("/api/v1/datasets", {"name": "empty"}).expect(201)
    personalize.create_dataset_group(name="empty")
    running.post("/api/v1/datasets", {"name": "full"}).expect(201)
    running.post("/api/v1/datasets/full/events", {"user_id": "u", "item_id": "i", "event_type": "view"}).expect()
    with pytest.raises(personalize.exceptions.ResourceAlreadyExistsException, match="rows in it"):
        personalize.create_dataset_group(name="full")
