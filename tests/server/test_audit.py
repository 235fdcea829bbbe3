"""The audit log over HTTP: read in pages, verified by a job, signed by the server itself."""

import contextlib
import json
import sqlite3
import time

import pytest

PURPOSE = {"name": "newsletter", "lawful_basis": "consent", "notice": "We write to you once a month."}


def entries(server, **question):
    query = "&".join(f"{name}={value}" for name, value in question.items())
    return server.get(f"/api/v1/audit/entries?{query}").expect().json


def verified(server, certificates=()):
    return server.wait_for_job(
        server.post("/api/v1/audit/verifications", {"certificates": list(certificates)}).expect(202).json)


def asked(server, *arguments):
    return server.program.json(*arguments, "--server", server.url,
                               "--token-file", server.program.data_directory / "administrator.token")


@pytest.fixture
def unsigned(served):
    """A server that signs only with an erasure."""
    return served.start("--audit-sign-every", 0, "--erase-delay", 0)


def test_what_the_controller_decides_is_in_the_log_under_the_token_that_did_it(unsigned):
    token = unsigned.post("/api/v1/tokens", {"role": "privacy-officer", "label": "officer"}).expect(201).json
    unsigned.post("/api/v1/purposes", PURPOSE, token=token["token"]).expect(201)
    unsigned.request("PUT", "/api/v1/purposes/newsletter",
                     {"lawful_basis": "consent", "notice": "Once a week.", "retention_days": 30},
                     token=token["token"]).expect()
    unsigned.post("/api/v1/purposes/decisions",
                  {"collected_for": "recommendation", "wanted": "newsletter", "decided_by": "Jane Doe",
                   "reasoning": "They were told."}, token=token["token"]).expect(201)
    unsigned.post("/api/v1/datasets", {"name": "shop"}).expect(201)
    unsigned.post("/api/v1/datasets/shop/purposes", {"purpose": "newsletter"}, token=token["token"]).expect()
    unsigned.request("DELETE", f"/api/v1/tokens/{token['record']['id']}").expect(204)
    for now in (False, True):
        rolled = unsigned.wait_for_job(unsigned.post("/api/v1/keys/roll", {"destroy_now": now}).expect(202).json)
        assert rolled["state"] == "succeeded", rolled
    page = entries(unsigned)
    assert [(entry["sequence"], entry["action"]) for entry in page["entries"]] == [
        (1, "token.created"), (2, "token.created"), (3, "purpose.defined"), (4, "purpose.redefined"),
        (5, "purpose.decided"), (6, "purpose.allowed"), (7, "token.revoked"), (8, "keys.rolled"), (9, "keys.rolled"),
        (10, "keys.destroyed")]
    first, officer = page["entries"][0], page["entries"][1]
    assert first["actor"] == "system" and first["details"]["role"] == "administrator"
    assert officer["details"] == {"token": token["record"]["id"], "role": "privacy-officer", "label": "officer"}
    assert {entry["actor"] for entry in page["entries"][2:6]} == {f"token {token['record']['id']}"}
    assert {entry["actor"] for entry in page["entries"][6:] + [officer]} == {f"token {first['details']['token']}"}
    assert page["entries"][3]["details"] == {
        "purpose": "newsletter", "version": 2, "lawful_basis": "consent", "retention_days": 30}
    assert page["entries"][5]["details"] == {"dataset": "shop", "purpose": "newsletter", "decision": 1}
    assert page["entries"][6]["details"] == officer["details"]
    assert page["entries"][9]["details"] == {"epochs": 2, "first": 1, "last": 2}
    for hidden in ("Jane Doe", "They were told", token["token"], unsigned.token):
        assert hidden not in json.dumps(page)


def test_pages_follow_each_other_and_the_command_shows_the_same(unsigned):
    unsigned.post("/api/v1/purposes", PURPOSE).expect(201)
    for days in range(1, 4):
        unsigned.request("PUT", "/api/v1/purposes/newsletter",
                         {"lawful_basis": "consent", "notice": "Again.", "retention_days": days}).expect()
    first = entries(unsigned, limit=3)
    assert [entry["sequence"] for entry in first["entries"]] == [1, 2, 3] and first["next_after"] == 3
    second = entries(unsigned, limit=3, after=3)
    assert [entry["sequence"] for entry in second["entries"]] == [4, 5] and "next_after" not in second
    assert [entry["sequence"] for entry in entries(unsigned, action="purpose.defined")["entries"]] == [2]
    assert asked(unsigned, "audit", "list", "--limit", 3).expect().value == first
    assert asked(unsigned, "audit", "list", "--action", "purpose.defined").expect().value == entries(
        unsigned, action="purpose.defined")
    for wrong in ("limit=0", "limit=1001", "after=-1x", "subject=alice", "colour=red"):
        unsigned.get(f"/api/v1/audit/entries?{wrong}").expect(400)


def test_somebody_is_found_by_their_pseudonym_until_they_are_erased(unsigned):
    unsigned.post("/api/v1/subjects/choices",
                  {"user": "somebody-unmistakable", "choice": "object", "purpose": "recommendation"}).expect()
    chosen = entries(unsigned, action="choice.object")["entries"]
    assert len(chosen) == 1
    about = entries(unsigned, subject=chosen[0]["subject"])["entries"]
    assert about == chosen
    assert "somebody-unmistakable" not in json.dumps(entries(unsigned))


def test_a_verification_is_a_job_that_holds_the_log_against_certificates(unsigned, tmp_path):
    unsigned.post("/api/v1/subjects/choices",
                  {"user": "somebody-unmistakable", "choice": "object", "purpose": "recommendation"}).expect()
    request = unsigned.wait_for_request(unsigned.erase("somebody-unmistakable"))
    certificate = unsigned.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect().body
    done = verified(unsigned, [certificate.decode()])
    assert done["state"] == "succeeded", done
    assert done["result"]["valid"] and done["result"]["certificates"] == 1
    assert done["result"]["entries"] == done["result"]["last_signed"] == len(entries(unsigned)["entries"])
    file = tmp_path / "certificate.json"
    file.write_bytes(certificate)
    assert asked(unsigned, "audit", "verify", "--certificate", file).expect().value == done["result"]
    altered = json.loads(certificate)
    altered["request"]["people"] = 2
    refused = unsigned.post("/api/v1/audit/verifications", {"certificates": [json.dumps(altered)]}).expect(400).json
    assert refused["error"]["message"].startswith("certificates[0]: ")
    unsigned.post("/api/v1/audit/verifications", {"certificates": [certificate.decode()] * 51}).expect(400)


def test_an_altered_entry_fails_the_verification_and_is_named(unsigned):
    unsigned.post("/api/v1/purposes", PURPOSE).expect(201)
    with contextlib.closing(sqlite3.connect(unsigned.program.data_directory / "eunomia.db")) as database:
        database.execute("UPDATE audit_entry SET details = '{}' WHERE sequence = 1")
        database.commit()
    failed = verified(unsigned)
    assert failed["state"] == "failed" and failed["failure"]["code"] == "corrupt"
    assert "audit entry 1: its contents are not those that were recorded" in failed["failure"]["message"]
    ended = asked(unsigned, "audit", "verify").expect(7)
    assert "audit entry 1" in ended.stderr
    asked(unsigned, "audit", "verify", "--public-key", "elsewhere.pub").expect(3)


def test_the_server_signs_by_itself_and_when_it_stops(served):
    served.start("--audit-sign-every", 0.005)
    served.post("/api/v1/purposes", PURPOSE).expect(201)
    deadline = time.monotonic() + 60
    while verified(served)["result"]["last_signed"] != 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert served.stop() == 0
    served.start("--audit-sign-every", 1000)
    served.request("PUT", "/api/v1/purposes/newsletter", {"lawful_basis": "consent", "notice": "Again."}).expect()
    assert verified(served)["result"]["entries"] == 3
    assert served.stop() == 0
    assert served.program.json("audit", "verify").expect().value["last_signed"] == 3


def test_an_altered_log_is_not_signed_and_the_server_says_so_and_goes_on(unsigned):
    unsigned.post("/api/v1/purposes", PURPOSE).expect(201)
    with contextlib.closing(sqlite3.connect(unsigned.program.data_directory / "eunomia.db")) as database:
        database.execute("UPDATE audit_entry SET details = '{}' WHERE sequence = 1")
        database.commit()
    assert unsigned.stop() == 0
    unsigned.start()
    deadline = time.monotonic() + 60
    while "the head of the audit log could not be signed" not in unsigned.logged():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(entries(unsigned)["entries"]) == 2


def test_only_a_privacy_officer_reads_the_log(unsigned):
    token = unsigned.post("/api/v1/tokens", {"role": "engineer", "label": "shop"}).expect(201).json["token"]
    unsigned.get("/api/v1/audit/entries", token=token).expect(403)
    unsigned.post("/api/v1/audit/verifications", {}, token=token).expect(403)
