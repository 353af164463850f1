"""The server whose pages are looked at, and what to look at them with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.gateways.conftest import Server, running
from tests.web.browser import launched

from tradepit.config import Config


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    yield from running(Config(port=0, memory=True, market="frozen"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with launched() as found:
        yield found


@pytest.fixture(scope="session")
def base(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"
