"""Convert: one asset of the USDⓈ-M wallet into another, at a quoted price.

Source: the convert pages of the USDⓈ-M documents; see docs/decisions/0199-convert.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import Amount, Long, OneOf, ShortText, String, Time
from tradepit.catalog.futures_fields import AssetName
from tradepit.catalog.language import USER_DATA, Ask, Reply
from tradepit.core import conversion
from tradepit.core.contracts import USDM
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.units import div_floor
from tradepit.products.futures.venues import on

if TYPE_CHECKING:
    from tradepit.core.exchange import Exchange
    from tradepit.core.history import History


class AskPairs(Ask):
    from_asset: AssetName | None = None
    to_asset: AssetName | None = None


class Pair(Reply):
    from_asset: str
    to_asset: str
    from_asset_min_amount: ShortText
    from_asset_max_amount: ShortText
    to_asset_min_amount: ShortText
    to_asset_max_amount: ShortText


@on(USDM, "GET /{}/v1/convert/exchangeInfo", weight=20, doc="{}/convert#list-all-convert-pairs")
def convert_pairs(pit: Exchange, history: History, who: Who, ask: AskPairs) -> list[Pair]:
    """List all convert pairs."""
    rows = []
    names = conversion.assets(pit)
    for give in names:
        for take in names:
            if ask.from_asset not in (None, give) or ask.to_asset not in (None, take):
                continue
            try:
                conversion.route(pit, give, take)
            except Reject:
                continue
            low, high = conversion.bounds(pit, give)
            least, most = conversion.bounds(pit, take)
            rows.append(
                Pair(
                    from_asset=give, to_asset=take, from_asset_min_amount=low,
                    from_asset_max_amount=high, to_asset_min_amount=least,
                    to_asset_max_amount=most,
                )
            )  # fmt: skip
    return rows


class AskQuote(Ask):
    from_asset: AssetName
    to_asset: AssetName
    from_amount: Amount | None = None
    to_amount: Amount | None = None
    valid_time: Annotated[str, OneOf(("10s",))] = "10s"


class Quoted(Reply):
    """`quote_id` only where the wallet has enough."""

    quote_id: str | UnsetType
    ratio: ShortText
    inverse_ratio: ShortText
    valid_timestamp: Time
    to_amount: ShortText
    from_amount: ShortText


@on(
    USDM, "POST /{}/v1/convert/getQuote", security=USER_DATA, weight=50,
    doc="{}/convert#send-quote-request",
)  # fmt: skip
def get_quote(pit: Exchange, who: Who, ask: AskQuote) -> Quoted:
    """Send quote request."""
    give, take = ask.from_amount, ask.to_amount
    if give is None and take is None:
        raise Reject("EITHER_PARAM", "fromAmount", "toAmount")
    if give is not None and take is not None:
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    if not (give or take):
        raise Reject("AMOUNT_MUST_BE_POSITIVE")
    pair = (ask.from_asset, ask.to_asset)
    quote = conversion.offer(pit, pit.trader(who.owner, USDM), pair, (give or 0, take or 0))
    return Quoted(
        quote_id=str(quote.id) if quote.id else UNSET,
        ratio=div_floor(quote.take, quote.give), inverse_ratio=div_floor(quote.give, quote.take),
        valid_timestamp=quote.valid_us, to_amount=quote.take, from_amount=quote.give,
    )  # fmt: skip


class AcceptQuote(Ask):
    quote_id: String


class Accepted(Reply):
    order_id: str
    create_time: Time
    order_status: str


@on(
    USDM, "POST /{}/v1/convert/acceptQuote", security=USER_DATA, weight=200,
    doc="{}/convert#accept-the-offered-quote",
)  # fmt: skip
def accept_quote(pit: Exchange, who: Who, ask: AcceptQuote) -> Accepted:
    """Accept the offered quote."""
    quote_id = int(ask.quote_id) if ask.quote_id.isdecimal() else 0
    quote = conversion.accept(pit, pit.trader(who.owner, USDM), quote_id)
    return Accepted(order_id=str(quote.order_id), create_time=pit.at_us, order_status="PROCESS")


class WhichConversion(Ask):
    order_id: String | None = None
    quote_id: String | None = None


class Conversion(Reply):
    order_id: Long
    order_status: str
    from_asset: str
    from_amount: ShortText
    to_asset: str
    to_amount: ShortText
    ratio: ShortText
    inverse_ratio: ShortText
    create_time: Time


@on(
    USDM, "GET /{}/v1/convert/orderStatus", security=USER_DATA, weight=50,
    doc="{}/convert#order-status",
)  # fmt: skip
def convert_status(
    pit: Exchange, history: History, who: Who, ask: WhichConversion
) -> Callable[[], Conversion]:
    """Order status."""
    text = ask.order_id or ask.quote_id
    if text is None:
        raise Reject("EITHER_PARAM", "orderId", "quoteId")
    number = int(text) if text.isdecimal() and len(text) < 19 else 0

    def look() -> Conversion:
        if ask.order_id is None:
            rows = history.futures(who.owner, USDM, "convert", "", name=str(number), limit=1)
        else:
            rows = history.futures(who.owner, USDM, "convert", "", from_id=number, limit=1)
            rows = [row for row in rows if row.row_id == number]
        if not rows or (ask.quote_id is not None and rows[0].name != ask.quote_id):
            raise Reject("NO_SUCH_ORDER")
        give_asset, give, take_asset, take = rows[0].body
        return Conversion(
            order_id=rows[0].row_id, order_status="SUCCESS", from_asset=give_asset,
            from_amount=give, to_asset=take_asset, to_amount=take, ratio=div_floor(take, give),
            inverse_ratio=div_floor(give, take), create_time=rows[0].at_us,
        )  # fmt: skip

    return look
