"""What clients may ask for and what breaks nothing: found by reading and by mutated requests."""

import concurrent.futures
import contextlib
import datetime
import json
import sqlite3
import threading
import time

import botocore.exceptions
import pytest
from personalize.shop import ROLE, deploy, import_file, items_of, make_group, small_shop, train, why_failed, wait_for

NOW = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)
HEADER = b"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE\n"


@pytest.fixture
def s3(clients):
    client = clients("s3")
    client.create_bucket(Bucket="files")
    return client


def failed_import(personalize, dataset, location, name):
    job = personalize.create_dataset_import_job(jobName=name, datasetArn=dataset, roleArn=ROLE,
                                                dataSource={"dataLocation": location})["datasetImportJobArn"]
    return why_failed(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job)


def test_a_reason_is_cut_between_two_characters(personalize, s3):
    """Keys are up to 1,024 bytes of UTF-8, and a reason that was cut within a character could not be kept: the job never ended."""
    _, datasets = make_group(personalize)
    for i in range(3):  # whatever stands before it, in one of them the cut is within a character
        s3.put_object(Bucket="files", Key=f"{'x' * (i + 1)}/{'€' * 330}.csv", Body=HEADER + b"a,b\n")
        why = failed_import(personalize, datasets["interactions"], f"s3://files/{'x' * (i + 1)}/", f"job-{i}")
        assert why.startswith("s3://files/x") and len(why.encode()) > 997 and why.endswith("€")


def test_files_that_cannot_be_read_are_named_as_the_client_knows_them(personalize, s3, running):
    group, datasets = make_group(personalize)
    for i, body in enumerate((b"", b"\xff\xfe", b"USER_ID\0\n", b'"USER_ID', b"PAR1")):
        s3.put_object(Bucket="files", Key=f"bad-{i}.csv", Body=body)
        place = f"s3://files/bad-{i}.csv"
        job = personalize.create_data_deletion_job(jobName=f"leave-{i}", datasetGroupArn=group, roleArn=ROLE,
                                                   dataSource={"dataLocation": place})["dataDeletionJobArn"]
        for why in (failed_import(personalize, datasets["interactions"], place, f"job-{i}"),
                    why_failed(personalize.describe_data_deletion_job, "dataDeletionJob", dataDeletionJobArn=job)):
            assert why.startswith(place), why
            assert str(running.program.data_directory) not in why, "it is nobody's business where we keep copies"


def test_a_place_means_a_file_or_a_folder_and_nothing_that_only_begins_so(personalize, s3):
    group, datasets = make_group(personalize)
    s3.put_object(Bucket="files", Key="data/1.csv", Body=small_shop().encode())
    s3.put_object(Bucket="files", Key="database.csv", Body=b"no,such,columns\n1,2,3\n")
    import_file(personalize, datasets["interactions"], "s3://files/data", "folder")
    s3.put_object(Bucket="files", Key="leave/now.csv", Body=b"USER_ID\nu1\n")
    s3.put_object(Bucket="files", Key="leave-not-yet.csv", Body=b"USER_ID\nu2\nu3\n")
    job = personalize.create_data_deletion_job(jobName="leave", datasetGroupArn=group, roleArn=ROLE,
                                               dataSource={"dataLocation": "s3://files/leave"})["dataDeletionJobArn"]
    assert wait_for(personalize.describe_data_deletion_job, "dataDeletionJob", done="COMPLETED",
                    dataDeletionJobArn=job)["numDeleted"] == 1
    assert "there is no file" in failed_import(personalize, datasets["interactions"], "s3://files/dat", "none")


def trained(personalize, s3):
    group, datasets = make_group(personalize)
    s3.put_object(Bucket="files", Key="shop.csv", Body=small_shop().encode())
    import_file(personalize, datasets["interactions"], "s3://files/shop.csv", "shop")
    return group, train(personalize, group, "aws-user-personalization-v2", "for-you")[1]


def test_a_batch_job_takes_no_campaign_from_its_solution(personalize, runtime, s3):
    _, version = trained(personalize, s3)
    campaign = deploy(personalize, version, "batch-nightly")
    before = runtime.get_recommendations(campaignArn=campaign, userId="u1")
    s3.put_object(Bucket="files", Key="people.json", Body=b'{"userId":"u1"}\n')
    job = personalize.create_batch_inference_job(
        jobName="nightly", solutionVersionArn=version, roleArn=ROLE, jobInput={"s3DataSource": {"path": "s3://files/people.json"}},
        jobOutput={"s3DataDestination": {"path": "s3://files/out/"}})["batchInferenceJobArn"]
    wait_for(personalize.describe_batch_inference_job, "batchInferenceJob", batchInferenceJobArn=job)
    assert len(runtime.get_recommendations(campaignArn=campaign, userId="u1")["itemList"]) == len(before["itemList"])


def test_a_line_of_a_batch_that_makes_no_sense_has_an_error_of_its_own(personalize, s3):
    _, version = trained(personalize, s3)
    lines = [b'{"userId":"u1"}', b'{"userId":"\xff\xfe"}', b"[1]", b'{"userId":{"a":1}}', b'{"userId":"u1","filterValues":[1]}',
             b"{", b'{"userId":"u1","userId":"u2"}', b"[" * 5000, b'{"userId":"' + b"u" * (2 << 20) + b'"}', b"", b'{"userId":"u2"}']
    s3.put_object(Bucket="files", Key="lines.json", Body=b"\r\n".join(lines))
    job = personalize.create_batch_inference_job(
        jobName="lines", solutionVersionArn=version, roleArn=ROLE, jobInput={"s3DataSource": {"path": "s3://files/lines.json"}},
        jobOutput={"s3DataDestination": {"path": "s3://files/out/"}})["batchInferenceJobArn"]
    wait_for(personalize.describe_batch_inference_job, "batchInferenceJob", batchInferenceJobArn=job)
    answers = [json.loads(line) for line in s3.get_object(Bucket="files", Key="out/lines.json.out")["Body"].read().splitlines()]
    assert [one["error"] is None for one in answers] == [True, False, False, False, True, False, False, False, False, True]
    assert all((one["output"] is None) == (one["error"] is not None) for one in answers)
    assert len(json.dumps(answers)) < 64 * 1024, "what is no question is not told back as long as it came"


def test_what_a_visitor_did_is_checked_before_it_waits(personalize, runtime, events):
    """Whoever signs in afterwards could tell nothing any more, as long as it waited."""
    group, _ = make_group(personalize)
    tracking_id = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    good = {"eventType": "view", "itemId": "i1", "sentAt": NOW}
    far = datetime.datetime(2090, 1, 1, tzinfo=datetime.timezone.utc)
    for i, bad in enumerate(({"itemId": "a\x01"}, {"itemId": "a\0"}, {"impression": ["a|b"]}, {"sentAt": far}, {"eventType": "v\0"})):
        with pytest.raises(events.exceptions.InvalidInputException):
            events.put_events(trackingId=tracking_id, sessionId=f"s{i}", eventList=[good, good | bad])
        events.put_events(trackingId=tracking_id, sessionId=f"s{i}", userId=f"u{i}", eventList=[good | {"itemId": f"i{i}"}])


def test_every_session_that_is_over_has_its_turn(personalize, events, running):
    group, _ = make_group(personalize)
    tracking_id = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    sessions = 230
    for i in range(sessions):
        events.put_events(trackingId=tracking_id, sessionId=f"s{i}", eventList=[
            {"eventType": "view", "itemId": "i1", "sentAt": NOW}])
    database = running.program.data_directory / "eunomia.db"
    running.stop()
    with contextlib.closing(sqlite3.connect(database)) as sql, sql:
        sql.execute("UPDATE aws_personalize_session_event SET came_at = 1")
    running.start()

    def waiting():
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as sql:
            return sql.execute("SELECT count(*) FROM aws_personalize_session_event").fetchone()[0]

    # They are looked for once a minute: at the first look all have their turn, and not a hundred.
    deadline = time.monotonic() + 60
    while waiting() == sessions:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    while (left := waiting()) > 0:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def at_once(*calls):
    """Calls them at the same moment; what each answered, or the code of its error."""
    ready = threading.Barrier(len(calls))

    def one(call):
        ready.wait()
        try:
            return call()
        except botocore.exceptions.ClientError as refused:
            return refused.response["Error"]["Code"]

    with concurrent.futures.ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(one, calls))


def test_of_groups_of_one_name_that_are_made_at_once_one_is_made_and_whole(clients):
    """Who came later took the dataset of the first with them. Each says something else, or it would be the same request again."""
    made = [clients("personalize") for _ in range(8)]
    for i in range(10):
        answers = at_once(*(
            lambda each=each, who=who: each.create_dataset_group(name=f"g{i}", tags=[{"tagKey": "who", "tagValue": str(who)}])
            for who, each in enumerate(made)))
        [group] = [one["datasetGroupArn"] for one in answers if isinstance(one, dict)]
        assert answers.count("ResourceAlreadyExistsException") == len(made) - 1, answers
        made[0].create_filter(name=f"f{i}", datasetGroupArn=group,
                              filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")')


def test_of_campaigns_of_one_name_that_are_made_at_once_the_one_that_is_there_answers(clients, personalize, runtime, events):
    group, _ = make_group(personalize)
    tracking_id = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    versions, best = [], {}
    solution = personalize.create_solution(name="popular", datasetGroupArn=group, performAutoTraining=False,
                                           recipeArn="arn:aws:personalize:::recipe/aws-popularity-count")["solutionArn"]
    for people, item in ((3, "early"), (4, "late")):
        for who in range(people):
            events.put_events(trackingId=tracking_id, userId=f"u{who}", sessionId="s",
                              eventList=[{"eventType": "view", "itemId": item, "sentAt": NOW}])
        version = personalize.create_solution_version(solutionArn=solution, name=item)["solutionVersionArn"]
        wait_for(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=version)
        versions.append(version)
        best[version] = item
    made = [clients("personalize") for _ in range(6)]
    for i in range(10):
        answers = at_once(*(lambda each=each, of=versions[who % 2], who=who: each.create_campaign(
            name=f"c{i}", solutionVersionArn=of, tags=[{"tagKey": "who", "tagValue": str(who)}]) for who, each in enumerate(made)))
        [campaign] = [one["campaignArn"] for one in answers if isinstance(one, dict)]
        assert answers.count("ResourceAlreadyExistsException") == len(made) - 1, answers
        version = personalize.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"]
        assert items_of(runtime.get_recommendations(campaignArn=campaign, userId="nobody"))[0] == best[version]


def test_a_version_that_was_stopped_ends(personalize):
    """Whether its training waits, runs or has just ended: it stayed CREATE STOPPING where that crossed."""
    group, _ = make_group(personalize)
    solution = personalize.create_solution(name="popular", datasetGroupArn=group, performAutoTraining=False,
                                           recipeArn="arn:aws:personalize:::recipe/aws-popularity-count")["solutionArn"]
    for i in range(30):
        version = personalize.create_solution_version(solutionArn=solution, name=f"v{i}")["solutionVersionArn"]
        with contextlib.suppress(personalize.exceptions.ResourceInUseException):
            personalize.stop_solution_version_creation(solutionVersionArn=version)
        deadline = time.monotonic() + 60
        while (status := personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"]["status"]) not in (
                "ACTIVE", "CREATE STOPPED", "CREATE FAILED"):
            assert time.monotonic() < deadline, status


def test_actions_of_groups_that_are_called_alike_are_apart(personalize, events):
    schema = {"type": "record", "name": "Actions", "namespace": "com.amazonaws.personalize.schema", "version": "1.0",
              "fields": [{"name": "ACTION_ID", "type": "string"}, {"name": "KIND", "type": ["null", "string"]}]}
    alike = ["x" * 62 + "1", "x" * 62 + "2"]
    exported = {}
    for name in alike:
        group = personalize.create_dataset_group(name=name)["datasetGroupArn"]
        arn = personalize.create_schema(name=f"actions-{name[-1]}", schema=json.dumps(schema))["schemaArn"]
        actions = personalize.create_dataset(name="actions", schemaArn=arn, datasetGroupArn=group, datasetType="Actions")["datasetArn"]
        exported[name] = group, actions
        events.put_actions(datasetArn=actions, actions=[{"actionId": f"of-{name[-1]}", "properties": "{}"}])
    group, actions = exported[alike[0]]
    personalize.delete_dataset(datasetArn=actions)
    personalize.delete_dataset_group(datasetGroupArn=group)
    # The other's are still there to be put beside.
    events.put_actions(datasetArn=exported[alike[1]][1], actions=[{"actionId": "more", "properties": "{}"}])
    personalize.create_dataset_group(name="shop")
    with pytest.raises(personalize.exceptions.InvalidInputException, match="ends with --actions"):
        personalize.create_dataset_group(name="shop--actions")
