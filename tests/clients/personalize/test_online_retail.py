"""The whole life of a shop on real purchases, as a team's script for AWS Personalize lives it."""

import csv
import datetime
import gzip
import json
import time

import pytest
from personalize.shop import ROLE, deploy, import_file, items_of, make_group, train, wait_for

PURCHASES = {
    "type": "record", "name": "Interactions", "namespace": "com.amazonaws.personalize.schema", "version": "1.0",
    "fields": [{"name": "USER_ID", "type": "string"}, {"name": "ITEM_ID", "type": "string"},
               {"name": "TIMESTAMP", "type": "long"}, {"name": "EVENT_TYPE", "type": "string"}]}


def purchases(folder):
    """The files of purchases as one CSV with the columns of the schema."""
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    found = sorted(path for path in folder.iterdir() if path.name.startswith("interactions"))
    assert found, list(folder.iterdir())
    for path in found:
        opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
        with opened as rows:
            for row in csv.DictReader(rows):
                lines.append(f"{row['USER_ID']},{row['ITEM_ID']},{row['TIMESTAMP']},purchase")
    return "\n".join(lines) + "\n"


@pytest.mark.shared_data
def test_a_shop_of_real_purchases(running, shared_data, clients, personalize, runtime, events):
    s3 = clients("s3")
    s3.create_bucket(Bucket="retail")
    body = purchases(shared_data / "online-retail")
    s3.put_object(Bucket="retail", Key="purchases.csv", Body=body)
    group, datasets = make_group(personalize, "retail", interactions=PURCHASES)
    import_file(personalize, datasets["interactions"], "s3://retail/purchases.csv", "purchases")
    tracker = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]

    solution, version = train(personalize, group, "aws-user-personalization-v2")
    metrics = personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    # The reference figures of EASE on a split like AWS's are nDCG@10 .0895 and MRR@25 .1664.
    assert metrics["normalized_discounted_cumulative_gain_at_10"] > 0.06 and metrics["mean_reciprocal_rank_at_25"] > 0.1
    campaign = deploy(personalize, version, "for-you")
    first = body.splitlines()[1].split(",")[0]
    seen = personalize.create_filter(name="new-to-them", datasetGroupArn=group, filterExpression=
                                     'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")')["filterArn"]
    answer = items_of(runtime.get_recommendations(campaignArn=campaign, userId=first, numResults=25, filterArn=seen))
    theirs = {line.split(",")[1] for line in body.splitlines()[1:] if line.startswith(first + ",")}
    assert len(answer) == 25 and not theirs & set(answer)

    # A third of the places are for what they buy again and again, and a list is put in order for them.
    others = [line.split(",")[1] for line in body.splitlines()[1:] if line.split(",")[1] not in theirs][:3]
    only = personalize.create_filter(name="bought", datasetGroupArn=group, filterExpression=
                                     'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")')["filterArn"]
    mixed = runtime.get_recommendations(
        campaignArn=campaign, userId=first, numResults=9, filterArn=seen,
        promotions=[{"name": "again", "percentPromotedItems": 34, "filterArn": only}])["itemList"]
    again = [one["itemId"] for one in mixed if one.get("promotionName") == "again"]
    assert len(mixed) == 9 and len(again) == 3 and set(again) <= theirs
    wanted = runtime.get_personalized_ranking(campaignArn=campaign, userId=first, inputList=[*others, *answer[:5]])
    ranked = [one["itemId"] for one in wanted["personalizedRanking"]]
    assert set(ranked) == {*others, *answer[:5]}
    assert [one for one in ranked if one in answer[:5]] == answer[:5]

    events.put_events(trackingId=tracker, userId="new customer", sessionId="s", eventList=[
        {"eventType": "purchase", "itemId": item, "sentAt": datetime.datetime.now()} for item in sorted(theirs)[:5]])
    like_them = items_of(runtime.get_recommendations(campaignArn=campaign, userId="new customer", numResults=25))
    stranger = items_of(runtime.get_recommendations(campaignArn=campaign, userId="nobody", numResults=25))
    assert like_them != stranger

    s3.put_object(Bucket="retail", Key="questions.json", Body="\n".join(
        json.dumps({"userId": line.split(",")[0]}) for line in body.splitlines()[1:200:10]))
    job = personalize.create_batch_inference_job(
        jobName="batch", solutionVersionArn=version, roleArn=ROLE,
        jobInput={"s3DataSource": {"path": "s3://retail/questions.json"}},
        jobOutput={"s3DataDestination": {"path": "s3://retail/answers/"}})["batchInferenceJobArn"]
    wait_for(personalize.describe_batch_inference_job, "batchInferenceJob", batchInferenceJobArn=job)
    out = s3.get_object(Bucket="retail", Key="answers/questions.json.out")["Body"].read().splitlines()
    assert len(out) == 20 and all(len(json.loads(line)["output"]["recommendedItems"]) == 25 for line in out)

    # Two campaigns of two versions side by side, and one that follows the newest.
    other = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    wait_for(personalize.describe_solution_version, "solutionVersion", solutionVersionArn=other)
    follows = deploy(personalize, solution + "/$LATEST", "newest", campaignConfig={"syncWithLatestSolutionVersion": True})
    assert personalize.describe_campaign(campaignArn=follows)["campaign"]["solutionVersionArn"] == other
    personalize.update_campaign(campaignArn=campaign, solutionVersionArn=other)
    latest = personalize.describe_campaign(campaignArn=campaign)["campaign"]["latestCampaignUpdate"]
    assert latest["status"] == "ACTIVE" and latest["solutionVersionArn"] == other

    # Two recipes are compared with everybody who comes.
    _, popular = train(personalize, group, "aws-popularity-count")
    deploy(personalize, popular, "popular")
    running.post("/api/v1/ab-tests", {
        "name": "popular-or-personal",
        "arms": [{"name": "popular", "recommender": "aws-popularity-count", "deployment": "popular"},
                 {"name": "personal", "recommender": "aws-user-personalization-v2", "deployment": "for-you"}],
        "metrics": [{"name": "buyers", "event_type": "purchase"}]}).expect(201)
    test = "arn:aws:personalize:eu-central-1:000000000000:ab-test/popular-or-personal"
    customers = sorted({line.split(",")[0] for line in body.splitlines()[1:]})[:200]
    for customer in customers:
        shown = items_of(runtime.get_recommendations(campaignArn=test, userId=customer, numResults=10))
        if customers.index(customer) % 4 == 0:
            events.put_events(trackingId=tracker, userId=customer, sessionId="s", eventList=[
                {"eventType": "purchase", "itemId": shown[0], "sentAt": time.time() + 1}])
    report = running.get("/api/v1/ab-tests/popular-or-personal").expect().json
    arms = report["metrics"][0]["arms"]
    assert sum(arm["people"] for arm in arms) == 200 and sum(arm["total"] for arm in arms) == 50
    assert report["ratio_mismatch_p_value"] > 0.001 and not arms[1]["against_first"]["significant"]

    # Somebody leaves: from the data, every version of the model, and with proof.
    for key in ("purchases.csv", "questions.json", "answers/questions.json.out"):
        s3.delete_object(Bucket="retail", Key=key)
    s3.put_object(Bucket="retail", Key="leaving.csv", Body=f"USER_ID\n{first}\n")
    job = personalize.create_data_deletion_job(jobName="leaving", datasetGroupArn=group, roleArn=ROLE,
                                               dataSource={"dataLocation": "s3://retail/leaving.csv"})["dataDeletionJobArn"]
    done = wait_for(personalize.describe_data_deletion_job, "dataDeletionJob", done="COMPLETED", dataDeletionJobArn=job)
    assert done["numDeleted"] == 1
    request = running.get("/api/v1/subjects/requests").expect().json["requests"][0]
    assert request["state"] == "completed"
    running.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect()
    gone = items_of(runtime.get_recommendations(campaignArn=campaign, userId=first, numResults=25))
    nobody = items_of(runtime.get_recommendations(campaignArn=campaign, userId="nobody", numResults=25))
    assert gone == nobody or set(gone) == set(nobody)
