"""The audit log from the command line: verified, listed in pages, held against certificates, and refused when somebody
was at the tables."""

import contextlib
import copy
import json
import sqlite3

import pytest

import proof
import shop
from proof import CONTENT

KEY = proof.signing_key(bytes([9] * 32))
SOMEBODY = "00112233445566778899aabbccddeeff"


@contextlib.contextmanager
def tables(data_directory):
    with contextlib.closing(sqlite3.connect(data_directory / "eunomia.db")) as database:
        yield database
        database.commit()


@pytest.fixture
def log(eunomia, data_directory):
    """Five entries, the first three signed, with a key that is one of the server's."""
    eunomia.run("audit", "verify").expect()
    with open(data_directory / "keys" / "signing.pub", "a") as keys:
        keys.write(KEY.text)
    with tables(data_directory) as database:
        chain = proof.audit_chain(database)
        assert chain.hash == chain.empty_hash()
        for i in range(1, 6):
            chain.append(1_700_000_000_000 + i, "token shop frontend", "read" if i % 2 else "export", SOMEBODY,
                         '{"rows":%d}' % i)
            if i == 3:
                chain.checkpoint(1_700_000_000_003, KEY)
    return chain


def test_a_log_that_another_program_wrote_from_the_documentation_verifies(eunomia, log):
    row = eunomia.json("audit", "verify").expect().value
    assert row == {"valid": True, "log": log.log_id.hex(), "entries": 5, "hash": log.hash.hex(), "checkpoints": 1,
                   "last_signed": 3, "last_signed_at": "2023-11-14T22:13:20.003Z", "unsigned_entries": 2,
                   "certificates": 0}
    shown = eunomia.run("audit", "verify").expect().stdout
    assert "5 entries" in shown and "2 entries are protected by the chain only" in shown


def test_an_altered_entry_is_named(eunomia, log, data_directory):
    with tables(data_directory) as database:
        database.execute("UPDATE audit_entry SET details = '{}' WHERE sequence = 2")
    ended = eunomia.run("audit", "verify").expect(7)
    assert "audit entry 2: its contents are not those that were recorded" in ended.stderr


def test_a_removed_entry_is_named(eunomia, log, data_directory):
    with tables(data_directory) as database:
        database.execute("DELETE FROM audit_entry WHERE sequence = 4")
    assert "audit entry 4 is missing" in eunomia.run("audit", "verify").expect(7).stderr


def test_another_key_verifies_nothing(eunomia, log, tmp_path):
    other = proof.signing_key(bytes([8] * 32))
    (tmp_path / "other.pub").write_text(other.text)
    assert other.id in eunomia.run("audit", "verify", "--public-key", tmp_path / "other.pub").expect(7).stderr


def test_a_certificate_finds_what_is_cut_off_behind_the_last_checkpoint(eunomia, log, data_directory, tmp_path):
    content = copy.deepcopy(CONTENT)
    content["audit"] = {"log": log.log_id.hex(), "sequence": 5, "hash": log.hash.hex()}
    certificate = tmp_path / "certificate.json"
    certificate.write_bytes(proof.write_certificate(content, KEY))
    met = eunomia.json("audit", "verify", "--certificate", certificate).expect().value
    assert met["certificates"] == 1
    with tables(data_directory) as database:
        database.execute("DELETE FROM audit_entry WHERE sequence = 5")
        database.execute("UPDATE audit_head SET sequence = 4, hash = (SELECT hash FROM audit_entry WHERE sequence = 4)")
    eunomia.run("audit", "verify").expect()
    ended = eunomia.run("audit", "verify", "--certificate", certificate).expect(7)
    assert "audit entry 5 is missing: the certificate of request erasure-42" in ended.stderr


def test_pages_follow_each_other(eunomia, log):
    first = eunomia.json("audit", "list", "--limit", 3).expect().value
    assert [entry["sequence"] for entry in first["entries"]] == [1, 2, 3] and first["next_after"] == 3
    second = eunomia.json("audit", "list", "--limit", 3, "--after", 3).expect().value
    assert [entry["sequence"] for entry in second["entries"]] == [4, 5] and "next_after" not in second
    assert second["entries"][1] == {
        "sequence": 5, "at": "2023-11-14T22:13:20.005Z", "actor": "token shop frontend", "action": "read",
        "subject": SOMEBODY, "details": {"rows": 5}, "hash": log.hash.hex()}


def test_entries_are_chosen_by_subject_and_action(eunomia, log):
    chosen = eunomia.json("audit", "list", "--action", "export", "--subject", SOMEBODY).expect().value
    assert [entry["sequence"] for entry in chosen["entries"]] == [2, 4]
    assert eunomia.json("audit", "list", "--subject", "f" * 32).expect().value["entries"] == []
    shown = eunomia.run("audit", "list", "--limit", 2).expect().stdout
    assert "token shop frontend" in shown and "more: --after 2" in shown


def test_a_wrong_limit_or_pseudonym_is_refused(eunomia, log):
    for flags in (["--limit", 0], ["--limit", 1001], ["--subject", "alice"]):
        eunomia.run("audit", "list", *flags).expect(3)


def test_the_server_leaves_its_public_key_once(eunomia, data_directory):
    eunomia.run("audit", "verify").expect()
    left = (data_directory / "keys" / "signing.pub").read_text()
    assert len(left) == 45
    eunomia.run("audit", "verify").expect()
    assert (data_directory / "keys" / "signing.pub").read_text() == left


def test_a_new_key_stands_before_the_old_ones(eunomia, data_directory):
    (data_directory / "keys").mkdir()
    (data_directory / "keys" / "signing.pub").write_text(KEY.text)
    eunomia.run("audit", "verify").expect()
    lines = (data_directory / "keys" / "signing.pub").read_text().splitlines(keepends=True)
    assert len(lines) == 2 and lines[0] != lines[1] == KEY.text


def test_a_missing_public_key_is_named_with_the_remedy(eunomia, tmp_path):
    ended = eunomia.run("audit", "verify", "--public-key", tmp_path / "none.pub").expect(4)
    assert "none.pub" in ended.stderr and "--public-key" in ended.stderr


def test_what_the_command_line_decides_is_in_the_log_too(eunomia, tmp_path):
    eunomia.run("purposes", "define", "--name", "newsletter", "--lawful-basis", "consent", "--notice", "We write.").expect()
    eunomia.run("purposes", "define", "--name", "newsletter", "--lawful-basis", "consent", "--notice", "We write more.",
                "--again").expect()
    eunomia.run("purposes", "decide", "--collected-for", "recommendation", "--wanted", "newsletter", "--by", "Jane Doe",
                "--reasoning", "They were told.").expect()
    eunomia.run("recommend", "import", "--dataset", "shop", "--interactions",
                shop.write_events(tmp_path / "events.csv", shop.events(people=3))).expect()
    eunomia.run("purposes", "allow", "--dataset", "shop", "--purpose", "newsletter").expect()
    token = eunomia.json("tokens", "create", "--role", "service", "--label", "shop frontend").expect().value
    eunomia.run("tokens", "revoke", token["record"]["id"]).expect()
    eunomia.run("keys", "roll", "--destroy-now").expect()
    anew = tmp_path / "new-master-key"
    eunomia.run("keys", "reseal", "--new-master-key-file", anew).expect()
    found = eunomia.json("audit", "list", "--master-key-file", anew).expect().value["entries"]
    assert {entry["actor"] for entry in found} == {"system"}
    assert [entry["action"] for entry in found] == [
        "purpose.defined", "purpose.redefined", "purpose.decided", "purpose.allowed", "token.created", "token.revoked",
        "keys.rolled", "keys.destroyed", "keys.resealed"]
    assert token["token"] not in json.dumps(found)
    assert eunomia.json("audit", "verify", "--master-key-file", anew).expect().value["entries"] == 9
