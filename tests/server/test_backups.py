"""Backups of a server at work."""

import threading

import pytest

import traces
from conftest import program

PEOPLE = [f"person-{n:03}-unmistakable" for n in range(120)]


@pytest.fixture
def interactions(tmp_path):
    path = tmp_path / "interactions.csv"
    rows = [f"{who},item-{(n * 7 + k * 3) % 24},{1_700_000_000 + n * 100 + k}"
            for n, who in enumerate(PEOPLE) for k in range(6)]
    path.write_text("USER_ID,ITEM_ID,TIMESTAMP\n" + "\n".join(rows) + "\n")
    return path


def restored(served, folder, tmp_path, name):
    """A server over a backup, with the keys of the server that made it."""
    again = program(served.program.binary, tmp_path / name / "data")
    again.data_directory.parent.mkdir()
    again.json("restore", folder, "--keys", served.program.data_directory / "keys").expect()
    other = type(served)(again)
    other.start()
    return other


def make_backup(server):
    ended = server.wait_for_job(server.post("/api/v1/backups").expect(202).json)
    assert ended["state"] == "succeeded", ended
    return ended["result"]


def token_of(server):
    return {"token": server.token}


def test_what_was_acknowledged_before_a_backup_is_in_it_while_everything_goes_on(served, interactions, tmp_path):
    served.start("--backup-folder", tmp_path / "backups", "--erase-delay", 0)
    served.make_shop(interactions)
    stop = threading.Event()
    acknowledged = []
    forgotten = []
    failures = []

    def repeatedly(action):
        def run():
            try:
                while not stop.is_set():
                    action()
            except Exception as problem:  # shown by the test's own thread
                failures.append(problem)
        return threading.Thread(target=run)

    def record():
        who = f"newcomer-{len(acknowledged):05}"
        served.post("/api/v1/datasets/shop/events", {"user_id": who, "item_id": "item-3"}).expect()
        acknowledged.append(who)

    def forget():
        if len(forgotten) < 40:
            who = PEOPLE[len(forgotten)]
            served.wait_for_request(served.post("/api/v1/subjects/erasures", {"users": [who]}).expect(202).json)
            forgotten.append(who)

    def upload():
        job = served.post("/api/v1/datasets/shop/uploads?kind=interactions&again=true", interactions_again,
                          headers={"Content-Type": "text/csv"}).expect(202).json
        assert served.wait_for_job(job)["state"] in ("succeeded", "failed")  # refused when somebody in it is forgotten

    interactions_again = ("USER_ID,ITEM_ID,TIMESTAMP\n" +
                          "\n".join(f"{who},item-5,1700009999" for who in PEOPLE[60:]) + "\n").encode()
    workers = [repeatedly(record), repeatedly(forget), repeatedly(upload), repeatedly(lambda: served.train())]
    for worker in workers:
        worker.start()
    made = []
    try:
        for _ in range(3):
            known, gone = list(acknowledged), list(forgotten)
            made.append((make_backup(served), known, gone))
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    assert not failures, failures
    token = served.token
    held = traces.of_everybody(served.program.data_directory)
    assert served.stop() == 0
    assert forgotten and acknowledged
    for number, (report, known, gone) in enumerate(made):
        other = restored(served, report["folder"], tmp_path, f"restored-{number}")
        try:
            for who in known[:: max(1, len(known) // 10)]:
                answer = other.post("/api/v1/recommenders/shop/recommendations", {"user": who}, token=token).expect().json
                assert answer["personal"], who
            # Everybody who was ever forgotten, before the backup or after it.
            for who in forgotten:
                other.post("/api/v1/subjects/erasures", {"users": [who]}, token=token).expect(404)
            left = traces.of_everybody(other.program.data_directory)
            assert set(left) <= set(held), "a handle came back"
            assert not any(traces.files_holding(other.program.data_directory, who.encode()) for who in forgotten[:5])
        finally:
            other.kill()


def test_a_killed_server_makes_its_backup_after_the_next_start(served, interactions, tmp_path):
    served.start("--backup-folder", tmp_path / "backups")
    served.make_shop(interactions)
    job = served.post("/api/v1/backups").expect(202).json
    served.kill()
    served.start("--backup-folder", tmp_path / "backups")
    ended = served.wait_for_job(job)
    assert ended["state"] == "succeeded", ended
    served.program.run("backup", "verify", ended["result"]["folder"]).expect()


def test_the_command_asks_the_server(served, interactions, tmp_path):
    served.start("--backup-folder", tmp_path / "backups")
    served.make_shop(interactions)
    asked = ["backup", "--server", served.url, "--token-file", served.program.data_directory / "administrator.token"]
    made = served.program.json(*asked).expect().value
    assert made["folder"].startswith(str(tmp_path / "backups"))
    served.program.run(*asked, "--output", tmp_path / "mine").expect(3)


def test_without_a_folder_the_server_says_how_to_give_one(running):
    assert "--backup-folder" in running.post("/api/v1/backups").expect(409).json["error"]["message"]


def test_a_folder_in_the_data_directory_is_refused(eunomia):
    ended = eunomia.run("up", "--port", 0, "--backup-folder", eunomia.data_directory / "backups").expect(3)
    assert "lies in the data directory" in ended.stderr


def test_only_an_administrator_makes_backups(served, tmp_path):
    served.start("--backup-folder", tmp_path / "backups")
    token = served.post("/api/v1/tokens", {"role": "engineer", "label": "shop"}).expect(201).json["token"]
    served.post("/api/v1/backups", token=token).expect(403)
