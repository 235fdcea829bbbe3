"""What people choose about the use of their data, over sockets, against the real program."""

import csv
import io
import time

import pytest
import shop

PURPOSE = "recommendation"
NOTICE = "What we do with it, and whom to ask."


@pytest.fixture
def officer_of():
    return lambda running: running.post("/api/v1/tokens", {"role": "privacy-officer", "label": "officer"}).expect(201).json["token"]


@pytest.fixture
def officer(running, officer_of):
    return officer_of(running)


@pytest.fixture
def trained(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()),
                      users=shop.write_users(tmp_path / "users.csv"))
    return running


def choose(running, user, choice, purpose=PURPOSE, token=None):
    about = {} if purpose is None else {"purpose": purpose}
    return running.post("/api/v1/subjects/choices", {"user": user, "choice": choice} | about, token=token)


def redefine(running, basis, token=None):
    return running.request("PUT", f"/api/v1/purposes/{PURPOSE}", {"lawful_basis": basis, "notice": NOTICE}, token=token)


def exported_users(running, kind):
    rows = running.get(f"/api/v1/datasets/shop/export?kind={kind}").expect().body.decode()
    return {row["USER_ID"] for row in csv.DictReader(io.StringIO(rows))}


def items(answer):
    return [item["item"] for item in answer["items"]]


def test_who_objects_is_answered_like_a_stranger_from_the_next_question_on(trained, officer):
    before = trained.recommend(user="user-0004", count=5)
    assert before["personal"] and before.get("withheld") is None
    chosen = choose(trained, "user-0004", "object", token=officer).expect().json
    assert [(one["kind"], one["purpose"], one["stands"]) for one in chosen["choices"]] == [("objection", PURPOSE, True)]

    after = trained.recommend(user="user-0004", count=5)
    assert not after["personal"] and after["withheld"] == "objection"
    assert items(after) == items(trained.recommend(user="nobody-we-know", count=5))
    assert trained.recommend(user="user-0008", count=5)["personal"]

    choose(trained, "user-0004", "withdraw_objection", token=officer).expect()
    assert items(trained.recommend(user="user-0004", count=5)) == items(before)
    listed = trained.post("/api/v1/subjects/choices/list", {"user": "user-0004"}, token=officer).expect().json
    assert [one["choice"] for one in listed["evidence"]] == ["object", "withdraw_objection"]
    assert all(one["purpose_version"] == 1 for one in listed["evidence"])
    assert not listed["choices"][0]["stands"]


def test_who_objects_is_not_exported_trained_on_or_recorded(trained, officer):
    choose(trained, "user-0004", "object", token=officer).expect()
    for kind in ["interactions", "users"]:
        there = exported_users(trained, kind)
        assert "user-0004" not in there and "user-0008" in there and len(there) == 119
    told = trained.post("/api/v1/datasets/shop/events/batch",
                        {"events": [{"user_id": user, "item_id": "item-0-00", "event_type": "view"}
                                    for user in ["user-0004", "user-0008"]]}).expect().json
    assert told == {"recorded": 1, "duplicates": 0, "not_admitted": 1}
    assert trained.train()["people"] == 119
    choose(trained, "user-0004", "withdraw_objection", token=officer).expect()
    assert trained.train()["people"] == 120


def people_in_versions(running):
    return [one["people"] for one in running.get("/api/v1/recommenders/shop/versions").expect().json["versions"]]


def wait_until_versions_hold(running, expected):
    deadline = time.monotonic() + 30
    while people_in_versions(running) != expected:
        assert time.monotonic() < deadline, people_in_versions(running)
        time.sleep(0.05)


def test_who_objects_leaves_every_version_of_every_model_within_seconds(served, officer_of, tmp_path):
    served.start().make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    served.train()
    assert people_in_versions(served) == [120, 120]
    officer = officer_of(served)
    choose(served, "user-0004", "object", token=officer).expect()
    wait_until_versions_hold(served, [119, 119])
    choose(served, "user-0005", "restrict", purpose=None, token=officer).expect()
    wait_until_versions_hold(served, [118, 118])
    choose(served, "user-0004", "withdraw_objection", token=officer).expect()
    assert served.train()["people"] == 119
    # However far it came: the next start looks for who refuses.
    choose(served, "user-0006", "object", token=officer).expect()
    served.kill()
    served.start()
    wait_until_versions_hold(served, [118, 117])
    # Where the basis becomes consent nobody said anything themselves: nobody leaves, until they withdraw it.
    redefine(served, "consent", officer).expect()
    choose(served, "user-0007", "consent", token=officer).expect()
    choose(served, "user-0007", "withdraw_consent", token=officer).expect()
    wait_until_versions_hold(served, [117, 116])


def test_an_objection_outlives_a_kill(served, tmp_path):
    served.start().make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    choose(served, "user-0004", "object").expect()
    served.kill()
    served.start()
    assert served.recommend(user="user-0004")["withheld"] == "objection"
    assert "user-0004" not in exported_users(served, "interactions")


def test_a_restriction_of_every_purpose_holds_until_it_is_lifted(trained, officer):
    choose(trained, "user-0004", "restrict", purpose=None, token=officer).expect()
    assert trained.recommend(user="user-0004")["withheld"] == "restriction"
    assert "user-0004" not in exported_users(trained, "interactions")
    choose(trained, "user-0004", "lift_restriction", purpose=None, token=officer).expect()
    assert trained.recommend(user="user-0004")["personal"]
    assert "user-0004" in exported_users(trained, "interactions")


def test_where_consent_is_needed_only_who_gave_it_is_used(trained, officer):
    told = choose(trained, "user-0004", "consent", token=officer)
    assert told.status == 409 and "rests on legitimate_interests" in told.json["error"]["message"]
    assert redefine(trained, "consent", officer).expect().json["version"] == 2
    assert trained.recommend(user="user-0004")["withheld"] == "no_consent"
    choose(trained, "user-0004", "consent", token=officer).expect()
    assert trained.recommend(user="user-0004")["personal"]
    assert exported_users(trained, "interactions") == {"user-0004"}

    # Nothing is kept of a newcomer before they consent, not even that they came.
    event = {"user_id": "newcomer", "item_id": "item-0-00", "event_type": "view"}
    assert trained.post("/api/v1/datasets/shop/events", event).expect().json["not_admitted"] == 1
    assert not trained.recommend(user="newcomer")["known"]
    choose(trained, "newcomer", "consent", token=officer).expect()
    assert trained.post("/api/v1/datasets/shop/events", event).expect().json["recorded"] == 1
    assert trained.recommend(user="newcomer")["personal"]
    choose(trained, "newcomer", "withdraw_consent", token=officer).expect()
    assert trained.recommend(user="newcomer")["withheld"] == "no_consent"


def test_an_objection_is_refused_where_the_lawful_basis_knows_none_and_says_what_to_do(trained, officer):
    redefine(trained, "consent", officer).expect()
    told = choose(trained, "user-0004", "object", token=officer)
    assert told.status == 409 and "withdraw the consent instead" in told.json["error"]["message"]
    assert choose(trained, "user-0004", "object", "unheard-of", officer).status == 404
    assert choose(trained, "user-0004", "shrug", token=officer).status == 400
    assert choose(trained, "stranger", "withdraw_consent", token=officer).status == 404
    assert trained.post("/api/v1/subjects/choices/list", {"user": "stranger"}, token=officer).status == 404


def test_data_serves_another_purpose_only_by_a_decision(trained, officer):
    new = {"name": "newsletter", "lawful_basis": "legitimate_interests", "notice": NOTICE, "retention_days": 90}
    trained.post("/api/v1/purposes", new, token=officer).expect(201)
    assert trained.post("/api/v1/purposes", new, token=officer).status == 409
    add = lambda: trained.post("/api/v1/datasets/shop/purposes", {"purpose": "newsletter"}, token=officer)
    refused = add()
    assert refused.status == 403 and "record the decision first" in refused.json["error"]["message"]
    trained.post("/api/v1/purposes/decisions",
                 {"collected_for": PURPOSE, "wanted": "newsletter", "decided_by": "the officer",
                  "reasoning": "The same customers expect it."}, token=officer).expect(201)
    assert add().expect().json["purposes"] == ["newsletter", PURPOSE]
    decisions = trained.get("/api/v1/purposes/decisions", token=officer).expect().json["decisions"]
    assert [(one["collected_for"], one["wanted"]) for one in decisions] == [(PURPOSE, "newsletter")]
    refused = trained.post("/api/v1/datasets", {"name": "other", "purposes": ["unheard-of"]})
    assert refused.status == 403 and "purposes define" in refused.json["error"]["message"]


def test_no_log_holds_who_chose(served, tmp_path):
    served.start().make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    choose(served, "user-0004", "object").expect()
    choose(served, "stranger-with-a-mark", "withdraw_consent").expect(404)
    served.post("/api/v1/subjects/choices/list", {"user": "user-0004"}).expect()
    assert served.stop() == 0
    log = (served.program.data_directory.parent / "server.log").read_text()
    assert "/api/v1/subjects/choices" in log
    assert "user-0004" not in log and "stranger-with-a-mark" not in log


def test_the_command_line_does_the_same_with_a_directory_and_with_a_server(eunomia, served, tmp_path):
    served.start().make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    far = ["--server", served.url, "--token-file", served.program.data_directory / "administrator.token"]
    define = ["purposes", "define", "--name", PURPOSE, "--lawful-basis", "public_task", "--notice", NOTICE, "--again"]
    assert eunomia.json(*define, *far).expect().value["version"] == 2
    told = eunomia.json("subjects", "choose", "--user", "user-0004", "--purpose", PURPOSE, "--choice", "object", *far)
    assert told.expect().value["choices"][0]["stands"]
    answered = eunomia.run("recommend", "recommend", "--name", "shop", "--user", "user-0004", *far).expect()
    assert "objection" in answered.stdout
    assert served.stop() == 0

    assert eunomia.json(*define).expect().value["version"] == 3
    here = eunomia.json("subjects", "choices", "--user", "user-0004").expect().value
    assert [one["choice"] for one in here["evidence"]] == ["object"]
    answered = eunomia.json("recommend", "recommend", "--name", "shop", "--user", "user-0004").expect().value
    assert answered["withheld"] == "objection"
    eunomia.run("subjects", "choose", "--user", "user-0004", "--purpose", PURPOSE,
                "--choice", "withdraw_objection").expect()
    assert "withheld" not in eunomia.json("recommend", "recommend", "--name", "shop",
                                          "--user", "user-0004").expect().value
    names = [one["name"] for one in eunomia.json("purposes", "list").expect().value["purposes"]]
    assert names == [PURPOSE]
