"""docs/futures.md: every line that can be pasted works."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.control.conftest import Pit
from tests.control.test_document import read

PAGE = Path(__file__).parents[2] / "docs" / "futures.md"
LINES = [line for line in PAGE.read_text().splitlines() if line.startswith("curl ")]
