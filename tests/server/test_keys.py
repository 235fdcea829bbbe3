"""Identifiers rest sealed; the keys that seal them roll while the server serves, and the server asks for the right ones."""

import base64
import os
import shutil
import subprocess
import threading

import pytest

PEOPLE = [f"person-{n:03}-unmistakable" for n in range(60)]


@pytest.fixture
def interactions(tmp_path):
    path = tmp_path / "interactions.csv"
    rows = [f"{who},item-{(n + k) % 12},{1_700_000_000 + n * 100 + k}" for n, who in enumerate(PEOPLE) for k in range(5)]
    path.write_text("USER_ID,ITEM_ID,TIMESTAMP\n" + "\n".join(rows) + "\n")
    return path


def forms_of(identifier):
    plain = identifier.encode()
    yield plain
    yield identifier.encode("utf-16-le")
    yield plain.hex().encode()
    for shift in range(3):  # wherever it lies in what was encoded
        yield base64.b64encode(b"\0" * shift + plain)[4:-4]


def files_with(folder, identifier):
    needles = list(forms_of(identifier))
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [str(path.relative_to(folder)) for needle in needles if needle in content]
    return found


def test_no_identifier_rests_in_the_clear(running, interactions):
    running.make_shop(interactions)
    running.post("/api/v1/datasets/shop/events",
                 {"user_id": "somebody-new-unmistakable", "item_id": "item-1"}).expect()
    assert running.recommend(user=PEOPLE[7])["personal"]
    assert running.recommend(user="somebody-new-unmistakable")["personal"]
    folder = running.program.data_directory
    assert running.stop() == 0
    for who in [PEOPLE[7], PEOPLE[59], "somebody-new-unmistakable"]:
        assert files_with(folder, who) == []
    assert (folder / "keys").stat().st_mode & 0o777 == 0o700


def test_keys_roll_while_events_come_and_everybody_is_known_after_a_restart(running, interactions):
    running.make_shop(interactions)
    stop = threading.Event()
    recorded = []

    def record():
        while not stop.is_set():
            who = f"newcomer-{len(recorded)}"
            running.post("/api/v1/datasets/shop/events", {"user_id": who, "item_id": "item-3"}).expect()
            recorded.append(who)

    recorder = threading.Thread(target=record)
    recorder.start()
    try:
        for now in (False, False, True):
            job = running.post("/api/v1/keys/roll", {"begin_epoch": True, "destroy_now": now}).expect(202).json
            ended = running.wait_for_job(job)
            assert ended["state"] == "succeeded", ended
            assert ended["result"]["rewrapped"] >= len(PEOPLE)
    finally:
        stop.set()
        recorder.join()
    epochs = running.get("/api/v1/keys").expect().json["epochs"]
    assert [e["state"] for e in epochs] == ["destroyed"] * 3 + ["current"]
    assert running.stop() == 0
    running.start()
    for who in PEOPLE[::7] + recorded[:: max(1, len(recorded) // 5)]:
        assert running.recommend(user=who)["personal"], who
    exported = running.program.data_directory.parent / "out.csv"
    exported.write_bytes(running.get("/api/v1/datasets/shop/export?kind=interactions&format=csv").expect().body)
    text = exported.read_text()
    assert all(who in text for who in PEOPLE + recorded)


def test_only_an_administrator_rolls_keys(running):
    def token(role):
        return running.post("/api/v1/tokens", {"role": role, "label": role}).expect(201).json["token"]
    officer, engineer = token("privacy-officer"), token("engineer")
    assert running.get("/api/v1/keys", token=officer).status == 200
    assert running.get("/api/v1/keys", token=engineer).status == 403
    assert running.post("/api/v1/keys/roll", {}, token=officer).status == 403


def refused(program, **environment):
    ended = subprocess.run([program.binary, "up", "--port", "0"], env=program.environment() | environment, text=True,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert ended.returncode == 5, ended
    return ended.stderr


def test_a_wrong_or_missing_master_key_stops_the_start_and_says_what_to_do(running):
    folder = running.program.data_directory
    assert running.stop() == 0
    other = base64.b64encode(os.urandom(32)).decode()
    said = refused(running.program, EUNOMIA_MASTER_KEY=other)
    assert "give the master key that it was made with" in said and other not in said
    key = (folder / "keys" / "master.key").read_text().strip()
    shutil.move(folder / "keys" / "master.key", folder.parent / "elsewhere.key")
    assert "--master-key-file" in refused(running.program)
    assert "printed more" in refused(running.program, EUNOMIA_MASTER_KEY_COMMAND="head -c 9999 /dev/zero")
    running.start("--master-key-file", folder.parent / "elsewhere.key")
    assert running.stop() == 0
    running.start("--master-key-command", f"cat '{folder.parent / 'elsewhere.key'}'")
    assert key not in running.logged()
    assert running.stop() == 0
    assert not (folder / "keys" / "master.key").exists()
    shutil.move(folder / "keys" / "keyring", folder.parent / "keyring")
    assert "keyring is missing" in refused(running.program, EUNOMIA_MASTER_KEY=key)


def test_another_master_key_takes_the_place_of_the_first(running, interactions):
    running.make_shop(interactions)
    assert running.stop() == 0
    program = running.program
    anew = program.data_directory.parent / "new.key"
    program.run("keys", "reseal", "--new-master-key-file", anew).expect()
    assert "give the master key" in refused(program)
    running.start("--master-key-file", anew)
    assert running.recommend(user=PEOPLE[3])["personal"]
