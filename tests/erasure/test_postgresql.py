"""On PostgreSQL nothing of who is erased is in any answer, in any row or in a dump. What its files keep until it writes over
it is looked at byte by byte: docs/gdpr.md says what that may be, and this is what measured it (pytest -s shows the counts)."""

import collections
import os
import pathlib
import random
import subprocess
import urllib.parse

import pytest
import residue
from marked_house import ERASED, STAYING, assert_whole, make_house
from residue import mark

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
# What stands in rows under a handle while it waits for its table, about a minute: an event's type, properties and
# impression. Everything else about people is sealed, or never was in PostgreSQL.
UNSEALED_FOR_A_MINUTE = {"eventtype", "eventnote", "streamtype", "streamnote", "shown"}


@pytest.fixture
def database(postgresql):
    """The URL of a database of its own, dropped afterwards."""
    name = f"erasure_{os.getpid()}_{random.randrange(1 << 30)}"
    psql(postgresql, f"CREATE DATABASE {name}")
    yield urllib.parse.urlsplit(postgresql)._replace(path=f"/{name}").geturl()
    psql(postgresql, f"DROP DATABASE {name} WITH (FORCE)")


def psql(url, statement):
    return subprocess.run(["psql", "-q", "-At", url, "-c", statement], check=True, capture_output=True, text=True).stdout.strip()


def dump(url):
    return subprocess.run([PROGRAMS / "pg_dump", "--inserts", url], check=True, capture_output=True).stdout


def people_in(content):
    return {(person, field) for person, field, _ in residue.marks_in(content)}


def left_in_files(url, what):
    """Which fields of who was erased its files hold, its log among them."""
    folder = pathlib.Path(psql(url, "SHOW data_directory"))
    counted = collections.Counter()
    for path in folder.rglob("*"):
        if path.is_file():
            kind = "log" if "pg_wal" in path.parts else "tables"
            counted.update((field, kind) for person, field in people_in(path.read_bytes()) if person in ERASED)
    print(f"{what}: " + (", ".join(f"{field} in {kind}: {n}" for (field, kind), n in sorted(counted.items())) or "nothing"))
    return counted


def test_nothing_is_found_and_its_files_keep_only_what_waits_for_a_minute(served, database):
    served.start("--database", database, "--erase-delay", 0, "--rederive-delay", 0)
    make_house(served)
    request = served.wait_for_request(served.erase(*(mark(person, "id") for person in ERASED)))
    for person in STAYING[::10]:
        assert_whole(person, lambda who: served.post("/api/v1/subjects/archive", {"user": who}).expect().body)
    told = served.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect().json
    assert {step["level"] for step in told["steps"] if step["store"] == "postgresql"} == {"logically_deleted"}
    assert any("PostgreSQL keeps deleted rows" in remark for remark in told["remarks"])
    assert not [place for place in residue.search(served.program.data_directory) if place.person in ERASED]
    assert not [one for one in people_in(dump(database)) if one[0] in ERASED]
    assert people_in(dump(database)), "what waits of who stays is in it"
    assert served.stop() == 0

    psql(database, "CHECKPOINT")  # what it has in memory rests on the disk sooner or later
    left = left_in_files(database, "when the request is completed")
    assert {field for field, _ in left} <= UNSEALED_FOR_A_MINUTE
    # Its tables lose the rows when they are written anew; its log when its files are, in their turn, written over.
    psql(database, "VACUUM FULL")
    psql(database, "CHECKPOINT")
    later = left_in_files(database, "after VACUUM FULL and a checkpoint")
    assert not [field for field, kind in later if kind == "tables"]
    assert {field for field, _ in later} <= UNSEALED_FOR_A_MINUTE
