"""Jobs of Personalize that read files of the object store and write them."""

import csv
import io
import json

import pytest
from personalize.shop import (INTERACTIONS, ITEMS, ROLE, USERS, deploy, import_file, items_of, make_group, small_shop,
                              train, wait_for)


HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,DEVICE\n"


@pytest.fixture
def s3(clients):
    client = clients("s3")
    client.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return client


def read(s3, key):
    return s3.get_object(Bucket="files", Key=key)["Body"].read().decode()


def rows_of(personalize, s3, dataset, name):
    job = personalize.create_dataset_export_job(
        jobName=name, datasetArn=dataset, roleArn=ROLE, ingestionMode="ALL",
        jobOutput={"s3DataDestination": {"path": "s3://files/exports/"}})["datasetExportJobArn"]
    wait_for(personalize.describe_dataset_export_job, "datasetExportJob", datasetExportJobArn=job)
    return list(csv.DictReader(io.StringIO(read(s3, f"exports/{name}.csv"))))


def test_imports_replace_or_add_and_exports_give_back(personalize, s3):
    _, datasets = make_group(personalize, interactions=INTERACTIONS, items=ITEMS)
    s3.put_object(Bucket="files", Key="in/a.csv", Body=HEADER + "ann,x,1760000000,view,,\n")
    s3.put_object(Bucket="files", Key="in/b.csv", Body=HEADER + "bob,y,1760000001,view,2.5,phone\n")
    import_file(personalize, datasets["interactions"], "s3://files/in/", "folder")
    assert {row["USER_ID"] for row in rows_of(personalize, s3, datasets["interactions"], "both")} == {"ann", "bob"}
    import_file(personalize, datasets["interactions"], "s3://files/in/a.csv", "more", importMode="INCREMENTAL")
    assert len(rows_of(personalize, s3, datasets["interactions"], "three")) == 3
    import_file(personalize, datasets["interactions"], "s3://files/in/b.csv", "instead", importMode="FULL")
    assert [row["USER_ID"] for row in rows_of(personalize, s3, datasets["interactions"], "one")] == ["bob"]

    s3.put_object(Bucket="files", Key="bad.csv", Body="USER_ID,ITEM_ID\nann,x\n")
    failed = personalize.create_dataset_import_job(jobName="bad", datasetArn=datasets["interactions"], roleArn=ROLE,
                                                   dataSource={"dataLocation": "s3://files/bad.csv"})["datasetImportJobArn"]
    with pytest.raises(AssertionError, match="Input CSV is missing the following columns: .*TIMESTAMP"):
        wait_for(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=failed)
    missing = personalize.create_dataset_import_job(jobName="none", datasetArn=datasets["items"], roleArn=ROLE,
                                                    dataSource={"dataLocation": "s3://files/none.csv"})["datasetImportJobArn"]
    with pytest.raises(AssertionError, match="no file at s3://files/none.csv"):
        wait_for(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=missing)
    # Why a file failed names the place, and rests without the values of anybody's data.
    s3.put_object(Bucket="files", Key="wrong.csv", Body=HEADER + "mallory\x01of-7,x,1760000000,view,,\n")
    wrong = personalize.create_dataset_import_job(jobName="wrong", datasetArn=datasets["interactions"], roleArn=ROLE,
                                                  dataSource={"dataLocation": "s3://files/wrong.csv"})["datasetImportJobArn"]
    with pytest.raises(AssertionError, match="s3://files/wrong.csv:2: column USER_ID") as refused:
        wait_for(personalize.describe_dataset_import_job, "datasetImportJob", datasetImportJobArn=wrong)
    assert "mallory" not in str(refused.value)
    assert [row["USER_ID"] for row in rows_of(personalize, s3, datasets["interactions"], "still-one")] == ["bob"]
    listed = personalize.list_dataset_import_jobs(datasetArn=datasets["interactions"])["datasetImportJobs"]
    assert [one["status"] for one in listed] == ["ACTIVE", "ACTIVE", "ACTIVE", "CREATE FAILED", "CREATE FAILED"]


def test_batches_and_segments(personalize, s3, events):
    group, datasets = make_group(personalize, interactions=INTERACTIONS, items=ITEMS)
    s3.put_object(Bucket="files", Key="shop.csv", Body=small_shop())
    s3.put_object(Bucket="files", Key="items.csv", Body="ITEM_ID,GENRE,PRICE,CREATION_TIMESTAMP\n" + "".join(
        f"i{i},{'Comedy' if i < 3 else 'Drama|War'},{i}.5,1760000000\n" for i in range(12)))
    import_file(personalize, datasets["interactions"], "s3://files/shop.csv", "shop")
    import_file(personalize, datasets["items"], "s3://files/items.csv", "items")
    where = personalize.create_filter(name="genre", datasetGroupArn=group,
                                      filterExpression="INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)")["filterArn"]
    _, version = train(personalize, group, "aws-user-personalization")
    s3.put_object(Bucket="files", Key="questions.json", Body="\n".join([
        json.dumps({"userId": "u1", "filterValues": {"GENRE": '"Comedy"'}}),
        json.dumps({"itemId": "i1", "filterValues": {"GENRE": '"Comedy"'}}), "no json"]))
    job = personalize.create_batch_inference_job(
        jobName="batch", solutionVersionArn=version, filterArn=where, numResults=5, roleArn=ROLE,
        jobInput={"s3DataSource": {"path": "s3://files/questions.json"}},
        jobOutput={"s3DataDestination": {"path": "s3://files/answers/"}})["batchInferenceJobArn"]
    wait_for(personalize.describe_batch_inference_job, "batchInferenceJob", batchInferenceJobArn=job)
    lines = [json.loads(line) for line in read(s3, "answers/questions.json.out").splitlines()]
    assert set(lines[0]["output"]["recommendedItems"]) <= {"i0", "i1", "i2"} and lines[0]["error"] is None
    assert len(lines[0]["output"]["scores"]) == len(lines[0]["output"]["recommendedItems"]) > 0
    assert lines[1]["output"] is None and "userId" in lines[1]["error"]
    assert lines[2]["input"] == "no json" and lines[2]["error"]
    assert personalize.list_batch_inference_jobs(solutionVersionArn=version)["batchInferenceJobs"][0]["status"] == "ACTIVE"

    _, version = train(personalize, group, "aws-item-affinity")
    s3.put_object(Bucket="files", Key="segments.json", Body='{"itemId": "i5"}\n{"itemId": "unknown"}\n')
    job = personalize.create_batch_segment_job(
        jobName="segments", solutionVersionArn=version, numResults=10, roleArn=ROLE,
        jobInput={"s3DataSource": {"path": "s3://files/segments.json"}},
        jobOutput={"s3DataDestination": {"path": "s3://files/answers"}})["batchSegmentJobArn"]
    wait_for(personalize.describe_batch_segment_job, "batchSegmentJob", batchSegmentJobArn=job)
    lines = [json.loads(line) for line in read(s3, "answers/segments.json.out").splitlines()]
    assert len(lines[0]["output"]["usersList"]) == 10 and lines[1]["error"]
    drawn = {f"u{who}" for who in range(60) if "i5" in {f"i{(who + step) % 12}" for step in range(4)}}
    assert set(lines[0]["output"]["usersList"]) <= drawn, "those who have it come first"
    _, version = train(personalize, group, "aws-item-attribute-affinity")
    s3.put_object(Bucket="files", Key="attributes.json", Body=json.dumps({"itemAttributes": 'ITEMS.GENRE = "Comedy"'}))
    job = personalize.create_batch_segment_job(
        jobName="attributes", solutionVersionArn=version, roleArn=ROLE,
        jobInput={"s3DataSource": {"path": "s3://files/attributes.json"}},
        jobOutput={"s3DataDestination": {"path": "s3://files/answers"}})["batchSegmentJobArn"]
    wait_for(personalize.describe_batch_segment_job, "batchSegmentJob", batchSegmentJobArn=job)
    assert len(json.loads(read(s3, "answers/attributes.json.out"))["output"]["usersList"]) == 25


def test_people_of_a_file_are_erased_models_included(running, personalize, runtime, s3, tmp_path):
    group, datasets = make_group(personalize, interactions=INTERACTIONS, users=USERS)
    s3.put_object(Bucket="files", Key="shop.csv", Body=small_shop())
    s3.put_object(Bucket="files", Key="users.csv", Body="USER_ID,AGE\n" + "".join(f"u{i},{20 + i}\n" for i in range(60)))
    import_file(personalize, datasets["interactions"], "s3://files/shop.csv", "shop")
    import_file(personalize, datasets["users"], "s3://files/users.csv", "users")
    _, version = train(personalize, group, "aws-user-personalization")
    campaign = deploy(personalize, version, "for-you")
    for key in ("shop.csv", "users.csv"):
        s3.delete_object(Bucket="files", Key=key)
    s3.put_object(Bucket="files", Key="gone.csv", Body="USER_ID\nu3\nu5\nnobody\n")
    job = personalize.create_data_deletion_job(jobName="gone", datasetGroupArn=group, roleArn=ROLE,
                                               dataSource={"dataLocation": "s3://files/gone.csv"})["dataDeletionJobArn"]
    done = wait_for(personalize.describe_data_deletion_job, "dataDeletionJob", done="COMPLETED", dataDeletionJobArn=job)
    assert done["numDeleted"] == 2
    left = {row["USER_ID"] for row in rows_of(personalize, s3, datasets["interactions"], "left")}
    assert left == {f"u{i}" for i in range(60)} - {"u3", "u5"}
    request = running.get("/api/v1/subjects/requests").expect().json["requests"][0]
    assert request["people"] == 2 and request["state"] == "completed"
    certificate = tmp_path / "certificate.json"
    certificate.write_bytes(running.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect().body)
    running.program.run("certificate", "verify", certificate, "--public-key",
                        running.program.data_directory / "keys" / "signing.pub").expect()
    assert len(items_of(runtime.get_recommendations(campaignArn=campaign, userId="u4", numResults=3))) == 3


def test_a_domain_trains_and_stops_by_itself(personalize, runtime, s3):
    domain_interactions = dict(INTERACTIONS)
    group, datasets = make_group(personalize, domain="ECOMMERCE", interactions=domain_interactions)
    body = small_shop().replace(",view,", ",View,").replace(",buy,", ",Purchase,")
    s3.put_object(Bucket="files", Key="shop.csv", Body=body)
    import_file(personalize, datasets["interactions"], "s3://files/shop.csv", "shop")
    with pytest.raises(personalize.exceptions.InvalidInputException):
        personalize.create_recommender(name="films", datasetGroupArn=group,
                                       recipeArn="arn:aws:personalize:::recipe/aws-vod-top-picks")
    made = {}
    for use in ("popular-items-by-views", "popular-items-by-purchases", "frequently-bought-together",
                "customers-who-viewed-x-also-viewed", "recommended-for-you"):
        made[use] = personalize.create_recommender(
            name=use, datasetGroupArn=group, recipeArn=f"arn:aws:personalize:::recipe/aws-ecomm-{use}",
            recommenderConfig={"minRecommendationRequestsPerSecond": 1})["recommenderArn"]
    for arn in made.values():
        wait_for(personalize.describe_recommender, "recommender", recommenderArn=arn)
    for use in ("popular-items-by-views", "popular-items-by-purchases"):
        assert len(items_of(runtime.get_recommendations(recommenderArn=made[use], numResults=5))) == 5
    seen = runtime.get_recommendations(recommenderArn=made["customers-who-viewed-x-also-viewed"], itemId="i4", numResults=4)
    assert "i4" not in items_of(seen) and len(items_of(seen)) == 4
    assert items_of(runtime.get_recommendations(recommenderArn=made["recommended-for-you"], userId="u1", numResults=3))
    stopped = made["recommended-for-you"]
    personalize.stop_recommender(recommenderArn=stopped)
    wait_for(personalize.describe_recommender, "recommender", done="INACTIVE", recommenderArn=stopped)
    with pytest.raises(runtime.exceptions.ResourceNotFoundException):
        runtime.get_recommendations(recommenderArn=stopped, userId="u1")
    personalize.start_recommender(recommenderArn=stopped)
    wait_for(personalize.describe_recommender, "recommender", recommenderArn=stopped)
    personalize.update_recommender(recommenderArn=stopped, recommenderConfig={"minRecommendationRequestsPerSecond": 2})
    assert personalize.describe_recommender(recommenderArn=stopped)["recommender"]["latestRecommenderUpdate"]
    assert len(personalize.list_recommenders(datasetGroupArn=group)["recommenders"]) == 5
    personalize.delete_recommender(recommenderArn=stopped)
    with pytest.raises(personalize.exceptions.ResourceNotFoundException):
        personalize.describe_recommender(recommenderArn=stopped)


def test_records_put_one_by_one_are_in_the_next_answer(personalize, runtime, events, s3):
    group, datasets = make_group(personalize, interactions=INTERACTIONS, items=ITEMS, users=USERS)
    s3.put_object(Bucket="files", Key="shop.csv", Body=small_shop())
    import_file(personalize, datasets["interactions"], "s3://files/shop.csv", "shop")
    events.put_items(datasetArn=datasets["items"], items=[
        {"itemId": f"i{i}", "properties": json.dumps({"genre": "Drama", "price": i + 0.5, "creationTimestamp": 1760000000})} for i in range(6)])
    events.put_users(datasetArn=datasets["users"], users=[{"userId": "u1", "properties": json.dumps({"age": 30})}])
    _, version = train(personalize, group, "aws-user-personalization")
    campaign = deploy(personalize, version, "for-you", campaignConfig={"enableMetadataWithRecommendations": True,
                      "itemExplorationConfig": {"explorationWeight": "0"}})
    by_genre = personalize.create_filter(
        name="genre", datasetGroupArn=group,
        filterExpression='INCLUDE ItemID WHERE Items.GENRE IN ($GENRE) IF CurrentUser.AGE = $AGE')["filterArn"]
    asked = {"campaignArn": campaign, "userId": "u1", "numResults": 25, "filterArn": by_genre,
             "filterValues": {"GENRE": '"Drama"', "AGE": "30"}, "metadataColumns": {"ITEMS": ["PRICE", "GENRE"]}}
    before = runtime.get_recommendations(**asked)
    assert set(items_of(before)) == {f"i{i}" for i in range(6)}
    assert {one["itemId"]: one["metadata"]["PRICE"] for one in before["itemList"]}["i3"] == "3.5"
    events.put_items(datasetArn=datasets["items"], items=[{"itemId": "i2", "properties": json.dumps({"genre": "War", "creationTimestamp": 1760000000})}])
    assert set(items_of(runtime.get_recommendations(**asked))) == {"i0", "i1", "i3", "i4", "i5"}
    with pytest.raises(events.exceptions.InvalidInputException, match=r"items\[0\].properties"):
        events.put_items(datasetArn=datasets["items"], items=[{"itemId": "i2", "properties": json.dumps({"price": "x", "creationTimestamp": 1760000000})}])


def test_metric_attributions_are_kept(personalize):
    group, _ = make_group(personalize, interactions=INTERACTIONS, items=ITEMS)
    arn = personalize.create_metric_attribution(
        name="revenue", datasetGroupArn=group, metrics=[
            {"eventType": "buy", "metricName": "revenue", "expression": "SUM(Items.PRICE)"}],
        metricsOutputConfig={"roleArn": ROLE})["metricAttributionArn"]
    personalize.update_metric_attribution(metricAttributionArn=arn, addMetrics=[
        {"eventType": "view", "metricName": "views", "expression": "SAMPLECOUNT()"}])
    listed = personalize.list_metric_attribution_metrics(metricAttributionArn=arn)["metrics"]
    assert [one["metricName"] for one in listed] == ["revenue", "views"]
    with pytest.raises(personalize.exceptions.InvalidInputException):
        personalize.update_metric_attribution(metricAttributionArn=arn, addMetrics=[
            {"eventType": "view", "metricName": "bad", "expression": "AVG(Items.PRICE)"}])
    personalize.update_metric_attribution(metricAttributionArn=arn, removeMetrics=["revenue"])
    assert personalize.describe_metric_attribution(metricAttributionArn=arn)["metricAttribution"]["status"] == "ACTIVE"
    assert len(personalize.list_metric_attributions(datasetGroupArn=group)["metricAttributions"]) == 1
    personalize.delete_metric_attribution(metricAttributionArn=arn)
