"""What recommendations led to: events are attributed to what answered, and counted once whatever happens."""

import csv
import datetime
import io
import time

import pytest
from personalize.shop import ITEMS, INTERACTIONS, ROLE, deploy, import_file, make_group, small_shop, train

ITEM_ROWS = "ITEM_ID,GENRE,PRICE,CREATION_TIMESTAMP\n" + "".join(f"i{n},drama,{n},1760000000\n" for n in range(12))


@pytest.fixture
def shop(personalize, clients):
    s3 = clients("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="interactions.csv", Body=small_shop())
    s3.put_object(Bucket="files", Key="items.csv", Body=ITEM_ROWS)
    group, datasets = make_group(personalize, interactions=INTERACTIONS, items=ITEMS)
    import_file(personalize, datasets["items"], "s3://files/items.csv", "items")
    import_file(personalize, datasets["interactions"], "s3://files/interactions.csv", "first")
    _, version = train(personalize, group, "aws-user-personalization-v2", name="personal")
    campaign = deploy(personalize, version, "for-you")
    tracker = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    arn = personalize.create_metric_attribution(
        name="impact", datasetGroupArn=group,
        metrics=[{"eventType": "buy", "metricName": "buyers", "expression": "SAMPLECOUNT()"},
                 {"eventType": "buy", "metricName": "turnover", "expression": "SUM(Items.PRICE)"},
                 {"eventType": "buy", "metricName": "value", "expression": "SUM(Interactions.EVENT_VALUE)"}],
        metricsOutputConfig={"roleArn": ROLE, "s3DataDestination": {"path": "s3://files/reports/"}})["metricAttributionArn"]
    return {"group": group, "campaign": campaign, "tracker": tracker, "attribution": arn}


def bought(item, at, **members):
    return {"eventType": "buy", "itemId": item, "sentAt": at, "eventValue": 2.5, **members}


def reported(s3, wanted, limit_s=60):
    """The sums over all windows by metric and source, when the report says what is wanted."""
    deadline = time.monotonic() + limit_s
    while True:
        sums = {}
        for one in s3.list_objects_v2(Bucket="files", Prefix="reports/").get("Contents", []):
            body = s3.get_object(Bucket="files", Key=one["Key"])["Body"].read().decode()
            for row in csv.DictReader(io.StringIO(body)):
                assert int(row["TIMESTAMP"]) % 900 == 0 and row["EVENT_TYPE"] in ("buy", "")  # "": removed since
                key = row["METRIC_NAME"], row["EVENT_ATTRIBUTION_SOURCE"]
                sums[key] = sums.get(key, 0) + float(row["VALUE"])
        if sums == wanted:
            return
        assert time.monotonic() < deadline, (sums, wanted)
        time.sleep(0.5)


def test_events_are_counted_for_what_led_to_them(running, clients, personalize, runtime, events, shop):
    now = datetime.datetime.now()
    answer = runtime.get_recommendations(campaignArn=shop["campaign"], userId="u1")["recommendationId"]
    put = lambda user, *some: events.put_events(trackingId=shop["tracker"], sessionId="s-" + user, eventList=list(some),
                                                **({"userId": user} if user.startswith("u") else {}))
    put("u1", bought("i3", now, recommendationId=answer, eventId="one"), bought("i4", now, eventId="two"))
    put("u1", bought("i3", now, recommendationId=answer, eventId="one"))  # again: counts once
    put("u2", bought("i5", now, metricAttribution={"eventAttributionSource": "newsletter"}, recommendationId=answer),
        {"eventType": "view", "itemId": "i1", "sentAt": now, "recommendationId": answer})
    put("u3", bought("i6", now, recommendationId="RID-of-somebody-else"))
    # A visitor's events count when it is known whose they are.
    put("visitor", bought("i7", now, recommendationId=answer, eventId="three"))
    events.put_events(trackingId=shop["tracker"], sessionId="s-visitor", userId="u4",
                      eventList=[{"eventType": "view", "itemId": "i1", "sentAt": now}])
    campaign, unknown = shop["campaign"], "SOURCE_NAME_UNDEFINED"
    wanted = {("buyers", campaign): 2, ("turnover", campaign): 10, ("value", campaign): 5,
              ("buyers", "newsletter"): 1, ("turnover", "newsletter"): 5, ("value", "newsletter"): 2.5,
              ("buyers", unknown): 2, ("turnover", unknown): 10, ("value", unknown): 5}
    reported(clients("s3"), wanted)

    port = running.port
    running.kill()
    running.start(port=port)
    put("u5", bought("i1", now, recommendationId=answer))
    wanted |= {("buyers", campaign): 3, ("turnover", campaign): 11, ("value", campaign): 7.5}
    reported(clients("s3"), wanted)

    # A metric less, and what is gone is not counted any more.
    personalize.update_metric_attribution(metricAttributionArn=shop["attribution"], removeMetrics=["turnover", "value"])
    put("u6", bought("i2", now, recommendationId=answer))
    reported(clients("s3"), wanted | {("buyers", campaign): 4})
    personalize.delete_metric_attribution(metricAttributionArn=shop["attribution"])
    put("u6", bought("i2", now, recommendationId=answer))


def test_what_cannot_be_summed_is_refused(personalize, shop):
    for expression, match in (("SUM(Items.GENRE)", "no number GENRE"), ("SUM(Items.NOTHING)", "no number NOTHING"),
                              ("SUM(Interactions.DEVICE)", "no number DEVICE"), ("AVG(Items.PRICE)", "neither")):
        with pytest.raises(personalize.exceptions.InvalidInputException, match=match):
            personalize.update_metric_attribution(
                metricAttributionArn=shop["attribution"],
                addMetrics=[{"eventType": "buy", "metricName": "bad", "expression": expression}])
