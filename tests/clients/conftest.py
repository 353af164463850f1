"""The servers that clients trade on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.clients.pits import Pit, started


@pytest.fixture(scope="module")
def pit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pit]:
    """A world without residents: nobody trades but the test."""
    yield from started(tmp_path_factory.mktemp("pit"), "--market", "empty")


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pit]:
    """A world as it starts by default."""
    yield from started(tmp_path_factory.mktemp("lively"))
