"""The AWS command line, as people call it."""

import os
import shutil
import subprocess
import sys
import pathlib

import pytest

AWS = shutil.which("aws", path=str(pathlib.Path(sys.executable).parent))
pytestmark = pytest.mark.skipif(AWS is None, reason="NOT TESTED with the AWS command line: scripts/setup clients installs it")


@pytest.fixture
def aws(running, make_key, tmp_path):
    key = make_key()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1], "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": running.url, "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}

    def run(*arguments):
        done = subprocess.run([sys.executable, AWS, *map(str, arguments)], env=environment, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()
    return run


def test_files_and_folders_are_copied_and_kept_in_step(aws, tmp_path):
    tree = tmp_path / "tree"
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "one.txt").write_text("one")
    (tree / "deep" / "two words.txt").write_text("two")
    (tree / "deep" / "er" / "big.bin").write_bytes(os.urandom(9_000_000))
    aws("s3", "mb", "s3://box")
    aws("s3", "cp", tree / "one.txt", "s3://box/copied.txt")
    assert aws("s3", "cp", "s3://box/copied.txt", "-") == "one"
    aws("s3", "sync", tree, "s3://box/tree")
    assert aws("s3", "sync", tree, "s3://box/tree") == ""
    (tree / "one.txt").write_text("one, changed")
    (tree / "deep" / "two words.txt").unlink()
    aws("s3", "sync", "--delete", tree, "s3://box/tree")
    aws("s3", "sync", "s3://box/tree", tmp_path / "back")
    assert (tmp_path / "back" / "one.txt").read_text() == "one, changed"
    assert (tmp_path / "back" / "deep" / "er" / "big.bin").read_bytes() == (tree / "deep" / "er" / "big.bin").read_bytes()
    assert not (tmp_path / "back" / "deep" / "two words.txt").exists()
    assert "PRE deep/" in aws("s3", "ls", "s3://box/tree/")
    aws("s3", "rm", "--recursive", "s3://box/")
    aws("s3", "rb", "s3://box")
