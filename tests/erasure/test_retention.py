"""What is past the time that its purposes give it leaves tables, models and files; who is left with nothing is erased, with
a certificate; a kill at any step changes nothing of that."""

import csv
import random
import time

import house
import pytest
import residue
from conftest import program
from residue import mark

DAY = 86_400
PEOPLE = 32
GONE = set(range(0, PEOPLE, 4))  # did something long ago only
BOTH = set(range(1, PEOPLE, 4))
FAMILIES = ["ease", "item-knn"]
NOTICE = "We keep it for a year."


def is_known(person):
    """Who objected is not to be forgotten as somebody who did; whose data is restricted may need them."""
    return person not in GONE or person in (4, 8)


def write_interactions(path):
    draw, now = random.Random(11), int(time.time())
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["USER_ID", "ITEM_ID", "TIMESTAMP", "NOTE"])
        for person in range(PEOPLE):
            ages = ([("old", 400)] if person in GONE | BOTH else []) + ([("new", 20)] if person not in GONE else [])
            for age, days in ages:
                for step in range(6):
                    writer.writerow([mark(person, "id"), f"item-{draw.randrange(12)}", now - days * DAY + step,
                                     f"about {mark(person, age)}"])
    return path


def make(binary, folder):
    here = program(binary, folder / "data")
    here.run("recommend", "import", "--dataset", "shop", "--interactions", write_interactions(folder / "events.csv"),
             "--declare", "interactions.NOTE:text").expect()
    for family in FAMILIES:
        here.run("recommend", "fit", "--dataset", "shop", "--model", family, "--name", family).expect()
    here.run("subjects", "choose", "--user", mark(4, "id"), "--purpose", "recommendation", "--choice", "object").expect()
    here.run("subjects", "choose", "--user", mark(8, "id"), "--choice", "restrict").expect()
    here.run("purposes", "define", "--name", "recommendation", "--again", "--lawful-basis", "legitimate_interests",
             "--notice", NOTICE, "--retention-days", 365).expect()
    return here


@pytest.fixture(scope="module")
def aged(eunomia_binary, tmp_path_factory):
    """A data directory with rows past their time, to be copied."""
    return make(eunomia_binary, tmp_path_factory.mktemp("aged"))


def people_with(places, field):
    return {place.person for place in places if place.field == field}


def assert_expired(here, tmp_path):
    places = residue.search(here.data_directory)
    assert people_with(places, "old") == {8}, "restricted: stored, and nothing else"
    assert people_with(places, "new") == set(range(PEOPLE)) - GONE
    requests = here.json("subjects", "requests").expect().value["requests"]
    erasures = [request for request in requests if request["right"] == "erasure"]
    assert all(request["state"] == "completed" and request["requested_by"] == "system" for request in erasures)
    assert sum(request["people"] for request in erasures) == len(GONE) - 2, "each once"
    for request in erasures:
        here.run("subjects", "certificate", request["id"], "--output", tmp_path / "certificate.json").expect()
        here.run("certificate", "verify", tmp_path / "certificate.json", "--public-key",
                 here.data_directory / "keys" / "signing.pub").expect()
    here.run("audit", "verify").expect()
    models = here.json("recommend", "list").expect().value["models"]
    assert [model["people"] for model in models] == [PEOPLE - len(GONE)] * len(FAMILIES)
    for person in range(PEOPLE):
        ended = here.run("recommend", "recommend", "--name", "ease", "--user", mark(person, "id"))
        assert ended.code == (0 if is_known(person) else 4), (person, ended.stderr)
    assert not [path for path in here.data_directory.rglob("*") if ".tmp" in path.name]


def test_what_is_past_its_time_leaves_every_file_and_who_has_nothing_left_is_erased(aged, tmp_path):
    here = house.copy_of(aged, tmp_path / "data")
    before = residue.search(here.data_directory)
    assert people_with(before, "old") == GONE | BOTH, "the search would find them"
    done = here.json("retention", "run").expect().value
    assert done["state"] == "completed" and done["people"] == len(GONE) - 2
    assert done["rules"] == [{"purpose": "recommendation", "days": 365}]
    [rows] = [step for step in done["steps"] if step["what"] == 'interactions of dataset "shop"']
    assert rows["count"] == 6 * (len(GONE | BOTH) - 1) and rows["level"] == "physically_erased"
    assert {step["level"] for step in done["steps"] if step["store"] == "models"} == {"model_retrained"}
    assert_expired(here, tmp_path)
    again = here.json("retention", "run").expect().value
    assert not again["steps"] and again["people"] == 0
    listed = here.json("retention", "list").expect().value["runs"]
    assert [run["people"] for run in listed] == [0, len(GONE) - 2]
    assert mark(0, "id") not in str(listed)


def test_killed_at_every_step_it_makes_on_the_disk_the_next_run_ends_it(aged, preloaded, tmp_path):
    for here in house.killed_at_every_step(aged, preloaded, tmp_path, "retention", "run"):
        here.run("retention", "run").expect()
        assert_expired(here, tmp_path)


def test_a_server_does_it_by_itself_and_its_answers_know(aged, served, tmp_path):
    house.copy_of(aged, served.program.data_directory)
    served.start("--retention-every", 24, "--erase-delay", 0)
    deadline = time.monotonic() + 60
    while not (runs := served.get("/api/v1/retention/runs").expect().json["runs"]) or runs[0]["state"] == "under_way":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert runs[0]["state"] == "completed" and runs[0]["started_by"] == "system", runs
    for request in runs[0]["requests"]:
        served.wait_for_request({"id": request})
    assert not served.recommend("ease", user=mark(0, "id"))["personal"]
    assert served.recommend("ease", user=mark(1, "id"))["personal"]
    time.sleep(2)
    assert len(served.get("/api/v1/retention/runs").expect().json["runs"]) == 1, "once a day"
    # An officer looks at it now; an engineer may not.
    officer, engineer = (served.post("/api/v1/tokens", {"role": role, "label": role}).expect(201).json["token"]
                         for role in ("privacy-officer", "engineer"))
    served.post("/api/v1/retention/runs", token=engineer).expect(403)
    job = served.wait_for_job(served.post("/api/v1/retention/runs", token=officer).expect(202).json)
    assert job["state"] == "succeeded", job
    run = served.get(f"/api/v1/retention/runs/{job['result']['run']}", token=officer).expect().json
    assert run["started_by"].startswith("token ") and not run["steps"] and run["people"] == 0
    served.get("/api/v1/retention/runs/4711", token=officer).expect(404)
    assert served.stop() == 0
    assert_expired(served.program, tmp_path)
