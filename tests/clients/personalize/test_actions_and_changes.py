"""Actions, and what may be changed, stopped and listed of what was made."""

import datetime
import json

import pytest
from personalize.shop import INTERACTIONS, deploy, items_of, make_group, train, wait_for

SCHEMA = {"type": "record", "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
ACTIONS = SCHEMA | {"name": "Actions", "fields": [{"name": "ACTION_ID", "type": "string"},
                                                  {"name": "KIND", "type": ["null", "string"], "categorical": True}]}
ACTION_INTERACTIONS = SCHEMA | {"name": "Action_Interactions", "fields": [
    {"name": "USER_ID", "type": "string"}, {"name": "ACTION_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"}, {"name": "TIMESTAMP", "type": "long"}]}
NOW = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)


def test_the_next_best_action(personalize, runtime, events):
    group, datasets = make_group(personalize, actions=ACTIONS, action_interactions=ACTION_INTERACTIONS)
    tracker = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)
    events.put_actions(datasetArn=datasets["actions"], actions=[
        {"actionId": f"a{i}", "properties": json.dumps({"kind": "letter"})} for i in range(6)])
    for who in range(30):
        events.put_action_interactions(trackingId=tracker["trackingId"], actionInteractions=[
            {"actionId": f"a{(who + step) % 6}", "userId": f"u{who}", "sessionId": "s", "timestamp": NOW,
             "eventType": "taken", "eventId": f"{who}-{step}"} for step in range(3)])
    _, version = train(personalize, group, "aws-next-best-action")
    campaign = deploy(personalize, version, "next", campaignConfig={"itemExplorationConfig": {"explorationWeight": "0"}})
    answer = runtime.get_action_recommendations(campaignArn=campaign, userId="u1", numResults=3)
    assert len(answer["actionList"]) == 3 and all(one["actionId"].startswith("a") for one in answer["actionList"])
    with pytest.raises(runtime.exceptions.InvalidInputException):
        runtime.get_recommendations(campaignArn=campaign, userId="u1")
    assert len(personalize.list_datasets(datasetGroupArn=group)["datasets"]) == 2
    assert len(personalize.list_event_trackers(datasetGroupArn=group)["eventTrackers"]) == 1


def test_a_campaign_moves_to_another_version_and_configuration(personalize, runtime, events):
    group, _ = make_group(personalize)
    tracking_id = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    tell = lambda who, item: events.put_events(trackingId=tracking_id, userId=who, sessionId="s", eventList=[
        {"eventType": "view", "itemId": item, "sentAt": NOW}])
    for who in range(3):
        tell(f"u{who}", "early")
    solution, first = train(personalize, group, "aws-popularity-count", "popular")
    campaign = deploy(personalize, first, "popular", minProvisionedTPS=1)
    for who in range(4):
        tell(f"u{who}", "late")
    second = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    wait_for(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=second)
    ask = lambda: items_of(runtime.get_recommendations(campaignArn=campaign, userId="nobody"))
    assert ask() == ["early"]
    personalize.update_campaign(campaignArn=campaign, solutionVersionArn=second, minProvisionedTPS=2,
                                campaignConfig={"enableMetadataWithRecommendations": True})
    assert ask() == ["late", "early"]
    described = personalize.describe_campaign(campaignArn=campaign)["campaign"]
    assert described["solutionVersionArn"] == described["latestCampaignUpdate"]["solutionVersionArn"] == second
    assert described["minProvisionedTPS"] == 2 and described["latestCampaignUpdate"]["status"] == "ACTIVE"


def test_what_was_made_can_be_changed_stopped_and_listed(personalize, events):
    group, datasets = make_group(personalize)
    dataset = datasets["interactions"]
    wider = json.loads(json.dumps(INTERACTIONS))
    wider["fields"].append({"name": "CHANNEL", "type": ["null", "string"]})
    schema = personalize.create_schema(name="wider", schema=json.dumps(wider))["schemaArn"]
    personalize.update_dataset(datasetArn=dataset, schemaArn=schema)
    described = personalize.describe_dataset(datasetArn=dataset)["dataset"]
    assert described["schemaArn"] == described["latestDatasetUpdate"]["schemaArn"] == schema
    assert json.loads(personalize.describe_schema(schemaArn=schema)["schema"]["schema"]) == wider
    tracking_id = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    events.put_events(trackingId=tracking_id, userId="u", sessionId="s", eventList=[
        {"eventType": "view", "itemId": "i", "sentAt": NOW, "properties": json.dumps({"channel": "shop"})}])

    made = personalize.create_filter(name="all", datasetGroupArn=group,
                                     filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")')
    assert personalize.describe_filter(filterArn=made["filterArn"])["filter"]["filterExpression"].startswith("EXCLUDE")

    solution = personalize.create_solution(name="popular", datasetGroupArn=group,
                                           recipeArn="arn:aws:personalize:::recipe/aws-popularity-count")["solutionArn"]
    personalize.update_solution(solutionArn=solution, performAutoTraining=False, solutionUpdateConfig={
        "eventsConfig": {"eventParametersList": [{"eventType": "view", "weight": 0.5}]}})
    changed = personalize.describe_solution(solutionArn=solution)["solution"]
    assert changed["performAutoTraining"] is False and changed["latestSolutionUpdate"]["status"] == "ACTIVE"
    # The last one waits behind the others. Each has a name: of equal requests within a second only one is taken.
    versions = [personalize.create_solution_version(solutionArn=solution, name=f"v{i}")["solutionVersionArn"]
                for i in range(20)]
    personalize.stop_solution_version_creation(solutionVersionArn=versions[-1])
    wait_for(personalize.describe_solution_version, "solutionVersion", done="CREATE STOPPED", solutionVersionArn=versions[-1])
    with pytest.raises(personalize.exceptions.ResourceInUseException):
        personalize.stop_solution_version_creation(solutionVersionArn=versions[-1])
    listed = personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]
    assert [one["solutionVersionArn"] for one in listed] == versions
    assert personalize.list_batch_segment_jobs(solutionVersionArn=versions[0])["batchSegmentJobs"] == []
    assert personalize.list_data_deletion_jobs(datasetGroupArn=group)["dataDeletionJobs"] == []
    assert personalize.list_dataset_export_jobs(datasetArn=dataset)["datasetExportJobs"] == []
