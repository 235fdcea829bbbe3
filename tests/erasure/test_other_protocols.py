"""Marked people who came by the protocols of others: files in S3, AWS Personalize's imports, events, records and jobs,
Recombee's clients, and A/B tests. Half of them are erased, some by a data deletion job; then every byte is read."""

import datetime
import json
import time

import pytest
import residue
from residue import mark

boto3 = pytest.importorskip("boto3", reason="install it: scripts/setup clients")
recombee = pytest.importorskip("recombee_api_client.api_client", reason="install it: scripts/setup clients")
from recombee_api_client import api_requests  # noqa: E402

PEOPLE = 60
ERASED = range(0, PEOPLE, 2)
STAYING = range(1, PEOPLE, 2)
ROLE = "arn:aws:iam::000000000000:role/personalize"
SPACE = "com.amazonaws.personalize.schema"
INTERACTIONS = {"type": "record", "name": "Interactions", "namespace": SPACE, "version": "1.0", "fields": [
    {"name": "USER_ID", "type": "string"}, {"name": "ITEM_ID", "type": "string"}, {"name": "TIMESTAMP", "type": "long"},
    {"name": "EVENT_TYPE", "type": "string"}, {"name": "NOTE", "type": ["null", "string"]}]}
USERS = {"type": "record", "name": "Users", "namespace": SPACE, "version": "1.0", "fields": [
    {"name": "USER_ID", "type": "string"}, {"name": "NAME", "type": ["null", "string"]}]}


def wait_for(describe, member, done="ACTIVE", limit_s=120, **named):
    deadline = time.monotonic() + limit_s
    while True:
        now = describe(**named)[member]
        if now["status"] == done:
            return now
        assert not now["status"].endswith("FAILED") and time.monotonic() < deadline, now
        time.sleep(0.1)


class house:
    """What clients of AWS and Recombee made, with marks of a person in each field that is about them."""

    def __init__(self, served):
        self.served = served
        made = served.post("/api/v1/access-keys", {"role": "engineer", "label": "clients"}).expect(201).json
        of = {"endpoint_url": served.url, "region_name": "eu-central-1", "aws_access_key_id": made["record"]["id"],
              "aws_secret_access_key": made["secret"]}
        self.s3, self.personalize = boto3.client("s3", **of), boto3.client("personalize", **of)
        self.runtime, self.events = boto3.client("personalize-runtime", **of), boto3.client("personalize-events", **of)
        self.s3.create_bucket(Bucket="files")
        self.fill_personalize()
        self.fill_recombee()

    def put(self, key, lines, **options):
        self.s3.put_object(Bucket="files", Key=key, Body="\n".join(lines) + "\n", **options)

    def read(self, key):
        return self.s3.get_object(Bucket="files", Key=key)["Body"].read()

    def make_dataset(self, kind, schema, rows):
        arn = self.personalize.create_schema(name=kind, schema=json.dumps(schema))["schemaArn"]
        dataset = self.personalize.create_dataset(name=kind, schemaArn=arn, datasetGroupArn=self.group,
                                                  datasetType=kind)["datasetArn"]
        self.put(f"{kind}.csv", rows)
        job = self.personalize.create_dataset_import_job(
            jobName=kind, datasetArn=dataset, dataSource={"dataLocation": f"s3://files/{kind}.csv"},
            roleArn=ROLE)["datasetImportJobArn"]
        wait_for(self.personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job)
        return dataset

    def fill_personalize(self):
        self.group = self.personalize.create_dataset_group(name="shop")["datasetGroupArn"]
        wait_for(self.personalize.describe_dataset_group, "datasetGroup", datasetGroupArn=self.group)
        self.interactions = self.make_dataset("interactions", INTERACTIONS, ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,NOTE"] + [
            f"{mark(person, 'id')},item-{(person + step) % 12},{1_760_000_000 + step},{mark(person, 'type')},{mark(person, 'note')}"
            for person in range(PEOPLE) for step in range(4)])
        self.users = self.make_dataset("users", USERS, ["USER_ID,NAME"] + [
            f"{mark(person, 'id')},{mark(person, 'name')}" for person in range(PEOPLE)])
        self.campaigns = []
        for recipe in ("aws-user-personalization-v2", "aws-popularity-count"):
            solution = self.personalize.create_solution(
                name=recipe, datasetGroupArn=self.group, performAutoTraining=False,
                recipeArn=f"arn:aws:personalize:::recipe/{recipe}")["solutionArn"]
            self.version = self.personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
            wait_for(self.personalize.describe_solution_version, "solutionVersion", solutionVersionArn=self.version)
            campaign = self.personalize.create_campaign(name=recipe, solutionVersionArn=self.version)["campaignArn"]
            wait_for(self.personalize.describe_campaign, "campaign", campaignArn=campaign)
            self.campaigns.append(campaign)
        self.served.post("/api/v1/ab-tests", {"name": "both", "metrics": [{"name": "any"}], "arms": [
            {"name": "a", "recommender": "aws-user-personalization-v2", "deployment": "aws-user-personalization-v2"},
            {"name": "b", "recommender": "aws-popularity-count", "deployment": "aws-popularity-count"}]}).expect(201)
        tracker = self.personalize.create_event_tracker(name="clicks", datasetGroupArn=self.group)["trackingId"]
        now = datetime.datetime.now()
        for person in range(PEOPLE):
            who = mark(person, "id")
            told = {"eventType": mark(person, "eventtype"), "itemId": f"item-{person % 12}", "sentAt": now,
                    "eventId": mark(person, "eventid"), "properties": json.dumps({"note": mark(person, "eventnote")}),
                    "impression": [mark(person, "shown")]}
            self.events.put_events(trackingId=tracker, userId=who, sessionId=mark(person, "session"), eventList=[told])
            # A visitor who signs in, and one who never does, whose session is named like the person.
            before = told | {"eventId": mark(person, "visitid")}
            self.events.put_events(trackingId=tracker, sessionId=mark(person, "visit"), eventList=[before])
            self.events.put_events(trackingId=tracker, userId=who, sessionId=mark(person, "visit"),
                                   eventList=[told | {"eventId": mark(person, "signedid")}])
            self.events.put_events(trackingId=tracker, sessionId=who, eventList=[told | {"eventId": mark(person, "waitsid")}])
            test = "arn:aws:personalize:eu-central-1:000000000000:ab-test/both"
            context = {"eunomia_rotation_rate": "0.5", "DEVICE": mark(person, "device")}
            self.runtime.get_recommendations(campaignArn=test, userId=who, context=context)
        self.events.put_users(datasetArn=self.users, users=[
            {"userId": mark(person, "id"), "properties": json.dumps({"name": mark(person, "name")})} for person in range(10)])
        self.put("questions.jsonl", [json.dumps({"userId": mark(person, "id")}) for person in range(PEOPLE)],
                 ContentType="application/x-ndjson")
        self.batch()
        export = self.personalize.create_dataset_export_job(
            jobName="export", datasetArn=self.interactions, roleArn=ROLE,
            jobOutput={"s3DataDestination": {"path": "s3://files/export/"}})["datasetExportJobArn"]
        wait_for(self.personalize.describe_dataset_export_job, "datasetExportJob", datasetExportJobArn=export)

    def batch(self):
        job = self.personalize.create_batch_inference_job(
            jobName="batch", solutionVersionArn=self.version, roleArn=ROLE,
            jobInput={"s3DataSource": {"path": "s3://files/questions.jsonl"}},
            jobOutput={"s3DataDestination": {"path": "s3://files/answers/"}})["batchInferenceJobArn"]
        wait_for(self.personalize.describe_batch_inference_job, "batchInferenceJob", batchInferenceJobArn=job)

    def fill_recombee(self):
        made = self.served.post("/api/v1/access-keys", {"role": "engineer", "label": "recombee:films"}).expect(201).json
        self.films = recombee.RecombeeClient("films", made["secret"], protocol="http",
                                             options={"base_uri": f"127.0.0.1:{self.served.port}"})
        self.films.send(api_requests.AddUserProperty("nick", "string"))
        for person in range(PEOPLE):
            who = mark(person, "id")
            self.films.send(api_requests.SetUserValues(who, {"nick": mark(person, "name")}, cascade_create=True))
            self.films.send(api_requests.AddDetailView(who, f"film-{person % 7}", cascade_create=True,
                                                       additional_data={"note": mark(person, "filmnote")}))
        self.films.send(api_requests.AddRating(mark(0, "id"), "film-1", 0.5, cascade_create=True))
        self.films.send(api_requests.RecommendItemsToUser(mark(1, "id"), 3, rotation_rate=0.5))

    def keys(self):
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket="files")["Contents"]]


def people_in(content):
    return {person for person, _, _ in residue.marks_in(content)}


def test_no_byte_of_who_is_erased_is_left_of_what_others_protocols_brought(served, tmp_path):
    served.start("--erase-delay", 0)
    here = house(served)
    files = {key: people_in(here.read(key)) for key in here.keys()}
    assert {key for key, people in files.items() if people == set(range(PEOPLE))} >= {
        "interactions.csv", "users.csv", "questions.jsonl", "answers/questions.jsonl.out"}, files

    # Some by a data deletion job, some by Recombee's client, the rest by our own API.
    here.put("leaving.csv", ["USER_ID"] + [mark(person, "id") for person in ERASED[:10]], ContentType="text/csv")
    job = here.personalize.create_data_deletion_job(
        jobName="leaving", datasetGroupArn=here.group, roleArn=ROLE,
        dataSource={"dataLocation": "s3://files/leaving.csv"})["dataDeletionJobArn"]
    done = wait_for(here.personalize.describe_data_deletion_job, "dataDeletionJob", done="COMPLETED", dataDeletionJobArn=job)
    assert done["numDeleted"] == 10
    here.films.send(api_requests.DeleteUser(mark(ERASED[10], "id")))
    served.wait_for_request(served.erase(*(mark(person, "id") for person in ERASED[11:])))
    deadline = time.monotonic() + 120
    while any(one["state"] != "completed" for one in served.get("/api/v1/subjects/requests").expect().json["requests"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)

    # Files that consist of rows lost theirs, and nobody else's.
    for key in here.keys():
        assert people_in(here.read(key)) == files.get(key, set()) & set(STAYING), key
    for request in served.get("/api/v1/subjects/requests").expect().json["requests"]:
        file = tmp_path / "certificate.json"
        file.write_bytes(served.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect().body)
        served.program.run("certificate", "verify", file, "--public-key",
                           served.program.data_directory / "keys" / "signing.pub").expect()
        assert not residue.marks_in(file.read_bytes())
    for person in STAYING[::10]:
        archive = served.post("/api/v1/subjects/archive", {"user": mark(person, "id")}).expect().body
        (tmp_path / "archive.zip").write_bytes(archive)
        told = [place for place in residue.search(tmp_path) if "archive.zip" in place.where]
        assert {place.person for place in told} == {person}
        assert {"id", "name", "note", "eventnote", "filmnote"} <= {place.field for place in told}
    (tmp_path / "archive.zip").unlink()

    assert served.stop() == 0
    places = residue.search(served.program.data_directory)
    left = [place for place in places if place.person in ERASED]
    assert not left, f"{len(left)} marks of people who are erased are left: {left[:20]}"
    assert not [place for place in places if place.field in residue.SEALED], "identifiers and profiles rest sealed"
    # Objects and their names, and what waits of visitors, rest sealed; the rest is where the search can see it.
    for field in ("note", "type", "eventnote"):
        assert {place.person for place in places if place.field == field} == set(STAYING), field
    assert not residue.marks_in(served.logged().encode()), "the server's log names nobody"
