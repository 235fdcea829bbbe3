"""What stands in the way of an erasure: the request waits and says why, nothing is claimed that did not happen, and once it is
out of the way the erasure ends."""

import shutil
import subprocess

import pytest
import residue
from house import assert_erased, copy_of
from residue import mark

WHO = 5


def erase(here):
    return here.run("subjects", "erase", "--user", mark(WHO, "id"))


def known(here):
    ended = here.run("recommend", "recommend", "--name", "ease", "--user", mark(WHO, "id"))
    assert ended.code in (0, 4), ended.stderr
    return ended.code == 0


def assert_waits(here, tmp_path, *why):
    [request] = here.json("subjects", "requests").expect().value["requests"]
    assert request["state"] == "under_way" and request["failed_attempts"] >= 1
    assert all(word in request["obstacle"] for word in why), request["obstacle"]
    assert mark(WHO, "id") not in request["obstacle"]
    refused = here.run("subjects", "certificate", request["id"], "--output", tmp_path / "none.json")
    assert refused.code == 5 and not (tmp_path / "none.json").exists()
    assert not known(here), "who asked is answered no more, whatever stands in the way"


def fill(folder, leave):
    """A file that takes all the room there is but for some bytes."""
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
        file.truncate(max(0, file.tell() - leave))
    return ballast


@pytest.mark.parametrize("leave", [0, 32_768, 131_072, 524_288])
def test_on_a_full_disk_it_waits_or_never_began(shop, small_disk, tmp_path, leave):
    disk = small_disk(64)
    here = copy_of(shop, disk / "data")
    ballast = fill(disk, leave)
    ended = erase(here)
    ballast.unlink()
    assert ended.code != 0 or leave > 0, "without any room nothing can be erased"
    if ended.code != 0:
        assert ended.code == 6 and "space" in ended.stderr.lower(), ended.stderr
        if known(here):
            assert not here.json("subjects", "requests").expect().value["requests"], "nothing was begun"
        else:
            # What was to be kept of the failure had no room either, or had.
            [request] = here.json("subjects", "requests").expect().value["requests"]
            assert request["state"] == "under_way"
        assert erase(here).code in (0, 4)
    assert_erased(here, {WHO}, tmp_path)


def test_a_folder_that_cannot_be_written_is_named(shop, tmp_path):
    here = copy_of(shop, tmp_path / "data")
    folder = here.data_directory / "blobs" / "models" / "ease"
    if subprocess.run(["chattr", "+i", folder], capture_output=True).returncode != 0:
        pytest.skip("needs root and a file system that knows immutable folders")
    try:
        ended = erase(here)
        assert ended.code not in (0, 4) and "models/ease" in ended.stderr
        assert_waits(here, tmp_path, "models/ease")
    finally:
        subprocess.run(["chattr", "-i", folder], check=True)
    assert erase(here).code in (0, 4)
    assert_erased(here, {WHO}, tmp_path)


def test_a_damaged_file_is_named_and_the_others_lose_the_person_all_the_same(shop, tmp_path):
    here = copy_of(shop, tmp_path / "data")
    [file] = (here.data_directory / "blobs" / "models" / "item-knn").iterdir()
    kept = tmp_path / "kept"
    shutil.copy2(file, kept)
    with open(file, "r+b") as damaged:
        damaged.seek(file.stat().st_size // 2)
        byte = damaged.read(1)
        damaged.seek(-1, 1)
        damaged.write(bytes([byte[0] ^ 1]))
    ended = erase(here)
    assert ended.code == 7 and file.name in ended.stderr, ended.stderr
    assert_waits(here, tmp_path, file.name)
    left = {place.where.split("/")[1] for place in residue.search(here.data_directory) if place.person == WHO}
    assert left <= {"models"}, "the tables have lost them"
    shutil.copy2(kept, file)
    assert erase(here).code in (0, 4)
    assert_erased(here, {WHO}, tmp_path)
