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
    """Runs openssl in a folder with these files; gives its exit code and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            with open(f"{folder}/{name}", "wb") as file:
                file.write(content)
        ended = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True)
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


# What src/subject/audit/testing.h certifies, and with which key.
FIXED_KEY = signing_key(bytes([7] * 32))
CONTENT = {
    "request": {
        "installation": "shop-berlin",
        "request": "erasure-42",
        "right": "erasure",
        "requested_at": "2026-05-03T09:30:00.125Z",
        "completed_at": "2026-05-03T09:30:00.480Z",
        "deadline": "2026-06-03T09:30:00.125Z",
        "people": 1,
    },
    "steps": [
        {"custodian": "recommend", "what": "interactions of the dataset \"shop\"", "store": "tables",
         "level": "physically_erased", "count": 118, "details": "1 bucket rewritten", "milliseconds": 42},
        {"custodian": "recommend", "what": "the model ials-3", "store": "models", "level": "model_converged", "count": 1,
         "details": "", "distance_parts_per_billion": 31, "milliseconds": 180},
        {"custodian": "subject", "what": "keys in backups", "store": "backups", "level": "pending_backup_expiry",
         "count": 2, "details": "unlesbar für alle", "until": "2026-06-02T00:00:00.000Z", "milliseconds": 3},
    ],
    "verification": {"method": "logical queries and a byte scan of the data directory", "files_read": 212,
                     "bytes_read": 48213004, "tables_queried": 31, "found": 0},
    "audit": {"log": "000102030405060708090a0b0c0d0e0f", "sequence": 4711, "hash": "a" * 64},
    "remarks": ["A backup of 3 May 2026 rests until 2 June 2026; what it holds of the person is unreadable."],
}
