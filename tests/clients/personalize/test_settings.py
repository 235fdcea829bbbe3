"""What solutions, campaigns and questions say beside a recipe: influences, objectives, columns, tuning, context."""

import csv
import io
import json
import time

import pytest
from personalize.shop import INTERACTIONS, ITEMS, ROLE, USERS, deploy, import_file, items_of, make_group, train, wait_for


def rows(header, lines):
    text = io.StringIO()
    csv.writer(text).writerows([header, *lines])
    return text.getvalue()


@pytest.fixture
def shop(personalize, clients):
    """Twelve items, dearer and newer by their number; even ones are bought on phones, odd ones on tablets. Everybody has
    four of twelve, and item i3 is had by all."""
    s3 = clients("s3")
    s3.create_bucket(Bucket="files")
    events = []
    for who in range(60):
        on = "phone" if who % 2 == 0 else "tablet"
        mine = [(who + 2 * step) % 12 for step in range(4)] + [3]
        events += [(f"u{who}", f"i{item}", 1_760_000_000 + who * 100 + step, "view", step + 1, on)
                   for step, item in enumerate(mine)]
    s3.put_object(Bucket="files", Key="interactions.csv", Body=rows(
        ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "DEVICE"], events))
    s3.put_object(Bucket="files", Key="items.csv", Body=rows(
        ["ITEM_ID", "GENRE", "PRICE", "CREATION_TIMESTAMP"],
        [(f"i{item}", ("war", "drama")[item % 2], item + 0.5, 1_700_000_000 + item * 86_400) for item in range(12)]))
    s3.put_object(Bucket="files", Key="users.csv", Body=rows(
        ["USER_ID", "AGE"], [(f"u{who}", 20 + who % 3) for who in range(60)]))
    group, datasets = make_group(personalize, interactions=INTERACTIONS, items=ITEMS, users=USERS)
    for kind, arn in datasets.items():
        import_file(personalize, arn, f"s3://files/{kind}.csv", kind)
    return {"group": group, "s3": s3}


def asked(runtime, campaign, who="u1", count=12, **more):
    return items_of(runtime.get_recommendations(campaignArn=campaign, userId=who, numResults=count, **more))


NO_EXPLORATION = {"itemExplorationConfig": {"explorationWeight": "0"}}


def test_ranking_influence_moves_popular_and_fresh_items_up(personalize, runtime, shop):
    _, version = train(personalize, shop["group"], "aws-user-personalization-v2")
    usual = deploy(personalize, version, "usual", campaignConfig=NO_EXPLORATION)
    lists = {}
    for name, influence in (("popular", {"POPULARITY": 1.0}), ("fresh", {"FRESHNESS": 1.0}),
                            ("both", {"POPULARITY": 0.3, "FRESHNESS": 0.3}), ("none", {"POPULARITY": 0.0})):
        campaign = deploy(personalize, version, name, campaignConfig={**NO_EXPLORATION, "rankingInfluence": influence})
        assert personalize.describe_campaign(campaignArn=campaign)["campaign"]["campaignConfig"]["rankingInfluence"] == influence
        lists[name] = asked(runtime, campaign)
    assert lists["popular"][0] == "i3"
    assert lists["fresh"] == [f"i{item}" for item in reversed(range(12))]
    assert lists["none"] == asked(runtime, usual)
    assert lists["both"] not in (lists["none"], lists["popular"], lists["fresh"])

    # A list that is ranked, and the campaign after its configuration changed.
    ranked = runtime.get_personalized_ranking(campaignArn=usual, userId="u1", inputList=["i2", "i11", "unknown", "i7"])
    personalize.update_campaign(campaignArn=usual, campaignConfig={"rankingInfluence": {"FRESHNESS": 1.0}})
    fresh = runtime.get_personalized_ranking(campaignArn=usual, userId="u1", inputList=["i2", "i11", "unknown", "i7"])
    assert [one["itemId"] for one in fresh["personalizedRanking"]] == ["i11", "i7", "i2", "unknown"]
    assert ranked["personalizedRanking"][-1]["itemId"] == "unknown"


def test_an_objective_gives_weight_to_a_column(personalize, runtime, shop):
    prices = {}
    for sensitivity in ("OFF", "LOW", "HIGH"):
        _, version = train(personalize, shop["group"], "aws-user-personalization", name=f"turnover-{sensitivity}",
                           solutionConfig={"optimizationObjective": {"itemAttribute": "PRICE",
                                                                     "objectiveSensitivity": sensitivity}})
        campaign = deploy(personalize, version, sensitivity, campaignConfig=NO_EXPLORATION)
        shown = [asked(runtime, campaign, who=f"u{who}", count=4) for who in range(12)]
        prices[sensitivity] = sum(int(item[1:]) for items in shown for item in items)
    assert prices["OFF"] < prices["LOW"] < prices["HIGH"]

    for recipe, objective, match in (
            ("aws-sims", {"itemAttribute": "PRICE"}, "type RELATED_ITEMS"),
            ("aws-user-personalization", {"itemAttribute": "GENRE"}, "no column of numbers"),
            ("aws-user-personalization", {"itemAttribute": "COLOUR"}, "COLOUR"),
            ("aws-user-personalization", {"objectiveSensitivity": "LOW"}, "itemAttribute")):
        with pytest.raises(personalize.exceptions.InvalidInputException, match=match):
            personalize.create_solution(name="wrong", datasetGroupArn=shop["group"],
                                        recipeArn=f"arn:aws:personalize:::recipe/{recipe}",
                                        solutionConfig={"optimizationObjective": objective})


def test_freshness_needs_a_column_to_go_by(personalize, clients):
    s3 = clients("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="interactions.csv", Body=rows(
        ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "DEVICE"],
        [(f"u{who}", f"i{(who + step) % 5}", 1_760_000_000 + step, "view", 1, "phone") for who in range(30) for step in range(3)]))
    group, datasets = make_group(personalize, name="plain")
    import_file(personalize, datasets["interactions"], "s3://files/interactions.csv", "first")
    _, version = train(personalize, group, "aws-popularity-count")
    with pytest.raises(personalize.exceptions.InvalidInputException, match="CREATION_TIMESTAMP"):
        personalize.create_campaign(name="fresh", solutionVersionArn=version,
                                    campaignConfig={"rankingInfluence": {"FRESHNESS": 0.5}})


def test_columns_can_be_kept_out_of_a_training(personalize, runtime, shop):
    """Similar items of iALS go by metadata too: without the genre they are others."""
    scores = {}
    for name, config in (("all", None), ("none", {"excludedDatasetColumns": {"ITEMS": ["GENRE", "PRICE", "CREATION_TIMESTAMP"],
                                                                           "USERS": ["AGE"]}}),
                         ("empty", {"includedDatasetColumns": {"ITEMS": ["ITEM_ID"], "USERS": ["USER_ID"]}})):
        _, version = train(personalize, shop["group"], "aws-similar-items", name=name,
                           **({"solutionConfig": {"trainingDataConfig": config}} if config else {}))
        campaign = deploy(personalize, version, name)
        scores[name] = {f"i{item}": items_of(runtime.get_recommendations(campaignArn=campaign, itemId=f"i{item}", numResults=11))
                        for item in range(12)}
    assert scores["none"] == scores["empty"] != scores["all"]

    for config, match in (({"excludedDatasetColumns": {"ITEMS": ["COLOUR"]}}, "no column COLOUR"),
                          ({"excludedDatasetColumns": {"USERS": ["USER_ID"]}}, "cannot be left out"),
                          ({"excludedDatasetColumns": {"SHOES": ["A"]}}, "SHOES")):
        with pytest.raises(personalize.exceptions.InvalidInputException, match=match):
            personalize.create_solution(name="wrong", datasetGroupArn=shop["group"], solutionConfig={"trainingDataConfig": config},
                                        recipeArn="arn:aws:personalize:::recipe/aws-similar-items")


def test_hyperparameters_are_tuned(personalize, runtime, shop):
    ranges = {"integerHyperParameterRanges": [{"name": "min_cointeraction_count", "minValue": 1, "maxValue": 2}],
              "continuousHyperParameterRanges": [{"name": "popularity_discount_factor", "minValue": 0.0, "maxValue": 1.0}]}
    _, version = train(personalize, shop["group"], "aws-sims", performHPO=True, solutionConfig={"hpoConfig": {
        "hpoResourceConfig": {"maxNumberOfTrainingJobs": "12", "maxParallelTrainingJobs": "2"},
        "algorithmHyperParameterRanges": ranges}})
    described = personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    assert described["performHPO"] is True
    chosen = described["tunedHPOParams"]["algorithmHyperParameters"]
    assert 0 <= float(chosen["popularity_discount_factor"]) <= 1 and int(chosen["min_cointeraction_count"]) in (1, 2, 3)
    campaign = deploy(personalize, version, "tuned")
    assert items_of(runtime.get_recommendations(campaignArn=campaign, itemId="i1"))
    # One training is the one that was asked for.
    _, version = train(personalize, shop["group"], "aws-sims", name="once", performHPO=True, solutionConfig={
        "algorithmHyperParameters": {"min_cointeraction_count": "2"},
        "hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "1"}}})
    described = personalize.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    assert described["tunedHPOParams"] == {"algorithmHyperParameters": {"popularity_discount_factor": "0.5",
                                                                        "min_cointeraction_count": "2"}}

    ranges["integerHyperParameterRanges"][0]["maxValue"] = 50
    with pytest.raises(personalize.exceptions.InvalidInputException, match="not within 0 to 10"):
        personalize.create_solution(name="wrong", datasetGroupArn=shop["group"], performHPO=True,
                                    recipeArn="arn:aws:personalize:::recipe/aws-sims",
                                    solutionConfig={"hpoConfig": {"algorithmHyperParameterRanges": ranges}})


def test_context_moves_what_others_had_in_the_same_circumstances_up(personalize, runtime, shop):
    _, version = train(personalize, shop["group"], "aws-user-personalization-v2")
    campaign = deploy(personalize, version, "personal", campaignConfig=NO_EXPLORATION)

    def odd_among_the_first(context):
        shown = [asked(runtime, campaign, who=f"u{who}", count=6, context=context) for who in range(12)]
        return sum(int(item[1:]) % 2 for items in shown for item in items)

    # Even people, on phones, have even items.
    assert odd_among_the_first({"DEVICE": "phone"}) < odd_among_the_first({}) < odd_among_the_first({"DEVICE": "tablet"})
    assert asked(runtime, campaign, context={"WEATHER": "rain", "DEVICE": "fridge"}) == asked(runtime, campaign)
    ranked = [runtime.get_personalized_ranking(campaignArn=campaign, userId="nobody", inputList=["i4", "i5"],
                                               context={"DEVICE": device})["personalizedRanking"][0]["itemId"]
              for device in ("phone", "tablet")]
    assert ranked == ["i4", "i5"]


def test_who_objects_leaves_the_counts_of_circumstances_at_once(personalize, runtime, shop, running):
    _, version = train(personalize, shop["group"], "aws-user-personalization-v2")
    campaign = deploy(personalize, version, "personal", campaignConfig=NO_EXPLORATION)
    assert asked(runtime, campaign, context={"DEVICE": "phone"}) != asked(runtime, campaign)
    # All who have phones: the next answer knows no phones.
    for who in range(0, 60, 2):
        running.post("/api/v1/subjects/choices",
                     {"user": f"u{who}", "purpose": "recommendation", "choice": "object"}).expect()
    deadline = time.monotonic() + 60
    while True:  # models forget them meanwhile
        assert time.monotonic() < deadline
        before = asked(runtime, campaign)
        on_phones = asked(runtime, campaign, context={"DEVICE": "phone"})
        if asked(runtime, campaign) == before:
            break
    assert on_phones == before


def test_a_batch_is_answered_by_its_influences_and_its_lines_context(personalize, shop):
    solution, version = train(personalize, shop["group"], "aws-user-personalization-v2")
    shop["s3"].put_object(Bucket="files", Key="in/people.jsonl", Body="\n".join(json.dumps(line) for line in (
        {"userId": "u1"}, {"userId": "u1", "context": {"DEVICE": "phone"}})))

    def answered(name, **config):
        job = personalize.create_batch_inference_job(
            jobName=name, solutionVersionArn=version, roleArn=ROLE, numResults=12,
            jobInput={"s3DataSource": {"path": "s3://files/in/people.jsonl"}},
            jobOutput={"s3DataDestination": {"path": f"s3://files/out-{name}/"}}, **config)["batchInferenceJobArn"]
        wait_for(personalize.describe_batch_inference_job, "batchInferenceJob", batchInferenceJobArn=job)
        text = shop["s3"].get_object(Bucket="files", Key=f"out-{name}/people.jsonl.out")["Body"].read().decode()
        return [json.loads(line)["output"]["recommendedItems"] for line in text.splitlines()]

    plain = answered("plain")
    assert plain[0] != plain[1]
    fresh = answered("fresh", batchInferenceJobConfig={"rankingInfluence": {"FRESHNESS": 1.0}})
    assert fresh == [[f"i{item}" for item in reversed(range(12))]] * 2


def test_a_recommender_of_a_domain_has_the_same_settings(personalize, runtime, clients):
    s3 = clients("s3")
    s3.create_bucket(Bucket="films")
    s3.put_object(Bucket="films", Key="interactions.csv", Body=rows(
        ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"],
        [(f"u{who}", f"i{(who + step * step) % 9}", 1_760_000_000 + who * 10 + step, "Watch")
         for who in range(60) for step in range(4)]))
    s3.put_object(Bucket="films", Key="items.csv", Body=rows(
        ["ITEM_ID", "GENRES", "CREATION_TIMESTAMP"], [(f"i{item}", "war", 1_700_000_000 + item) for item in range(9)]))
    schema = {"type": "record", "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
    text = {"type": "string"}
    group, datasets = make_group(
        personalize, "films", "VIDEO_ON_DEMAND",
        interactions={**schema, "name": "Interactions", "fields": [
            {"name": "USER_ID", **text}, {"name": "ITEM_ID", **text}, {"name": "TIMESTAMP", "type": "long"},
            {"name": "EVENT_TYPE", **text}]},
        items={**schema, "name": "Items", "fields": [
            {"name": "ITEM_ID", **text}, {"name": "GENRES", "type": "string", "categorical": True},
            {"name": "CREATION_TIMESTAMP", "type": "long"}]})
    for kind, arn in datasets.items():
        import_file(personalize, arn, f"s3://films/{kind}.csv", kind)
    config = {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["GENRES"]}}}
    recommender = personalize.create_recommender(
        name="more-like", datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-vod-more-like-x",
        recommenderConfig=config)["recommenderArn"]
    wait_for(personalize.describe_recommender, "recommender", recommenderArn=recommender)
    assert runtime.get_recommendations(recommenderArn=recommender, userId="u1", itemId="i1")["itemList"]
    with pytest.raises(personalize.exceptions.InvalidInputException, match="no column COLOUR"):
        personalize.update_recommender(recommenderArn=recommender, recommenderConfig={
            "trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["COLOUR"]}}})
