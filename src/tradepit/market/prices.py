"""What everything is worth: fair prices as a function of the seed, the asset and the time.

Each asset has a value in dollars: its value at the world's birth times e^x, where x follows a walk
of all assets together (times the asset's own share in it) and one of its own. A symbol's fair price
is its base's value by its quote's; so cross pairs and twins agree.

A walk is a Brownian bridge built from the outside in: half way through a stretch of 2^k instants
it deviates from the straight line by a draw that belongs to (seed, name, k, stretch) alone. Any
moment is thus found by one sum over the stretches around it, without any moment before. Volatility
comes in clusters: the draws are scaled by slower ones. Logarithms are integers of 2^-40, times
microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from tradepit.core.units import ONE
from tradepit.market.chance import Draws, draw
from tradepit.market.presets import Preset

LOG_ONE: Final = 1 << 40
INSTANT_BITS: Final = 18  # an instant is 2^18 us, about a quarter of a second
GLANCE_US: Final = 1 << INSTANT_BITS + 6  # about 17 s: what who acts once a minute knows of time
LOG_TWO: Final = 762_123_384_786  # the logarithm of two
FARTHEST: Final = 16 * LOG_ONE  # a wish for volatility leads no farther: nine million fold
LEVELS: Final = 25  # the widest stretch is about 100 days
DAILY: Final = LOG_ONE * 25 // 1_000  # the usual day's standard deviation: 2.5 %
_STEADY_BITS: Final = 11  # for so many instants (9 minutes) wider stretches change evenly
_INSTANT_SIGMA: Final = DAILY * 1_000 // 574_098  # the root of a day's instants: 574.098
_SPREAD_OF_SUM: Final = 37_837  # the standard deviation of the sum of four draws of 16 bits
_MEAN_OF_SUM: Final = 131_070
_ROOT_TWO: Final = (1_000_000, 1_414_214)
_CLUSTERS: Final = (14, 16, 19)  # stretches of about 1 h, 5 h and 1.6 days
_SLOWEST: Final = _CLUSTERS[-1]
_LIVELY: Final = (550, 700, 800, 900, 1_000, 1_200, 1_500, 1_800)  # thousandths

CRASH_US: Final = 4 * 3_600_000_000  # one in each such span
FALL_US: Final = 60_000_000
RECOVERY_US: Final = 20 * 60_000_000
STEADY_PARTS: Final = 50  # a coin of a currency moves by a 50th of what others do


class Walk:
    """One walk; `sigma` is the standard deviation of an instant, in 2^-40."""

    def __init__(self, seed: int, name: str, sigma: int) -> None:
        self._draws_of = [Draws(seed, name, k) for k in range(LEVELS + 1)]
        self._scales_of = [Draws(seed, name, "cluster", slow) for slow in _CLUSTERS]
        self._sigmas = [
            (sigma * _ROOT_TWO[k & 1] << (k >> 1)) // 2_000_000 for k in range(LEVELS + 1)
        ]
        self._stretch = [-1] * (LEVELS + 1)
        self._draws = [0] * (LEVELS + 1)
        self._block = -1
        self._level = self._slope = 0  # of the wide stretches in that block, in 2^-(39 + LEVELS)
        self._clusters = [-1] * len(_CLUSTERS)  # the slow stretches that were looked at last
        self._lively = [0] * len(_CLUSTERS)  # and their scales

    def at(self, instant: int) -> int:
        """The walk's logarithm at an instant (microseconds >> INSTANT_BITS)."""
        block = instant >> _STEADY_BITS
        if block != self._block:
            self._block = block
            self._begin(block << _STEADY_BITS)
        total = self._level + self._slope * (instant - (block << _STEADY_BITS))
        stretches, draws = self._stretch, self._draws
        for k in range(1, _STEADY_BITS + 1):
            into = instant & ((1 << k) - 1)
            if into:
                if stretches[k] != instant >> k:
                    self._enter(k, instant >> k)
                total += draws[k] * min(into, (1 << k) - into) << LEVELS - k
        return total >> LEVELS - 1

    def _begin(self, instant: int) -> None:
        """What all wider stretches add changes evenly for a while: know its level and slope."""
        self._level = self._slope = 0
        for k in range(_STEADY_BITS + 1, LEVELS + 1):
            into = instant & ((1 << k) - 1)
            if self._stretch[k] != instant >> k:
                self._enter(k, instant >> k)
            draw = self._draws[k] << LEVELS - k
            self._level += draw * min(into, (1 << k) - into)
            self._slope += draw if into < 1 << (k - 1) else -draw

    def _enter(self, k: int, stretch: int) -> None:
        """Know how far the middle of a stretch deviates."""
        self._stretch[k] = stretch
        bits = self._draws_of[k].bits(stretch)
        four = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
        found = self._sigmas[k] * (four - _MEAN_OF_SUM) // _SPREAD_OF_SUM
        if k < _SLOWEST:
            instant = stretch << k
            for index, slow in enumerate(_CLUSTERS):
                if k < slow:
                    if self._clusters[index] != instant >> slow:
                        self._clusters[index] = instant >> slow
                        bits = self._scales_of[index].bits(instant >> slow)
                        self._lively[index] = _LIVELY[bits & 7]
                    found = found * self._lively[index] // 1_000
        self._draws[k] = found


class Listed(NamedTuple):
    """A symbol's assets, and its price at birth in units."""

    base: str
    quote: str
    price: int


class _Asset:
    """How one asset moves. `share`: thousandths of the common walk. born: its value at birth."""

    def __init__(self, seed: int, name: str, preset: Preset, born: int) -> None:
        self.born = born
        self.birth = 0  # its logarithm then
        self.seen_us = -1  # when it was looked at last,
        self.seen = 0  # and its value then
        self.still = name == "USDT"
        bits = draw(seed, name, "asset")
        steady = is_steady(name)
        sigma = _INSTANT_SIGMA * preset.volatility // 100
        if steady:
            self.share = 0
            sigma //= STEADY_PARTS
        else:
            self.share = 700 + bits % 601
            sigma = sigma * (300 + (bits >> 16) % 500) // 1_000
        self.walk = Walk(seed, name, sigma)
        self.crashes = preset.crashes and not steady


class FairPrices:
    """Fair prices of a world's symbols, from its birth on.

    What is cached here follows from the arguments of the call alone.
    """

    def __init__(self, seed: int, born_us: int, symbols: Iterable[Listed], preset: Preset) -> None:
        self._seed = seed
        self._preset = preset
        self._born_us = born_us
        self._common = Walk(seed, "*", _INSTANT_SIGMA * preset.volatility // 100)
        self._born_value = dollars(symbols)
        self._assets: dict[str, _Asset] = {}
        self._common_instant = -1
        self._common_seen = 0

    def price(self, base: str, quote: str, at_us: int) -> int:
        """Units of `quote` for one `base` at a time; at least 1."""
        value, by = self._value(base, at_us), self._value(quote, at_us)
        return max(value * ONE // by, 1)

    def _value(self, name: str, at_us: int) -> int:
        """Dollars of 1e-16, of one asset."""
        asset = self._assets.get(name)
        if asset is None:
            born = self._born_value.get(name, ONE * ONE)
            asset = self._assets[name] = _Asset(self._seed, name, self._preset, born)
            asset.birth = self._log(asset, self._born_us)
        if asset.seen_us != at_us:
            asset.seen_us = at_us
            log = self._log(asset, at_us) - asset.birth
            asset.seen = max(asset.born * exp(log) >> 40, 1)
        return asset.seen

    def _log(self, asset: _Asset, at_us: int) -> int:
        if asset.still:
            return 0
        instant = at_us >> INSTANT_BITS
        found = asset.walk.at(instant)
        if asset.share:
            if self._common_instant != instant:
                self._common_instant = instant
                self._common_seen = self._common.at(instant)
            found += self._common_seen * asset.share // 1_000
        if asset.crashes:
            found -= crash(self._seed, at_us) - crash(self._seed, self._born_us)
        return found


def is_steady(asset: str) -> bool:
    """Whether an asset is a currency, or follows one."""
    return "USD" in asset or asset in ("DAI", "EUR", "EURI", "AEUR", "GBP")


def crash(seed: int, at_us: int) -> int:
    """How far a flash crash has prices down at a time, in 2^-40 of the logarithm."""
    span, into_us = divmod(at_us, CRASH_US)
    bits = draw(seed, "crash", span)
    start_us = bits % (CRASH_US - FALL_US - RECOVERY_US)
    deep = LOG_ONE * (180 + (bits >> 40) % 220) // 1_000
    into_us -= start_us
    if into_us <= 0:
        return 0
    if into_us <= FALL_US:
        return deep * into_us // FALL_US
    return max(deep * (FALL_US + RECOVERY_US - into_us) // RECOVERY_US, 0)


def exp(log: int) -> int:
    """e^(log / 2^40), in 2^-40."""
    small = log >> 8
    square = small * small >> 40
    found = LOG_ONE + small + (square >> 1) + (square * small >> 40) // 6
    for _ in range(8):
        found = found * found >> 40
    return found


def log_of(top: int, bottom: int) -> int:
    """The logarithm of top / bottom, both above 0, in 2^-40."""
    twos = top.bit_length() - bottom.bit_length()
    if twos >= 0:
        bottom <<= twos
    else:
        top <<= -twos
    y = ((top - bottom) << 40) // (top + bottom)  # at most a third: the series ends soon
    square = y * y >> 40
    total, power = 0, y
    for odd in range(1, 27, 2):
        total += power // odd
        power = power * square >> 40
    return twos * LOG_TWO + 2 * total


def grown(price: int, move: tuple[int, int], parts: int) -> int:
    """A price after a move (now, then), of which it makes `parts` thousandths (in logarithms)."""
    log = log_of(*move) * parts // 1_000
    return price * exp(max(min(log, FARTHEST), -FARTHEST)) >> 40


def dollars(symbols: Iterable[Listed]) -> Mapping[str, int]:
    """{asset: dollars of 1e-16} as the prices at birth tell; pairs of pairs count."""
    rows = list(symbols)
    known = {"USDT": ONE * ONE}
    for _ in range(4):
        for base, quote, price in rows:
            if quote in known and base not in known:
                known[base] = max(price * known[quote] // ONE, 1)
            elif base in known and quote not in known:
                known[quote] = max(known[base] * ONE // price, 1)
    for base, quote, price in rows:  # islands: their quote asset is worth a dollar
        known.setdefault(quote, ONE * ONE)
        known.setdefault(base, max(price * known[quote] // ONE, 1))
    return known
