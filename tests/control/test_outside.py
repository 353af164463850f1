"""Block trades and locks from outside: the money, the rows, what listeners hear, a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.control.conftest import Pit
from tests.gateways.conftest import running
from tests.streams.listening import ALICE, Listener, listen_key

from tradepit.config import Config

ROWS = "/api/v3/historicalBlockTrades?symbol=LTCUSDT&fromId="


def block(pit: Pit, **other: Any) -> Any:
    ask = {
        "symbol": "LTCUSDT", "side": "SELL", "quantity": "12.5", "price": "80.2",
        "maker": "alice", "taker": "bob",
    }  # fmt: skip
    return pit.done("POST", "block-trades", **(ask | other))


def units(text: str) -> int:
    return int(text.replace(".", ""))


def free(pit: Pit, asset: str, name: str) -> int:
    return units(pit.balance(asset, name)[0])


def test_a_block_moves_money_and_nothing_else(pit: Pit) -> None:
    assert pit.server.request("GET", ROWS + "0").json == []
    wallets = [(a, n) for n in ("alice", "bob") for a in ("LTC", "USDT")]
    before = [free(pit, *wallet) for wallet in wallets]
    price = pit.server.request("GET", "/api/v3/ticker/24hr?symbol=LTCUSDT").json
    trades = pit.server.request("GET", "/api/v3/trades?symbol=LTCUSDT").json
    made = block(pit)
    after = [free(pit, *wallet) for wallet in wallets]
    quote = 1_002_50000000  # 12.5 x 80.2
    moved = [now - then for now, then in zip(after, before, strict=True)]
    assert moved == [1_248_750_000, -quote, -1_250_000_000, quote - quote // 1000]
    assert (made["id"], made["quoteQty"], made["isBuyerMaker"]) == (0, "1002.50000000", True)
    assert (made["buyerCommission"], made["buyerCommissionAsset"]) == ("0.01250000", "LTC")
    assert (made["sellerCommission"], made["sellerCommissionAsset"]) == ("1.00250000", "USDT")
    (row,) = pit.server.request("GET", ROWS + "0").json
    assert row == {
        "id": 0, "price": "80.2", "qty": "12.5", "quoteQty": "1002.5", "time": made["time"],
        "isBuyerMaker": True,
    }  # fmt: skip
    assert (
        pit.server.request("GET", "/api/v3/ticker/24hr?symbol=LTCUSDT").json["count"]
        == (price["count"])
    )
    assert pit.server.request("GET", "/api/v3/trades?symbol=LTCUSDT").json == trades
    assert pit.signed("GET", "/api/v3/myTrades", "symbol=LTCUSDT").json == []
    assert pit.done("GET", "audit")["broken"] == []


def test_what_listeners_hear_of_a_block(pit: Pit) -> None:
    key = listen_key(pit.server, ALICE)
    with (
        Listener(pit.server, "/ws/ltcusdt@blockTrade?timeUnit=MICROSECOND") as fine,
        Listener(pit.server, f"/stream?streams=ltcusdt@blockTrade/ltcusdt@trade/{key}") as heard,
    ):
        made = block(pit, side="BUY", quantity="1", price="100.00000001")
        events = {event["stream"]: event["data"] for event in (heard.next(), heard.next())}
        assert heard.all(0.1) == []
        micro = fine.next()
    told = events["ltcusdt@blockTrade"]
    at = made["time"]
    assert list(told.items()) == [
        ("e", "blockTrade"), ("E", at), ("s", "LTCUSDT"), ("t", made["id"]),
        ("p", "100.00000001"), ("q", "1"), ("T", at), ("m", False),
    ]  # fmt: skip
    assert micro["T"] // 1_000 == at and micro["t"] == made["id"]
    position = events[key]
    assert position["e"] == "outboundAccountPosition"
    assert {row["a"] for row in position["B"]} == {"LTC", "USDT"}


def test_blocks_are_paged_by_id(pit: Pit) -> None:
    ids = [block(pit, quantity="1", price=f"{70 + n}")["id"] for n in range(4)]
    assert ids == list(range(ids[0], ids[0] + 4))
    rows = pit.server.request("GET", f"{ROWS}{ids[1]}&limit=2").json
    assert [(row["id"], row["price"]) for row in rows] == [(ids[1], "71"), (ids[2], "72")]
    assert pit.server.request("GET", f"{ROWS}{ids[-1] + 1}").json == []
    assert (
        pit.server.request("GET", "/api/v3/historicalBlockTrades?symbol=BTCUSDT&fromId=0").json
        == []
    )


def test_blocks_that_cannot_be(pit: Pit) -> None:
    frank = pit.fresh()
    pit.done("POST", "accounts", name=frank)
    ask = {
        "symbol": "LTCUSDT", "side": "BUY", "quantity": "1", "price": "80",
        "maker": "alice", "taker": "bob",
    }  # fmt: skip
    for other, code in (
        ({"symbol": "NOPE"}, -1121),
        ({"side": "BOTH"}, -1117),
        ({"quantity": "0"}, -1130),
        ({"price": "0.00000001", "quantity": "0.00000001"}, -1130),
        ({"price": "90000000000", "quantity": "2"}, -1130),
        ({"taker": "alice"}, -1130),
        ({"maker": "nobody"}, -1130),
        ({"taker": frank}, -2010),
        ({"maker": frank}, -2010),
        ({"quantity": "80000000000", "price": "1"}, -2010),
    ):
        assert pit.no("POST", "block-trades", **(ask | other))[0] == code, other
    assert pit.done("GET", "audit")["broken"] == []


def test_locks_from_outside(pit: Pit) -> None:
    free_before, locked_before = pit.balance("BNB")
    key = listen_key(pit.server, ALICE)
    with Listener(pit.server, f"/ws/{key}") as heard:
        row = pit.done("POST", "locks", account="alice", asset="BNB", amount="2.5")
        lock, position = heard.next(), heard.next()
        pit.done("POST", "locks", account="alice", asset="BNB", amount="1", unlock=True)
        unlock, _ = heard.next(), heard.next()
        assert heard.all(0.1) == []
    assert list(lock) == ["e", "E", "a", "d", "T"]
    assert (lock["e"], lock["a"], lock["d"]) == ("externalLockUpdate", "BNB", "2.50000000")
    assert unlock["d"] == "-1.00000000"
    assert position["B"] == [{"a": "BNB", "f": row["free"], "l": row["locked"]}]
    free_after, locked_after = pit.balance("BNB")
    assert units(free_before) - units(free_after) == 150_000_000
    assert units(locked_after) - units(locked_before) == 150_000_000
    assert pit.no("POST", "locks", account="alice", asset="BNB", amount="1.6", unlock=True)[0] == (
        -2010
    )
    assert pit.no("POST", "locks", account="alice", asset="BNB", amount="99999999999")[0] == -1108
    assert pit.no("POST", "locks", account="alice", asset="NOPE", amount="1")[0] == -1130
    assert pit.no("POST", "locks", account="alice", asset="BNB", amount="0")[0] == -1130
    assert pit.done("GET", "audit")["broken"] == [], "what is locked is accounted for"
    short = pit.signed(
        "POST", "/api/v3/order",
        f"symbol=BNBUSDT&side=SELL&type=MARKET&quantity={units(free_after) // 10**8 + 1}",
    )  # fmt: skip
    assert short.code in (-1013, -2010), "what is locked cannot be sold"


def test_they_survive_a_restart(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"limits": "off", "data": tmp_path, "memory": False}
    for pit in running_disk(**settings):
        block(pit)
        pit.done("POST", "locks", account="alice", asset="BNB", amount="2.5")
        state = pit.done("GET", "audit")["stateHash"]
        locked = pit.balance("BNB")[1]
    for pit in running_disk(**settings):
        audit = pit.done("GET", "audit")
        assert audit["broken"] == []
        assert audit["stateHash"] == state
        assert pit.balance("BNB")[1] == locked
        assert block(pit)["id"] == 1
        assert [row["id"] for row in pit.server.request("GET", ROWS + "0").json] == [0, 1]
        row = pit.done("POST", "locks", account="alice", asset="BNB", amount="2.5", unlock=True)
        assert row["lockedOutside"] == "0.00000000"


def running_disk(**settings: Any) -> Iterator[Pit]:
    for server in running(Config(port=0, market="empty", **settings)):
        yield Pit(server)
