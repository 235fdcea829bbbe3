"""Erasures reach what Personalize's clients made."""

import contextlib
import datetime
import json
import sqlite3
import time

import pytest
from personalize.shop import INTERACTIONS, ROLE, USERS, import_file, make_group, small_shop, train, wait_for

NOW = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)


@pytest.fixture
def running(served):
    return served.start("--erase-delay", "0")


def test_answers_of_batches_lose_the_lines_of_whoever_is_erased(personalize, clients, running):
    s3 = clients("s3")
    s3.create_bucket(Bucket="files")
    group, datasets = make_group(personalize)
    s3.put_object(Bucket="files", Key="shop.csv", Body=small_shop().replace("\nu1,", "\nann@example.org,").encode())
    import_file(personalize, datasets["interactions"], "s3://files/shop.csv", "shop")
    _, version = train(personalize, group, "aws-user-personalization-v2", "for-you")
    s3.put_object(Bucket="files", Key="people.jsonl", Body='{"userId":"ann@example.org"}\n{"userId":"u2"}\n')
    job = personalize.create_batch_inference_job(
        jobName="nightly", solutionVersionArn=version, roleArn=ROLE, jobInput={"s3DataSource": {"path": "s3://files/people.jsonl"}},
        jobOutput={"s3DataDestination": {"path": "s3://files/out/"}})["batchInferenceJobArn"]
    wait_for(personalize.describe_batch_inference_job, "batchInferenceJob", batchInferenceJobArn=job)
    running.wait_for_request(running.erase("ann@example.org"))
    left = s3.get_object(Bucket="files", Key="out/people.jsonl.out")["Body"].read().decode().splitlines()
    assert [json.loads(one)["input"] for one in left] == [{"userId": "u2"}]


def test_a_visitor_who_is_known_by_the_id_of_the_session_does_not_come_back(personalize, runtime, events, running):
    """What waits for somebody to sign in is theirs as well, where both have one name."""
    group, _ = make_group(personalize)
    tracking_id = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    view = lambda item: [{"eventType": "view", "itemId": item, "sentAt": NOW}]
    for who in ("bob@example.org", "ann@example.org"):
        events.put_events(trackingId=tracking_id, userId=who, sessionId="signed-in", eventList=view("i1"))
        events.put_events(trackingId=tracking_id, sessionId=who, eventList=view("i2"))
    running.wait_for_request(running.erase("ann@example.org"))
    database = running.program.data_directory / "eunomia.db"

    def waiting():
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as sql:
            return sql.execute("SELECT count(*) FROM aws_personalize_session_event").fetchone()[0]

    assert waiting() == 1, "of bob only"
    # Somebody of whom there is nothing but what waits, by the name of the session, can be erased by it too.
    events.put_events(trackingId=tracking_id, sessionId="visit-7781", eventList=view("i2"))
    done = running.wait_for_request(running.erase("visit-7781"))
    assert [(step["what"], step["count"]) for step in done["steps"] if step["custodian"] == "personalize"] == [
        ("events of visitors who had not signed in", 1)]
    assert waiting() == 1, "of bob only"
    with pytest.raises(AssertionError, match="404"):
        running.erase("visit-7781")
    running.stop()
    with contextlib.closing(sqlite3.connect(database)) as sql, sql:
        sql.execute("UPDATE aws_personalize_session_event SET came_at = 1")
    running.start("--erase-delay", "0")
    deadline = time.monotonic() + 60
    while waiting() > 0:  # who did not sign in for a day is a person of that name
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(AssertionError, match="404"):
        running.erase("ann@example.org")
    running.wait_for_request(running.erase("bob@example.org"))


def test_a_deletion_that_was_interrupted_goes_on_and_takes_up_nothing_meanwhile(personalize, events, clients, running):
    clients("s3").create_bucket(Bucket="files")
    clients("s3").put_object(Bucket="files", Key="shop.csv", Body=small_shop().encode())
    kept, _ = make_group(personalize, "kept")
    group, datasets = make_group(personalize, interactions=INTERACTIONS, users=USERS)
    tracker = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)
    import_file(personalize, datasets["interactions"], "s3://files/shop.csv", "shop")
    solution, _ = train(personalize, group, "aws-popularity-count", "popular")
    rows = lambda: {one["name"]: one["counts"]["interactions"] for one in running.get("/api/v1/datasets").expect().json["datasets"]}
    recommenders = lambda: [one["name"] for one in running.get("/api/v1/recommenders").expect().json["recommenders"]]
    assert rows()["shop"] > 0 and recommenders() == ["popular"]

    def interrupt(*arns):
        """As a kill right after the deletion began leaves them."""
        with contextlib.closing(sqlite3.connect(running.program.data_directory / "eunomia.db")) as sql, sql:
            for arn in arns:
                sql.execute("UPDATE aws_personalize_resource SET status = 'DELETE IN_PROGRESS' WHERE arn = ?", [arn])

    port = running.port
    running.stop()
    running.start(port=port)
    interrupt(*datasets.values())
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.put_users(datasetArn=datasets["users"], users=[{"userId": "u1", "properties": '{"AGE": 30}'}])
    with pytest.raises(events.exceptions.InvalidInputException):
        events.put_events(trackingId=tracker["trackingId"], userId="u1", sessionId="s",
                          eventList=[{"eventType": "view", "itemId": "i1", "sentAt": NOW}])
    interrupt(solution)
    running.stop()
    running.start(port=port)
    for describe, member, arn in [(personalize.describe_dataset, "datasetArn", datasets["interactions"]),
                                  (personalize.describe_dataset, "datasetArn", datasets["users"]),
                                  (personalize.describe_solution, "solutionArn", solution)]:
        with pytest.raises(personalize.exceptions.ResourceNotFoundException):
            describe(**{member: arn})
    assert rows() == {"kept": 0, "shop": 0} and recommenders() == []
    personalize.delete_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])
    running.stop()
    interrupt(group)
    running.start(port=port)
    assert rows() == {"kept": 0}
    assert [one["datasetGroupArn"] for one in personalize.list_dataset_groups()["datasetGroups"]] == [kept]
