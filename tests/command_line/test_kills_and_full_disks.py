"""A kill or a full disk at any moment leaves everything acknowledged, and nothing half-written."""

import os
import random

import pytest

import shop

ROUNDS = 120 if os.environ.get("EUNOMIA_SOAK") == "1" else 12


def interactions_of(eunomia):
    listing = eunomia.json("recommend", "list").expect().value
    return sum(d["interactions"] for d in listing["datasets"])


def test_an_import_that_is_killed_leaves_all_of_its_rows_or_none(eunomia, tmp_path):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    draw = random.Random(seed)
    acknowledged = 0
    for round in range(ROUNDS):
        rows = shop.events(people=400, each=50, seed=round)
        path = shop.write_events(tmp_path / f"events-{round}.csv", rows)
        ended = eunomia.kill_after(draw.uniform(0.01, 0.6), "recommend", "import", "--dataset", "shop", "--interactions", path)
        there = interactions_of(eunomia)
        if ended.code == 0:
            assert there == acknowledged + len(rows)
        else:
            assert there in (acknowledged, acknowledged + len(rows))
        acknowledged = there
    temporaries = [p for p in eunomia.data_directory.rglob("*") if ".tmp" in p.name or "scratch" in str(p) and p.is_file()]
    assert not temporaries


def test_forgetting_that_is_killed_is_finished_by_running_it_again(eunomia, tmp_path):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    draw = random.Random(seed)
    eunomia.json("recommend", "import", "--dataset", "shop", "--interactions",
                 shop.write_events(tmp_path / "events.csv", shop.events(people=400))).expect()
    for model in ["ease", "item-knn", "popularity"]:
        eunomia.json("recommend", "fit", "--dataset", "shop", "--model", model, "--name", model).expect()
    for round in range(ROUNDS):
        user = f"user-{round:04}"
        eunomia.kill_after(draw.uniform(0.01, 0.4), "recommend", "forget", "--user", user)
        ended = eunomia.run("recommend", "forget", "--user", user)
        assert ended.code in (0, 4), ended.stderr
        listing = eunomia.json("recommend", "list").expect().value
        assert all(model["people"] == 399 - round for model in listing["models"])
        assert eunomia.run("recommend", "recommend", "--name", "ease", "--user", user).code == 4
        eunomia.run("recommend", "recommend", "--name", "ease", "--user", "user-0399").expect()
    for path in eunomia.data_directory.rglob("*"):
        assert not path.is_file() or b"user-0000" not in path.read_bytes()


def test_training_that_is_killed_leaves_the_model_before(eunomia, tmp_path):
    eunomia.json("recommend", "import", "--dataset", "shop", "--interactions",
                 shop.write_events(tmp_path / "events.csv", shop.events(people=400))).expect()
    eunomia.json("recommend", "fit", "--dataset", "shop", "--model", "ease").expect()
    before = eunomia.run("recommend", "recommend", "--name", "shop", "--user", "user-0001", "--json").expect().stdout
    draw = random.Random(5)
    for _ in range(ROUNDS):
        eunomia.kill_after(draw.uniform(0.01, 0.5), "recommend", "fit", "--dataset", "shop", "--model", "ease")
        assert eunomia.run("recommend", "recommend", "--name", "shop", "--user", "user-0001", "--json").expect().stdout == before
    # A version and the one before it are kept; of a training that was killed nothing is.
    assert len(list(eunomia.data_directory.rglob("*.model"))) <= 2


@pytest.mark.parametrize("megabytes", [1, 2, 4])
def test_an_import_onto_a_full_disk_says_so_and_the_directory_still_opens(eunomia, small_disk, tmp_path, megabytes):
    eunomia.data_directory = small_disk(megabytes)
    path = shop.write_events(tmp_path / "events.csv", shop.events(people=8000, each=60))
    ended = eunomia.run("recommend", "import", "--dataset", "shop", "--interactions", path).expect(6)
    assert "space" in ended.stderr.lower()
    if megabytes > 1:
        assert interactions_of(eunomia) == 0


def test_training_onto_a_full_disk_keeps_the_old_model(eunomia, small_disk, tmp_path):
    eunomia.data_directory = small_disk(6)
    eunomia.json("recommend", "import", "--dataset", "shop", "--interactions",
                 shop.write_events(tmp_path / "events.csv", shop.events(people=200))).expect()
    eunomia.json("recommend", "fit", "--dataset", "shop", "--model", "popularity").expect()
    (eunomia.data_directory / "ballast").write_bytes(b"x" * 1024)
    with open(eunomia.data_directory / "ballast", "ab", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            pass
    ended = eunomia.run("recommend", "fit", "--dataset", "shop", "--model", "ease").expect(6)
    assert "space" in ended.stderr.lower()
    (eunomia.data_directory / "ballast").unlink()
    eunomia.json("recommend", "recommend", "--name", "shop", "--user", "user-0001").expect()
