"""General endpoints: connectivity, time, what is listed and by which rules.

Source: rest-api.md#general-endpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Bool,
    Era,
    OrderType,
    PermissionNames,
    Plain,
    StpMode,
    SymbolStatus,
    Term,
    Time,
)
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.catalog.limiters import SOCKET_LIMITERS, SPOT_LIMITERS, Limiter
from tradepit.core import terms
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.products.spot.selectors import Choice, choose

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History
    from tradepit.core.symbols import Symbol

SHOWN_BY_DEFAULT: Final = ("SPOT", "MARGIN", "LEVERAGED")
PERMISSIONS: Final = frozenset(
    (*SHOWN_BY_DEFAULT, *(f"TRD_GRP_{number:03}" for number in range(2, 26)))
)

Multiplier: TypeAlias = Annotated[int, Plain(4)]
AnyStatus: TypeAlias = Annotated[int, Term(terms.SYMBOL_STATUSES)]


class Nothing(Ask):
    """A request without parameters."""


class ServerTime(Reply):
    server_time: Time


@operation(
    "GET /api/v3/ping", ws="ping", weight=1, doc="rest-api.md#test-connectivity",
    aliases=("GET /api/v1/ping",),
)  # fmt: skip
def ping(pit: Exchange, history: History, who: Who, ask: Nothing) -> dict[str, Any]:
    """Test connectivity."""
    return {}


@operation(
    "GET /api/v3/time", ws="time", weight=1, doc="rest-api.md#check-server-time",
    aliases=("GET /api/v1/time",),
)  # fmt: skip
def server_time(pit: Exchange, history: History, who: Who, ask: Nothing) -> ServerTime:
    """Check server time."""
    return ServerTime(server_time=history.now_us())


class RateLimit(Reply):
    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class SymbolInfo(Reply):
    symbol: str
    status: AnyStatus
    base_asset: str
    base_asset_precision: int
    quote_asset: str
    quote_precision: int
    quote_asset_precision: int
    base_commission_precision: int
    quote_commission_precision: int
    order_types: list[OrderType]
    iceberg_allowed: Bool
    oco_allowed: Bool
    oto_allowed: Bool
    opo_allowed: Annotated[Bool, Era(since="2025-12-18")]
    quote_order_qty_market_allowed: Bool
    allow_trailing_stop: Bool
    cancel_replace_allowed: Bool
    amend_allowed: Annotated[Bool, Era(since="2025-04-24")]
    peg_instructions_allowed: Annotated[Bool, Era(since="2025-08-27")]
    is_spot_trading_allowed: Bool
    is_margin_trading_allowed: Bool
    filters: list[dict[str, Any]]
    permissions: list[str]
    permission_sets: list[list[str]]
    default_self_trade_prevention_mode: StpMode
    allowed_self_trade_prevention_modes: list[StpMode]


class RoutedAsset(Reply):
    base_asset: str
    symbols: list[str]


class ExchangeInfo(Reply):
    timezone: str
    server_time: Time
    rate_limits: list[RateLimit]
    exchange_filters: list[dict[str, Any]]
    symbols: list[SymbolInfo]
    sors: list[RoutedAsset] | UnsetType = UNSET


class ExchangeInfoAsk(Choice):
    permissions: PermissionNames | None = None
    show_permission_sets: Annotated[Bool, Era(since="2024-10-17")] = True
    symbol_status: Annotated[SymbolStatus, Era(since="2024-10-17")] | None = None


def _rate_limits(limiters: tuple[Limiter, ...]) -> list[RateLimit]:
    return [
        RateLimit(rate_limit_type=kind, interval=interval, interval_num=num, limit=limit)
        for kind, interval, num, limit in limiters
    ]


def _info_over_socket(info: ExchangeInfo) -> ExchangeInfo:
    """Sockets count connections where HTTP counts raw requests. Source: CHANGELOG.md#2023-08-25."""
    return msgspec.structs.replace(info, rate_limits=_rate_limits(SOCKET_LIMITERS))


@operation(
    "GET /api/v3/exchangeInfo", ws="exchangeInfo", weight=20, over_socket=_info_over_socket,
    doc="rest-api.md#exchange-information",
)  # fmt: skip
def exchange_info(pit: Exchange, history: History, who: Who, ask: ExchangeInfoAsk) -> ExchangeInfo:
    """Exchange information."""
    rows = [_symbol_info(symbol, ask.show_permission_sets) for symbol in _shown(pit, ask)]
    sors = [RoutedAsset(base_asset=base, symbols=symbols) for base, symbols in pit.sors]
    return ExchangeInfo(
        timezone="UTC",
        server_time=history.now_us(),
        rate_limits=_rate_limits(SPOT_LIMITERS),
        exchange_filters=pit.exchange_filters,
        symbols=rows,
        sors=sors or UNSET,
    )


def _shown(pit: Exchange, ask: ExchangeInfoAsk) -> list[Symbol]:
    named = ask.symbol is not None or ask.symbols is not None
    if named:
        if ask.permissions is not None or ask.symbol_status is not None:
            raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
        found = choose(pit, ask, None)
        return found if isinstance(found, list) else [found]
    wanted = SHOWN_BY_DEFAULT if ask.permissions is None else ask.permissions
    if not PERMISSIONS.issuperset(wanted):
        raise Reject("INVALID_PARAMETER", "permissions")
    return [
        symbol
        for symbol in pit.symbols.values()
        if (ask.symbol_status is None or symbol.status == ask.symbol_status)
        and any(name in group for group in symbol.permission_sets for name in wanted)
    ]


def _symbol_info(symbol: Symbol, show_permission_sets: bool) -> SymbolInfo:
    listing = symbol.listing
    return SymbolInfo(
        symbol=symbol.name,
        status=symbol.status,
        base_asset=symbol.base,
        base_asset_precision=listing.get("baseAssetPrecision", 8),
        quote_asset=symbol.quote,
        quote_precision=listing.get("quotePrecision", 8),
        quote_asset_precision=listing.get("quoteAssetPrecision", 8),
        base_commission_precision=listing.get("baseCommissionPrecision", 8),
        quote_commission_precision=listing.get("quoteCommissionPrecision", 8),
        order_types=list(symbol.order_types),
        iceberg_allowed=symbol.iceberg_allowed,
        oco_allowed=symbol.oco_allowed,
        oto_allowed=symbol.oto_allowed,
        opo_allowed=symbol.opo_allowed,
        quote_order_qty_market_allowed=symbol.quote_qty_allowed,
        allow_trailing_stop=symbol.trailing_allowed,
        cancel_replace_allowed=symbol.cancel_replace_allowed,
        amend_allowed=symbol.amend_allowed,
        peg_instructions_allowed=symbol.peg_allowed,
        is_spot_trading_allowed=symbol.spot_allowed,
        is_margin_trading_allowed=symbol.margin_allowed,
        filters=symbol.wire_filters,
        permissions=[],
        permission_sets=symbol.permission_sets if show_permission_sets else [],
        default_self_trade_prevention_mode=symbol.default_stp,
        allowed_self_trade_prevention_modes=list(symbol.allowed_stp),
    )


class PriceRange(Reply):
    rule_type: str
    bid_limit_mult_up: Multiplier | UnsetType
    bid_limit_mult_down: Multiplier | UnsetType
    ask_limit_mult_up: Multiplier | UnsetType
    ask_limit_mult_down: Multiplier | UnsetType


class SymbolRules(Reply):
    symbol: str
    rules: list[PriceRange]


class ExecutionRules(Reply):
    symbol_rules: list[SymbolRules]


class ExecutionRulesAsk(Choice):
    symbol_status: SymbolStatus | None = None


def rules_weight(ask: ExecutionRulesAsk) -> int:
    """2 a symbol, at most 40; all symbols 40."""
    if ask.symbol is not None:
        return 2
    return 40 if ask.symbols is None else min(40, 2 * len(ask.symbols))


@operation(
    "GET /api/v3/executionRules", ws="executionRules", weight=rules_weight, least_weight=2,
    weight_words="symbol 2; symbols 2 each, at most 40; symbolStatus or nothing 40",
    doc="rest-api.md#query-execution-rules", since="2026-03-09",
)  # fmt: skip
def execution_rules(
    pit: Exchange, history: History, who: Who, ask: ExecutionRulesAsk
) -> ExecutionRules:
    """Query execution rules."""
    sent = (ask.symbol, ask.symbols, ask.symbol_status)
    if sum(value is not None for value in sent) > 1:
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    found = choose(pit, ask, ask.symbol_status)
    symbols = found if isinstance(found, list) else [found]
    return ExecutionRules(
        symbol_rules=[
            SymbolRules(symbol=symbol.name, rules=[_price_range(symbol)])
            for symbol in symbols
            if symbol.has_range
        ]
    )


def _price_range(symbol: Symbol) -> PriceRange:
    return PriceRange(
        rule_type="PRICE_RANGE",
        bid_limit_mult_up=symbol.range_bid_up or UNSET,
        bid_limit_mult_down=symbol.range_bid_down or UNSET,
        ask_limit_mult_up=symbol.range_ask_up or UNSET,
        ask_limit_mult_down=symbol.range_ask_down or UNSET,
    )
