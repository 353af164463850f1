"""Decimal text <-> integer units, and the only functions that multiply, divide or round them.

Every amount, quantity, price and rate is an `int` in units of 1e-8: an amount counts 1e-8 of its
asset, a price counts 1e-8 quote per whole base, a rate counts 1e-8. A function's name says which
way it rounds.
"""

from __future__ import annotations

import re
from typing import Final

DECIMALS: Final = 8
ONE: Final = 100_000_000
WORD: Final = 2**63
MAX_AMOUNT: Final = 9_223_372_036_854_775_807  # 92,233,720,368.54775807: the exchange's own cap

_DECIMAL = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)


def parse_units(text: str) -> int:
    """The integer units of a plain decimal.

    Raises: ValueError when `text` is no plain decimal of at most 8 places (zeros beyond are fine).
    """
    if _DECIMAL.fullmatch(text) is None:
        raise ValueError(text)
    whole, _, part = text.partition(".")
    if len(part) > DECIMALS:
        if part[DECIMALS:].strip("0"):
            raise ValueError(text)
        part = part[:DECIMALS]
    return int(whole) * ONE + int(part.ljust(DECIMALS, "0"))


def text_units(units: int) -> str:
    """Units as text with exactly eight places: 150000000 -> "1.50000000"."""
    if units < 0:
        return "-" + text_units(-units)
    return "%d.%08d" % (units // ONE, units % ONE)


def text_short(units: int) -> str:
    """Units as text without trailing zeros: 150000000 -> "1.5", 100000000 -> "1"."""
    text = text_units(units).rstrip("0")
    return text[:-1] if text.endswith(".") else text


def text_places(units: int, places: int) -> str:
    """Units as text with `places` (0..8) decimals, cut off (never rounded up)."""
    text = text_units(units)
    cut = DECIMALS - places
    if cut <= 0:
        return text
    return text[:-cut] if places else text[: -cut - 1]


def mul_floor(a: int, b: int) -> int:
    """a x b, both in units, rounded down: price x quantity -> quote."""
    return a // ONE * b + a % ONE * b // ONE  # in parts: the whole product is seldom a short int


def mul_ceil(a: int, b: int) -> int:
    """a x b, both in units, rounded up: what must be held to pay price x quantity."""
    return a // ONE * b - (-(a % ONE) * b // ONE)


def mul_half_up(a: int, b: int) -> int:
    """a x b, both in units and not negative, rounded half up: amount x rate -> commission."""
    return (a * b + ONE // 2) // ONE


def div_floor(a: int, b: int) -> int:
    """a / b, both in units, rounded down: quote / price -> quantity."""
    return a * ONE // b


def ratio_half_up(a: int, b: int) -> int:
    """a / b of two plain integers, not negative, rounded half up."""
    return (2 * a + b) // (2 * b)


def wide(value: int) -> int | str:
    """An integer for snapshots and histories, which hold 64 bits: what is longer as text.

    Read it back with `int`.
    """
    return value if -WORD <= value < WORD else str(value)


def step_floor(value: int, step: int) -> int:
    """The largest multiple of `step` (0: no step) not above `value`."""
    return value - value % step if step > 0 else value
