"""Every test here speaks to a running server."""

from serving import running, served  # noqa: F401  fixtures
