"""A world of one module's own, in which nobody trades but the test."""

from tests.streams.conftest import server

__all__ = ["server"]
