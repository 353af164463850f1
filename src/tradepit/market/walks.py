"""What each asset was worth on the days before a birth, in parts of its worth at the birth.

All assets share a market's moves and have their own; a pair's price is the ratio of two assets, so
that cross pairs and twins agree. Volatility comes in clusters of some weeks, and worths are drawn
back to where they end, so that years stay within a few times the price. Integers throughout.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from tradepit.market.chance import DIE, Dice

PART: Final = 1_000_000_000_000  # a ratio of one
MILLION: Final = 1_000_000
STABLE: Final = frozenset(
    "USDT USDC FDUSD TUSD BUSD DAI USDP USD1 USDE EUR AEUR EURI".split()
)  # fmt: skip
STABLE_PPM: Final = 250
LEADER_PPM: Final = 18_000  # the usual daily move of the market, in millionths
OWN_PPM: Final = 22_000  # and what an asset adds of its own
LEADER: Final = "BTC"
LEADER_OWN_PPM: Final = 6_000
MOST_PPM: Final = 200_000  # of one day
RETURN_DAYS: Final = 200
CLUSTER_DAYS: Final = 16
BLOCK: Final = 16  # days that are walked at once


class _Asset:
    """How far an asset's walk is known: entry k is k days before the birth."""

    def __init__(self, dice: Dice, own_ppm: int) -> None:
        self.dice = dice
        self.own_ppm = own_ppm
        self.away = 0  # the moves so far, in millionths
        self.ratios = [PART]


class Volatility(NamedTuple):
    """The usual size of a day's moves in millionths, and in thousandths of the usual."""

    ppm: int
    pace: int


class Walks:
    """The worths of all assets of one world; safe to ask from several threads."""

    def __init__(self, seed: int, lock: AbstractContextManager[object]) -> None:
        self._seed = seed
        self._lock = lock
        self._assets: dict[str, _Asset] = {}
        self._market = Dice(seed, "market")
        self._moves: list[int] = []  # of the market, in millionths; entry k leads from k to k + 1
        self._knots: list[int] = []  # the volatility every CLUSTER_DAYS, 0..DIE-1
        self._paces: list[int] = []  # 500..2000: how wild the day was

    def ratio(self, asset: str, ago: int) -> int:
        """The asset's worth `ago` days before the birth, in units of PART; 1 at the birth."""
        if asset in STABLE:
            return self._stable(asset, ago)
        found = self._assets.get(asset)
        if found is None or len(found.ratios) <= ago:
            with self._lock:
                found = self._walk(asset, ago)
        return found.ratios[ago]

    def volatility(self, base: str, quote: str, ago: int) -> Volatility:
        """How far the price of `base` in `quote` usually moved on that day."""
        if len(self._paces) <= ago:
            with self._lock:
                self._lead(ago)
        pace = self._paces[ago]
        if base in STABLE and quote in STABLE:
            return Volatility(STABLE_PPM, pace)
        return Volatility((OWN_PPM if base != LEADER else LEADER_PPM) * pace // 1000, pace)

    def _stable(self, asset: str, ago: int) -> int:
        if asset == "USDT" or not ago:
            return PART
        (die,) = Dice(self._seed, asset).throw(ago, 1)
        return PART + PART // MILLION * ((die - DIE // 2) * 2 * STABLE_PPM // DIE)

    def _walk(self, asset: str, ago: int) -> _Asset:
        found = self._assets.get(asset)
        if found is None:
            own_ppm = LEADER_OWN_PPM if asset == LEADER else OWN_PPM
            found = self._assets[asset] = _Asset(Dice(self._seed, asset), own_ppm)
        while len(found.ratios) <= ago:
            block = (len(found.ratios) - 1) // BLOCK
            self._lead((block + 1) * BLOCK)
            throws = found.dice.throw(block, 4 * BLOCK)
            ratio, away = found.ratios[-1], found.away
            ratios = []
            for k in range(BLOCK):
                at = block * BLOCK + k
                move = self._moves[at] + _bell(throws, k) * found.own_ppm // DIE * (
                    self._paces[at]
                ) // 1000  # fmt: skip
                move = max(-MOST_PPM, min(MOST_PPM, move - away // RETURN_DAYS))
                away += move
                ratio = ratio * (MILLION + move) // MILLION
                ratios.append(ratio)
            found.away = away
            found.ratios += ratios  # all at once: others may be reading
        return found

    def _lead(self, ago: int) -> None:
        """Know the market's moves to `ago` days before the birth."""
        while len(self._paces) <= ago:
            block = len(self._paces) // BLOCK
            throws = self._market.throw(block, 4 * BLOCK)
            paces = [self._pace(block * BLOCK + k) for k in range(BLOCK)]
            self._moves += [
                _bell(throws, k) * LEADER_PPM // DIE * paces[k] // 1000 for k in range(BLOCK)
            ]
            self._paces += paces

    def _pace(self, ago: int) -> int:
        """Between two knots of volatility, each 500..2000, mostly low."""
        knot, between = divmod(ago, CLUSTER_DAYS)
        here, there = self._knot(knot), self._knot(knot + 1)
        return 500 + (here * (CLUSTER_DAYS - between) + there * between) * 1500 // (
            CLUSTER_DAYS * DIE
        )

    def _knot(self, number: int) -> int:
        while len(self._knots) <= number:
            (die,) = self._market.throw(-1 - len(self._knots), 1)
            self._knots.append(die * die // DIE)
        return self._knots[number]


def _bell(throws: tuple[int, ...], k: int) -> int:
    """Number k of those that four dice each make: about normal, a deviation of DIE."""
    total = throws[4 * k] + throws[4 * k + 1] + throws[4 * k + 2] + throws[4 * k + 3]
    return (total - 2 * DIE) * 1732 // 1000
