"""A small exchange to tell stories with: named accounts, listings made for the test, no server.

    world = World(listing("BTCUSDT"), alice={"USDT": "1000"}, bob={"BTC": "10"})
    world.buy("alice", "1", "100")
    shows(world.sell("bob", "1", "100"), status="FILLED")
    with world.fails(-2010, "Account has insufficient balance for requested action."):
        world.buy("alice", "100", "100")

Requests and answers are what the wire carries: texts in, decoded JSON out. After every command the
whole state is audited, and a refused command must have left no trace. A world made `reloaded` is
written out and read back before every command, so that a scenario also tells what snapshots lose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from tradepit.catalog import publish
from tradepit.catalog.encode import encode
from tradepit.catalog.language import REGISTRY, commands
from tradepit.core.accounts import Account, Commission, Rates
from tradepit.core.exchange import Exchange
from tradepit.core.records import Command, Event, Who
from tradepit.core.rejects import Reject
from tradepit.core.symbols import Symbol
from tradepit.core.terms import (
    EXECUTION_TYPES,
    LIST_ORDER_STATUSES,
    LIST_STATUS_TYPES,
    ORDER_STATUSES,
)
from tradepit.core.units import ONE, parse_units, text_short
from tradepit.projections.history import SqlHistory
from tradepit.projections.projector import Projector
from tradepit.projections.store import Store

publish.load()

MODES = ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER"]
QUOTES = ("USDT", "USDC", "USDP", "BTC", "BNB", "ETH")
BORN_US = 1_700_000_000_000_000  # 2023-11-14 22:13:20, when ten seconds of the order count begin
MISSING = object()  # in `shows`: the answer has no such field
EMPTY_SQL = Store("sqlite://")  # nothing is ever flushed: what happened stays in the tail
PARTIAL = "POST /api/v3/order/cancelReplace"  # its refusals are half done

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def listing(name: str = "BTCUSDT", *filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An exchangeInfo row that allows everything; `filters` replace those of the same type."""
    quote = next(quote for quote in QUOTES if name.endswith(quote))
    given = {row["filterType"]: row for row in filters}
    for row in (
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000",
         "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.0001", "maxQty": "9000", "stepSize": "0.0001"},
    ):  # fmt: skip
        given.setdefault(str(row["filterType"]), row)
    return {
        "symbol": name,
        "baseAsset": name.removesuffix(quote),
        "quoteAsset": quote,
        "allowedSelfTradePreventionModes": MODES,
        "filters": list(given.values()),
        **more,
    }


def terms(
    standard: tuple[str, ...] = ("0", "0", "0", "0"), special: tuple[str, ...] = ("0",) * 4,
    tax: tuple[str, ...] = ("0",) * 4, discount: str = "0.75",
) -> Commission:  # fmt: skip
    """Commission terms; each kind is (maker, taker, buyer, seller)."""
    kinds = [Rates(*(parse_units(text) for text in kind)) for kind in (standard, special, tax)]
    return Commission(*kinds, parse_units(discount), True)


class World:
    """One exchange. Accounts are named by keyword: `alice={"BTC": "1"}`."""

    reloaded = False  # set by a fixture: every scenario is told both ways

    def __init__(
        self, *symbols: dict[str, Any], sors: tuple[tuple[str, list[str]], ...] = (),
        exchange_filters: tuple[dict[str, Any], ...] = (), **accounts: dict[str, str],
    ) -> None:  # fmt: skip
        rows = [
            {"name": name, "balances": {k: parse_units(v) for k, v in funds.items()}}
            for name, funds in accounts.items()
        ]
        rich = {
            asset: 10**9 * ONE for row in symbols for asset in (row["baseAsset"], row["quoteAsset"])
        }
        rows += [{"name": name, "balances": rich} for name in ("left", "right")]
        self.pit = Exchange(
            commands(),
            {
                "seed": 1, "born_us": BORN_US, "symbols": list(symbols), "accounts": rows,
                "sors": [[base, names] for base, names in sors],
                "exchange_filters": list(exchange_filters),
            },
        )  # fmt: skip
        for account in self.pit.accounts.values():
            account.commission = terms()
        self.now_us = BORN_US
        self.seq = 0
        self.events: list[Event] = []
        self.projector = Projector(EMPTY_SQL)
        clock = SimpleNamespace(now_us=lambda: self.now_us)
        self.history = SqlHistory(self.projector, clock, lambda: self.pit)

    # --- Who and what --------------------------------------------------------------------------

    def account(self, name: str) -> Account:
        return self.pit.accounts[self.pit.names[name]]

    def market(self, symbol: str = "BTCUSDT") -> Symbol:
        return self.pit.symbols[symbol]

    def funds(self, name: str, asset: str) -> tuple[str, str]:
        """(free, locked) as short texts."""
        balance = self.account(name).balances.get(asset)
        return (text_short(balance.free), text_short(balance.locked)) if balance else ("0", "0")

    def book(self, symbol: str = "BTCUSDT") -> tuple[list[str], list[str]]:
        """What the public sees: bids and asks, best first, each "quantity @ price"."""
        book = self.market(symbol).book
        bids, asks = (
            [f"{text_short(qty)} @ {text_short(price)}" for price, qty in side.depth(100)]
            for side in (book.bids, book.asks)
        )
        return bids, asks

    def counts(self, name: str) -> tuple[int, int]:
        """The unfilled order count of ten seconds and of the day."""
        ten, day = self.account(name).counts_at(self.now_us)
        return ten, day

    # --- Doing ---------------------------------------------------------------------------------

    def wait(self, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        self.now_us += int((seconds + 60 * minutes + 3600 * hours) * 1_000_000)

    def do(self, name: str, op: str, **params: object) -> Any:
        """Apply one command. Returns: the decoded answer. Raises: Reject."""
        ask = REGISTRY[op].parse([(key, str(value)) for key, value in params.items()])
        if self.reloaded:
            self.pit = Exchange.load(commands(), self.pit.dump())
        before = self._traces()
        self.seq += 1
        self.now_us += 1_000
        who = Who(self.pit.names[name])
        outcome = self.pit.apply(Command(self.seq, self.now_us, who, op, ask))
        self.events = outcome.events
        self.projector.tell(outcome)
        assert self.pit.audit() == []
        if isinstance(outcome.reply, Reject):
            assert op == PARTIAL or self._traces() == before, "a refusal left a trace"
            raise outcome.reply
        return json.loads(encode(outcome.reply))

    def ask(self, name: str, op: str, **params: object) -> Any:
        """Answer one query. Raises: Reject."""
        found = REGISTRY[op]
        ask = found.parse([(key, str(value)) for key, value in params.items()])
        before = self.pit.state_hash()
        reply = found.handler(self.pit, self.history, Who(self.pit.names[name]), ask)
        answer = json.loads(encode(reply() if callable(reply) else reply))
        assert self.pit.state_hash() == before, "a query changed the state"
        return answer

    def _traces(self) -> dict[str, Any]:
        state = self.pit.dump()
        del state["seq"], state["at_us"], state["counters"]
        for row in state["accounts"]:
            del row["windows"]  # an interval that passed is noticed by whoever asks next
        return state

    @contextmanager
    def fails(self, code: int, msg: str, status: int = 400) -> Iterator[SimpleNamespace]:
        """The command inside must be refused with exactly this; yields where `data` will be."""
        told = SimpleNamespace(data=None, retry_after_s=0)
        with pytest.raises(Reject) as caught:
            yield told
        no = caught.value
        assert (no.code, no.msg, no.status) == (code, msg, status)
        told.retry_after_s = no.retry_after_s
        told.data = None if no.data is None else json.loads(encode(no.data))

    # --- Operations ----------------------------------------------------------------------------

    def place(self, name: str, **params: object) -> Any:
        params.setdefault("symbol", "BTCUSDT")
        return self.do(name, "POST /api/v3/order", **params)

    def buy(self, name: str, qty: str, price: str, **more: object) -> Any:
        """A LIMIT GTC order; `more` may say otherwise."""
        return self.limit(name, "BUY", qty, price, **more)

    def sell(self, name: str, qty: str, price: str, **more: object) -> Any:
        return self.limit(name, "SELL", qty, price, **more)

    def limit(self, name: str, side: str, qty: str, price: str, **more: object) -> Any:
        params = {"type": "LIMIT", "timeInForce": "GTC", **more}
        return self.place(name, side=side, quantity=qty, price=price, **params)

    def market_order(self, name: str, side: str, qty: str = "", **more: object) -> Any:
        if qty:
            more["quantity"] = qty
        return self.place(name, side=side, type="MARKET", **more)

    def cancel(self, name: str, order_id: int, **more: object) -> Any:
        more.setdefault("symbol", "BTCUSDT")
        return self.do(name, "DELETE /api/v3/order", orderId=order_id, **more)

    def amend(self, name: str, order_id: int, new_qty: str, **more: object) -> Any:
        more.setdefault("symbol", "BTCUSDT")
        path = "PUT /api/v3/order/amend/keepPriority"
        return self.do(name, path, orderId=order_id, newQty=new_qty, **more)

    def list(self, name: str, kind: str, **params: object) -> Any:
        """A new order list: kind oco, oto, otoco, opo or opoco."""
        params.setdefault("symbol", "BTCUSDT")
        return self.do(name, f"POST /api/v3/orderList/{kind}", **params)

    def order(self, name: str, order_id: int, symbol: str = "BTCUSDT") -> Any:
        return self.ask(name, "GET /api/v3/order", symbol=symbol, orderId=order_id)

    def trade_at(self, *prices: str, symbol: str = "BTCUSDT", qty: str = "0.01") -> None:
        """Two strangers trade at these prices, one after the other."""
        for price in prices:
            self.sell("left", qty, price, symbol=symbol)
            self.buy("right", qty, price, symbol=symbol)

    # --- What was told -------------------------------------------------------------------------

    def story(self, *names: str) -> list[str]:
        """The last command's events in words, in their order; with names: those accounts' only."""
        told = [_words(event) for event in self.events]
        return [words for who, words in told if words and (not names or who in names)]


def _words(event: Event) -> tuple[str, str]:
    """(account name, words) of one event; positions are left out."""
    e: Any = event
    kind = type(event).__name__
    if kind == "Report":
        who = e.order.account.name
        return (
            who,
            f"{who} {e.order.order_id} {EXECUTION_TYPES[e.exec_type]} {ORDER_STATUSES[e.status]}",
        )
    if kind == "ListStatus":
        who = e.order_list.account.name
        return (
            who,
            f"{who} list {e.order_list.list_id} {LIST_STATUS_TYPES[e.status_type]}"
            f" {LIST_ORDER_STATUSES[e.order_status]}",
        )
    if kind in ("Fill", "Allocation"):
        return "", f"{kind.lower()} {text_short(e.qty)} @ {text_short(e.price)}"
    return "", ""


# --- Comparing -----------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """Numbers in texts without trailing zeros, so that "1.00000000" equals "1"."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str) and _NUMBER.fullmatch(value) and "." in value:
        return value.rstrip("0").rstrip(".")
    return value


def shows(answer: Any, **expected: Any) -> Any:
    """The answer has these fields with these values; `MISSING`: it has no such field."""
    for key, value in expected.items():
        if value is MISSING:
            assert key not in answer, f"{key} should not be there: {answer[key]}"
        else:
            assert key in answer, f"no {key} in {answer}"
            assert plain(answer[key]) == plain(value), f"{key}: {answer[key]}, not {value}"
    return answer


def fields(answer: dict[str, Any]) -> str:
    """The names of an answer's fields in their order, for comparing with a document's example."""
    return " ".join(answer)
