"""Several identifiers, one person: whoever is linked is found, told and erased by any of them."""

import io
import json
import zipfile

import pytest

EMAIL = "somebody-unmistakable@example.org"
USER = "customer-17850-unmistakable"


@pytest.fixture
def interactions(tmp_path):
    path = tmp_path / "interactions.csv"
    people = [USER, "another-unmistakable"] + [f"person-{n:02}-unmistakable" for n in range(20)]
    rows = [f"{who},item-{(n + k) % 8},{1_700_000_000 + n * 100 + k}" for n, who in enumerate(people) for k in range(5)]
    path.write_text("USER_ID,ITEM_ID,TIMESTAMP\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def shop(served, interactions):
    served.start("--erase-delay", 0)
    served.make_shop(interactions)
    return served


def link(server, **body):
    return server.post("/api/v1/subjects/links", {"user": USER, "space": "email", "identifier": EMAIL} | body)


def identifiers_in(body):
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        [member] = [one for one in opened.namelist() if one.endswith("identifiers.json")]
        return {(row["space"], row["identifier"]) for row in json.loads(opened.read(member))["rows"]}


def test_who_is_linked_is_one_person_by_whichever_identifier_they_ask(shop):
    assert link(shop).expect().json == {"linked": True, "identifiers": {"email": 1, "user": 1}}
    assert link(shop).expect().json == {"linked": False, "identifiers": {"email": 1, "user": 1}}
    assert link(shop, user=EMAIL, user_space="email", space="annotator",
                identifier="anno-7-unmistakable").expect().json["identifiers"] == {"annotator": 1, "email": 1, "user": 1}
    whole = shop.post("/api/v1/subjects/archive", {"user": EMAIL, "space": "email"}).expect().body
    assert identifiers_in(whole) == {("user", USER), ("email", EMAIL), ("annotator", "anno-7-unmistakable")}
    shop.post("/api/v1/subjects/choices", {"user": EMAIL, "space": "email", "choice": "object",
                                           "purpose": "recommendation"}).expect()
    told = shop.post("/api/v1/subjects/choices/list", {"user": USER}).expect().json["choices"]
    assert [(one["kind"], one["stands"]) for one in told] == [("objection", True)]
    assert not shop.recommend(user=USER)["personal"]
    exported = shop.get("/api/v1/datasets/shop/export?kind=interactions&format=csv").expect().body.decode()
    assert EMAIL not in exported
    request = shop.wait_for_request(shop.post("/api/v1/subjects/erasures",
                                              {"users": [EMAIL], "space": "email"}).expect(202).json)
    assert request["people"] == 1
    for user, space in [(USER, "user"), (EMAIL, "email"), ("anno-7-unmistakable", "annotator")]:
        shop.post("/api/v1/subjects/choices/list", {"user": user, "space": space}).expect(404)
    log = shop.get("/api/v1/audit/entries").expect().json["entries"]
    links = [entry for entry in log if entry["action"] == "identifier.linked"]
    assert [entry["details"] for entry in links] == [{"space": "email"}, {"space": "annotator"}]
    assert len({entry["subject"] for entry in links}) == 1
    folder = shop.program.data_directory
    assert shop.stop() == 0
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert EMAIL.encode() not in content and USER.encode() not in content, file
    assert EMAIL not in shop.logged() and USER not in shop.logged()


def test_two_who_are_known_are_not_made_one(shop):
    link(shop).expect()
    for body in ({"user": "another-unmistakable"}, {"space": "user", "identifier": "another-unmistakable"}):
        refused = link(shop, **body).expect(409).json["error"]
        assert refused["code"] == "already_exists" and "cannot be made one" in refused["message"]
        assert "unmistakable" not in refused["message"]


def test_what_names_nobody_or_cannot_be_is_refused(shop):
    for body in ({"user": "nobody-unmistakable"}, {"user_space": "email"}):
        refused = link(shop, **body).expect(404).json["error"]
        assert "unmistakable" not in refused["message"]
    for body in ({"space": "E-Mail"}, {"space": ""}, {"identifier": ""}, {"user_space": "Ü"}):
        assert "unmistakable" not in link(shop, **body).expect(400).body.decode()
    for path, body in [("choices/list", {"user": USER}), ("archive", {"user": USER}), ("erasures", {"users": [USER]}),
                       ("choices", {"user": USER, "choice": "withdraw_objection", "purpose": "recommendation"}),
                       ("rectifications", {"user": USER, "right_user": "x"})]:
        shop.post(f"/api/v1/subjects/{path}", body | {"space": "email"}).expect(404)
        shop.post(f"/api/v1/subjects/{path}", body | {"space": "No Space"}).expect(400)


def test_an_identifier_of_another_space_is_put_right(shop):
    link(shop).expect()
    shop.post("/api/v1/subjects/rectifications", {"user": EMAIL, "space": "email",
                                                  "right_user": "right-unmistakable@example.org"}).expect()
    shop.post("/api/v1/subjects/choices/list", {"user": EMAIL, "space": "email"}).expect(404)
    shop.post("/api/v1/subjects/choices/list", {"user": "right-unmistakable@example.org", "space": "email"}).expect()
    assert shop.recommend(user=USER)["personal"]


def test_events_and_imports_under_a_linked_user_id_are_theirs(shop, interactions):
    link(shop, space="user", identifier="old-account-unmistakable").expect()
    shop.post("/api/v1/datasets/shop/events", {"user_id": "old-account-unmistakable", "item_id": "item-3"}).expect()
    assert shop.recommend(user="old-account-unmistakable") == shop.recommend(user=USER)
    exported = shop.get("/api/v1/datasets/shop/export?kind=interactions&format=csv").expect().body.decode()
    assert exported.count(USER) == 6 and "old-account" not in exported


def test_the_command_links_by_a_server_too_and_only_an_officer_may(shop):
    told = shop.program.json("subjects", "link", "--user", USER, "--space", "email", "--identifier", EMAIL, "--server",
                             shop.url, "--token-file", shop.program.data_directory / "administrator.token")
    assert told.expect().value == {"linked": True, "identifiers": {"email": 1, "user": 1}}
    token = shop.post("/api/v1/tokens", {"role": "engineer", "label": "shop"}).expect(201).json["token"]
    shop.post("/api/v1/subjects/links", {}, token=token).expect(403)
