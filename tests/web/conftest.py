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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """While it is open an event loop runs here, which tests of other modules want to do, too."""
    with launched() as found:
        yield found


@pytest.fixture(scope="session")
def base(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of its own, whose script must not fail."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    found = context.new_page()
    failed: list[str] = []
    found.on("pageerror", lambda error: failed.append(str(error)))
    yield found
    context.close()
    assert failed == []


@pytest.fixture
def quick(page: Any) -> Any:
    """A page without the chart, which is most of what a trading page takes to open."""
    page.route("**/plotly.min.js", lambda route: route.abort())
    return page


@pytest.fixture(scope="module")
def busy() -> Iterator[Server]:
    """A world where nobody trades but the test, as much as it likes."""
    yield from running(Config(port=0, memory=True, market="empty", limits="off"))
