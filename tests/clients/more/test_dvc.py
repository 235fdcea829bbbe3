"""DVC keeps the versions of data in a bucket."""

import random
import shutil

import pytest

SMALL_FILES = 300
LARGE_BYTES = 50 << 20  # above the 8 MiB from which boto3 uploads in parts


def write_data(folder, seed):
    """Of which half depends on the seed: what another version has in common is kept once."""
    folder.mkdir(exist_ok=True)
    for i in range(SMALL_FILES):
        (folder / f"part {i:03}.csv").write_text(f"id,value\n{i},{seed if i % 2 else 0}\n")


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_versions_of_data_are_pushed_pulled_and_collected(run_client, objects, access_key, running, tmp_path):
    objects.client.create_bucket(Bucket="versions")
    project = tmp_path / "project"
    project.mkdir()
    dvc = lambda *arguments: run_client("dvc", *arguments, folder=project, with_key=False)
    dvc("init", "--no-scm")
    dvc("remote", "add", "-d", "house", "s3://versions/store")
    for name, value in (("endpointurl", running.url), ("access_key_id", access_key["aws_access_key_id"]),
                        ("secret_access_key", access_key["aws_secret_access_key"]), ("region", "eu-central-1")):
        dvc("remote", "modify", "--local", "house", name, value)

    data = project / "data"
    write_data(data, seed=1)
    (data / "large.bin").write_bytes(random.Random(1).randbytes(LARGE_BYTES))
    first = contents(data)
    dvc("add", "data")
    dvc("push")
    kept = objects("versions")
    # Each content once, and the list of them.
    assert len(kept) == len(set(first.values())) + 1 and max(kept.values()) == LARGE_BYTES
    assert "in sync" in dvc("status", "--cloud")

    def lose():
        shutil.rmtree(data)
        shutil.rmtree(project / ".dvc" / "cache")

    lose()
    dvc("pull")
    assert contents(data) == first

    write_data(data, seed=2)
    (data / "large.bin").unlink()
    second = contents(data)
    dvc("add", "data")
    dvc("push")
    assert set(objects("versions")) > set(kept)
    dvc("gc", "--workspace", "--cloud", "--force")
    assert len(objects("versions")) == len(set(second.values())) + 1
    lose()
    dvc("pull")
    assert contents(data) == second

    # What was lost is found to be, and said.
    objects.client.delete_object(Bucket="versions", Key=min(objects("versions"), key=lambda key: (key.endswith(".dir"), key)))
    lose()
    with pytest.raises(AssertionError, match="(?i)missing|not found|does not exist|failed"):
        dvc("pull")
