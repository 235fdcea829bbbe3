"""Marks that nobody could write by chance, and where they rest in a folder: read raw, as a stranger with the disk would,
and decoded, as one who knows the formats would.

A mark is "mARk7f3a-PERSON-FIELD-" and ends in "z": four digits of a person, and a word for the field that it stood in.
Its first bytes are looked for in UTF-8, UTF-16 of either order, hexadecimal of either case and base64 at each of its three
alignments, its alphabet the usual or the one for addresses."""

import base64
import collections
import contextlib
import io
import os
import pathlib
import re
import sqlite3
import zipfile
import zlib

import duckdb

PREFIX = "mARk7f3a-"
MARK = re.compile(PREFIX + r"(\d{4})-([a-z]+)-?z")
LONGEST = 64
TO_ADDRESSES = bytes.maketrans(b"+/", b"-_")
FROM_ADDRESSES = bytes.maketrans(b"-_", b"+/")

# Fields that rest sealed with the key of the person: of nobody are they to be found in a file of a data directory.
SEALED = {"id", "rightid", "name", "rightname", "city", "statement", "reasons"}

found = collections.namedtuple("found", "person field where how")


def mark(person, field):
    return f"{PREFIX}{person:04}-{field}-z"


def _in_base64(content):
    for shift in range(3):
        # What base64 makes of the prefix when it begins `shift` bytes into a group of three, without the characters at
        # both ends that depend on the neighbours.
        begin = -(-shift * 8 // 6)
        core = base64.b64encode(bytes(shift) + PREFIX.encode())[begin:(shift + len(PREFIX)) * 8 // 6]
        for written in {core, core.translate(TO_ADDRESSES)}:
            for hit in re.finditer(re.escape(written), content):
                group = max(hit.start() - begin, 0)
                run = re.match(rb"[A-Za-z0-9+/_-]*", content[group:group + 2 * LONGEST])[0].translate(FROM_ADDRESSES)
                decoded = base64.b64decode(run + b"A" * (-len(run) % 4))
                if one := MARK.match(decoded[shift:].decode("latin-1")):
                    yield one


def marks_in(content):
    """(person, field, how it was written) for every mark in these bytes."""
    seen = set()
    for one in MARK.finditer(content.decode("latin-1")):
        seen.add((int(one[1]), one[2], "UTF-8"))
    for order in ("utf-16-le", "utf-16-be"):
        head = PREFIX.encode(order)
        at = content.find(head)
        while at >= 0:
            if one := MARK.match(content[at:at + 2 * LONGEST].decode(order, errors="replace")):
                seen.add((int(one[1]), one[2], order))
            at = content.find(head, at + 1)
    for head in (PREFIX.encode().hex().encode(), PREFIX.encode().hex().upper().encode()):
        at = content.find(head)
        while at >= 0:
            digits = re.match(rb"(?:[0-9a-fA-F]{2})*", content[at:at + 2 * LONGEST])[0]
            if one := MARK.match(bytes.fromhex(digits.decode()).decode("latin-1")):
                seen.add((int(one[1]), one[2], "hexadecimal"))
            at = content.find(head, at + 1)
    for one in _in_base64(content):
        seen.add((int(one[1]), one[2], "base64"))
    return seen


def _inflated(content):
    """What compressed streams in the bytes hold, wherever they begin: gzip, and the members of ZIP files."""
    at = content.find(b"\x1f\x8b\x08")
    while at >= 0:
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj(31).decompress(content[at:])
        at = content.find(b"\x1f\x8b\x08", at + 1)
    if content.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            for name in opened.namelist():
                yield opened.read(name)


def _decoded_sqlite(path):
    """Every value of every row. A copy is opened, with its log, so that nothing is changed."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            for row in database.execute(f'SELECT * FROM "{name}"'):
                for value in row:
                    if isinstance(value, (str, bytes)):
                        yield name, value if isinstance(value, bytes) else value.encode(errors="surrogatepass")


def _decoded_parquet(path):
    rows = duckdb.sql(f"SELECT * FROM read_parquet('{path}')")
    for name, row in ((name, row) for row in rows.fetchall() for name, row in zip(rows.columns, row)):
        if value := row if isinstance(row, bytes) else str(row).encode():
            yield name, value
    # Statistics and dictionaries of pages whose rows are gone would be here.
    for row in duckdb.sql(f"SELECT * FROM parquet_metadata('{path}')").fetchall():
        yield "metadata", str(row).encode()


def search(folder):
    """Every mark that rests in the folder: file by file raw, whatever compressed streams are in it, and, of SQLite and
    Parquet, what a reader of the format is shown."""
    folder = pathlib.Path(folder)
    places = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        where = str(path.relative_to(folder))
        content = path.read_bytes()
        parts = [("raw", content)] + [("compressed", inner) for inner in _inflated(content)]
        if content.startswith(b"SQLite format 3\0"):
            parts += _decoded_sqlite(path)
        if content.startswith(b"PAR1") and content.endswith(b"PAR1"):
            parts += _decoded_parquet(path)
        # What a name of a file says is on the disk too.
        parts.append(("its name", where.encode()))
        for part, inner in parts:
            places += [found(person, field, f"{where} ({part})", how) for person, field, how in marks_in(inner)]
    return places
