"""An erasure waits where the search finds an identifier that is not theirs, but part of something else: somebody says so on
record, and it goes on."""

import re
import time

import pytest

FAN = "wonderland-fan-0001"
OTHER = "looking-glass-0002"
REASON = "Words of a title in the catalogue"


@pytest.fixture
def files(tmp_path):
    people = [FAN, OTHER] + [f"person-{n:02}-unmistakable" for n in range(20)]
    rows = [f"{who},item-{(n + k) % 12},{1_700_000_000 + n * 100 + k}" for n, who in enumerate(people) for k in range(5)]
    (tmp_path / "interactions.csv").write_text("USER_ID,ITEM_ID,TIMESTAMP\n" + "\n".join(rows) + "\n")
    titles = [f"item-{n},A book of a {FAN} and of a {OTHER}" if n == 3 else f"item-{n},Book {n}" for n in range(12)]
    (tmp_path / "items.csv").write_text("ITEM_ID,TITLE\n" + "\n".join(titles) + "\n")
    return tmp_path


def file_in_the_way(obstacle, request):
    """Of the command that the obstacle names."""
    found = re.search(rf"eunomia subjects dismiss-find --request {request} --file (\S+) --reason", obstacle)
    assert found and FAN not in obstacle and OTHER not in obstacle, obstacle
    return found[1]


def wait_for_obstacle(server, request, about, limit_s=40):
    """Shorter than the pause after a failure, so that only what is tried at once comes so soon."""
    deadline = time.monotonic() + limit_s
    while True:
        now = server.get(f"/api/v1/subjects/requests/{request['id']}").expect().json
        if f"--request {about['id']} " in now.get("obstacle", ""):
            return now["obstacle"]
        assert time.monotonic() < deadline and now["state"] == "under_way", now
        time.sleep(0.05)


def assert_certified(program, request, folder, who):
    proof = folder / f"{request}.json"
    program.run("subjects", "certificate", request, "--output", proof).expect()
    told = program.json("certificate", "verify", proof, "--public-key",
                        program.data_directory / "keys" / "signing.pub").expect().value
    assert told["valid"] and told["certificate"]["verification"]["found"] > 0
    [remark] = [remark for remark in told["certificate"]["remarks"] if remark.startswith("Judged by ")]
    assert remark.startswith(f"Judged by {who} on ") and remark.endswith(REASON) and "not to be theirs" in remark


def test_what_is_not_theirs_is_dismissed_for_one_request_and_the_erasure_ends(served, files, eunomia, tmp_path):
    served.start("--erase-delay", 0)
    served.make_shop(files / "interactions.csv", items=files / "items.csv")
    made = served.post("/api/v1/tokens", {"role": "privacy-officer", "label": "officer"}).expect(201).json
    officer, by = made["token"], f"token {made['record']['id']}"
    engineer = served.post("/api/v1/tokens", {"role": "engineer", "label": "engineer"}).expect(201).json["token"]
    first = served.erase(FAN)
    file = file_in_the_way(wait_for_obstacle(served, first, about=first), first["id"])
    second = served.erase(OTHER)
    path = f"/api/v1/subjects/requests/{first['id']}/dismissals"
    said = {"file": file, "reason": REASON}
    served.post(path, said, token=engineer).expect(403)
    for wrong in ({"file": "/" + file}, {"file": "../" + file}, {"file": ""}, {"reason": ""}, {"reason": f"{FAN} is a title"}):
        served.post(path, said | wrong, token=officer).expect(400)
    served.post("/api/v1/subjects/requests/77/dismissals", said, token=officer).expect(404)
    told = served.post(path, said, token=officer).expect().json
    [dismissed] = told["dismissed"]
    assert dismissed == said | {"dismissed_by": by, "dismissed_at": dismissed["dismissed_at"]}

    # The file holds the identifier of the other request too, of which nobody has said anything.
    assert file_in_the_way(wait_for_obstacle(served, first, about=second), second["id"]) == file
    (tmp_path / "officer").write_text(officer)
    folder = file.rpartition("/")[0] + "/"
    eunomia.run("subjects", "dismiss-find", "--request", second["id"], "--file", folder, "--reason", REASON, "--server",
                served.url, "--token-file", tmp_path / "officer").expect()
    for request in (first, second):
        assert served.wait_for_request(request, limit_s=40)["dismissed"][0]["reason"] == REASON
    served.post(path, said, token=officer).expect(409)
    entries = served.get("/api/v1/audit/entries").expect().json["entries"]
    assert [entry["details"] for entry in entries if entry["action"] == "erasure.find_dismissed"] == [
        {"request": first["id"], "file": file}, {"request": second["id"], "file": folder}]
    assert served.stop() == 0
    for request in (first, second):
        assert_certified(eunomia, request["id"], tmp_path, by)


def test_the_command_line_says_how_to_go_on_and_goes_on(eunomia, files, tmp_path):
    eunomia.run("recommend", "import", "--dataset", "shop", "--interactions", files / "interactions.csv", "--items",
                files / "items.csv", "--declare", "TITLE:text").expect()
    waits = eunomia.run("subjects", "erase", "--user", FAN).expect(5)
    file = file_in_the_way(waits.stderr, 1)
    dismiss = ["subjects", "dismiss-find", "--reason", REASON, "--request"]
    assert file in eunomia.run(*dismiss, 1, "--file", "blobs/elsewhere/").expect(5).stderr
    done = eunomia.json(*dismiss, 1, "--file", file).expect().value
    assert done["state"] == "completed" and [one["file"] for one in done["dismissed"]] == ["blobs/elsewhere/", file]
    eunomia.run(*dismiss, 77, "--file", file).expect(4)
    eunomia.run("subjects", "access", "--user", OTHER, "--output", tmp_path / "archive.zip").expect()
    assert "erasure" in eunomia.run(*dismiss, 2, "--file", file).expect(5).stderr
    proof = tmp_path / "proof.json"
    eunomia.run("subjects", "certificate", 1, "--output", proof).expect()
    assert f"what was found in {file} (" in proof.read_text()
