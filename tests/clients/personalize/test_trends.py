"""Recipes that find what is trending: the windows they compare, and that nobody has to train them for what is new."""

import contextlib
import csv
import io
import sqlite3
import time

import pytest
from personalize.shop import INTERACTIONS, deploy, import_file, items_of, make_group, train

HOUR = 3600
TRENDS = "aws-trending-now"


@pytest.fixture
def shop(personalize, clients):
    """Two days until now: "steady" has ten viewers an hour, "rising" one, and five in the last, "falling" six, and
    none in the last."""
    now = int(time.time())
    who = (f"u{n}" for n in range(10_000))
    people = {"steady": [10] * 48, "rising": [1] * 47 + [5], "falling": [6] * 47 + [0]}
    lines = [(next(who), item, now - (48 - hour) * HOUR + 60, "view", 1, "tv")
             for item, viewers in people.items() for hour, many in enumerate(viewers) for n in range(many)]
    text = io.StringIO()
    csv.writer(text).writerows([("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "DEVICE"), *lines])
    s3 = clients("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="interactions.csv", Body=text.getvalue())
    group, datasets = make_group(personalize, interactions=INTERACTIONS)
    import_file(personalize, datasets["interactions"], "s3://files/interactions.csv", "first")
    return group


def every(frequency):
    return {"solutionConfig": {"featureTransformationParameters": {"trend_discovery_frequency": frequency}}}


def put_views(events, tracking, item, people, first):
    now = int(time.time())
    for who in range(first, first + people):
        events.put_events(trackingId=tracking, userId=f"new{who}", sessionId=f"s{who}", eventList=[
            {"eventType": "view", "itemId": item, "sentAt": now}])


def test_what_gains_comes_before_what_is_popular_as_ever(personalize, runtime, shop):
    _, popular = train(personalize, shop, "aws-popularity-count")
    _, trends = train(personalize, shop, TRENDS, **every("1 hour"))
    assert items_of(runtime.get_recommendations(campaignArn=deploy(personalize, popular, "popular"))) == [
        "steady", "falling", "rising"]
    assert items_of(runtime.get_recommendations(campaignArn=deploy(personalize, trends, "trends"))) == [
        "rising", "steady", "falling"]


@pytest.mark.parametrize("frequency", ["30 minutes", "1 hour", "2 hours", "3 hours", "1 day"])
def test_every_window_that_aws_has_is_taken(personalize, runtime, shop, frequency):
    _, version = train(personalize, shop, TRENDS, **every(frequency))
    config = personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"]["solutionConfig"]
    assert config["featureTransformationParameters"] == {"trend_discovery_frequency": frequency}
    shown = items_of(runtime.get_recommendations(campaignArn=deploy(personalize, version, "trends")))
    assert sorted(shown) == ["falling", "rising", "steady"]


def test_windows_that_there_are_not_are_refused(personalize, shop):
    invalid = personalize.exceptions.InvalidInputException
    with pytest.raises(invalid, match='must be one of "30 minutes".*got "4 hours"'):
        personalize.create_solution(name="x", datasetGroupArn=shop, **every("4 hours"),
                                    recipeArn=f"arn:aws:personalize:::recipe/{TRENDS}")
    with pytest.raises(invalid, match='has no "window"'):
        personalize.create_solution(
            name="x", datasetGroupArn=shop, recipeArn=f"arn:aws:personalize:::recipe/{TRENDS}",
            solutionConfig={"featureTransformationParameters": {"window": "1 hour"}})


def age_versions(running, hours):
    """As if so many hours had gone by since models were trained. The server must not run."""
    with contextlib.closing(sqlite3.connect(running.program.data_directory / "eunomia.db")) as sql, sql:
        assert sql.execute(f"UPDATE recommend_model_version SET trained_at = trained_at - {int(hours * HOUR * 1000)}").rowcount


def trained(running):
    with contextlib.closing(sqlite3.connect(f"file:{running.program.data_directory / 'eunomia.db'}?mode=ro", uri=True)) as sql:
        return sql.execute("SELECT max(version), count(*) FROM recommend_model_version").fetchone()


def test_nothing_is_renewed_while_nothing_happens(personalize, runtime, shop, running):
    # Somebody who objects is in the table, and in no training.
    running.post("/api/v1/subjects/choices", {"user": "u1", "purpose": "recommendation", "choice": "object"}).expect()
    _, version = train(personalize, shop, TRENDS, **every("30 minutes"))
    deploy(personalize, version, "trends")
    port = running.port
    running.stop()
    age_versions(running, hours=3)
    running.start(port=port)
    time.sleep(5)  # the first look is after a second
    assert trained(running) == (1, 1)


def test_what_is_new_is_known_after_a_window_without_a_training(personalize, runtime, events, shop, running):
    _, version = train(personalize, shop, TRENDS, **every("30 minutes"))
    campaign = deploy(personalize, version, "trends")
    tracking = personalize.create_event_tracker(name="views", datasetGroupArn=shop)["trackingId"]
    assert items_of(runtime.get_recommendations(campaignArn=campaign))[0] == "rising"
    for item, people in (("fresh", 30), ("fresher", 60)):  # what was renewed is renewed again
        put_views(events, tracking, item, people, first=100 * people)
        port = running.port
        running.stop()
        age_versions(running, hours=0.5)
        running.start(port=port)
        deadline = time.monotonic() + 150  # it is looked for once a minute
        while items_of(runtime.get_recommendations(campaignArn=campaign))[0] != item:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    # Also for somebody who was here before it began: trends are those of now, not of their last visit.
    assert items_of(runtime.get_recommendations(campaignArn=campaign, userId="u1"))[0] == "fresher"
    assert trained(running) == (3, 1), "what was renewed is gone"
    known = personalize.describe_campaign(campaignArn=campaign)["campaign"]
    assert known["solutionVersionArn"] == version
    # Another campaign of the version answers with what it is by now.
    again = deploy(personalize, version, "again")
    assert items_of(runtime.get_recommendations(campaignArn=again))[0] == "fresher"
    personalize.update_campaign(campaignArn=campaign, solutionVersionArn=version)
    assert items_of(runtime.get_recommendations(campaignArn=campaign))[0] == "fresher"
