"""A data directory of marked people with three trained models, and what must be true of it after an erasure."""

import os
import random
import shutil
import tempfile

import marked_shop
import residue
from conftest import program

PEOPLE = 24
SOAK = os.environ.get("EUNOMIA_SOAK") == "1"
# Of some two hundred that a command makes on the disk; all of them in a soak.
STEPS_TO_TRY = 16
FAMILIES = ["ease", "ials", "item-knn"]


def make(eunomia_binary, folder):
    here = program(eunomia_binary, folder / "data")
    (folder / "interactions.csv").write_text(marked_shop.interactions(PEOPLE))
    (folder / "users.csv").write_text(marked_shop.users(PEOPLE))
    declared = [word for column in marked_shop.DECLARED for word in ("--declare", column)]
    here.run("recommend", "import", "--dataset", "shop", "--interactions", folder / "interactions.csv", "--users",
             folder / "users.csv", *declared).expect()
    for family in FAMILIES:
        here.run("recommend", "fit", "--dataset", "shop", "--model", family, "--name", family).expect()
    return here


def copy_of(shop, folder):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(shop.data_directory, folder)
    return program(shop.binary, folder)


def marks_handed_over(here, kind):
    """What an export of one of the tables has: the way to what rests sealed."""
    with tempfile.TemporaryDirectory() as folder:
        here.run("recommend", "export", "--dataset", "shop", "--kind", kind, "--to", f"{folder}/rows.csv").expect()
        return residue.search(folder)


def killed_at_every_step(shop, preloaded, folder, *command):
    """Copies of the shop in each of which the command was killed at another step that it makes on the disk. Threads make
    the last few in one order today and in another tomorrow, so that a kill may not come; most must."""
    counted = folder / "count"
    here = copy_of(shop, folder / "data")
    here.run(*command, environment={"LD_PRELOAD": str(preloaded), "FAULT_COUNT": str(counted)}).expect()
    steps = int(counted.read_text())
    assert steps > 50, "the library counts what the program does"
    stride = 1 if SOAK else max(1, steps // STEPS_TO_TRY)
    first = random.randrange(stride)
    print("steps", steps, "first", first, "stride", stride)
    killed = 0
    for step in range(first + 1, steps + 1, stride):
        here = copy_of(shop, folder / "data")
        ended = here.run(*command, environment={"LD_PRELOAD": str(preloaded), "FAULT_DIE_AT": str(step)})
        assert ended.code in (-9, 0), (step, ended.stderr)
        killed += ended.code == -9
        yield here
    assert killed >= steps // stride // 2


def assert_erased(here, gone, tmp_path):
    places = residue.search(here.data_directory)
    assert not [place for place in places if place.person in gone]
    assert not [place for place in places if place.field in residue.SEALED], "identifiers and profiles rest sealed"
    staying = set(range(PEOPLE)) - set(gone)
    assert {place.person for place in places if place.field == "note"} == staying
    profiles = marks_handed_over(here, "users")
    for field in ("id", "name", "city"):
        assert {place.person for place in profiles if place.field == field} == staying
    requests = here.json("subjects", "requests").expect().value["requests"]
    assert requests and all(request["state"] == "completed" for request in requests)
    assert sum(request["people"] for request in requests) == len(gone), "each once"
    for request in requests:
        here.run("subjects", "certificate", request["id"], "--output", tmp_path / "certificate.json").expect()
        here.run("certificate", "verify", tmp_path / "certificate.json", "--public-key",
                 here.data_directory / "keys" / "signing.pub").expect()
    here.run("audit", "verify").expect()
    left = [path for path in here.data_directory.rglob("*") if ".tmp" in path.name]
    assert not left
    models = here.json("recommend", "list").expect().value["models"]
    assert [model["people"] for model in models] == [PEOPLE - len(gone)] * len(FAMILIES)
