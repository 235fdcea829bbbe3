"""What rests of people in a data directory: sealed, so that a test cannot look for a name."""

import collections
import contextlib
import pathlib
import sqlite3

import duckdb


def files_holding(folder, needle):
    return [path for path in pathlib.Path(folder).rglob("*") if path.is_file() and needle in path.read_bytes()]


def in_parquet(folder):
    """Everything that a reader of Parquet finds in the files of a folder, as text."""
    files = [str(path) for path in pathlib.Path(folder).rglob("*.parquet")]
    assert files, "no file of a table is where this looks"
    return "".join(str(duckdb.sql(f"SELECT * FROM read_parquet('{path}')").fetchall()) for path in files)


def of_everybody(data_directory):
    """The digest, the sealed identifier and the wrapped key of each person, by handle."""
    traces = collections.defaultdict(list)
    with contextlib.closing(sqlite3.connect(f"file:{data_directory / 'eunomia.db'}?mode=ro", uri=True)) as database:
        for handle, lookup, sealed in database.execute("SELECT subject, lookup, identifier FROM subject_identifier"):
            traces[handle] += [lookup, sealed]
        for handle, wrapped in database.execute("SELECT subject, wrapped FROM subject_key WHERE subject > 0"):
            traces[handle].append(wrapped)
    assert all(len(each) == 3 for each in traces.values())
    return traces


def assert_gone(data_directory, before, people, names=()):
    """So many of those who were there before are gone, and no file has a byte of their traces, nor of their names."""
    now = of_everybody(data_directory)
    gone = set(before) - set(now)
    assert len(gone) == people
    files = [path.read_bytes() for path in pathlib.Path(data_directory).rglob("*") if path.is_file()]
    for handle in gone:
        for trace in before[handle]:
            assert not any(trace.encode() in content for content in files)
    for name in names:
        assert not any(name.encode() in content for content in files)
    for handle in list(now)[:10]:
        for trace in now[handle]:
            assert any(trace.encode() in content for content in files), "traces are not where this looks"
