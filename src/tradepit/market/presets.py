"""The kinds of market: what each preset promises and how lively it is."""

from __future__ import annotations

from typing import Final, NamedTuple


class Preset(NamedTuple):
    """How a market lives. Percentages are of the normal market's.

    moves: agents act beat by beat; otherwise the books stand as they were filled at start.
    taker_share: of a thousand beats that belong to takers, how many one of them uses.
    trend_share, whale_share: of ten thousand taker beats, how many are theirs; the rest are noise.
    """

    name: str
    about: str
    moves: bool = True
    volatility: int = 100
    spread: int = 100
    gap: int = 100
    rungs: int = 80
    fronts: int = 4
    size: int = 100
    taker_share: int = 800
    trend_share: int = 1_200
    whale_share: int = 20
    crashes: bool = False


NORMAL: Final = Preset("normal", "prices move as on a usual day")
PRESETS: Final = {
    preset.name: preset
    for preset in (
        NORMAL,
        Preset(
            "calm", "small moves, no whales", volatility=35, taker_share=500, trend_share=400,
            whale_share=0,
        ),
        Preset(
            "wild", "large moves in bursts, wider spreads, many whales", volatility=350, spread=300,
            gap=200, taker_share=950, trend_share=3_000, whale_share=200,
        ),
        Preset(
            "flash-crash", "normal, but every few hours prices fall by up to a third within a "
            "minute and recover", crashes=True,
        ),
        Preset(
            "thin", "few prices, wide spreads, small and rare trades", spread=2_000, gap=1_000,
            rungs=10, fronts=2, size=5, taker_share=200, whale_share=0,
        ),
        Preset("frozen", "books stand as they were filled at start; nobody trades", moves=False),
    )
}  # fmt: skip
