"""Refused orders of both futures exchanges over REST: one table of request, code and text, and
which refusal comes first where a request deserves several.

Source: the error codes of the futures documents, -1xxx, -2xxx, -4xxx and -5xxx.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

import pytest
from tests.control.conftest import Pit, running_pit

VENUES = {"fapi": "BTCUSDT", "dapi": "BTCUSD_PERP"}
MANDATORY = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
NOT_REQUIRED = "Parameter '{}' sent when not required."
PRECISION = (-1111, "Precision is over the maximum defined for this asset.")
MARKET = "side=BUY&type=MARKET&quantity=1"
LIMIT = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=50000"
STOP = "side=BUY&type=STOP_MARKET&quantity=1&stopPrice=150000"
TRAIL = "side=BUY&type=TRAILING_STOP_MARKET&quantity=1&callbackRate=1"

# What is sent: an order, with some of its parameters as they should not be (empty: not sent).
REFUSED = [
    # -11xx: the request itself.
    (MARKET, "symbol=", -1102, MANDATORY.format("symbol")),
    (MARKET, "side=", -1102, MANDATORY.format("side")),
    (MARKET, "type=", -1102, MANDATORY.format("type")),
    (MARKET, "quantity=", -1102, MANDATORY.format("quantity")),
    (LIMIT, "price=", -1102, MANDATORY.format("price")),
    (LIMIT, "timeInForce=", -1102, MANDATORY.format("timeinforce")),
    (STOP, "stopPrice=", -1102, MANDATORY.format("stopprice")),
    (TRAIL, "callbackRate=", -1102, MANDATORY.format("callbackrate")),
    (MARKET, "icebergQty=1", -1104, None),
    (MARKET, "price=50000", -1106, NOT_REQUIRED.format("price")),
    (MARKET, "timeInForce=GTC", -1106, NOT_REQUIRED.format("timeinforce")),
    (MARKET, "stopPrice=50000", -1106, NOT_REQUIRED.format("stopprice")),
    (LIMIT, "quantity=1.00000001", *PRECISION),
    (LIMIT, "price=50000.0000001", *PRECISION),
    (LIMIT, "timeInForce=SOON", -1115, "Invalid timeInForce."),
    (MARKET, "type=ICEBERG", -1116, "Invalid orderType."),
    (MARKET, "side=HOLD", -1117, "Invalid side."),
    (MARKET, "symbol=NOTHING", -1121, "Invalid symbol."),
    (LIMIT, "newOrderRespType=SOME", -1136, "Invalid newOrderRespType."),
    (LIMIT, "newOrderRespType=FULL", -1136, "Invalid newOrderRespType."),
    # -20xx: the account and what it has.
    (TRAIL, "callbackRate=20", -2007, "Invalid callBack rate"),
    (STOP, "stopPrice=2000", -2021, "Order would immediately trigger."),
    (TRAIL, "activationPrice=900000", -2021, "Order would immediately trigger."),
    (TRAIL, "side=SELL&activationPrice=2000", -2021, "Order would immediately trigger."),
    (MARKET, "side=SELL&reduceOnly=true", -2022, "ReduceOnly Order is rejected."),
    # -40xx: filters and modes.
    (LIMIT, "price=0", -4001, "Price less than or equal to zero."),
    (LIMIT, "price=99999999", -4002, "Price greater than max price."),
    (LIMIT, "quantity=0", -4003, "Quantity less than or equal to zero."),
    (LIMIT, "quantity=9999999", -4005, "Quantity greater than max quantity."),
    (MARKET, "quantity=100000", -4005, "Quantity greater than max quantity."),
    (STOP, "stopPrice=99999999", -4007, "Stop price greater than max price."),
    (LIMIT, "price=0.1", -4013, "Price less than min price."),
    (LIMIT, "newClientOrderId=" + 37 * "x", -4015,
     "Client order id length should be less than 36 chars"),
    (LIMIT, "newClientOrderId=x y", -1100, None),
    (LIMIT, "price=900000", -4016, None),
    (MARKET, "closePosition=true", -4020, None),
    (LIMIT, "side=SELL&price=2000", -4024, None),
    (LIMIT, "workingType=LAST", -4031, "Invalid parameter working type"),
    (MARKET, "positionSide=UP", -4060, "Invalid position side."),
    (MARKET, "positionSide=LONG", -4061,
     "Order's position side does not match user's setting."),
    (STOP, "stopPrice=0", -4006, "Stop price less than zero."),
    (TRAIL, "activationPrice=0", -4135, "Invalid activation price"),
    (STOP, "closePosition=true", -4137, "Quantity must be zero with closePosition equals true"),
    # -50xx: what could not be done at once.
    (LIMIT, "timeInForce=FOK", -5021,
     "Due to the order could not be filled immediately, the FOK order has been rejected."),
    (MARKET, "priceMatch=OPPONENT", -5038,
     "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT"),
    (LIMIT, "selfTradePreventionMode=ALL", -5039, "Invalid self trade prevention mode"),
    (LIMIT, "price=&priceMatch=BEST", -5037, "Invalid price match"),
    (LIMIT, "price=&priceMatch=OPPONENT", -5041, "No depth matches this BBO order"),
    # Several at once: the request, then the symbol, the words, the modes, the filters in order,
    # what would happen, and the margin last.
    (MARKET, "symbol=NOTHING&side=HOLD", -1117, "Invalid side."),
    (MARKET, "symbol=NOTHING&icebergQty=1", -1104, None),
    (MARKET, "symbol=NOTHING&quantity=", -1121, "Invalid symbol."),
    (LIMIT, "price=&positionSide=LONG", -1102, MANDATORY.format("price")),
    (LIMIT, "positionSide=LONG&quantity=1.00000001", -4061, None),
    (LIMIT, "quantity=0&price=50000.0000001", *PRECISION),
    (LIMIT, "quantity=0&price=0", -4003, "Quantity less than or equal to zero."),
    (LIMIT, "quantity=9999999&price=99999999", -4005, "Quantity greater than max quantity."),
    (LIMIT, "timeInForce=FOK&price=900000", -4016, None),
]  # fmt: skip


@pytest.fixture(scope="module")
def pit() -> Iterator[Pit]:
    yield from running_pit(limits="off")


def asked(pit: Pit, venue: str, order: str, changes: str, **more: str) -> tuple[int, str]:
    """(code, text) of a refused order; (0, its status) of one that was taken."""
    given = {"symbol": VENUES[venue], **dict(parse_qsl(order))}
    given.update(parse_qsl(changes, keep_blank_values=True))
    query = urlencode({name: value for name, value in given.items() if value})
    found = pit.signed("POST", f"/{venue}/v1/order", query, **more).json
    return (found["code"], found["msg"]) if "code" in found else (0, found["status"])


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(("order", "changes", "code", "text"), REFUSED)
def test_a_refused_order(
    pit: Pit, venue: str, order: str, changes: str, code: int, text: str | None
) -> None:
    found = asked(pit, venue, order, changes)
    assert found[0] == code
    assert text in (None, found[1])
    path = f"/{venue}/v1/openOrders"
    assert pit.signed("GET", path, f"symbol={VENUES[venue]}").json == []


def test_what_only_one_of_them_knows(pit: Pit) -> None:
    tick, least = "price=50000.01", "quantity=0.001"
    assert asked(pit, "fapi", LIMIT, tick) == (-4014, "Price not increased by tick size.")
    assert asked(pit, "dapi", LIMIT, tick) == PRECISION
    assert asked(pit, "fapi", LIMIT, least)[0] == -4164
    assert asked(pit, "dapi", LIMIT, least) == PRECISION
    assert asked(pit, "fapi", TRAIL, "closePosition=true&quantity=") == (
        -4136, "Target strategy invalid for orderType TRAILING_STOP_MARKET,closePosition true",
    )  # fmt: skip
    assert asked(pit, "dapi", TRAIL, "closePosition=true&quantity=")[0] == -4020
    assert asked(pit, "fapi", LIMIT, "timeInForce=GTD")[0] == -1102
    assert asked(pit, "fapi", LIMIT, "timeInForce=GTD&goodTillDate=1000")[0] == -5040
    last = 253402300798999
    assert asked(pit, "fapi", LIMIT, f"timeInForce=GTD&goodTillDate={last}")[0] == 0
    assert asked(pit, "fapi", LIMIT, f"timeInForce=GTD&goodTillDate={last + 1001}")[0] == -5040
    assert asked(pit, "dapi", LIMIT, "goodTillDate=1000")[0] == -1104
    assert asked(pit, "dapi", LIMIT, "timeInForce=GTD") == (-1115, "Invalid timeInForce.")


@pytest.mark.parametrize(("venue", "qty"), [("fapi", "900"), ("dapi", "900000")])
def test_margin_and_leverage_come_last(pit: Pit, venue: str, qty: str) -> None:
    symbol = VENUES[venue]

    def lever(times: int) -> None:
        query = f"symbol={symbol}&leverage={times}"
        answer = pit.signed("POST", f"/{venue}/v1/leverage", query, name="bob")
        assert answer.status == 200, answer.body

    lever(1)
    short = (-2019, "Margin is insufficient.")
    assert asked(pit, venue, LIMIT, f"quantity={qty}", name="bob") == short
    far = f"quantity={qty}&price=900000"
    assert asked(pit, venue, LIMIT, far, name="bob")[0] == -4016
    lever(100)
    assert asked(pit, venue, LIMIT, f"quantity={qty}", name="bob") == (
        -2027, "Exceeded the maximum allowable position at current leverage.",
    )  # fmt: skip
    lever(20)
    assert asked(pit, venue, LIMIT, "quantity=1&newClientOrderId=one", name="bob") == (0, "NEW")
    twice = asked(pit, venue, LIMIT, "quantity=1&newClientOrderId=one", name="bob")
    assert twice[0] == -4116


@pytest.mark.parametrize("venue", VENUES)
def test_batches_that_are_too_large(pit: Pit, venue: str) -> None:
    symbol = VENUES[venue]
    many = "%5B" + "%2C".join(["%7B%7D"] * 6) + "%5D"
    found = pit.signed("POST", f"/{venue}/v1/batchOrders", f"batchOrders={many}").json
    assert (found["code"], found["msg"]) == (-4082, "Invalid number of batch place orders: 6")
    ids = "%5B" + "%2C".join(map(str, range(1, 12))) + "%5D"
    query = f"symbol={symbol}&orderIdList={ids}"
    found = pit.signed("DELETE", f"/{venue}/v1/batchOrders", query).json
    assert (found["code"], found["msg"]) == (-4032, "Exceed maximum cancel order size.")


def test_nobody_of_that_name_is_liquidated(pit: Pit) -> None:
    assert pit.no("POST", "liquidations", symbol="BTCUSDT", account="nobody")[0] == -1109


@pytest.mark.parametrize(
    ("venue", "pair", "span"), [("fapi", -4144, -4165), ("dapi", -4087, -4088)]
)
def test_codes_of_pairs_and_spans(pit: Pit, venue: str, pair: int, span: int) -> None:
    path = f"/{venue}/v1/continuousKlines?pair=NOTHING&contractType=PERPETUAL&interval=1m"
    assert pit.server.request("GET", path).json["code"] == pair
    query = f"symbol={VENUES[venue]}&startTime=1&endTime=700000000"
    assert pit.signed("GET", f"/{venue}/v1/userTrades", query).json["code"] == span


@pytest.mark.parametrize("venue", VENUES)
def test_a_countdown_ends_before_the_calendar(pit: Pit, venue: str) -> None:
    query = f"symbol={VENUES[venue]}&countdownTime={2**63 - 1}"
    found = pit.signed("POST", f"/{venue}/v1/countdownCancelAll", query).json
    assert found["code"] == -1130


@pytest.mark.parametrize("venue", VENUES)
def test_what_an_order_is_modified_to(pit: Pit, venue: str) -> None:
    _, status = asked(pit, venue, LIMIT, "quantity=1&newClientOrderId=mod", name="carol")
    assert status == "NEW"
    query = f"symbol={VENUES[venue]}&side=BUY&origClientOrderId=mod"

    def modified(changes: str) -> dict[str, object]:
        found: dict[str, object] = pit.signed(
            "PUT", f"/{venue}/v1/order", f"{query}&{changes}", name="carol"
        ).json
        return found

    assert modified("quantity=1&price=0")["code"] == -4001
    assert modified("quantity=0&price=49000")["code"] == -4003
    assert modified("quantity=1&price=49000&priceMatch=QUEUE")["code"] == -1106
    if venue == "fapi":
        assert modified("quantity=2")["code"] == -1102
    pit.signed("POST", f"/{venue}/v1/order", f"symbol={VENUES[venue]}&{LIMIT}&price=51000"
               .replace("&price=50000", ""), name="dave")  # fmt: skip
    found = modified("quantity=2&priceMatch=QUEUE")
    assert (found["price"][:5], found["origQty"][:1], found["priceMatch"]) == (
        "51000",
        "2",
        "QUEUE",
    )


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    "path",
    ["klines", "continuousKlines", "indexPriceKlines", "markPriceKlines", "premiumIndexKlines"],
)
def test_no_contract_has_klines_of_a_second(pit: Pit, venue: str, path: str) -> None:
    pair = {"fapi": "BTCUSDT", "dapi": "BTCUSD"}[venue]
    what = f"pair={pair}" if path.startswith(("cont", "index")) else f"symbol={VENUES[venue]}"
    kind = "&contractType=PERPETUAL" if path.startswith("cont") else ""
    for interval, code in (("1s", -1120), ("1m", 0)):
        target = f"/{venue}/v1/{path}?{what}{kind}&interval={interval}"
        found = pit.server.request("GET", target).json
        assert (found["code"] if isinstance(found, dict) else 0) == code


@pytest.mark.parametrize("venue", VENUES)
def test_a_modification_that_says_nothing_or_leaves_too_little(pit: Pit, venue: str) -> None:
    asked(pit, venue, LIMIT, "quantity=1&newClientOrderId=small", name="carol")
    query = f"symbol={VENUES[venue]}&side=BUY&origClientOrderId=small"
    found = pit.signed("PUT", f"/{venue}/v1/order", query, name="carol").json
    assert found["code"] == -1102
    if venue == "fapi":
        more = "&price=50000&quantity=0.001"
        found = pit.signed("PUT", f"/{venue}/v1/order", query + more, name="carol").json
        assert (found["code"], found["msg"]) == (
            -5029,
            "Order's notional must be no smaller than 100",
        )
    else:
        assert found["msg"].startswith("Param 'quantity' or 'price' must be sent")
    query = f"symbol={VENUES[venue]}"
    assert pit.signed("DELETE", f"/{venue}/v1/allOpenOrders", query, name="carol").status == 200


@pytest.mark.parametrize("venue", VENUES)
def test_what_closes_all_of_a_hedged_position_cannot_open_it(pit: Pit, venue: str) -> None:
    path = f"/{venue}/v1/positionSide/dual"
    assert pit.signed("POST", path, "dualSidePosition=true", name="erin").status == 200
    close = "side=BUY&type=STOP_MARKET&stopPrice=150000&closePosition=true"
    found = asked(pit, venue, close, "positionSide=LONG", name="erin")
    assert found == (-4138, "Reduce only must be true with closePosition equals true")
    assert asked(pit, venue, close, "positionSide=SHORT", name="erin") == (0, "NEW")


def test_a_batch_counts_the_same_whatever_is_in_it() -> None:
    """5 in ten seconds, 1 in a minute, 5 of weight; documented of USDⓈ-M. One that is no batch
    counts nothing."""
    for pit in running_pit(speed="0"):
        counts, path = "X-MBX-ORDER-COUNT-", "/fapi/v1/batchOrders"
        empty = pit.signed("POST", path, "batchOrders=%5B%5D")
        assert empty.json["code"] == -4082
        none = pit.signed("POST", path, "batchOrders=%5B%7B%7D%5D")
        assert none.json[0]["code"] == -1102
        headers = {name.upper(): value for name, value in none.headers.items()}
        assert (headers[counts + "10S"], headers[counts + "1M"]) == ("5", "1")
