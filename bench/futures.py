"""What does a futures order cost beside a spot order, and a mark price over many positions?"""

from __future__ import annotations

import gc
from typing import Any, Final

import tradepit
from bench import apply as spot
from bench import pits
from bench.measure import Figure, Limit, Ratio, cpu_ns
from tradepit.catalog import publish
from tradepit.catalog.language import REGISTRY, commands
from tradepit.core import marking
from tradepit.core.exchange import Exchange
from tradepit.core.records import Command, Who
from tradepit.core.units import ONE
from tradepit.data import spot_listing
from tradepit.data.contracts import contract_listing
from tradepit.machine import COLLECT_AFTER

PLACE: Final = "POST /fapi/v1/order"
ROUNDS: Final = 5
ACCOUNTS: Final = 1_000
FUNDS: Final = 10_000_000_000 * ONE
KINDS: Final = {"place": "a limit order that rests", "trade": "one that takes, one fill"}

RATIOS = [
    Ratio(f"futures : spot, {words}, {core}", f"{core}.futures.{kind}", f"{core}.spot.{kind}",
          "<= 1.5")
    for core in ("compiled", "pure")
    for kind, words in KINDS.items()
]  # fmt: skip
LIMITS = [Limit("compiled.futures.mark", "<= 5")]


def make(people: int, **more: Any) -> Exchange:
    """An exchange of one perpetual contract, nothing else."""
    publish.load()
    row = next(
        row for row in contract_listing(spot_listing(), pits.BORN_US) if row["symbol"] == "BTCUSDT"
    )
    row = {**row, "filters": [f for f in row["filters"] if f["filterType"] != "MAX_NUM_ORDERS"]}
    wallets = {"usdm": {"USDT": more.get("funds", FUNDS)}}
    accounts = [{"name": f"trader{n}", "futures": wallets} for n in range(people)]
    accounts.append({"name": "maker", "quiet": True, "futures": {"usdm": {"USDT": FUNDS}}})
    pit = Exchange(commands(), {
        "seed": 1, "born_us": pits.BORN_US, "symbols": [], "contracts": [row],
        "accounts": accounts,
    })  # fmt: skip
    pit.count_orders = False
    return pit


def measure(quick: bool) -> list[Figure]:
    gc.set_threshold(*COLLECT_AFTER)  # as a server does
    core = tradepit.core_kind()
    orders = 2_000 if quick else 10_000
    found = [
        Figure(f"{core}.spot.{kind}", f"spot: {words}", 0.0, "ns/command")
        for kind, words in KINDS.items()
    ]
    spots = {figure.key.rpartition(".")[2]: figure for figure in spot.applied(core, orders)}
    found = [figure._replace(value=spots[figure.key.rpartition(".")[2]].value) for figure in found]
    return [*found, *placed(core, orders), marked(core)]


def placed(core: str, orders: int) -> list[Figure]:
    """Exchange.apply of what rests, and of what trades."""
    best = dict.fromkeys(KINDS, 1 << 62)
    parse = REGISTRY[PLACE].parse
    for _ in range(ROUNDS):
        pit = make(10)
        price = pit.contracts["BTCUSDT"].marks.mark // ONE
        seq = 0
        for kind in KINDS:
            rows = []
            for n in range(orders):
                seq += 1
                at = price + 100 + n % 500 if kind == "place" else price + 700
                side = "SELL" if kind == "place" else "BUY"
                ask = parse([
                    ("symbol", "BTCUSDT"), ("side", side), ("type", "LIMIT"),
                    ("timeInForce", "GTC"), ("quantity", "0.01"), ("price", f"{at}.0"),
                    ("newOrderRespType", "RESULT"),
                ])  # fmt: skip
                owner = 1 + n % 5 + (5 if kind == "trade" else 0)
                rows.append(Command(seq, pits.BORN_US + seq * 10, Who(owner), PLACE, ask))
            took = cpu_ns(lambda p=pit, c=rows: spot._apply(p, c))
            best[kind] = min(best[kind], took)
    return [
        Figure(f"{core}.futures.{kind}", f"futures: {KINDS[kind]}", ns / orders, "ns/command")
        for kind, ns in best.items()
    ]


def marked(core: str) -> Figure:
    """A mark price that moves, seen by a thousand accounts with a leveraged position each."""
    pit = make(ACCOUNTS, funds=10_000 * ONE)
    contract = pit.contracts["BTCUSDT"]
    mark = contract.marks.mark
    for n in range(ACCOUNTS):
        holding = pit.trader(n + 1, contract.venue).holding(contract)
        _hold(pit, holding.both, ONE // 100)
    maker = pit.trader(ACCOUNTS + 1, contract.venue).holding(contract)
    _hold(pit, maker.both, -ACCOUNTS * ONE // 100)
    assert pit.audit() == []
    best = 1 << 62
    for n in range(20):
        contract.marks.mark_set = mark + (n + 1) * ONE
        at_us = pit.marked_us + 1_000_000
        pit.marked_us = at_us
        took = cpu_ns(lambda t=at_us: marking.pass_second(pit, t))
        best = min(best, took)
    return Figure(
        f"{core}.futures.mark", "a mark price over 1,000 leveraged accounts", best / 1e6, "ms"
    )


def _hold(pit: Exchange, position: Any, qty: int) -> None:
    from tradepit.core import clearing

    contract = position.holding.contract
    value = abs(contract.value(contract.marks.mark, qty))
    clearing.move(pit, position, qty, value if qty > 0 else -value)
