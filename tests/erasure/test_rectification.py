"""What is wrong about somebody is put right where it rests: no file has what was wrong, the archive has what is right, models
forgot the person until they learn it, and a kill at any step is answered by asking again."""

import csv
import io
import json
import zipfile

import house
import pytest
import residue
from marked_shop import BEGIN
from residue import mark

WHO = 7
WRONG = {"at": BEGIN + 99 * 86_400, "item": "item-0-1"}
RIGHT_NAME = f"Ms {mark(WHO, 'rightname')}"


@pytest.fixture(scope="module")
def mistaken(shop, tmp_path_factory):
    """A shop where somebody is said to have done what they did not."""
    folder = tmp_path_factory.mktemp("mistaken")
    here = house.copy_of(shop, folder / "data")
    with open(folder / "wrong.csv", "w", newline="") as file:
        csv.writer(file).writerows([["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "NOTE"],
                                    [mark(WHO, "id"), WRONG["item"], WRONG["at"], "view", f"saw {mark(WHO, 'wrongnote')}"]])
    here.run("recommend", "import", "--dataset", "shop", "--interactions", folder / "wrong.csv").expect()
    return here


def command(user=mark(WHO, "id")):
    return ("subjects", "rectify", "--user", user, "--dataset", "shop", "--set", f"NAME={RIGHT_NAME}", "--wrong",
            f"{WRONG['item']}@{WRONG['at']}/view", "--right-user", mark(WHO, "rightid"))


def part(archive, name):
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        [member] = [one for one in opened.namelist() if one.endswith(f"{name}.json")]
        return json.loads(opened.read(member))


def assert_right(here, tmp_path):
    places = residue.search(here.data_directory)
    assert not [place for place in places if place.field in residue.SEALED], "identifiers and profiles rest sealed"
    fields = {place.field for place in places if place.person == WHO}
    assert "wrongnote" not in fields and "note" in fields
    profiles = house.marks_handed_over(here, "users")
    assert {place.field for place in profiles if place.person == WHO} == {"rightid", "rightname", "city"}
    others = {place.person for place in profiles if place.field == "name"}
    assert others == set(range(house.PEOPLE)) - {WHO}
    here.run("subjects", "access", "--user", mark(WHO, "rightid"), "--output", tmp_path / "archive.zip").expect()
    archive = (tmp_path / "archive.zip").read_bytes()
    (tmp_path / "archive.zip").unlink()
    [profile] = part(archive, "profile-shop")["rows"]
    assert profile["NAME"] == RIGHT_NAME and profile["CITY"] == mark(WHO, "city")
    assert len(part(archive, "interactions-shop")["rows"]) == 12
    assert [row["identifier"] for row in part(archive, "identifiers")["rows"]] == [mark(WHO, "rightid")]
    assert here.run("recommend", "recommend", "--name", "ease", "--user", mark(WHO, "id")).code == 4
    here.run("recommend", "recommend", "--name", "ease", "--user", mark(WHO, "rightid")).expect()
    models = here.json("recommend", "list").expect().value["models"]
    assert [model["people"] for model in models] == [house.PEOPLE - 1] * len(house.FAMILIES), "until the next training"
    requests = [one for one in here.json("subjects", "requests").expect().value["requests"] if one["right"] == "rectification"]
    assert requests and all(one["state"] == "completed" for one in requests)
    for request in requests:
        here.run("subjects", "certificate", request["id"], "--output", tmp_path / "certificate.json").expect()
        here.run("certificate", "verify", tmp_path / "certificate.json", "--public-key",
                 here.data_directory / "keys" / "signing.pub").expect()
    here.run("audit", "verify").expect()


def test_what_was_wrong_rests_nowhere_and_what_is_right_is_handed_over(mistaken, tmp_path):
    here = house.copy_of(mistaken, tmp_path / "data")
    assert "wrongnote" in {place.field for place in residue.search(here.data_directory) if place.person == WHO}
    assert (WHO, "name") in {(place.person, place.field) for place in house.marks_handed_over(here, "users")}
    done = here.json(*command()).expect().value
    assert done["state"] == "completed" and done["right"] == "rectification"
    assert [(step["what"], step["count"]) for step in done["steps"][:2]] == [
        ('profiles of dataset "shop"', 1), ('interactions of dataset "shop"', 1)]
    assert mark(WHO, "id") not in json.dumps(done)
    assert_right(here, tmp_path)
    for family in house.FAMILIES:
        here.run("recommend", "fit", "--dataset", "shop", "--model", family, "--name", family).expect()
    assert {model["people"] for model in here.json("recommend", "list").expect().value["models"]} == {house.PEOPLE}


def test_killed_at_every_step_it_makes_on_the_disk_asking_again_ends_it(mistaken, preloaded, tmp_path):
    for here in house.killed_at_every_step(mistaken, preloaded, tmp_path, *command()):
        again = here.run(*command())
        if again.code == 4:  # it had come so far that they are known by the right identifier
            assert not [one for one in here.json("subjects", "requests").expect().value["requests"]
                        if one["state"] == "under_way"]
        else:
            again.expect()
        assert_right(here, tmp_path)


def test_over_the_server_what_cannot_be_is_refused_and_nothing_begun(mistaken, served):
    house.copy_of(mistaken, served.program.data_directory)
    served.start()
    officer, engineer = (served.post("/api/v1/tokens", {"role": role, "label": role}).expect(201).json["token"]
                         for role in ("privacy-officer", "engineer"))
    path, who = "/api/v1/subjects/rectifications", mark(WHO, "id")
    wrong = [{"item_id": WRONG["item"], "timestamp": WRONG["at"]}]
    served.post(path, {"user": who, "dataset": "shop", "wrong_interactions": wrong}, token=engineer).expect(403)
    for status, body in [(400, {"user": who}), (404, {"user": "nobody", "dataset": "shop", "wrong_interactions": wrong}),
                         (404, {"user": who, "dataset": "nowhere", "wrong_interactions": wrong}),
                         (404, {"user": who, "wrong_interactions": wrong}),
                         (400, {"user": who, "dataset": "shop", "profile": {"SHOE": "43"}}),
                         (400, {"user": who, "dataset": "shop", "wrong_interactions": [{"item_id": "x", "timestamp": "soon"}]}),
                         (409, {"user": who, "right_user": mark(WHO + 1, "id")})]:
        refused = served.post(path, body, token=officer).expect(status)
        assert mark(WHO, "id") not in refused.body.decode() and mark(WHO + 1, "id") not in refused.body.decode()
    assert not served.get("/api/v1/subjects/requests", token=officer).expect().json["requests"]
    other_type = [dict(wrong[0], event_type="buy")]
    none = served.post(path, {"user": who, "dataset": "shop", "wrong_interactions": other_type}, token=officer).expect().json
    assert none["steps"][0]["count"] == 0
    wrong[0]["event_type"] = "view"
    done = served.post(path, {"user": who, "dataset": "shop", "wrong_interactions": wrong, "profile": {"name": RIGHT_NAME}},
                       token=officer).expect().json
    assert done["requested_by"].startswith("token ") and done["state"] == "completed"
    # They go on: what did happen is recorded, and the next answer knows it.
    served.post("/api/v1/datasets/shop/events", {"user_id": who, "item_id": "item-1-1"}).expect()
    answer = served.recommend("ease", user=who, count=30)
    assert answer["personal"] and "item-1-1" not in [one["item"] for one in answer["items"]]
