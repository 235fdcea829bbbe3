"""What an erasure left to be derived anew is certified once it was, over sockets, against the real program."""

import hashlib
import time

import shop


def settled(server, request):
    """The request, when nothing of it is still to come true."""
    deadline = time.monotonic() + 120
    while True:
        now = server.wait_for_request(request)
        if not any("until" in step for step in now["steps"]):
            return now
        assert time.monotonic() < deadline, now
        time.sleep(0.05)


def certificates(server, request, folder):
    files = {}
    for which in ("first", "newest"):
        files[which] = folder / f"{which}.json"
        files[which].write_bytes(
            server.get(f"/api/v1/subjects/requests/{request['id']}/certificate?which={which}").expect().body)
    return files


def models_of(certificate):
    return {step["what"]: step["level"] for step in certificate["steps"] if step["store"] == "models"}


def test_a_second_certificate_says_that_what_the_first_left_for_later_has_come_true(served, tmp_path):
    served.start("--erase-delay", 0, "--rederive-delay", 0)
    served.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()), family="ials")
    # The version that answers no more forgets with the disk, and only then waits to be derived anew.
    served.train()
    request = settled(served, served.erase("user-0004"))
    files = certificates(served, request, tmp_path)
    assert served.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect().body == \
        files["newest"].read_bytes()

    verify = ["certificate", "verify", "--public-key", served.program.data_directory / "keys" / "signing.pub"]
    first, newest = (served.program.json(*verify, files[which]).expect().value["certificate"]
                     for which in ("first", "newest"))
    idle = 'version 1 of recommender "shop" (ials)'
    assert models_of(first)[idle] == "model_updated"
    assert set(models_of(newest).values()) == {"model_exactly_updated"} and models_of(newest).keys() == models_of(first).keys()
    assert newest["request"] == first["request"]
    assert hashlib.blake2b(files["first"].read_bytes(), digest_size=32).hexdigest() in newest["remarks"][-1]
    assert request["state"] == "completed" and request["completed_at"] >= first["request"]["completed_at"]

    entries = served.get("/api/v1/audit/entries?action=erasure.settled").expect().json["entries"]
    assert [entry["details"] for entry in entries] == [{"request": request["id"]}]
    checked = served.wait_for_job(served.post(
        "/api/v1/audit/verifications", {"certificates": [file.read_text() for file in files.values()]}).expect(202).json)
    assert checked["state"] == "succeeded" and checked["result"]["certificates"] == 2, checked


def test_the_command_line_gives_both_with_a_server_and_without(served, tmp_path):
    served.start("--erase-delay", 0, "--rederive-delay", 0)
    served.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    served.train()
    request = settled(served, served.erase("user-0004"))
    files = certificates(served, request, tmp_path)
    far = ["--server", served.url, "--token-file", served.program.data_directory / "administrator.token"]
    told = ["subjects", "certificate", request["id"]]
    for where in (far, []):
        given = [served.program.run(*told, *which, *where).expect().stdout for which in (["--first"], [])]
        assert given == [files[which].read_text() for which in ("first", "newest")]
        if where:
            assert served.stop() == 0


def test_where_nothing_was_left_for_later_there_is_one_certificate(served, tmp_path):
    served.start("--erase-delay", 0, "--rederive-delay", 0)
    served.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()), family="item-knn")
    request = settled(served, served.erase("user-0004"))
    files = certificates(served, request, tmp_path)
    assert files["first"].read_bytes() == files["newest"].read_bytes()
    served.get(f"/api/v1/subjects/requests/{request['id']}/certificate?which=older").expect(400)
