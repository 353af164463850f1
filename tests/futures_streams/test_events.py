"""Every stream of both futures catalogues speaks: its fields in the documents' order, its speed,
its numbers in the contract's places."""

from __future__ import annotations

from typing import Any

import pytest
from tests.futures_streams.told import BOB, MINUTE, SECOND, Ear, Told, live

from tradepit.catalog.unserved import SERVED_STREAMS

# The documents' fields in their order (September 2024); `k` and `o` are followed by theirs.
USDM = {
    "btcusdt@aggTrade": "e E s a p q f l T m",
    "btcusdt@trade": "e E T s t p q X m",
    "btcusdt@markPrice": "e E s p i P r T",
    "btcusdt@markPrice@1s": "e E s p i P r T",
    "!markPrice@arr": "[] e E s p i P r T",
    "!markPrice@arr@1s": "[] e E s p i P r T",
    "btcusdt@kline_1m": "e E s k t T s i f L o c h l v n x q V Q B",
    "btcusdt_perpetual@continuousKline_5m": "e E ps ct k t T i f L o c h l v n x q V Q B",
    "btcusdt@miniTicker": "e E s c o h l v q",
    "!miniTicker@arr": "[] e E s c o h l v q",
    "btcusdt@ticker": "e E s p P w c Q o h l v q O C F L n",
    "!ticker@arr": "[] e E s p P w c Q o h l v q O C F L n",
    "btcusdt@bookTicker": "e u E T s b B a A",
    "!bookTicker": "e u E T s b B a A",
    "btcusdt@forceOrder": "e E o s S o f q p ap X l z T",
    "!forceOrder@arr": "e E o s S o f q p ap X l z T",
    "btcusdt@depth5": "e E T s U u pu b a",
    "btcusdt@depth20@100ms": "e E T s U u pu b a",
    "btcusdt@depth": "e E T s U u pu b a",
    "btcusdt@depth@500ms": "e E T s U u pu b a",
    "btcusdt@rpiDepth@500ms": "e E T s U u pu b a ps st",
    "!assetIndex@arr": "[] e E s i b a B A q g Q G",
    "btcusd@assetIndex": "e E s i b a B A q g Q G",
}
COINM = {
    "btcusd_perp@aggTrade": "e E a s p q f l T m",
    "btcusd_perp@trade": "e E T s t p q X m",
    "btcusd@indexPrice": "e E i p",
    "btcusd@indexPrice@1s": "e E i p",
    "btcusd_perp@markPrice": "e E s p P i r T",
    "btcusd_perp@markPrice@1s": "e E s p P i r T",
    "btcusd@markPrice": "[] e E s p P i r T",
    "btcusd@markPrice@1s": "[] e E s p P i r T",
    "btcusd_perp@kline_1m": "e E s k t T s i f L o c h l v n x q V Q B",
    "btcusd_perpetual@continuousKline_1m": "e E ps ct k t T i f L o c h l v n x q V Q B",
    "btcusd@indexPriceKline_1m": "e E ps k t T s i f L o c h l v n x q V Q B",
    "btcusd_perp@markPriceKline_1m": "e E ps k t T s i f L o c h l v n x q V Q B",
    "btcusd_perp@miniTicker": "e E s ps c o h l v q",
    "!miniTicker@arr": "[] e E s ps c o h l v q",
    "btcusd_perp@ticker": "e E s ps p P w c Q o h l v q O C F L n",
    "!ticker@arr": "[] e E s ps p P w c Q o h l v q O C F L n",
    "btcusd_perp@bookTicker": "e u s ps b B a A T E",
    "!bookTicker": "e u s ps b B a A T E",
    "btcusd_perp@forceOrder": "e E o s ps S o f q p ap X l z T",
    "!forceOrder@arr": "e E o s ps S o f q p ap X l z T",
    "btcusd_perp@depth10@500ms": "e E T s ps U u pu b a",
    "btcusd_perp@depth@100ms": "e E T s ps U u pu b a",
}  # fmt: skip
# Milliseconds that every event of these comes at a whole multiple of.
SPEEDS = {
    "@1s": 1_000, "@markPrice": 3_000, "!markPrice@arr": 3_000, "@indexPrice": 3_000,
    "@100ms": 100, "@500ms": 500, "@depth": 250, "@depth5": 250, "@aggTrade": 100,
    "Kline_1m": 250, "Kline_5m": 250, "@kline_1m": 250, "@arr": 1_000, "@assetIndex": 1_000,
    "@forceOrder": 1_000,
}  # fmt: skip


def fields(event: Any) -> str:
    if isinstance(event, list):
        return f"[] {fields(event[0])}"
    names = list(event)
    inner = event.get("k") or event.get("o")
    return " ".join([*names, *inner] if isinstance(inner, dict) else names)


def played() -> dict[str, Ear]:
    """A trade on each venue, then a liquidation of Alice on both."""
    ears: dict[str, Ear] = {}

    async def play() -> None:
        world = Told()
        world.open_market()
        ears["usdm"] = world.hear("usdm", *USDM)
        ears["coinm"] = world.hear("coinm", *COINM)
        for symbol, api in (("BTCUSDT", "fapi"), ("BTCUSD_PERP", "dapi")):
            world.do(f"POST /{api}/v1/marginType", symbol=symbol, marginType="ISOLATED")
            world.trade(symbol)
            world.limit(BOB, "BUY", symbol, "1", "106995")
        world.wait(7 * SECOND + SECOND // 2)
        for symbol in ("BTCUSDT", "BTCUSD_PERP"):
            world.do("POST /_tradepit/v1/liquidations", symbol=symbol, account="alice")
        world.wait(2 * SECOND)
        await world.drained()
        world.wait(MINUTE)

    live(play)
    return ears


@pytest.fixture(scope="module")
def ears() -> dict[str, Ear]:
    return played()


@pytest.mark.parametrize(
    ("venue", "stream", "names"),
    [(venue, *row) for venue, rows in (("usdm", USDM), ("coinm", COINM)) for row in rows.items()],
)
def test_fields_in_their_order(ears: dict[str, Ear], venue: str, stream: str, names: str) -> None:
    events = ears[venue].of(stream)
    assert events
    assert {fields(event) for event in events} == {names}
    speed = next((ms for end, ms in SPEEDS.items() if stream.endswith(end)), 1)
    flat = [row for event in events for row in (event if isinstance(event, list) else [event])]
    assert all(row["E"] % speed == 0 for row in flat)
    contracts = [row["s"] for row in flat if "s" in row and not stream.endswith("assetIndex@arr")]
    assert all(name.startswith("BTCUSD_") for name in contracts if venue == "coinm")


def test_the_catalogues_are_whole() -> None:
    """What the documents list and what this test hears are the same streams."""
    heard = {
        f"{venue}-streams:{name}"
        for venue, rows in (("usdm", USDM), ("coinm", COINM))
        for name in map(general, rows)
    }
    silent = {  # a status change, or nothing that is listed here
        "usdm-streams:!contractInfo", "coinm-streams:!contractInfo",
        "usdm-streams:tradingSession", "usdm-streams:<symbol>@compositeIndex",
    }  # fmt: skip
    listed = {row for row in SERVED_STREAMS if "m-streams:" in row and "control:" not in row}
    known = heard - {"usdm-streams:<symbol>@trade", "coinm-streams:<symbol>@trade"}
    assert known | silent == listed | {"usdm-streams:<assetSymbol>@assetIndex"}


def general(stream: str) -> str:
    """A stream's name in the documents."""
    if stream == "btcusd@assetIndex":
        return "<assetSymbol>@assetIndex"
    low, at, what = stream.partition("@")
    names = {"btcusdt": "<symbol>", "btcusd_perp": "<symbol>", "btcusd": "<pair>"}
    low = names.get(low, low)
    if "_perpetual" in low:
        low = "<pair>_<contractType>"
    for word in ("kline_", "continuousKline_", "indexPriceKline_", "markPriceKline_"):
        if what.startswith(word):
            what = f"{word}<interval>"
    if what.startswith("rpi"):
        return f"{low}@{what}"
    head = what.partition("@")[0]
    if head.startswith("depth"):
        head = "depth<levels>" if head != "depth" else head
        return f"{low}@{head}@<updateSpeed>"
    if head in ("markPrice", "indexPrice"):
        return f"{low}@{head}@<updateSpeed>"
    return "!markPrice@arr@<updateSpeed>" if low == "!markPrice" else f"{low}{at}{what}"


def test_numbers(ears: dict[str, Ear]) -> None:
    """Places of the contract; what was traded in the quote asset, or in coins."""
    (trade, *_) = ears["usdm"].of("btcusdt@aggTrade")
    assert (trade["p"], trade["q"], trade["m"]) == ("107000.00", "0.200", False)
    (trade, *_) = ears["coinm"].of("btcusd_perp@aggTrade")
    assert (trade["p"], trade["q"]) == ("107000.0", "20")
    kline = ears["coinm"].of("btcusd_perp@kline_1m")[0]["k"]
    assert (kline["v"], kline["q"]) == ("20", "0.01869158")  # 20 x 100 / 107000
    ticker = ears["usdm"].last("btcusdt@ticker")
    assert ticker["P"].count(".") == 1 and len(ticker["P"].partition(".")[2]) == 3
    mark = ears["usdm"].last("btcusdt@markPrice")
    assert (mark["p"], mark["i"], mark["r"]) == ("107000.00000000", "107000.00000000", "0.00010000")


def test_a_liquidation_is_told_within_the_second(ears: dict[str, Ear]) -> None:
    for venue, stream, qty in (
        ("usdm", "btcusdt@forceOrder", "0.200"), ("coinm", "btcusd_perp@forceOrder", "20"),
    ):  # fmt: skip
        (event,) = ears[venue].of(stream)
        assert [event] == ears[venue].of("!forceOrder@arr")
        row = event["o"]
        assert (row["S"], row["o"], row["f"], row["q"]) == ("SELL", "LIMIT", "IOC", qty)
        assert (row["X"], row["z"]) == ("FILLED", qty)
        assert 0 < event["E"] - row["T"] <= 1_000
