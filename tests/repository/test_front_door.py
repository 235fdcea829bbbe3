"""What the documents tell people to type exists."""

import pathlib
import re

import check_machine_paths
import pytest

ROOT = pathlib.Path(__file__).parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md"]


def make_targets():
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_command_of_a_document_is_a_target(document):
    named = set(re.findall(r"(?:^ *|`)make ([a-z][a-z-]*)", (ROOT / document).read_text(), re.MULTILINE))
    assert named, f"{document} names no make command"
    assert named <= make_targets()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_script_of_a_document_exists(document):
    named = set(re.findall(r"\bscripts/[\w.-]*\w", (ROOT / document).read_text()))
    assert [script for script in named if not (ROOT / script).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_of_a_document_leads_somewhere(document):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / document).read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_ci_runs_make_test_and_nothing_else():
    lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "${BASH_SOURCE[0]}")/.."', "exec make test"]


def test_the_search_for_machine_paths_notices_one():
    # Built from parts: written out, this file itself would be found.
    named = ["/".join(["", folder, "somebody"]) for folder in ("home", "root", "tmp", "work", "Users")]
    for path in named:
        assert check_machine_paths.lines_naming_machine_paths(f"first\nsee {path}\n") == [2]
    assert check_machine_paths.lines_naming_machine_paths("src/work/somebody and $HOME/work/a and /usr/lib/x") == []
