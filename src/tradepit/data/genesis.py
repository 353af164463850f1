"""How a world begins: its symbols and contracts, the dev accounts with their published keys, the
residents, the insurance fund."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from tradepit.core.terms import (
    HMAC,
    MAY_FUTURES,
    MAY_MARGIN,
    MAY_READ,
    MAY_STREAM,
    MAY_TRADE,
    MAY_TRANSFER,
    MAY_WITHDRAW,
)
from tradepit.core.units import ONE, div_floor, mul_floor, parse_units
from tradepit.data.contracts import contract_listing

KEY_LENGTH: Final = 64
MAY_ALL: Final = (
    MAY_READ | MAY_TRADE | MAY_STREAM | MAY_WITHDRAW | MAY_TRANSFER | MAY_MARGIN | MAY_FUTURES
)
DEV_WORTH: Final = 1_000_000 * ONE  # USDT, of each asset
DEV_MOST: Final = 2_000_000_000 * ONE  # of one asset: what all have together must fit in 64 bits
RESIDENT_FUNDS: Final = 20_000_000_000 * ONE  # of each asset
TAKER_FUNDS: Final = 2_000_000_000 * ONE  # of each asset, of those who only take
FUTURES_RESIDENT_FUNDS: Final = 2_000_000_000 * ONE  # of each asset, on either futures exchange
INSURANCE: Final = "insurance"  # the account whose futures wallets are the insurance funds
INSURED: Final = 10  # times what a dev account has
COLLATERAL: Final = ("USDT", "USDC", "FDUSD", "BTC", "ETH", "BNB")  # what margins USDⓈ-M contracts
SOR_BASES: Final = {"BTC": ("BTCUSDT", "BTCUSDC")}  # as the documents show it


class DevKey(NamedTuple):
    """A published HMAC key, the same in every world."""

    name: str
    api_key: str
    secret_key: str


def _dev_key(name: str) -> DevKey:
    def fill(word: str) -> str:
        return (word * KEY_LENGTH)[:KEY_LENGTH]

    return DevKey(name, fill(f"{name}DevKey"), fill(f"{name}DevSecret"))


DEV_KEYS: Final = tuple(map(_dev_key, ("alice", "bob", "carol", "dave", "erin")))


def genesis(
    listing: Sequence[dict[str, Any]], *, seed: int, born_us: int,
    residents: Iterable[str] = (), takers: Iterable[str] = (), guests: Iterable[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """The first record of a world, see `core.exchange.Exchange`.

    listing: exchangeInfo rows with `_price`. born_us: µs since 1970. residents,
    takers: names of the accounts of those who make the market, and of those who only take. guests:
    further accounts, funded like the dev accounts, without keys.
    """
    given = dev_funds(listing)
    resident_funds = dict.fromkeys(given, RESIDENT_FUNDS)
    taker_funds = dict.fromkeys(given, TAKER_FUNDS)
    contracts = contract_listing(listing, born_us)
    margin = _futures_funds(contracts, given)
    vast = {v: dict.fromkeys(funds, FUTURES_RESIDENT_FUNDS) for v, funds in margin.items()}
    insured = {v: {a: INSURED * n for a, n in funds.items()} for v, funds in margin.items()}
    accounts: list[dict[str, Any]] = [
        {
            "name": key.name,
            "keys": [[HMAC, key.api_key, key.secret_key, MAY_ALL]],
            "balances": given,
            "futures": margin,
        }
        for key in DEV_KEYS
    ]
    accounts += [{"name": n, "balances": given, "futures": margin} for n in guests]
    for names, funds in ((residents, resident_funds), (takers, taker_funds)):
        accounts += [{"name": n, "quiet": True, "balances": funds, "futures": vast} for n in names]
    accounts.append({"name": INSURANCE, "quiet": True, "futures": insured})
    listed = {row["symbol"] for row in listing}
    return {
        "seed": seed,
        "era": "union",
        "born_us": born_us,
        "symbols": list(listing),
        "contracts": contracts,
        "accounts": accounts,
        "sors": [[base, list(names)] for base, names in SOR_BASES.items() if listed >= set(names)],
        "exchange_filters": [],
    }


def dev_funds(listing: Sequence[dict[str, Any]]) -> dict[str, int]:
    """{asset: units}: of each listed asset a round number worth about a million USDT."""
    dollars = _dollars(listing)
    funds: dict[str, int] = {}
    for row in listing:
        for asset in (row["baseAsset"], row["quoteAsset"]):
            price = dollars.get(asset, ONE)
            funds.setdefault(asset, min(_round(div_floor(DEV_WORTH, price)), DEV_MOST))
    return funds


def _futures_funds(
    contracts: Sequence[dict[str, Any]], funds: dict[str, int]
) -> dict[str, dict[str, int]]:
    """{venue: {asset: units}}: of `funds`, what is margin there."""
    found: dict[str, dict[str, int]] = {}
    for row in contracts:
        wallet = found.setdefault(row["_venue"], {})
        more = COLLATERAL if row["_venue"] == "usdm" else ()
        for asset in (row["marginAsset"], *more):
            if asset in funds:
                wallet[asset] = funds[asset]
    return found


def _dollars(listing: Sequence[dict[str, Any]]) -> dict[str, int]:
    """{asset: USDT}, in units, of what the typical prices tell; pairs of pairs count."""
    dollars = {"USDT": ONE}
    for _ in range(3):
        for row in listing:
            base, quote, price = row["baseAsset"], row["quoteAsset"], parse_units(row["_price"])
            if quote in dollars and base not in dollars:
                dollars[base] = mul_floor(price, dollars[quote]) or 1
            elif base in dollars and quote not in dollars:
                dollars[quote] = div_floor(dollars[base], price) or 1
    return dollars


def _round(units: int) -> int:
    """The nearest of 1, 2 and 5 times a power of ten, at least 1e-8."""
    power: int = 10 ** (len(str(max(units, 1))) - 1)
    return min((step * power for step in (1, 2, 5, 10)), key=lambda even: abs(even - units))
