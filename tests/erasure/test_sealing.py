"""Profiles that a version wrote in the clear are sealed when their directory is opened, whatever moment it is killed at."""

import contextlib
import os
import sqlite3

import duckdb
import house
import pytest
import residue

TABLE = "(SELECT id FROM stored_table WHERE name = 'dataset/1/users')"


def write_in_the_clear(data_directory):
    """Makes of the profiles what the versions before wrote: a column of Parquet each. Handles are given in the order in which
    the import met people."""
    with contextlib.closing(sqlite3.connect(data_directory / "eunomia.db")) as database:
        for number, key in database.execute(f"SELECT id, blob_key FROM stored_part WHERE table_id = {TABLE}").fetchall():
            path = data_directory / "blobs" / key
            words = ", ".join(f"format('{text}', subject - 1) AS {name}" for name, text in [
                ("NAME", f"Ms {residue.PREFIX}{{:04d}}-name-z"), ("CITY", f"{residue.PREFIX}{{:04d}}-city-z")])
            duckdb.sql(f"COPY (SELECT subject, IMPORTED_AT, {words} FROM read_parquet('{path}')) TO '{path}.tmp' (FORMAT parquet)")
            os.replace(f"{path}.tmp", path)
            database.execute("UPDATE stored_part SET size = ? WHERE id = ?", (path.stat().st_size, number))
        database.execute(f"UPDATE stored_table_column SET sealed = 0 WHERE table_id = {TABLE}")
        database.commit()


@pytest.fixture(scope="module")
def clear(shop, tmp_path_factory):
    here = house.copy_of(shop, tmp_path_factory.mktemp("clear") / "data")
    write_in_the_clear(here.data_directory)
    return here


def people_with(places, field):
    return {place.person for place in places if place.field == field}


def profile_files(here):
    with contextlib.closing(sqlite3.connect(here.data_directory / "eunomia.db")) as database:
        return {key for key, in database.execute(f"SELECT blob_key FROM stored_part WHERE table_id = {TABLE}")}


def assert_sealed(here):
    assert not [place for place in residue.search(here.data_directory) if place.field in residue.SEALED]
    profiles = house.marks_handed_over(here, "users")
    for field in ("id", "name", "city"):
        assert people_with(profiles, field) == set(range(house.PEOPLE))


def test_profiles_that_rest_in_the_clear_are_sealed_by_whatever_opens_the_directory(clear, tmp_path):
    here = house.copy_of(clear, tmp_path / "data")
    assert people_with(residue.search(here.data_directory), "name") == set(range(house.PEOPLE)), "the search would find them"
    before = profile_files(here)
    here.run("recommend", "list").expect()
    after = profile_files(here)
    assert len(after) == len(before) and not after & before
    assert_sealed(here)
    assert profile_files(here) == after, "once"


def test_killed_at_every_step_it_makes_on_the_disk_the_next_opening_seals_them(clear, preloaded, tmp_path):
    for here in house.killed_at_every_step(clear, preloaded, tmp_path, "recommend", "list"):
        here.run("recommend", "list").expect()
        assert_sealed(here)
