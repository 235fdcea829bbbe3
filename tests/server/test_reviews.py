"""A decision that a recommender made about somebody is kept where it is asked for; a human reviews it; all of it is the
person's to know, and goes with them (GDPR Art. 22)."""

import io
import json
import zipfile

import pytest
import shop

STATEMENT = "I buy these for my mother, not for me."
REASONS = "We looked at what you bought: the offer was meant for her. You get another one."


@pytest.fixture
def trained(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    return running


def archive_of(running, user, portable=False):
    body = running.post("/api/v1/subjects/archive", {"user": user, "portable": portable}).expect().body
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def rows(archive, part):
    return json.loads(archive[f"data/decisions-{part}.json"])["rows"]


def keep(running, user):
    answer = running.recommend(user=user, count=5, keep_decision=True)
    assert answer["personal"] and not any(item["because"] for item in answer["items"]), "reasons that nobody asked for"
    return answer


def test_a_decision_is_kept_with_its_reasons_and_reviewed_by_a_human(trained, eunomia, tmp_path):
    answer = keep(trained, "user-0004")
    [decision] = trained.post("/api/v1/subjects/decisions/list", {"user": "user-0004"}).expect().json["decisions"]
    assert decision["id"] == answer["decision"]
    assert decision["outcome"] == {"items": [item["item"] for item in answer["items"]]}
    told = decision["explanation"]["items"]
    assert all(0 < len(item["because"]) <= 3 for item in told), "what spoke for each is kept all the same"
    assert decision["made_by"].startswith('recommender "shop", version 1') and decision["purpose"] == "recommendation"

    asked = trained.post("/api/v1/subjects/reviews",
                         {"user": "user-0004", "decision": decision["id"], "statement": STATEMENT}).expect(202).json
    assert (asked["right"], asked["state"]) == ("human_review", "under_way")
    trained.get(f"/api/v1/subjects/requests/{asked['id']}/certificate").expect(409)
    [waits] = trained.get("/api/v1/subjects/reviews").expect().json["reviews"]
    assert (waits["request"], waits["statement"]) == (asked["id"], STATEMENT)
    trained.kill()
    trained.start()
    whole = trained.get(f"/api/v1/subjects/reviews/{asked['id']}").expect().json
    assert whole["decision"] == decision and whole["review"]["statement"] == STATEMENT

    path = f"/api/v1/subjects/reviews/{asked['id']}/answer"
    given = {"verdict": "changed", "reviewer": "Customer care", "reasons": REASONS}
    for lacking in given:
        refusal = trained.post(path, {name: value for name, value in given.items() if name != lacking}).expect(400)
        assert lacking in refusal.json["error"]["message"]
    trained.post(path, given | {"verdict": "perhaps"}).expect(400)
    assert trained.post(path, given).expect().json["state"] == "completed"
    trained.post(path, given).expect(409)
    assert trained.get("/api/v1/subjects/reviews").expect().json["reviews"] == []

    archive = archive_of(trained, "user-0004")
    [row] = rows(archive, "reviews")
    assert (row["statement"], row["verdict"], row["reviewer"], row["reasons"]) == (STATEMENT, "changed", "Customer care", REASONS)
    [row] = rows(archive, "decisions")
    assert json.loads(row["outcome"]) == decision["outcome"]
    assert "data/decisions-decisions.json" not in archive_of(trained, "user-0004", portable=True), "it was inferred"

    assert trained.stop() == 0
    eunomia.run("subjects", "certificate", asked["id"], "--output", tmp_path / "proof.json").expect()
    proof = json.loads((tmp_path / "proof.json").read_text())
    assert proof["request"]["right"] == "human_review"
    assert STATEMENT not in json.dumps(proof) and REASONS not in json.dumps(proof)
    eunomia.run("certificate", "verify", tmp_path / "proof.json", "--public-key",
                eunomia.data_directory / "keys" / "signing.pub").expect()
    eunomia.run("audit", "verify", "--certificate", tmp_path / "proof.json").expect()


def test_the_command_line_does_the_same(trained, eunomia):
    decision = keep(trained, "user-0005")["decision"]
    there = ("--server", trained.url, "--token-file", eunomia.data_directory / "administrator.token")
    [listed] = eunomia.json("subjects", "decisions", "--user", "user-0005", *there).expect().value["decisions"]
    assert listed["id"] == decision
    asked = eunomia.json("subjects", "review", "--user", "user-0005", "--decision", decision, "--statement", STATEMENT,
                         *there).expect().value
    assert f"{asked['id']}" in eunomia.run("subjects", "reviews", *there).expect().stdout
    assert trained.stop() == 0
    whole = eunomia.json("subjects", "reviews", "--request", asked["id"]).expect().value
    assert whole["review"]["statement"] == STATEMENT and whole["decision"]["id"] == decision
    eunomia.run("subjects", "review-answer", asked["id"], "--verdict", "perhaps", "--reviewer", "me", "--reasons", "so").expect(2)
    done = eunomia.json("subjects", "review-answer", asked["id"], "--verdict", "annulled", "--reviewer", "Customer care",
                        "--reasons", REASONS).expect().value
    assert done["state"] == "completed"
    assert eunomia.json("subjects", "reviews").expect().value["reviews"] == []


def test_nothing_is_kept_where_nothing_was_decided_about_somebody(trained):
    trained.post("/api/v1/recommenders/shop/recommendations", {"history": ["item-001"], "keep_decision": True}).expect(400)
    stranger = trained.recommend(user="nobody-we-know", keep_decision=True)
    assert not stranger["personal"] and "decision" not in stranger
    trained.post("/api/v1/subjects/choices", {"user": "user-0006", "purpose": "recommendation", "choice": "object"}).expect()
    withheld = trained.recommend(user="user-0006", keep_decision=True)
    assert withheld["withheld"] == "objection" and "decision" not in withheld
    assert trained.post("/api/v1/subjects/decisions/list", {"user": "user-0006"}).expect().json["decisions"] == []
    trained.post("/api/v1/subjects/reviews", {"user": "user-0006", "decision": 1}).expect(404)
    trained.post("/api/v1/subjects/reviews", {"user": "nobody-we-know", "decision": 1}).expect(404)
    trained.get("/api/v1/subjects/reviews/1").expect(404)
    trained.get("/api/v1/subjects/reviews/one").expect(404)


def test_decisions_and_reviews_go_with_the_person(trained):
    ranked = trained.post("/api/v1/recommenders/shop/ranking",
                          {"user": "user-0007", "items": ["item-001", "item-002"], "keep_decision": True}).expect().json
    staying = keep(trained, "user-0008")["decision"]
    asked = trained.post("/api/v1/subjects/reviews", {"user": "user-0007", "decision": ranked["decision"]}).expect(202).json
    trained.post("/api/v1/subjects/reviews", {"user": "user-0008", "decision": ranked["decision"]}).expect(404)
    gone = trained.wait_for_request(trained.erase("user-0007"))
    [step] = [step for step in gone["steps"] if step["custodian"] == "decisions"]
    assert (step["count"], step["level"]) == (2, "physically_erased")
    ended = trained.get(f"/api/v1/subjects/requests/{asked['id']}").expect().json
    assert ended["state"] == "completed" and "erased" in ended["obstacle"]
    trained.get(f"/api/v1/subjects/reviews/{asked['id']}").expect(404)
    [left] = trained.post("/api/v1/subjects/decisions/list", {"user": "user-0008"}).expect().json["decisions"]
    assert left["id"] == staying
