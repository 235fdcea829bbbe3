"""What AWS's signatures and shapes cost: GetRecommendations and PutEvents a second, signed as boto3 signs them, beside the
same questions and events through our own API with a token, in one run."""

import datetime
import gzip
import json
import pathlib
import random
import statistics
import tempfile
import time

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials

import common
from load import SECONDS, load, names_of, replay
from served import server

ROUNDS = 3
REGION = "eu-central-1"
# More than can be sent in the time, because no signature of an event is taken twice.
EVENTS = 24_000 * SECONDS
QUESTIONS = 2_000
SCHEMA = {"type": "record", "name": "Interactions", "namespace": "com.amazonaws.personalize.schema", "version": "1.0",
          "fields": [{"name": "USER_ID", "type": "string"}, {"name": "ITEM_ID", "type": "string"},
                     {"name": "TIMESTAMP", "type": "long"}]}


class signer:
    def __init__(self, ours):
        made = ours.ask("POST", "/api/v1/access-keys", {"role": "engineer", "label": "bench"})
        self.keys = {"aws_access_key_id": made["record"]["id"], "aws_secret_access_key": made["secret"]}
        self.by = botocore.auth.SigV4Auth(
            botocore.credentials.Credentials(made["record"]["id"], made["secret"]), "personalize", REGION)
        self.ours = ours

    def client(self, service):
        config = botocore.config.Config(inject_host_prefix=False)
        return boto3.client(service, endpoint_url=self.ours.url(""), region_name=REGION, config=config, **self.keys)

    def raw(self, path, body):
        """The bytes of a signed request."""
        text = json.dumps(body)
        made = botocore.awsrequest.AWSRequest("POST", self.ours.url(path), {"Content-Type": "application/json"}, text)
        self.by.add_auth(made)
        headers = {"Host": f"127.0.0.1:{self.ours.port}", "Content-Length": str(len(text)), **made.headers}
        return (f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) +
                "\r\n" + text).encode()


def wait(describe, member, **named):
    while (status := describe(**named)[member]["status"]) != "ACTIVE":
        if status.endswith("FAILED"):
            raise RuntimeError(describe(**named))
        time.sleep(0.1)


def prepare(by, rows):
    """A group with everybody's purchases, a campaign, a tracker."""
    control, s3 = by.client("personalize"), by.client("s3")
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="data.csv", Body=rows)
    schema = control.create_schema(name="bench", schema=json.dumps(SCHEMA))["schemaArn"]
    group = control.create_dataset_group(name="bench")["datasetGroupArn"]
    dataset = control.create_dataset(name="bench", schemaArn=schema, datasetGroupArn=group,
                                     datasetType="Interactions")["datasetArn"]
    job = control.create_dataset_import_job(jobName="bench", datasetArn=dataset, roleArn="arn:aws:iam::000000000000:role/x",
                                            dataSource={"dataLocation": "s3://bench/data.csv"})["datasetImportJobArn"]
    wait(control.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=job)
    solution = control.create_solution(name="bench", datasetGroupArn=group, performAutoTraining=False,
                                       recipeArn="arn:aws:personalize:::recipe/aws-user-personalization-v2")["solutionArn"]
    version = control.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    wait(control.describe_solution_version, "solutionVersion", solutionVersionArn=version)
    campaign = control.create_campaign(name="bench", solutionVersionArn=version, campaignConfig={
        "itemExplorationConfig": {"explorationWeight": "0"}})["campaignArn"]
    tracker = control.create_event_tracker(name="bench", datasetGroupArn=group)["trackingId"]
    by.ours.ask("POST", "/api/v1/recommenders/bench/serve", {"version": 1})
    return campaign, tracker


def main():
    shop, data = next(iter(common.data_sets()))
    with tempfile.TemporaryDirectory(dir=common.DATA) as name:
        folder = pathlib.Path(name)
        users_file, items_file = names_of(pathlib.Path(data), folder)
        users, items = (file.read_text().split("\n")[:-1] for file in (users_file, items_file))
        ours = server(folder / "data")
        try:
            by = signer(ours)
            campaign, tracker = prepare(by, gzip.decompress(pathlib.Path(data).read_bytes()))
            rng = random.Random(1)
            questions = [by.raw("/recommendations", {"campaignArn": campaign, "userId": rng.choice(users), "numResults": 10})
                         for _ in range(QUESTIONS)]
            asked = {"signed": [], "plain": []}
            told = {"signed": [], "plain": []}
            ask = ours.url("/api/v1/recommenders/bench/recommendations")
            load(ask, "ask", ours.token, (users_file, items_file))  # everybody's history is in memory from here on
            for _ in range(ROUNDS):
                asked["signed"].append(replay(ours.url("/"), questions, folder)[:2])
                asked["plain"].append(load(ask, "ask", ours.token, (users_file, items_file)))
            # After the questions: what is told makes histories longer, and their answers dearer.
            run = int(time.time())
            for turn in range(ROUNDS):
                events = [by.raw("/events", {
                    "trackingId": tracker, "userId": rng.choice(users), "sessionId": "s", "eventList": [
                        {"eventType": "view", "itemId": rng.choice(items), "eventId": f"{run}-{turn}-{i}",
                         "sentAt": datetime.datetime.now(datetime.timezone.utc).isoformat()}]}) for i in range(EVENTS)]
                *figures, sent = replay(ours.url("/"), events, folder)
                if sent > EVENTS:
                    raise RuntimeError(f"{sent} requests were sent, and {EVENTS} made: make more")
                told["signed"].append(figures)
                told["plain"].append(load(ours.url("/api/v1/datasets/bench/events"), "event", ours.token,
                                          (users_file, items_file)))
        finally:
            ours.stop()
    for what, runs, text in (("GetRecommendations", asked, f"EASE, {shop}, 10 items for one of everybody at random"),
                             ("PutEvents", told, "one event a request, durable")):
        rate = {kind: statistics.median(r for r, _ in of) for kind, of in runs.items()}
        slow = {kind: statistics.median(p for _, p in of) for kind, of in runs.items()}
        common.figure("personalize", f"{what} a second, signed", unit="/s", better="higher", ours=rate["signed"],
                      peer="our own API, with a token", theirs=rate["plain"],
                      note=f"{text}; 32 connections; medians of {ROUNDS} runs of {SECONDS} s in turn")
        common.figure("personalize", f"p99 of {what}, signed", unit="ms", ours=slow["signed"],
                      peer="our own API, with a token", theirs=slow["plain"])


main()
