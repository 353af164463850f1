"""What all paged queries share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from tradepit.catalog.fields import Between, Int
from tradepit.core.bars import DAY_US
from tradepit.core.rejects import Reject

Limit = Annotated[Int, Between(1, 1000)]

T = TypeVar("T")
Later = Callable[[], T]  # an answer that needs SQL, given off the event loop


def check_span(start_us: int | None, end_us: int | None) -> None:
    """Raises: Reject when the span is reversed or longer than 24 hours."""
    if start_us is not None and end_us is not None:
        if end_us < start_us:
            raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
        if end_us - start_us > DAY_US:
            raise Reject("MORE_THAN_XX_HOURS", 24)
