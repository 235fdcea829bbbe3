"""Certificates and the audit chain, written again from their documentation (src/subject/audit/certificate.h and
audit_chain.h) with Python's JSON and BLAKE2b and the openssl program's Ed25519: that others can verify them."""

import base64
import hashlib
import json
import struct
import subprocess
import tempfile

PKCS8_ED25519 = bytes.fromhex("302e020100300506032b657004220420")
SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")


def blake2b(data):
    return hashlib.blake2b(data, digest_size=32)


def openssl(*arguments, files):
    """Runs openssl in a folder with these files; gives its outcome, and what it wrote to the file "out"."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            with open(f"{folder}/{name}", "wb") as file:
                file.write(content)
        ended = subprocess.run(["openssl", *arguments, "-out", "out"] if "-verify" not in arguments else
                               ["openssl", *arguments], cwd=folder, capture_output=True)
        try:
            with open(f"{folder}/out", "rb") as file:
                return ended.returncode, file.read()
        except FileNotFoundError:
            return ended.returncode, ended.stdout


class signing_key:
    """An Ed25519 key from a seed of 32 bytes."""

    def __init__(self, seed):
        self.private = PKCS8_ED25519 + seed
        code, public = openssl("pkey", "-inform", "DER", "-in", "key", "-pubout", "-outform", "DER",
                               files={"key": self.private})
        assert code == 0 and public.startswith(SPKI_ED25519)
        self.public = public[len(SPKI_ED25519):]

    @property
    def text(self):
        return base64.b64encode(self.public).decode() + "\n"

    @property
    def id(self):
        return blake2b(self.public).hexdigest()[:16]

    def sign(self, message):
        code, signature = openssl("pkeyutl", "-sign", "-inkey", "key", "-keyform", "DER", "-rawin", "-in", "message",
                                  files={"key": self.private, "message": message})
        assert code == 0
        return signature

    def verifies(self, message, signature):
        code, _ = openssl("pkeyutl", "-verify", "-pubin", "-inkey", "key", "-keyform", "DER", "-rawin", "-in", "message",
                          "-sigfile", "signature",
                          files={"key": SPKI_ED25519 + self.public, "message": message, "signature": signature})
        return code == 0


def sections(content):
    yield "request", content["request"]
    for i, step in enumerate(content["steps"]):
        yield f"steps[{i}]", step
    for name in ("verification", "audit", "remarks"):
        yield name, content[name]


def digests(content):
    return [{"section": name, "blake2b": blake2b(
        json.dumps(section, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()}
        for name, section in sections(content)]


def signed_text(listed):
    lines = ["eunomia certificate 1"] + [f"{each['section']} {each['blake2b']}" for each in listed]
    return ("\n".join(lines) + "\n").encode()


def write_certificate(content, key):
    """The file of a certificate, signed."""
    listed = digests(content)
    signature = {"algorithm": "Ed25519", "key_id": key.id,
                 "value": base64.b64encode(key.sign(signed_text(listed))).decode()}
    return json.dumps({"format": 1, **content, "digests": listed, "signature": signature}, ensure_ascii=False,
                      indent=2).encode() + b"\n"


def certificate_is_genuine(data, key):
    file = json.loads(data)
    return digests(file) == file["digests"] and key.verifies(signed_text(file["digests"]),
                                                             base64.b64decode(file["signature"]["value"]))


def number(value):
    return struct.pack("<q", value)


def text(value):
    data = value.encode()
    return number(len(data)) + data


class audit_chain:
    """A log, written into the tables of a SQLite database that has them."""

    def __init__(self, database):
        self.database = database
        log_id, self.sequence, self.hash = database.execute("SELECT log_id, sequence, hash FROM audit_head").fetchone()
        self.log_id = bytes.fromhex(log_id)
        self.hash = bytes.fromhex(self.hash)

    def empty_hash(self):
        return blake2b(b"eunomia audit log 1\0" + self.log_id).digest()

    def append(self, at, actor, action, subject="", details="{}"):
        self.sequence += 1
        self.hash = blake2b(self.hash + number(self.sequence) + number(at) + text(actor) + text(action) +
                            text(subject) + text(details)).digest()
        self.database.execute("INSERT INTO audit_entry VALUES (?, ?, ?, ?, ?, ?, ?)",
                              (self.sequence, at, actor, action, subject, details, self.hash.hex()))
        self.database.execute("UPDATE audit_head SET sequence = ?, hash = ?", (self.sequence, self.hash.hex()))

    def checkpoint(self, at, key):
        signature = key.sign(b"eunomia audit checkpoint 1\0" + self.log_id + number(self.sequence) + self.hash +
                             number(at))
        self.database.execute("INSERT INTO audit_checkpoint (sequence, key_id, hash, at, signature) VALUES (?, ?, ?, ?, ?)",
                              (self.sequence, key.id, self.hash.hex(), at, base64.b64encode(signature).decode()))
