"""What accounts are told of futures: every event with its fields in the documents' order, and the
orders of events in lives, liquidations, fundings and changes of settings."""

from __future__ import annotations

from typing import Any

import pytest
from tests.futures.contracts_bench import meet
from tests.futures_user.told import Ear, inverse, linear, outline

from tradepit.core import algo, liquidation
from tradepit.core import futures_life as life
from tradepit.core import futures_settings as settings
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    EXPIRE_BOTH,
    EXPIRE_MAKER,
    FILLED,
    FOK,
    GTX,
    IOC,
    POSITION_LONG,
    POSITION_SHORT,
    STOP_LOSS,
    STOP_LOSS_LIMIT,
    TRAILING_STOP_MARKET,
)
from tradepit.core.units import parse_units

# Fields in the order of the documents' examples.
ORDER = {
    "usdm": "s c S o f q p ap sp x X i l z L N n T t b a m R wt ot ps cp pP si ss rp V pm gtd er",
    "coinm": "s c S o f q p ap sp x X i l z L ma N n T t rp b a m R wt ot ps cp pP V pm er",
}
POSITION = "s pa ep bep cr up mt iw ps"
LITE = "e E T s q p m c S L l t i"
ALGO = "caid aid at o s S ps f q X ai ap aq act tp p V wt pm cp pP R tt gtd rm"
CALL = "s ps pa mt iw mp up mm"
HEADS = {"usdm": "e E T", "coinm": "e E T i"}


def fields(frame: Any) -> str:
    return " ".join(frame)


def last(frames: list[Any], event: str) -> Any:
    return next(frame for frame in reversed(frames) if frame["e"] == event)


@pytest.mark.parametrize("venue", ["usdm", "coinm"])
def test_an_order_from_its_first_event_to_its_last(venue: str) -> None:
    ear = Ear(linear() if venue == "usdm" else inverse())
    whole, half = ("0.4", "0.2") if venue == "usdm" else ("40", "20")
    maker = ear.place("ben", "SELL", half, "50000")
    taker = ear.place("ann", "BUY", whole, "50000")
    ear.do(lambda pit: life.modify(pit, taker, parse_units("49900"), taker.qty, modify_id=12))
    ear.do(lambda pit: life.cancel(pit, taker))
    told = ear.heard("ann")
    lite = ["TRADE_LITE"] if venue == "usdm" else []
    assert outline(told) == [
        "LIMIT NEW NEW", *lite, "ACCOUNT ORDER", "LIMIT TRADE PARTIALLY_FILLED",
        "LIMIT AMENDMENT PARTIALLY_FILLED", "LIMIT CANCELED CANCELED",
    ]  # fmt: skip
    new, (trade, amended, canceled) = told[0], told[-3:]
    for frame in (new, trade, canceled):
        assert fields(frame) == HEADS[venue] + " o" and frame["E"] == frame["T"]
        assert fields(frame["o"]) == ORDER[venue]
    assert fields(amended["o"]) == ORDER[venue].replace(" i l", " i M l")
    assert (amended["o"]["M"], amended["o"]["p"], amended["o"]["q"]) == ("12", "49900", whole)
    order = trade["o"]
    assert [order[name] for name in ("q", "p", "ap", "l", "z", "L", "i", "c", "t")] == [
        whole, "50000", "50000.00000", half, half, "50000", taker.order_id, taker.client_id, 0,
    ]  # fmt: skip
    assert [new["o"][name] for name in ("ap", "l", "z", "L", "n", "rp", "er")] == ["0"] * 6 + ["0"]
    held = "10000" if venue == "usdm" else "0.04"  # what is left of it, in the margin asset
    assert (order["b"], order["a"], canceled["o"]["b"]) == (held, "0", "0")
    asset, fee = ("USDT", "5.00000000") if venue == "usdm" else ("BTC", "0.00002000")
    assert (order["N"], order["n"], new["o"]["N"]) == (asset, fee, asset)
    (mine,) = [frame for frame in ear.heard("ben") if frame.get("o", {}).get("x") == "TRADE"]
    assert (mine["o"]["m"], order["m"], mine["o"]["t"]) == (True, False, order["t"])
    assert (mine["o"]["i"], mine["o"]["X"]) == (maker.order_id, "FILLED")
    ear.place("cat", "BUY", half, "50000")
    assert ear.heard("ann") == [], "nobody hears of others' orders"


def test_trade_lite_and_account_update_in_numbers() -> None:
    ear = Ear()
    meet(ear, "ann", "ben", "0.2", "50000")
    ear.place("ben", "BUY", "0.2", "50100.5")
    sale = ear.place("ann", "SELL", "0.2")
    told = ear.heard("ann")
    lite, update = last(told, "TRADE_LITE"), last(told, "ACCOUNT_UPDATE")
    assert fields(lite) == LITE
    assert [lite[name] for name in ("q", "p", "m", "S", "L", "l", "t", "i")] == [
        "0.200", "0", False, "SELL", "50100.50", "0.200", 1, sale.order_id,
    ]  # fmt: skip
    assert fields(update) == "e E T a" and fields(update["a"]) == "m B P"
    (balance,), (position,) = update["a"]["B"], update["a"]["P"]
    wallet = ear.wallet("ann") / 10**8
    assert balance == {"a": "USDT", "wb": f"{wallet:.8f}", "cw": f"{wallet:.8f}", "bc": "0"}
    assert fields(position) == POSITION
    assert position == {
        "s": "BTCUSDT", "pa": "0", "ep": "0", "bep": "0", "cr": "20.10000000", "up": "0",
        "mt": "cross", "iw": "0", "ps": "BOTH",
    }  # fmt: skip


def test_hedged_positions_are_told_side_by_side() -> None:
    ear = Ear()
    for name in ("ann", "ben"):
        ear.do(lambda pit, name=name: settings.set_dual(ear.trader(name), True))
    ear.place("ben", "SELL", "0.3", "50000", position=POSITION_SHORT)
    ear.place("ann", "BUY", "0.3", "50000", position=POSITION_LONG)
    update = last(ear.heard("ann"), "ACCOUNT_UPDATE")["a"]["P"]
    assert [(row["ps"], row["pa"]) for row in update] == [("BOTH", "0"), ("LONG", "0.3")]
    order = last(ear.heard("ben"), "ORDER_TRADE_UPDATE")["o"]
    assert (order["ps"], order["S"], order["R"]) == ("SHORT", "SELL", False)
    ear.place("ben", "BUY", "0.1", "50000", position=POSITION_SHORT)
    ear.place("ann", "SELL", "0.1", "50000", position=POSITION_SHORT)
    update = last(ear.heard("ann"), "ACCOUNT_UPDATE")["a"]["P"]
    assert [(row["ps"], row["pa"]) for row in update] == [("BOTH", "0"), ("SHORT", "-0.1")]


def test_isolated_and_hedged_both_sides_are_told() -> None:
    ear = Ear()
    ear.do(lambda pit: settings.set_dual(ear.trader("ann"), True))
    ear.do(lambda pit: settings.set_margin_type(pit, ear.trader("ann"), ear.contract, True))
    (change,) = ear.heard("ann")
    assert change["a"]["m"] == "MARGIN_TYPE_CHANGE" and change["a"]["B"] == []
    assert [(row["ps"], row["mt"]) for row in change["a"]["P"]] == [("BOTH", "isolated")]
    for side, held in (("BUY", POSITION_LONG), ("SELL", POSITION_SHORT)):
        ear.place("maker", "SELL" if side == "BUY" else "BUY", "0.1", "50000")
        ear.place("ann", side, "0.1", "50000", position=held)
    update = last(ear.heard("ann"), "ACCOUNT_UPDATE")["a"]
    assert [(row["ps"], row["pa"], row["iw"]) for row in update["P"]] == [
        ("BOTH", "0", "0"), ("LONG", "0.1", "250.00000000"), ("SHORT", "-0.1", "250.00000000"),
    ]  # fmt: skip
    assert float(update["B"][0]["wb"]) - float(update["B"][0]["cw"]) == 500
    ear.do(lambda pit: settings.move_margin(pit, ear.holding("ann").long, parse_units("7.5")))
    (moved,) = ear.heard("ann")
    assert moved["a"]["m"] == "MARGIN_TRANSFER" and moved["a"]["B"][0]["bc"] == "0"
    assert [row["iw"] for row in moved["a"]["P"]][1] == "257.50000000"


def test_coin_margined_updates_tell_of_all_symbols_and_balances() -> None:
    ear = Ear(inverse(), inverse("ETHUSD_PERP", "2000", pair="ETHUSD"))
    for name in ("ann", "ben"):
        ear.do(lambda pit, name=name: pit.ledger.post(
            pit.futures_balance(ear.trader("maker"), "BTC"),
            pit.futures_balance(ear.trader(name), "BTC"), 1,
        ))  # fmt: skip
    meet(ear, "ann", "ben", "10", "50000")
    meet(ear, "ann", "ben", "20", "2000", symbol="ETHUSD_PERP")
    update = last(ear.heard("ann"), "ACCOUNT_UPDATE")
    assert fields(update) == "e E T i a" and update["i"] == "SgsR"
    assert [(row["s"], row["pa"]) for row in update["a"]["P"]] == [
        ("ETHUSD_PERP", "20"), ("BTCUSD_PERP", "10"),
    ]  # fmt: skip


# --- Orders that wait --------------------------------------------------------------------------


def test_a_waiting_order_expires_into_what_it_places() -> None:
    ear = Ear()
    ear.place("maker", "BUY", "1", "48900")
    stop = ear.place("ann", "SELL", "0.1", kind=STOP_LOSS, stop_price=parse_units("49000"),
                     working_type=1)  # fmt: skip
    ear.set_mark("48950")
    told = ear.heard("ann")
    assert outline(told) == [
        "STOP_MARKET NEW NEW", "STOP_MARKET EXPIRED EXPIRED", "MARKET NEW NEW", "TRADE_LITE",
        "ACCOUNT ORDER", "MARKET TRADE FILLED",
    ]  # fmt: skip
    orders = [frame["o"] for frame in told if frame["e"] == "ORDER_TRADE_UPDATE"]
    assert {order["i"] for order in orders} == {stop.order_id}
    assert {order["ot"] for order in orders} == {"STOP_MARKET"}
    assert {(order["sp"], order["wt"]) for order in orders} == {("49000", "MARK_PRICE")}
    assert [order["er"] for order in orders] == ["0", "8", "0", "0"]


def test_a_trailing_order_tells_of_its_rate() -> None:
    ear = Ear()
    meet(ear, "ann", "ben", "0.1", "50000")
    order = ear.order("ann", "SELL", "0.1", kind=TRAILING_STOP_MARKET,
                      stop_price=parse_units("50500"))  # fmt: skip
    order.own_extra().trailing_delta = 500
    ear.do(lambda pit: life.place(pit, order))
    told = last(ear.heard("ann"), "ORDER_TRADE_UPDATE")["o"]
    assert fields(told) == ORDER["usdm"].replace(" cp ", " cp AP cr ")
    assert (told["AP"], told["cr"], told["sp"]) == ("50500", "5.0", "0")


@pytest.mark.parametrize(
    ("more", "why", "words"),
    [
        ({"tif": GTX, "price": "48900"}, "11", "could not be executed as maker"),
        ({"tif": FOK, "price": "49900"}, "10", "could not be filled immediately"),
        ({"reduce_only": True, "price": "48900"}, "4", "ReduceOnly"),
    ],
)
def test_a_waiting_order_that_may_not_work(more: dict[str, Any], why: str, words: str) -> None:
    ear = Ear()
    meet(ear, "ann", "ben", "0.1", "50000")
    ear.place("maker", "BUY", "0.5", "48900")
    price = more.pop("price")
    ear.place("ann", "SELL", "0.2", price, kind=STOP_LOSS_LIMIT, working_type=1,
              stop_price=parse_units("49000"), **more)  # fmt: skip
    if "reduce_only" in more:
        ear.place("ann", "SELL", "0.1")
    ear.heard("ann")
    ear.set_mark("48950")
    told = ear.heard("ann")
    assert outline(told) == ["CONDITIONAL_ORDER_TRIGGER_REJECT", "LIMIT EXPIRED EXPIRED"]
    assert fields(told[0]) == "e E T or" and fields(told[0]["or"]) == "s i r"
    assert words in told[0]["or"]["r"] and told[1]["o"]["er"] == why


def test_an_algo_order() -> None:
    ear = Ear()
    ear.place("maker", "BUY", "1", "48900")
    order = ear.order("ann", "SELL", "0.1", kind=STOP_LOSS, stop_price=parse_units("49000"),
                      working_type=1)  # fmt: skip
    ear.do(lambda pit: algo.place(pit, order))
    ear.set_mark("48950")
    told = ear.heard("ann")
    assert outline(told) == [
        "ALGO NEW", "ALGO TRIGGERING", "MARKET NEW NEW", "ALGO TRIGGERED", "TRADE_LITE",
        "ACCOUNT ORDER", "MARKET TRADE FILLED", "ALGO FINISHED",
    ]  # fmt: skip
    new, finished = told[0], told[-1]
    assert fields(new) == "e T E o" and fields(new["o"]) == ALGO
    assert [new["o"][name] for name in ("aid", "q", "ai", "ap", "aq", "act", "tp", "p", "rm")] == [
        1, "0.1", "", "0.00000", "0.00000", "0", "49000", "0", "",
    ]  # fmt: skip
    placed = told[2]["o"]
    assert (placed["c"], placed["ot"]) == (new["o"]["caid"], "STOP_MARKET")
    assert [finished["o"][name] for name in ("ai", "ap", "aq", "act")] == [
        str(placed["i"]), "48900.00000", "0.10000", "MARKET",
    ]  # fmt: skip
    assert finished["o"]["tt"] == told[1]["T"]


def test_algo_orders_of_one_price_fire_by_age() -> None:
    ear = Ear()
    orders = []
    for _ in range(3):
        order = ear.order("ann", "BUY", "0.01", kind=STOP_LOSS, working_type=1,
                          stop_price=parse_units("51000"))  # fmt: skip
        order.contingent = order.is_market = True
        orders.append(ear.do(lambda pit, order=order: algo.place(pit, order)).algo_id)
    ear.heard("ann")
    ear.set_mark("51000")
    fired = [row["o"]["aid"] for row in ear.heard("ann") if row.get("o", {}).get("tt")]
    assert list(dict.fromkeys(fired)) == orders


def test_an_algo_order_that_is_refused_or_canceled() -> None:
    ear = Ear()
    closing = ear.order("ann", "SELL", "0.1", kind=TRAILING_STOP_MARKET, reduce_only=True)
    closing.own_extra().trailing_delta = 100
    closing.working_type = 1
    ear.do(lambda pit: algo.place(pit, closing))
    ear.set_mark("49000")
    told = ear.heard("ann")
    assert outline(told) == ["ALGO NEW", "ALGO TRIGGERING", "ALGO REJECTED"]
    assert fields(told[0]["o"]) == ALGO + " ia"
    assert told[-1]["o"]["rm"] == "ReduceOnly Order is rejected."
    other = ear.order("ann", "SELL", "0.1", kind=STOP_LOSS, stop_price=parse_units("45000"))
    ear.do(lambda pit: algo.place(pit, other))
    ear.do(lambda pit: algo.cancel(pit, other))
    assert outline(ear.heard("ann")) == ["ALGO NEW", "ALGO CANCELED"]


@pytest.mark.parametrize(("mode", "ends"), [(EXPIRE_MAKER, 1), (EXPIRE_BOTH, 2)])
def test_orders_of_one_account_expire_in_the_match(mode: int, ends: int) -> None:
    ear = Ear()
    ear.place("ann", "SELL", "0.1", "50000")
    ear.place("ann", "BUY", "0.1", "50000", stp=mode)
    told = ear.heard("ann")
    assert outline(told) == ["LIMIT NEW NEW"] * 2 + ["LIMIT EXPIRED EXPIRED_IN_MATCH"] * ends
    assert {frame["o"]["er"] for frame in told[2:]} == {"1"}


def test_why_orders_expire() -> None:
    ear = Ear()
    ear.place("maker", "SELL", "0.1", "50000")
    ear.place("ann", "BUY", "0.3", "50000", tif=IOC)
    ear.place("ann", "BUY", "0.1")
    resting = ear.place("ann", "SELL", "0.1", "52000", reduce_only=True)
    ear.place("maker", "BUY", "0.1", "49990")
    ear.place("ann", "SELL", "0.1", reduce_only=True)
    expired = [
        (frame["o"]["er"], frame["o"]["f"], frame["o"]["o"], frame["o"]["i"])
        for frame in ear.heard("ann")
        if frame["e"] == "ORDER_TRADE_UPDATE" and frame["o"]["x"] == "EXPIRED"
    ]
    assert [row[:3] for row in expired] == [
        ("2", "IOC", "LIMIT"), ("9", "GTC", "MARKET"), ("4", "GTC", "LIMIT"),
    ]  # fmt: skip
    assert expired[-1][3] == resting.order_id


# --- Accounts ----------------------------------------------------------------------------------


def test_settings_and_transfers() -> None:
    ear = Ear()
    trader = ear.trader("ann")
    ear.do(lambda pit: settings.set_leverage(pit, trader, ear.contract, 7))
    ear.do(lambda pit: settings.set_multi_assets(pit, trader, True))
    leverage, mode = ear.heard("ann")
    assert (fields(leverage), leverage["ac"]) == ("e E T ac", {"s": "BTCUSDT", "l": 7})
    assert (fields(mode), mode["ai"]) == ("e E T ai", {"j": True})
    with pytest.raises(Reject):
        ear.do(lambda pit: settings.set_leverage(pit, trader, ear.contract, 999))
    assert ear.heard("ann") == []
    account = trader.account
    out = ear.do(lambda pit: settings.transfer_out(pit, account, 1, "USDT", parse_units("12.5")))
    assert out
    ear.do(lambda pit: settings.transfer_in(pit, account, 1, "USDT", parse_units("2")))
    paid = [(frame["a"]["m"], frame["a"]["B"], frame["a"]["P"]) for frame in ear.heard("ann")]
    assert paid == [
        ("WITHDRAW", [{"a": "USDT", "wb": "9987.50000000", "cw": "9987.50000000", "bc": "-12.5"}],
         []),
        ("DEPOSIT", [{"a": "USDT", "wb": "9989.50000000", "cw": "9989.50000000", "bc": "2"}], []),
    ]  # fmt: skip
    spot = [frame["d"] for frame in ear.heard("ann", "spot") if frame["e"] == "balanceUpdate"]
    assert spot == ["12.50000000", "-2.00000000"]


@pytest.mark.parametrize("isolated", [False, True])
def test_funding(isolated: bool) -> None:
    ear = Ear()
    if isolated:
        ear.do(lambda pit: settings.set_margin_type(pit, ear.trader("ann"), ear.contract, True))
    meet(ear, "ann", "ben", "1", "50000")
    ear.set_mark("50000")
    ear.heard("ann")
    ear.contract.marks.rate_set = [parse_units("0.0003")]
    ear.do(lambda pit: None, 8 * 3600)
    (told,) = [frame for frame in ear.heard("ann") if frame["e"] == "ACCOUNT_UPDATE"]
    assert fields(told["a"]) == "m B P S"
    assert (told["a"]["m"], told["a"]["S"]) == ("FUNDING_FEE", "BTCUSDT")
    (balance,) = told["a"]["B"]
    assert (balance["a"], balance["bc"]) == ("USDT", "-15")
    rows = [(row["ps"], row["pa"], row["iw"]) for row in told["a"]["P"]]
    assert rows == ([("BOTH", "1", "2485.00000000")] if isolated else [])


def test_the_events_of_a_liquidation() -> None:
    ear = Ear(funds="1000")
    ear.holding("ann").leverage = 100
    ear.place("maker", "SELL", "1", "50000")
    ear.place("ann", "BUY", "1", "50000")
    resting = ear.place("ann", "SELL", "0.5", "52000", reduce_only=True)
    ear.place("maker", "BUY", "0.4", "49150")
    ear.heard("ann")
    ear.set_mark("49230")
    (call,) = ear.heard("ann")
    assert fields(call) == "e E cw p" and fields(call["p"][0]) == CALL
    assert (call["e"], call["cw"]) == ("MARGIN_CALL", "975")
    assert call["p"] == [{
        "s": "BTCUSDT", "ps": "BOTH", "pa": "1", "mt": "CROSSED", "iw": "0", "mp": "49230",
        "up": "-770", "mm": "196.92",
    }]  # fmt: skip
    ear.set_mark("49200")
    told = ear.heard("ann")
    assert outline(told) == [
        "LIMIT EXPIRED EXPIRED", "LIQUIDATION NEW NEW",
        "ACCOUNT ORDER", "LIQUIDATION CALCULATED PARTIALLY_FILLED",  # in the book
        "ACCOUNT ORDER", "LIQUIDATION CALCULATED FILLED",  # by the insurance fund
        "ACCOUNT INSURANCE_CLEAR",
    ]  # fmt: skip
    assert (told[0]["o"]["i"], told[0]["o"]["er"]) == (resting.order_id, "5")
    orders = [frame["o"] for frame in told if "o" in frame][1:]
    assert {order["c"][:10] for order in orders} == {"autoclose-"}
    assert {order["ot"] for order in orders} == {"LIMIT"} and orders[-1]["n"] == "0"
    assert [(order["l"], order["L"]) for order in orders[1:]] == [
        ("0.4", "49150"),
        ("0.6", "49025"),
    ]
    assert told[-2]["o"]["z"] == "1" and told[-3]["a"]["P"][0]["pa"] == "0"
    cleared = told[-1]["a"]
    assert cleared["P"] == [] and float(cleared["B"][0]["bc"]) < 0


def test_a_margin_call_of_an_isolated_position_has_no_cross_wallet() -> None:
    ear = Ear(inverse())
    ear.do(lambda pit: settings.set_margin_type(pit, ear.trader("ann"), ear.contract, True))
    meet(ear, "ann", "ben", "100", "50000")
    ear.heard("ann")
    ear.set_mark("47850")
    (call,) = ear.heard("ann")
    assert fields(call) == "e E i p"
    (row,) = call["p"]
    assert (row["mt"], row["mp"], row["pa"]) == ("ISOLATED", "47850", "100")
    assert float(row["iw"]) == 0.01 and float(row["up"]) < 0 < float(row["mm"])


def test_a_margin_call_of_one_hedged_side_is_told_once_and_of_that_side() -> None:
    """Isolated, the other side's margin is its own and no reason to call, or to call again."""
    ear = Ear()
    for name in ("ann", "ben"):
        ear.do(lambda pit, name=name: settings.set_dual(ear.trader(name), True))
    ear.do(lambda pit: settings.set_margin_type(pit, ear.trader("ann"), ear.contract, True))
    meet_hedged(ear, POSITION_LONG, "BUY")
    meet_hedged(ear, POSITION_SHORT, "SELL")
    ear.heard("ann")
    ear.set_mark("47720")
    (call,) = ear.heard("ann")
    assert [(row["ps"], row["mt"]) for row in call["p"]] == [("LONG", "ISOLATED")]
    for mark in ("47719", "47718"):
        ear.set_mark(mark)
    assert ear.heard("ann") == []


def meet_hedged(ear: Ear, position: int, side: str) -> None:
    """Ann opens one side of hers against Ben's other one."""
    other, against = ("SELL", POSITION_SHORT) if side == "BUY" else ("BUY", POSITION_LONG)
    ear.place("ben", other, "0.1", "50000", position=against)
    ear.place("ann", side, "0.1", "50000", position=position)


def test_deleveraging_is_told_to_those_whom_it_hits() -> None:
    ear = Ear(funds="1000")
    meet(ear, "ann", "ben", "0.2", "50000")
    order = ear.order("ann", "SELL", "0.2", "48000")
    order.forced = liquidation.LIQUIDATED
    ear.heard("ben")

    def force(pit: Any) -> None:
        life.accept(pit, order)
        liquidation.deleverage(pit, order, parse_units("48000"))
        life.finish(pit, order, FILLED)

    ear.do(force)
    told = ear.heard("ben")
    assert outline(told) == ["LIMIT NEW NEW", "ACCOUNT ORDER", "LIMIT CALCULATED FILLED"]
    assert told[0]["o"]["c"] == "adl_autoclose", "the documents' id of all of them"
    assert told[-1]["o"]["rp"] == "400.00000000" and told[-1]["o"]["t"] >= 8 * 10**15


@pytest.mark.parametrize("venue", ["usdm", "coinm"])
def test_a_delivery_ends_orders_and_settles_positions(venue: str) -> None:
    ends_ms = 1_704_441_600_000
    make, pair, qty = (linear, "BTCUSDT", "0.1") if venue == "usdm" else (inverse, "BTCUSD", "10")
    symbol = f"{pair}_240105"
    ear = Ear(make(symbol, contractType="CURRENT_QUARTER", pair=pair, deliveryDate=ends_ms))
    meet(ear, "ann", "ben", qty, "50000")
    resting = ear.place("ann", "BUY", qty, "49000")
    ear.contract.marks.index_set = parse_units("52000")
    ear.do(lambda pit: None, ends_ms / 1000 - ear.pit.at_us / 1e6 - 1800)
    ear.heard("ann")
    ear.do(lambda pit: None, 1801)
    told = ear.heard("ann")
    assert outline(told) == [
        "LIMIT EXPIRED EXPIRED", "MARKET NEW NEW", "ACCOUNT ORDER", "MARKET CALCULATED FILLED",
    ]  # fmt: skip
    assert (told[0]["o"]["i"], told[0]["o"]["er"]) == (resting.order_id, "7")
    word = "settlement_autoclose-" if venue == "usdm" else "delivery_autoclose-"
    settled = told[-1]["o"]
    assert settled["c"].startswith(word) and len(settled["c"]) <= 36
    assert (settled["S"], settled["l"], settled["L"], settled["n"]) == ("SELL", qty, "52000", "0")
    gain = "200.00000000" if venue == "usdm" else "0.00076923"  # 1000 / 50000 - 1000 / 52000
    assert settled["rp"] == gain and settled["t"] >= 8 * 10**15
    (row,) = told[-2]["a"]["P"]
    assert (row["pa"], row["cr"]) == ("0", gain)
    other = ear.heard("ben")[-1]["o"]
    assert (other["S"], float(other["rp"])) == ("BUY", pytest.approx(-float(gain), abs=2e-8))


def test_an_algo_order_is_finished_behind_its_orders_end() -> None:
    ear = Ear()
    order = ear.order("ann", "SELL", "0.1", "51000", kind=STOP_LOSS_LIMIT, working_type=1,
                      stop_price=parse_units("49000"))  # fmt: skip
    ear.do(lambda pit: algo.place(pit, order))
    ear.set_mark("48950")
    (placed,) = ear.holding("ann").opened.orders.values()
    ear.do(lambda pit: life.cancel(pit, placed))
    assert outline(ear.heard("ann"))[-2:] == ["LIMIT CANCELED CANCELED", "ALGO FINISHED"]
