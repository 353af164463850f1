"""A real browser: Debian's Chromium, driven through Playwright.

Tests that need one are skipped, in one line, where no Chromium is found; TRADEPIT_NEED_BROWSER=1
forbids that. A page that logs an error to its console, or asks anything of another host, fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NEEDED = os.environ.get("TRADEPIT_NEED_BROWSER") == "1"


def find_chromium() -> str:
    """Where it is. Skips the test, or fails it where a browser is needed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        words = "no Chromium was found (Debian: apt-get install chromium)"
        if NEEDED:
            pytest.fail(words)
        pytest.skip(words)
    return found


@contextmanager
def launched() -> Iterator[Any]:
    """A browser for as long as the block runs."""
    path = find_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS), timeout=60_000)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Any, url: str, **size: int) -> Iterator[Any]:
    """A page at `url`; what it complained about, or asked of others, fails the test at the end."""
    viewport = {"width": size.get("width", 1280), "height": size.get("height", 800)}
    page = browser.new_page(viewport=viewport)
    page.set_default_timeout(30_000)
    complaints: list[str] = []
    origin = "/".join(url.split("/")[:3])
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((origin, "data:", "blob:"))
            else complaints.append(asked.url)
        ),
    )
    try:
        page.goto(url)
        yield page
        assert complaints == []
    finally:
        page.close()
