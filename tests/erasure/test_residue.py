"""The search itself: what finds nothing proves nothing unless it would have found it."""

import base64
import gzip
import sqlite3
import zipfile

import duckdb
import pytest
import residue

THE_MARK = residue.mark(42, "name")


def test_a_mark_names_person_and_field():
    assert residue.marks_in(f"x{THE_MARK}y".encode()) == {(42, "name", "UTF-8")}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "longer text before "])
@pytest.mark.parametrize("after", ["", "x", "yz", " and after"])
def test_every_encoding_is_seen_wherever_it_stands(before, after):
    text = before + THE_MARK + after
    written = {"utf-16-le": text.encode("utf-16-le"), "utf-16-be": text.encode("utf-16-be"),
               "hexadecimal": text.encode().hex().encode(), "base64": base64.b64encode(text.encode())}
    for how, content in written.items():
        assert (42, "name", how) in residue.marks_in(b"\x00\xff" + content + b"\x00"), how
    assert (42, "name", "hexadecimal") in residue.marks_in(text.encode().hex().upper().encode())
    assert (42, "name", "base64") in residue.marks_in(b"?a=" + base64.urlsafe_b64encode(text.encode()).rstrip(b"="))


def test_text_without_a_mark_has_none():
    assert not residue.marks_in(b"mARk7f3a 0042 name" + bytes(range(256)) * 8)


def test_every_format_is_opened(tmp_path):
    text = THE_MARK * 400  # so that compression hides it
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("CREATE TABLE t (x TEXT)")
        database.execute("INSERT INTO t VALUES (?)", (THE_MARK,))
    database.close()
    duckdb.sql(f"COPY (SELECT '{THE_MARK}' AS x, range AS n FROM range(1000)) TO '{tmp_path}/b.parquet' (COMPRESSION zstd)")
    (tmp_path / "c.gz").write_bytes(b"in front" + gzip.compress(text.encode()))
    with zipfile.ZipFile(tmp_path / "d.zip", "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("inside.csv", text)
    (tmp_path / THE_MARK).write_bytes(b"")
    seen = {(one.person, one.where) for one in residue.search(tmp_path)}
    for where in ["a.db (t)", "b.parquet (x)", "c.gz (compressed)", "d.zip (compressed)", f"{THE_MARK} (its name)"]:
        assert (42, where) in seen
