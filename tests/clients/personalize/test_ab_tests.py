"""A/B tests between campaigns: boto3 asks the test's ARN, and our own API says what came of it."""

import time

import pytest
from personalize.shop import deploy, import_file, items_of, make_group, small_shop, train

ARN = "arn:aws:personalize:eu-central-1:000000000000:ab-test/"


@pytest.fixture
def shop(personalize, clients):
    s3 = clients("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="interactions.csv", Body=small_shop())
    group, datasets = make_group(personalize)
    import_file(personalize, datasets["interactions"], "s3://files/interactions.csv", "first")
    campaigns = {}
    for name, recipe in (("personal", "aws-user-personalization-v2"), ("popular", "aws-popularity-count")):
        _, version = train(personalize, group, recipe, name=name)
        campaigns[name] = deploy(personalize, version, f"{name}-campaign")
    tracker = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)["trackingId"]
    return {"group": group, "campaigns": campaigns, "tracker": tracker}


def begin(running, name="prices"):
    return running.post("/api/v1/ab-tests", {
        "name": name,
        "arms": [{"name": "popular", "recommender": "popular", "deployment": "popular-campaign", "share": 1},
                 {"name": "personal", "recommender": "personal", "deployment": "personal-campaign", "share": 1}],
        "metrics": [{"name": "buyers", "event_type": "buy", "measure": "conversion"},
                    {"name": "turnover", "event_type": "buy", "measure": "sum", "column": "EVENT_VALUE"}]}).expect(201)


def arms_of(report, metric):
    return {arm["arm"]: arm for one in report["metrics"] if one["metric"] == metric for arm in one["arms"]}


def test_a_test_between_campaigns_finds_what_differs(running, personalize, runtime, events, shop):
    begin(running)
    by_arm = {"popular": [], "personal": []}
    for who in range(60):
        answer = runtime.get_recommendations(campaignArn=ARN + "prices", userId=f"u{who}", numResults=5)
        assert answer["recommendationId"]
        arm = running.post("/api/v1/ab-tests/prices/assignment", {"user": f"u{who}"}).expect().json
        direct = runtime.get_recommendations(campaignArn=shop["campaigns"][arm["arm"]], userId=f"u{who}", numResults=5)
        if arm["arm"] == "popular":  # the other explores
            assert items_of(answer) == items_of(direct)
        assert arm["counted"]
        by_arm[arm["arm"]].append(f"u{who}")
    assert min(len(people) for people in by_arm.values()) > 10

    # Those who are shown personal ones buy, and of the others one.
    for who in by_arm["personal"] + by_arm["popular"][:1]:
        events.put_events(trackingId=shop["tracker"], userId=who, sessionId=who, eventList=[
            {"eventType": "buy", "itemId": "i1", "eventValue": 3.5, "sentAt": time.time() + 1}])
    report = running.get("/api/v1/ab-tests/prices").expect().json
    buyers = arms_of(report, "buyers")
    assert {name: arm["people"] for name, arm in buyers.items()} == {name: len(people) for name, people in by_arm.items()}
    assert buyers["personal"]["mean"] == 1 and buyers["popular"]["total"] == 1
    against = buyers["personal"]["against_first"]
    assert against["significant"] and against["anytime_interval"][0] > 0 and against["p_value"] < 0.001
    assert arms_of(report, "turnover")["personal"]["total"] == 3.5 * len(by_arm["personal"])
    assert report["ratio_mismatch_p_value"] > 0.001

    running.post("/api/v1/ab-tests/prices/stop", {"winner": "personal"}).expect()
    for who in by_arm["popular"]:
        arm = running.post("/api/v1/ab-tests/prices/assignment", {"user": who}).expect().json
        assert arm["arm"] == "personal"
    running.post("/api/v1/ab-tests/prices/stop", {"winner": "personal"}).expect(409)


def test_a_test_and_who_is_under_it_survive_a_start_and_an_erasure_takes_them_out(running, runtime, shop):
    begin(running)
    for who in range(20):
        runtime.get_recommendations(campaignArn=ARN + "prices", userId=f"u{who}")
    before = {f"u{who}": running.post("/api/v1/ab-tests/prices/assignment", {"user": f"u{who}"}).expect().json["arm"]
              for who in range(20)}
    port = running.port
    assert running.stop() == 0
    running.start(port=port)
    for who, arm in before.items():
        assert running.post("/api/v1/ab-tests/prices/assignment", {"user": who}).expect().json["arm"] == arm
    counted = arms_of(running.get("/api/v1/ab-tests/prices").expect().json, "buyers")
    assert sum(arm["people"] for arm in counted.values()) == 20

    running.wait_for_request(running.erase("u3"))
    counted = arms_of(running.get("/api/v1/ab-tests/prices").expect().json, "buyers")
    assert sum(arm["people"] for arm in counted.values()) == 19


def test_strangers_are_answered_and_not_counted(running, runtime, shop):
    begin(running)
    assert items_of(runtime.get_recommendations(campaignArn=ARN + "prices", userId="somebody new"))
    assert not running.post("/api/v1/ab-tests/prices/assignment", {"user": "somebody new"}).expect().json["counted"]
    counted = arms_of(running.get("/api/v1/ab-tests/prices").expect().json, "buyers")
    assert sum(arm["people"] for arm in counted.values()) == 0


def test_what_is_wrong_is_named(running, runtime, shop):
    begin(running)
    with pytest.raises(runtime.exceptions.ResourceNotFoundException, match="there are prices"):
        runtime.get_recommendations(campaignArn=ARN + "nothing", userId="u1")
    with pytest.raises(runtime.exceptions.InvalidInputException, match="userId"):
        runtime.get_recommendations(campaignArn=ARN + "prices")
    running.post("/api/v1/ab-tests", {
        "name": "served", "arms": [{"name": "a", "recommender": "popular"}, {"name": "b", "recommender": "personal"}],
        "metrics": [{"name": "any"}]}).expect(201)
    with pytest.raises(runtime.exceptions.InvalidInputException, match="no campaign"):
        runtime.get_recommendations(campaignArn=ARN + "served", userId="u1")
    running.request("DELETE", "/api/v1/ab-tests/served").expect(204)
    running.get("/api/v1/ab-tests/served").expect(404)


def test_diversity_and_rotation_are_asked_for_in_the_context(runtime, shop):
    campaign = shop["campaigns"]["popular"]
    rotating = {"eunomia_rotation_rate": "1", "eunomia_rotation_time": "600"}
    usual = items_of(runtime.get_recommendations(campaignArn=campaign, userId="u1", numResults=5))
    first = items_of(runtime.get_recommendations(campaignArn=campaign, userId="u1", numResults=5, context=rotating))
    second = items_of(runtime.get_recommendations(campaignArn=campaign, userId="u1", numResults=5, context=rotating))
    assert first == usual and not set(first) & set(second)
    assert items_of(runtime.get_recommendations(campaignArn=campaign, userId="u1", numResults=5)) == usual

    varied = items_of(runtime.get_recommendations(campaignArn=shop["campaigns"]["personal"], userId="u1", numResults=5,
                                                  context={"eunomia_diversity": "0.9", "DEVICE": "phone"}))
    assert len(varied) == 5
    for wrong, match in (({"eunomia_diversity": "much"}, "eunomia_diversity"), ({"eunomia_diversity": "2"}, "0 to 1"),
                         ({"eunomia_taste": "1"}, "eunomia_diversity")):
        with pytest.raises(runtime.exceptions.InvalidInputException, match=match):
            runtime.get_recommendations(campaignArn=campaign, userId="u1", context=wrong)


def test_who_is_shown_similar_items_is_counted_too(running, personalize, runtime, shop):
    for name in ("old", "new"):
        _, version = train(personalize, shop["group"], "aws-sims", name=f"sims-{name}")
        deploy(personalize, version, f"sims-{name}")
    running.post("/api/v1/ab-tests", {
        "name": "similar", "metrics": [{"name": "any"}],
        "arms": [{"name": name, "recommender": f"sims-{name}", "deployment": f"sims-{name}"} for name in ("old", "new")],
    }).expect(201)
    for who in range(20):
        assert items_of(runtime.get_recommendations(campaignArn=ARN + "similar", userId=f"u{who}", itemId="i3"))
    counted = arms_of(running.get("/api/v1/ab-tests/similar").expect().json, "any")
    assert sum(arm["people"] for arm in counted.values()) == 20
