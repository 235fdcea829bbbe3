"""What docs/gdpr.md claims has a test, and the test is there."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]


def names_of_tests():
    names = set()
    for path in (ROOT / "tests").rglob("*.py"):
        names |= set(re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE))
    for path in (ROOT / "src").rglob("*_test.cpp"):
        names |= set(re.findall(r"^TEST(?:_F|_P)?\(\w+, (\w+)\)", path.read_text(), re.MULTILINE))
    return names


def rows():
    lines = (ROOT / "docs" / "gdpr.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_every_claim_names_a_test_that_is_there():
    known = names_of_tests()
    assert len(rows()) > 10
    for article, claim, shown, _ in rows():
        named = re.findall(r"`(\w+)`", shown)
        assert named or claim.lower().startswith("**not built**"), f"{article}: nothing shows it"
        assert not set(named) - known, f"{article}: there is no {set(named) - known}"
