"""The commands of the README run as they stand, one after another."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).parents[2]


def commands():
    lines = re.findall(r"^    (.+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    return [line for line in lines if not line.startswith("make ")]


def test_every_command_of_the_readme_runs(eunomia, tmp_path):
    assert len(commands()) > 10
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "eunomia").symlink_to(eunomia.binary)
    script = "set -eu\n" + "\n".join(commands())
    ended = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=eunomia.environment(), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "then bit-identical with the retrain" in ended.stdout


def test_the_demo_ends_well(eunomia, tmp_path):
    ended = eunomia.run("demo", environment={"TMPDIR": str(tmp_path)}).expect()
    assert "200 of 200" in ended.stdout, "identical ordered lists"
    assert "erased everywhere" in ended.stdout
