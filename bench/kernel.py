"""What does it cost to match? Mixed flows, deep books, many symbols; beside what PyPI offers."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import tradepit
from bench import flow, peers, pits
from bench.measure import Figure, Limit, Ratio, cpu_ns

ROUNDS = 3
PEER_STEPS = 2_000  # order-matching needs seconds for these
DEEP = (1_000, 10_000, 100_000, 1_000_000)
WIDE = (1, 10, 100, 1_000)

RATIOS = [
    *(
        Ratio(f"{name} : tradepit's book alone, compiled", f"kernel.{name}",
              "compiled.kernel.bare", target)
        for name, target in (
            ("order-matching", ">= 100"), ("pyorderbook", ">= 7"), ("lightmatchingengine", ">= 5"),
        )
    ),
    *(
        Ratio(f"{name} : tradepit's whole order life, compiled", f"kernel.{name}",
              "compiled.kernel.pit")
        for name in ("order-matching", "pyorderbook", "lightmatchingengine")
    ),
    Ratio("whole order life, pure : compiled", "pure.kernel.mixed", "compiled.kernel.mixed"),
    Ratio("1,000,000 resting orders : 1,000, compiled", "compiled.kernel.deep.1000000",
          "compiled.kernel.deep.1000", "<= 4"),
    Ratio("1,000 symbols : 1, compiled", "compiled.kernel.wide.1000",
          "compiled.kernel.wide.1", "<= 2.5"),
]  # fmt: skip
LIMITS = [
    Limit("compiled.kernel.bare", "<= 650"),
    Limit("compiled.kernel.resting", "<= 600"),
    Limit("compiled.kernel.finished", "<= 1024"),
]


def played_ns(make: Any, moves: flow.Flow, symbols: int = 1, rounds: int = ROUNDS) -> float:
    """Nanoseconds a step, the best of some rounds, each on books made anew.

    Raises: AssertionError when a player's trades are not the flow's.
    """
    best = 1 << 62
    for _ in range(rounds):
        player = make(symbols)
        peers.run(player.play, moves.before)
        fills: list[int] = []
        best = min(best, cpu_ns(lambda p=player: fills.append(peers.run(p.play, moves.steps))))
        assert fills == [moves.fills], (make, fills, moves.fills)
        assert player.resting() == moves.resting, make
        del player
        gc.collect()
    return best / len(moves.steps)


def measure(quick: bool) -> list[Figure]:
    core = tradepit.core_kind()
    steps = 10_000 if quick else 50_000
    found = [
        Figure(f"{core}.kernel.mixed", f"mixed flow, {steps:,} commands: whole order life",
               played_ns(peers.Pit, flow.make(steps)), "ns/command"),
    ]  # fmt: skip
    same = flow.make(PEER_STEPS)
    for key, words, make in (
        ("bare", "the same flow as the packages: book alone", peers.Bare),
        ("pit", "the same flow as the packages: whole order life", peers.Pit),
    ):
        took = played_ns(make, same, rounds=2 * ROUNDS)
        found.append(Figure(f"{core}.kernel.{key}", words, took, "ns/command"))
    for resting in DEEP[:3] if quick else DEEP:
        took = played_ns(peers.Pit, flow.make(10_000, resting=resting), rounds=2)
        words = f"{resting:,} resting orders: whole order life"
        found.append(Figure(f"{core}.kernel.deep.{resting}", words, took, "ns/command"))
    for symbols in WIDE:
        moves = flow.make(20_000, symbols=symbols, resting=10_000)
        words = f"{symbols:,} symbols: whole order life"
        took = played_ns(peers.Pit, moves, symbols, rounds=2)
        found.append(Figure(f"{core}.kernel.wide.{symbols}", words, took, "ns/command"))
    return found + memory(core, 20_000 if quick else 200_000)


def measure_peers(quick: bool) -> list[Figure]:
    """The packages; a package that is not installed is left out."""
    moves = flow.make(PEER_STEPS)
    found = []
    for name, make in peers.OTHERS.items():
        try:
            took = played_ns(make, moves, rounds=1 if name == "order-matching" else 2 * ROUNDS)
        except ImportError:
            continue
        words = f"{name}: {make.does}. Not: {make.lacks}"
        found.append(Figure(f"kernel.{name}", words, took, "ns/command"))
    return found


def memory(core: str, orders: int) -> list[Figure]:
    """Bytes of a resting order, and of a finished one while it is kept, counted exactly."""
    found = [
        Figure(f"{core}.kernel.resting", "memory of a resting order", resting_bytes(orders), "B"),
        Figure(f"{core}.kernel.finished", "memory of a finished order", finished_bytes(), "B"),
    ]
    tracemalloc.stop()
    return found


def resting_bytes(orders: int) -> float:
    """A tenth of the orders is there already, so that what is made once is not counted."""
    pit = peers.Pit(1)
    moves = flow.make(0, resting=orders).before
    peers.run(pit.play, moves[: orders // 10])
    pit.orders.clear()
    tracemalloc.start()
    peers.run(pit.play, moves[orders // 10 :])
    pit.orders.clear()
    return _held() / (orders - orders // 10)


def finished_bytes() -> float:
    """Orders placed and cancelled, fewer than are kept; then forgotten."""
    pit = peers.Pit(1)
    orders = 400 * pits.TRADERS
    tracemalloc.start()
    for number, step in enumerate(flow.make(0, resting=orders).before):
        pit.play(step._replace(order=number))
        pit.play(flow.Step(flow.CANCEL, number, number, 0, step.side, 0, 0))
    kept = _held()
    for account in pit.pit.accounts.values():
        opened = account.on(pits.name(0))
        assert len(opened.finished) == orders // pits.TRADERS
        opened.finished.clear()
        opened.finished_by_client.clear()
    return (kept - _held()) / orders


def _held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
