"""Erasures are asked of a running server."""

from serving import running, served  # noqa: F401  fixtures
