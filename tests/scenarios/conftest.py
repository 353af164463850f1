"""Every scenario is told twice: in one life, and with a snapshot read back before each command."""

from __future__ import annotations

import pytest
from tests.scenarios.harness import World


@pytest.fixture(autouse=True, params=[False, True], ids=["kept", "reloaded"])
def memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "reloaded", request.param)
