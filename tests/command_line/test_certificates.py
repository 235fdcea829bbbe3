"""Certificates: verified offline by the program, and what the program verifies is what others can write and verify."""

import json

import pytest

import proof
from proof import CONTENT, FIXED_KEY


@pytest.fixture
def verify(eunomia, tmp_path):
    """Runs certificate verify on these bytes."""
    def run(data, key=FIXED_KEY, json_output=False):
        (tmp_path / "certificate.json").write_bytes(data)
        (tmp_path / "signing.pub").write_text(key.text)
        return (eunomia.json if json_output else eunomia.run)(
            "certificate", "verify", tmp_path / "certificate.json", "--public-key", tmp_path / "signing.pub")
    return run


def test_a_certificate_that_another_program_wrote_from_the_documentation_is_genuine(verify):
    data = proof.write_certificate(CONTENT, FIXED_KEY)
    # The same bytes as Eunomia's own: src/subject/audit/certificate_test.cpp has this hash.
    assert proof.blake2b(data).hexdigest() == "b830bf53e21a86ad8fb9f9e38d40f20a16352eed1f1d65092ba4eb93be58673d"
    assert proof.certificate_is_genuine(data, FIXED_KEY)
    shown = verify(data).expect().stdout
    assert "Valid: signed with the key " + FIXED_KEY.id in shown
    assert "physically_erased" in shown and "rests until 2 June 2026" in shown


def test_json_has_all_that_is_certified(verify):
    row = verify(proof.write_certificate(CONTENT, FIXED_KEY), json_output=True).expect().value
    assert row == {"valid": True, "key_id": FIXED_KEY.id, "certificate": {"format": 1, **CONTENT}}


def test_an_altered_certificate_is_refused_naming_the_place(verify):
    data = proof.write_certificate(CONTENT, FIXED_KEY)
    ended = verify(data.replace(b"118", b"181")).expect(7)
    assert "steps[0] (custodian \"recommend\")" in ended.stderr
    altered = json.loads(data)
    altered["steps"][1]["level"] = "model_exactly_updated"
    altered["digests"] = proof.digests(altered)  # nobody can make the signature fit again
    assert "the signature is not that of the key" in \
        verify(json.dumps(altered, ensure_ascii=False, indent=2).encode() + b"\n").expect(7).stderr
    assert verify(data + b" ", json_output=True).expect(7).stdout == ""


def test_another_key_is_refused(verify):
    ended = verify(proof.write_certificate(CONTENT, FIXED_KEY), key=proof.signing_key(bytes([8] * 32))).expect(7)
    assert FIXED_KEY.id not in ended.stderr and "public key" in ended.stderr


def test_verifying_touches_no_data_directory(eunomia, verify, data_directory):
    verify(proof.write_certificate(CONTENT, FIXED_KEY)).expect()
    assert list(data_directory.iterdir()) == []


def test_a_missing_file_or_a_key_that_is_none_is_named(eunomia, tmp_path):
    certificate = tmp_path / "certificate.json"
    certificate.write_bytes(proof.write_certificate(CONTENT, FIXED_KEY))
    missing = tmp_path / "nothing.pub"
    assert "nothing.pub" in eunomia.run("certificate", "verify", certificate, "--public-key", missing).expect(4).stderr
    missing.write_text("no key\n")
    assert "line 1" in eunomia.run("certificate", "verify", certificate, "--public-key", missing).expect(3).stderr
    eunomia.run("certificate", "verify", certificate).expect(2)
