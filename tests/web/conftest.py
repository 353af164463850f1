"""The server whose pages are looked at, and what to look at them with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.gateways.conftest import Server, running

from tradepit.config import Config


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    yield from running(Config(port=0, memory=True, market="frozen"))
