"""Files in the layouts of the public archive, of a market that never was."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

START_MS = 1_704_067_200_000  # 2024-01-01
CANDLE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore"
)
AGG_HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
TRADE_HEADER = "id,price,qty,quote_qty,time,is_buyer_maker"

Row = tuple[object, ...]


def text(units: int, places: int = 8) -> str:
    whole, part = divmod(units, 10**8)
    return f"{whole}.{part:08d}"[: None if places == 8 else places - 8]


def trades(count: int, seed: int = 1, start_ms: int = START_MS) -> list[Row]:
    """(id, price, qty, quote, time in ms, buyer is maker) in units; about one a second."""
    rng = random.Random(seed)
    price, at_ms, found = 42_000_00, start_ms, []
    for number in range(count):
        at_ms += rng.randrange(1, 2_000)
        price += rng.randrange(-300, 301)
        qty = rng.randrange(1, 200_000)  # of 0.00001
        found.append((
            7_000_000 + number, price * 10**6, qty * 10**3, price * qty * 10, at_ms,
            rng.random() < 0.5,
        ))  # fmt: skip
    return found


def candles(
    count: int, seed: int = 1, start_ms: int = START_MS, width_ms: int = 60_000
) -> list[Row]:
    """Rows of klines in units, each made of real trades; some are empty, some have one trade."""
    rng = random.Random(seed)
    price, found = 42_000_00, []
    for number in range(count):
        made = []
        many = (0, 1, 2, rng.randrange(3, 9), rng.randrange(9, 400))[number % 5 if number else 4]
        for _ in range(many):
            price += rng.randrange(-300, 301)
            made.append((price, rng.randrange(1, 200_000), rng.random() < 0.5))
        prices = [row[0] for row in made] or [price]
        price = prices[-1]
        open_ms = start_ms + number * width_ms
        found.append((
            open_ms, prices[0] * 10**6, max(prices) * 10**6, min(prices) * 10**6,
            prices[-1] * 10**6, sum(q for _, q, _ in made) * 10**3, open_ms + width_ms - 1,
            sum(p * q for p, q, _ in made) * 10, len(made),
            sum(q for _, q, bought in made if bought) * 10**3,
            sum(p * q for p, q, bought in made if bought) * 10,
        ))  # fmt: skip
    return found


def candle_lines(rows: Iterable[Row], micro: bool = False) -> list[str]:
    found = []
    for row in rows:
        opens, ends = int(str(row[0])), int(str(row[6]))
        if micro:
            opens, ends = opens * 1_000, ends * 1_000 + 999
        cells = [text(int(str(units))) for units in row]
        cells[0], cells[6], cells[8] = str(opens), str(ends), str(row[8])
        found.append(",".join([*cells, "0"]))
    return found


def trade_lines(rows: Iterable[Row], spot: bool = True) -> list[str]:
    found = []
    for number, price, qty, quote, at_ms, maker in rows:
        cells = [str(number), *(text(int(str(u))) for u in (price, qty, quote))]
        end = [f"{at_ms}000", str(maker), "True"] if spot else [str(at_ms), str(maker).lower()]
        found.append(",".join([*cells, *end]))
    return found


def agg_lines(rows: Sequence[Row], spot: bool = True) -> list[str]:
    """Each row stands for one, two or three trades."""
    found, first = [], 9_000_000
    for index, (_, price, qty, _, at_ms, maker) in enumerate(rows):
        last = first + index % 3
        cells = [
            str(500 + index),
            text(int(str(price))),
            text(int(str(qty))),
            str(first),
            str(last),
        ]
        end = [f"{at_ms}000", str(maker), "True"] if spot else [str(at_ms), str(maker).lower()]
        found.append(",".join([*cells, *end]))
        first = last + 1
    return found


def write(path: Path, lines: Iterable[str], header: str = "") -> Path:
    """A csv file, or a zip with one in it, by the name's end."""
    body = "\n".join([*([header] if header else []), *lines]) + "\n"
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
            box.writestr(path.stem + ".csv", body)
    else:
        path.write_text(body)
    return path
