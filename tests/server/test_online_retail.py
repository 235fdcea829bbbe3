"""The whole life of a real shop: its year is imported, people who were never seen come in as events, and the answers
over the wire are as good as the ones that are measured offline."""

import csv
import gzip
import json
import math
import collections

import pytest

PEOPLE = 366  # of the split's test
STREAM = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def split(shared_data):
    return shared_data / "online-retail" / "split"


def rows_of(path):
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file))


def ndcg_at_10(items, wanted):
    gained = sum(1 / math.log2(place + 2) for place, item in enumerate(items[:10]) if item in wanted)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(10, len(wanted))))


def test_a_real_shop_answers_as_well_as_it_is_measured_and_forgets(running, split, tmp_path):
    trained = running.make_shop(split / "train.csv.gz", family="ease")
    history, targets = rows_of(split / "fold_in.csv.gz"), collections.defaultdict(set)
    for row in rows_of(split / "targets.csv.gz"):
        targets[row["USER_ID"]].add(row["ITEM_ID"])
    assert len(targets) == PEOPLE

    # Somebody new comes, and what they did arrives as a stream.
    lines = "".join(json.dumps({"user_id": row["USER_ID"], "item_id": row["ITEM_ID"], "timestamp": int(row["TIMESTAMP"]),
                                "event_id": f"fold-in-{number}"}) + "\n" for number, row in enumerate(history))
    told = running.post("/api/v1/datasets/shop/events/stream", lines, headers=STREAM).expect().json
    assert told["recorded"] == len(history)
    again = running.post("/api/v1/datasets/shop/events/stream", lines, headers=STREAM).expect().json
    assert again == {"recorded": 0, "duplicates": len(history), "not_admitted": 0}

    def quality():
        answers = {user: running.recommend(user=user, count=25) for user in targets}
        assert all(answer["personal"] for answer in answers.values())
        return sum(ndcg_at_10([item["item"] for item in answers[user]["items"]], wanted)
                   for user, wanted in targets.items()) / PEOPLE

    # The reference of the split, by the same model trained on the same people: shared/data/README.md.
    measured = quality()
    assert measured >= 0.089

    # The next version has learned from the newcomers too, and the old one can come back.
    assert running.train()["people"] == trained["people"] + PEOPLE
    assert running.recommend(user=next(iter(targets)))["version"] == 2
    running.post("/api/v1/recommenders/shop/serve", {"version": 1}).expect()
    assert quality() == pytest.approx(measured, abs=1e-12)

    # Half of them leave, at once and for good; the others' answers are as good as before.
    gone = sorted(targets)[::2]
    request = running.erase(*gone)
    assert request["people"] == len(gone)
    running.wait_for_request(request)
    for user in gone:
        assert not running.recommend(user=user)["known"]
        del targets[user]
    assert running.stop() == 0
    running.start()
    assert running.recommend(user=next(iter(targets)))["version"] == 1

    exported = running.get("/api/v1/datasets/shop/export?format=csv").expect()
    rows = list(csv.DictReader(exported.body.decode().splitlines()))
    assert int(exported.headers["Eunomia-Rows"]) == len(rows)
    kept = sum(row["USER_ID"] in targets for row in history)
    assert len(rows) == len(rows_of(split / "train.csv.gz")) + kept
    assert not {row["USER_ID"] for row in rows} & set(gone)
