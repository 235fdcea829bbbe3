"""Many boto3 clients in a shop's mix, with a kill in the middle: they recover by their own retries, and no event that was
acknowledged is lost or there twice."""

import collections
import csv
import datetime
import os
import random
import threading
import time

import boto3
import botocore.config
from personalize.shop import deploy, import_file, make_group, small_shop, train

SOAK = os.environ.get("EUNOMIA_SOAK") == "1"
CLIENTS = 100 if SOAK else 12
SECONDS = 300 if SOAK else 12
BEGIN = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc)


class shopper(threading.Thread):
    """One client after another's habits: four questions to an event."""

    def __init__(self, number, endpoint, keys, campaign, tracker, until):
        super().__init__()
        self.name_here = f"load-{number}"
        config = botocore.config.Config(retries={"mode": "standard", "max_attempts": 12}, inject_host_prefix=False,
                                        connect_timeout=5, read_timeout=30)
        session = boto3.session.Session(**keys, region_name="eu-central-1")
        self.runtime = session.client("personalize-runtime", endpoint_url=endpoint, config=config)
        self.events = session.client("personalize-events", endpoint_url=endpoint, config=config)
        self.campaign, self.tracker, self.until = campaign, tracker, until
        self.random = random.Random(number)
        self.acknowledged, self.asked, self.errors = [], 0, []

    def run(self):
        sent = 0
        while time.monotonic() < self.until:
            try:
                if self.random.random() < 0.8:
                    answer = self.runtime.get_recommendations(campaignArn=self.campaign, userId=self.name_here, numResults=5)
                    assert answer["itemList"]
                    self.asked += 1
                    continue
                sent += 1
                item = f"i{self.random.randrange(12)}"
                at = BEGIN + datetime.timedelta(seconds=sent)
                self.events.put_events(trackingId=self.tracker, sessionId="s", userId=self.name_here, eventList=[
                    {"eventType": "view", "itemId": item, "sentAt": at, "eventId": f"{self.name_here}-{sent}"}])
                self.acknowledged.append((self.name_here, item, int(at.timestamp())))
            except Exception as problem:  # what their retries did not overcome
                self.errors.append(repr(problem))


def test_a_hundred_clients_lose_nothing_to_a_kill(running, access_key, clients, personalize, tmp_path):
    s3 = clients("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="shop.csv", Body=small_shop())
    group, datasets = make_group(personalize)
    import_file(personalize, datasets["interactions"], "s3://files/shop.csv", "shop")
    tracker = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    _, version = train(personalize, group, "aws-user-personalization-v2")
    campaign = deploy(personalize, version, "for-you", campaignConfig={"itemExplorationConfig": {"explorationWeight": "0"}})
    until = time.monotonic() + SECONDS
    everybody = [shopper(i, running.url, access_key, campaign, tracker, until) for i in range(CLIENTS)]
    for one in everybody:
        one.start()
    time.sleep(SECONDS / 2)
    port = running.port
    running.kill()
    running.start(port=port)
    for one in everybody:
        one.join()
    acknowledged = [event for one in everybody for event in one.acknowledged]
    errors = [error for one in everybody for error in one.errors]
    print(f"{sum(one.asked for one in everybody)} questions, {len(acknowledged)} events, {len(errors)} errors")
    assert not errors, errors[:3]
    assert running.stop() == 0
    rows_file = tmp_path / "rows.csv"
    running.program.run("recommend", "export", "--dataset", "shop", "--to", rows_file).expect()
    with open(rows_file, newline="") as file:
        rows = collections.Counter((row["USER_ID"], row["ITEM_ID"], int(float(row["TIMESTAMP"])))
                                   for row in csv.DictReader(file))
    assert acknowledged and not [event for event in acknowledged if rows[event] == 0]
    assert not [event for event, count in rows.items() if event[0].startswith("load-") and count != 1]
