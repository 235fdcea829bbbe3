"""Erasures are asked of a running server, or of a copy of a shop by the command line."""

import os
import pathlib

import house
import pytest
from serving import running, served  # noqa: F401  fixtures

BUILT = pathlib.Path(__file__).parents[2] / "build"


@pytest.fixture(scope="session")
def shop(eunomia_binary, tmp_path_factory):
    """A data directory with three trained models, to be copied."""
    return house.make(eunomia_binary, tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def preloaded():
    """The library that kills the program at its N-th change of the disk."""
    library = pathlib.Path(os.environ.get("EUNOMIA_DIE_AT_CALL", BUILT / "tests" / "fault" / "libdie_at_call.so"))
    assert library.is_file(), f"{library} is missing: make build"
    return library
