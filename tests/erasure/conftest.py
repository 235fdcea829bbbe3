"""Erasures are asked of a running server, or of a copy of a shop by the command line."""

import house
import pytest
from serving import running, served  # noqa: F401  fixtures


@pytest.fixture(scope="session")
def shop(eunomia_binary, tmp_path_factory):
    """A data directory with three trained models, to be copied."""
    return house.make(eunomia_binary, tmp_path_factory.mktemp("shop"))
