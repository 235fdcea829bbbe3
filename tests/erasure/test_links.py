"""Somebody who is known by several identifiers is one person: erased by any of them, they are gone under all, from every
byte of the disk, and a restored backup erases them again."""

import contextlib
import sqlite3

import house
import residue
import traces
from conftest import program
from residue import mark

WHO = 7
EMAIL = f"{mark(WHO, 'email')}@example.org"
ACCOUNT = mark(WHO, "account")


def link(here, space, identifier):
    return here.json("subjects", "link", "--user", mark(WHO, "id"), "--space", space, "--identifier", identifier)


def linked(shop, folder):
    here = house.copy_of(shop, folder)
    for space, identifier in [("email", EMAIL), ("annotator", ACCOUNT)]:
        assert link(here, space, identifier).expect().value["linked"]
    return here


def rests_as(here):
    """The digest and the sealed bytes of each identifier of whoever has one in another space."""
    with contextlib.closing(sqlite3.connect(f"file:{here.data_directory / 'eunomia.db'}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT lookup, identifier FROM subject_identifier WHERE subject IN "
                                "(SELECT subject FROM subject_identifier WHERE space = 'email')").fetchall()
    return [text for row in rows for text in row]


def assert_gone(here, sealed):
    places = [place for place in residue.search(here.data_directory) if place.person == WHO]
    assert not places
    for text in sealed:
        assert not traces.files_holding(here.data_directory, text.encode())
    for space, identifier in [("user", mark(WHO, "id")), ("email", EMAIL), ("annotator", ACCOUNT)]:
        here.run("subjects", "choices", "--user", identifier, "--space", space).expect(4)


def test_who_is_erased_by_their_email_is_gone_under_every_identifier(shop, tmp_path):
    here = linked(shop, tmp_path / "data")
    sealed = rests_as(here)
    assert len(sealed) == 6
    assert all(traces.files_holding(here.data_directory, text.encode()) for text in sealed)
    here.run("backup", "--output", tmp_path / "backup").expect()
    erased = here.json("subjects", "erase", "--user", EMAIL, "--space", "email").expect().value
    assert erased["known"] == 1
    [found] = [step for step in erased["requests"][0]["steps"] if step["what"] == "identifiers"]
    assert found["count"] == 3
    assert_gone(here, sealed)
    house.assert_erased(here, [WHO], tmp_path)
    # Who comes back under one of them is somebody new.
    here.run("subjects", "choose", "--user", EMAIL, "--space", "email", "--purpose", "recommendation", "--choice",
             "object").expect()
    here.run("subjects", "choices", "--user", mark(WHO, "id")).expect(4)

    restored = program(here.binary, tmp_path / "restored")
    told = restored.json("restore", tmp_path / "backup", "--keys", here.data_directory / "keys").expect().value
    assert told["erased"] == 1
    assert_gone(restored, sealed)


def test_an_email_left_in_a_file_keeps_the_erasure_waiting(shop, tmp_path):
    here = linked(shop, tmp_path / "data")
    stray = here.data_directory / "stray.txt"
    stray.write_text(f"somebody wrote down {EMAIL}")
    ended = here.run("subjects", "erase", "--user", mark(WHO, "id"))
    assert ended.code == 5 and "stray.txt" in ended.stderr and EMAIL not in ended.stderr
    stray.unlink()
    here.run("subjects", "erase", "--user", mark(WHO, "id")).expect()
    house.assert_erased(here, [WHO], tmp_path)


def test_a_wrong_email_is_replaced_and_rests_nowhere(shop, tmp_path):
    here = linked(shop, tmp_path / "data")
    sealed = rests_as(here)
    here.run("subjects", "rectify", "--user", EMAIL, "--space", "email", "--right-user", mark(WHO, "rightemail")).expect()
    left = [text for text in sealed if traces.files_holding(here.data_directory, text.encode())]
    assert len(left) == 4
    here.run("subjects", "choices", "--user", EMAIL, "--space", "email").expect(4)
    here.run("subjects", "choices", "--user", mark(WHO, "rightemail"), "--space", "email").expect()
    here.run("recommend", "recommend", "--name", "ease", "--user", mark(WHO, "id")).expect()
