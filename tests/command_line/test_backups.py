"""A backup brings everything back, and nobody who was erased since; killed or out of disk, nothing is served that is not."""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess

import pytest

import shop
import traces

ROUNDS = 60 if os.environ.get("EUNOMIA_SOAK") == "1" else 8
ERASED_SINCE = ["user-0003", "user-0017", "user-0018"]


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request):
    """Options that name a database of its own, on either engine: databases() gives those of another each time."""
    made = []

    def another():
        if request.param == "sqlite":
            return []
        url = request.getfixturevalue("postgresql")
        schema = f"backup_{os.getpid()}_{random.randrange(1 << 30)}"
        subprocess.run(["psql", "-q", url, "-c", f"CREATE SCHEMA {schema}"], check=True)
        made.append((url, schema))
        return ["--database", f"{url}?options=-csearch_path%3D{schema}"]

    yield another
    for url, schema in made:
        subprocess.run(["psql", "-q", url, "-c", f"SET client_min_messages = warning; DROP SCHEMA {schema} CASCADE"],
                       check=True)


class house:
    """A data directory and its database."""

    def __init__(self, eunomia, data, options):
        self.eunomia = eunomia
        self.data = data
        self.options = [*options, "--data", data]

    def run(self, *arguments):
        return self.eunomia.run(*arguments, *self.options)

    def json(self, *arguments):
        return self.eunomia.json(*arguments, *self.options)

    def recommended(self, user):
        return self.json("recommend", "recommend", "--name", "shop", "--user", user).expect().value["recommendations"]

    def rows(self):
        return sum(d["interactions"] for d in self.json("recommend", "list").expect().value["datasets"])


def filled(eunomia, data, options, tmp_path, people=120):
    made = house(eunomia, data, options)
    path = shop.write_events(tmp_path / "events.csv", shop.events(people=people))
    made.json("recommend", "import", "--dataset", "shop", "--interactions", path).expect()
    made.json("recommend", "fit", "--dataset", "shop", "--model", "ease").expect()
    return made


def assert_erased(restored, people):
    for who in people:
        restored.run("recommend", "recommend", "--name", "shop", "--user", who).expect(4)


def test_what_was_there_is_back_and_who_was_erased_since_is_not(eunomia, databases, tmp_path):
    first = filled(eunomia, tmp_path / "data", databases(), tmp_path)
    first.json("recommend", "forget", "--user", "user-0001").expect()
    before = {who: first.recommended(who) for who in ["user-0005", "user-0042"]}
    made = first.json("backup", "--output", tmp_path / "backup").expect().value
    assert made["files"] > 1 and made["bytes"] > 0
    eunomia.json("backup", "verify", tmp_path / "backup").expect()
    for who in ERASED_SINCE:
        first.json("recommend", "forget", "--user", who).expect()

    second = house(eunomia, tmp_path / "restored", databases())
    restored = second.json("restore", tmp_path / "backup", "--keys", first.data / "keys").expect().value
    assert restored["erased"] == len(ERASED_SINCE) and restored["ledger_people"] == len(ERASED_SINCE) + 1
    assert_erased(second, ["user-0001", *ERASED_SINCE])
    assert second.rows() == (120 - 1 - len(ERASED_SINCE)) * 15
    listing = second.json("recommend", "list").expect().value
    assert all(model["people"] == 120 - 1 - len(ERASED_SINCE) for model in listing["models"])
    # What the others are shown is what the first house, which forgot the same people, shows them.
    for who in before:
        assert second.recommended(who) == first.recommended(who)
    # The log goes on where the backup was made, and says why.
    second.json("audit", "verify").expect()
    told = {entry["action"]: entry for entry in second.json("audit", "list").expect().value["entries"]}
    assert told["backup.restored"]["details"]["made_at"] == made["created_at"]
    assert told["ledger.replayed"]["details"]["erased"] == len(ERASED_SINCE)
    assert told["ledger.replayed"]["details"]["ledger_people"] == len(ERASED_SINCE) + 1
    assert told["backup.restored"]["sequence"] < told["ledger.replayed"]["sequence"]


def test_access_keys_open_after_a_restore_a_roll_and_another_master_key(eunomia, databases, tmp_path):
    first = house(eunomia, tmp_path / "data", databases())
    made = first.json("keys", "create", "--role", "engineer", "--label", "nightly export").expect().value
    first.json("keys", "roll", "--destroy-now").expect()
    first.json("backup", "--output", tmp_path / "backup").expect()
    dumped = b"".join(path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file())
    assert made["record"]["id"].encode() in dumped and made["secret"].encode() not in dumped
    second = house(eunomia, tmp_path / "restored", databases())
    second.json("restore", tmp_path / "backup", "--keys", first.data / "keys").expect()
    second.json("keys", "roll", "--destroy-now").expect()
    anew = tmp_path / "new-master-key"
    second.run("keys", "reseal", "--new-master-key-file", anew).expect()
    # Whoever lists them has unsealed them.
    listed = second.json("keys", "list", "--master-key-file", anew).expect().value["access_keys"]
    assert listed == [made["record"]]


def test_nobody_erased_since_leaves_everything_as_it_was(eunomia, databases, tmp_path):
    first = filled(eunomia, tmp_path / "data", databases(), tmp_path)
    before = [first.recommended(f"user-{n:04}") for n in range(0, 120, 17)]
    first.json("backup", "--output", tmp_path / "backup").expect()
    second = house(eunomia, tmp_path / "restored", databases())
    assert second.json("restore", tmp_path / "backup", "--keys", first.data / "keys").expect().value["erased"] == 0
    assert [second.recommended(f"user-{n:04}") for n in range(0, 120, 17)] == before
    assert second.rows() == 120 * 15


def test_a_backup_of_sqlite_is_restored_into_postgresql(eunomia, postgresql, databases, tmp_path):
    first = filled(eunomia, tmp_path / "data", [], tmp_path)
    before = first.recommended("user-0005")
    first.json("backup", "--output", tmp_path / "backup").expect()
    second = house(eunomia, tmp_path / "restored", databases())
    second.json("restore", tmp_path / "backup", "--keys", first.data / "keys").expect()
    assert second.recommended("user-0005") == before


def test_no_byte_of_who_was_erased_since_is_in_the_restored_directory(eunomia, tmp_path):
    first = filled(eunomia, tmp_path / "data", [], tmp_path)
    held = traces.of_everybody(first.data)
    first.json("backup", "--output", tmp_path / "backup").expect()
    for who in ERASED_SINCE:
        first.json("recommend", "forget", "--user", who).expect()
    second = house(eunomia, tmp_path / "restored", [])
    second.json("restore", tmp_path / "backup", "--keys", first.data / "keys").expect()
    traces.assert_gone(second.data, held, len(ERASED_SINCE), ERASED_SINCE)


def test_a_backup_holds_no_byte_of_who_was_erased_before(eunomia, tmp_path):
    first = filled(eunomia, tmp_path / "data", [], tmp_path)
    held = traces.of_everybody(first.data)
    first.json("recommend", "forget", "--user", "user-0007").expect()
    gone = set(held) - set(traces.of_everybody(first.data))
    first.json("backup", "--output", tmp_path / "backup").expect()
    assert len(gone) == 1
    for trace in [t for handle in gone for t in held[handle]]:
        assert not traces.files_holding(tmp_path / "backup", trace.encode())
    for trace in held[next(iter(set(held) - gone))]:
        assert traces.files_holding(tmp_path / "backup", trace.encode())


def test_restoring_in_place_takes_the_keys_that_lie_there(eunomia, tmp_path):
    first = filled(eunomia, tmp_path / "data", [], tmp_path)
    first.json("backup", "--output", tmp_path / "backup").expect()
    first.json("recommend", "forget", "--user", "user-0003").expect()
    refused = first.run("restore", tmp_path / "backup").expect(5)
    assert "is not empty" in refused.stderr
    for path in first.data.iterdir():
        if path.name != "keys":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert first.json("restore", tmp_path / "backup").expect().value["erased"] == 1
    assert_erased(first, ["user-0003"])


def test_a_second_restore_erases_the_same_people_and_nobody_new(eunomia, tmp_path):
    first = filled(eunomia, tmp_path / "data", [], tmp_path)
    first.json("backup", "--output", tmp_path / "backup").expect()
    first.json("recommend", "forget", "--user", "user-0003").expect()
    second = house(eunomia, tmp_path / "second", [])
    second.json("restore", tmp_path / "backup", "--keys", first.data / "keys").expect()
    newcomers = [(f"newcomer-{n}", "item-0-00", shop.BEGIN + n, "view", 1) for n in range(20)]
    second.json("recommend", "import", "--dataset", "shop", "--interactions",
                shop.write_events(tmp_path / "more.csv", newcomers)).expect()
    second.json("backup", "--output", tmp_path / "backup-2").expect()
    third = house(eunomia, tmp_path / "third", [])
    assert third.json("restore", tmp_path / "backup-2", "--keys", second.data / "keys").expect().value["erased"] == 0
    third.run("recommend", "recommend", "--name", "shop", "--user", "newcomer-7").expect()


def test_without_the_ledger_a_restore_is_refused_unless_told(eunomia, tmp_path):
    first = filled(eunomia, tmp_path / "data", [], tmp_path)
    first.json("backup", "--output", tmp_path / "backup").expect()
    first.json("recommend", "forget", "--user", "user-0003").expect()
    (first.data / "keys" / "erased").unlink()
    second = house(eunomia, tmp_path / "restored", [])
    refused = second.run("restore", tmp_path / "backup", "--keys", first.data / "keys").expect(5)
    assert "--without-ledger" in refused.stderr
    told = second.run("restore", tmp_path / "backup", "--keys", first.data / "keys", "--without-ledger").expect()
    assert "without a ledger" in told.stderr
    second.run("recommend", "recommend", "--name", "shop", "--user", "user-0003").expect()


def test_an_epoch_that_was_destroyed_opens_no_backup(eunomia, tmp_path):
    first = filled(eunomia, tmp_path / "data", [], tmp_path)
    first.json("backup", "--output", tmp_path / "backup").expect()
    first.json("keys", "roll", "--destroy-now").expect()
    refused = house(eunomia, tmp_path / "restored", []).run("restore", tmp_path / "backup", "--keys",
                                                            first.data / "keys").expect(5)
    assert "epoch 1 was destroyed" in refused.stderr and "as is intended" in refused.stderr


def city_of(number):
    return f"mARk-city-of-{number:04}-in-full"


def exported_cities(of, path):
    of.json("recommend", "export", "--dataset", "shop", "--kind", "users", "--to", path).expect()
    text = path.read_text()
    path.unlink()
    return {n for n in range(120) if city_of(n) in text}


def profile_parts(data):
    """The rows that name the files of the profiles, of a directory on SQLite."""
    with contextlib.closing(sqlite3.connect(data / "eunomia.db")) as database:
        return database.execute("SELECT * FROM stored_part WHERE table_id = (SELECT id FROM stored_table WHERE name = "
                                "'dataset/1/users')").fetchall()


def put_back(data, parts, files):
    """The files of the profiles as they were, in the place of today's."""
    with contextlib.closing(sqlite3.connect(data / "eunomia.db")) as database:
        database.execute("DELETE FROM stored_part WHERE table_id = ?", (parts[0][1],))
        database.executemany(f"INSERT INTO stored_part VALUES ({', '.join('?' * len(parts[0]))})", parts)
        database.commit()
    shutil.copytree(files, data / "blobs" / "tables", dirs_exist_ok=True)


def test_profiles_in_a_backup_are_sealed_and_once_the_epoch_is_destroyed_nobody_opens_those_of_the_erased(eunomia, tmp_path):
    first = filled(eunomia, tmp_path / "data", [], tmp_path)
    (tmp_path / "users.csv").write_text("USER_ID,CITY\n" + "".join(f"user-{n:04},{city_of(n)}\n" for n in range(120)))
    first.json("recommend", "import", "--dataset", "shop", "--users", tmp_path / "users.csv", "--declare",
               "users.CITY:category").expect()
    first.json("backup", "--output", tmp_path / "backup").expect()
    for folder in (tmp_path / "backup", first.data):
        assert "mARk-city" not in traces.in_parquet(folder)
        assert not traces.files_holding(folder, b"mARk-city")
    assert exported_cities(first, tmp_path / "exported.csv") == set(range(120))
    # While its epoch is there a backup opens: that is what it is for.
    second = house(eunomia, tmp_path / "second", [])
    second.json("restore", tmp_path / "backup", "--keys", first.data / "keys").expect()
    assert exported_cities(second, tmp_path / "exported.csv") == set(range(120))

    then = profile_parts(first.data)
    first.json("recommend", "forget", "--user", "user-0003").expect()
    first.json("keys", "roll", "--destroy-now").expect()
    refused = house(eunomia, tmp_path / "third", []).run("restore", tmp_path / "backup", "--keys", first.data / "keys")
    assert "epoch 1 was destroyed" in refused.expect(5).stderr
    # Whoever has the files of then and the keys that are left reads those of the living.
    put_back(first.data, then, tmp_path / "backup" / "blobs" / "tables")
    assert exported_cities(first, tmp_path / "exported.csv") == set(range(120)) - {3}


def test_any_altered_byte_of_a_backup_is_refused_naming_its_file(eunomia, tmp_path):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    draw = random.Random(seed)
    first = filled(eunomia, tmp_path / "data", [], tmp_path)
    first.json("backup", "--output", tmp_path / "backup").expect()
    files = [path for path in sorted((tmp_path / "backup").rglob("*")) if path.is_file()]
    for path in draw.sample(files, min(ROUNDS, len(files))) + [tmp_path / "backup" / "manifest.json"]:
        whole = path.read_bytes()
        at = draw.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << draw.randrange(8)]) + whole[at + 1:])
        for command in (["backup", "verify", tmp_path / "backup"],
                        ["restore", tmp_path / "backup", "--data", tmp_path / "never"]):
            assert str(path) in eunomia.run(*command).expect(7).stderr
        path.write_bytes(whole)
    assert not (tmp_path / "never").exists()
    eunomia.run("backup", "verify", tmp_path / "backup").expect()


def test_a_backup_that_is_killed_is_whole_or_none(eunomia, tmp_path):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    draw = random.Random(seed)
    first = filled(eunomia, tmp_path / "data", [], tmp_path, people=400)
    folder = tmp_path / "backup"
    for _ in range(ROUNDS):
        eunomia.kill_after(draw.uniform(0.0, 0.4), "backup", "--output", folder, "--data", first.data)
        verified = eunomia.run("backup", "verify", folder)
        assert verified.code in (0, 4), verified.stderr
        if verified.code == 0:
            shutil.rmtree(folder)
    first.json("backup", "--output", folder).expect()
    eunomia.run("backup", "verify", folder).expect()


def test_a_restore_that_is_killed_serves_nobody_who_was_erased_and_is_ended_by_another(eunomia, databases, tmp_path):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    draw = random.Random(seed)
    first = filled(eunomia, tmp_path / "data", databases(), tmp_path, people=400)
    first.json("backup", "--output", tmp_path / "backup").expect()
    for who in ERASED_SINCE:
        first.json("recommend", "forget", "--user", who).expect()
    for round in range(ROUNDS):
        second = house(eunomia, tmp_path / f"restored-{round}", databases())
        restore = ["restore", tmp_path / "backup", "--keys", first.data / "keys"]
        eunomia.kill_after(draw.uniform(0.02, 0.8), *restore, *second.options)
        if (second.data / "restoring").exists():
            assert "restore again" in second.run("recommend", "list").expect(5).stderr
        # 5: it had come to its end, or to the replay of the ledger, which whatever opens the directory next goes on with.
        assert second.run(*restore).code in (0, 5)
        assert_erased(second, ERASED_SINCE)
        assert second.rows() == (400 - len(ERASED_SINCE)) * 15


@pytest.mark.parametrize("megabytes", [1, 2])
def test_a_backup_onto_a_full_disk_says_so_and_leaves_none(eunomia, small_disk, tmp_path, megabytes):
    first = filled(eunomia, tmp_path / "data", [], tmp_path, people=6000)
    folder = small_disk(megabytes) / "backup"
    ended = first.run("backup", "--output", folder).expect(6)
    assert "space" in ended.stderr.lower()
    eunomia.run("backup", "verify", folder).expect(4)
    assert not any(path.is_file() for path in folder.rglob("*"))


def test_a_restore_onto_a_full_disk_says_so_and_serves_nothing(eunomia, small_disk, tmp_path):
    first = filled(eunomia, tmp_path / "data", [], tmp_path, people=6000)
    first.json("backup", "--output", tmp_path / "backup").expect()
    for megabytes in (1, 2):
        second = house(eunomia, small_disk(megabytes) / "restored", [])
        ended = second.run("restore", tmp_path / "backup", "--keys", first.data / "keys").expect(6)
        assert "space" in ended.stderr.lower()
        second.run("recommend", "list").expect(5)
