"""Commission: the numbers of its FAQ, paid from what was received or from BNB."""

from __future__ import annotations

from tests.scenarios.harness import World, fields, listing, shows, terms

FAQ = terms(
    standard=("0.00000010", "0.00000020", "0.00000030", "0.00000040"),
    special=("0.01", "0.02", "0.03", "0.04"),
    tax=("0.00000112", "0.00000114", "0.00000118", "0.00000116"),
    discount="0.25",
)
DISCOUNT = {
    "enabledForAccount": True, "enabledForSymbol": True, "discountAsset": "BNB",
    "discount": "0.25",
}  # fmt: skip


def start(bnb: str = "0", discount_on: bool = False) -> World:
    """Alice pays by the FAQ's example; a BNB costs 260 USDT; 1 BTC is wanted at 35,000."""
    world = World(
        listing("BTCUSDT", {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000",
                            "stepSize": "0.00001"}),
        listing("BNBUSDT"),
        alice={"BTC": "1", "USDT": "100000", "BNB": bnb},
    )  # fmt: skip
    world.account("alice").commissions["BTCUSDT"] = FAQ
    world.account("alice").discount_on = discount_on
    world.trade_at("260", symbol="BNBUSDT")
    world.buy("left", "1", "35000")
    return world


def sold(world: World) -> dict[str, str]:
    """Alice sells 0.49975 BTC at the market. Returns: the fill."""
    answer = world.market_order("alice", "SELL", "0.49975")
    shows(answer, status="FILLED", cummulativeQuoteQty="17491.25")
    return answer["fills"][0]


def test_all_kinds_are_taken_from_what_was_received() -> None:
    world = start()
    # 0.01049475 standard + 0.04022988 tax (0.040229875) + 1049.475 special, of 17491.25 USDT.
    shows(sold(world), commission="1049.52572463", commissionAsset="USDT")
    assert world.funds("alice", "USDT") == ("116441.72427537", "0")
    assert world.funds("alice", "BTC") == ("0.50025", "0")


def test_each_kind_by_itself() -> None:
    for kind, due in (
        ("standard", "0.01049475"), ("tax", "0.04022988"), ("special", "1049.475"),
    ):  # fmt: skip
        world = start()
        rates = getattr(FAQ, kind)
        world.account("alice").commissions["BTCUSDT"] = terms()
        setattr(world.account("alice").commissions["BTCUSDT"], kind, rates)
        shows(sold(world), commission=due, commissionAsset="USDT")


def test_in_bnb_the_standard_part_is_discounted() -> None:
    world = start(bnb="10", discount_on=True)
    # 0.000010091 + 0.00015473 + 4.036442308 BNB.
    shows(sold(world), commission="4.03660713", commissionAsset="BNB")
    assert world.funds("alice", "BNB") == ("5.96339287", "0")
    assert world.funds("alice", "USDT") == ("117491.25", "0")


def test_too_little_bnb_pays_the_full_commission_from_the_proceeds() -> None:
    world = start(bnb="4.03660712", discount_on=True)
    shows(sold(world), commission="1049.52572463", commissionAsset="USDT")
    assert world.funds("alice", "BNB") == ("4.03660712", "0")
    exact = start(bnb="4.03660713", discount_on=True)
    shows(sold(exact), commissionAsset="BNB")
    assert exact.funds("alice", "BNB") == ("0", "0")


def test_no_discount_unless_both_switches_are_on() -> None:
    world = start(bnb="10", discount_on=True)
    world.account("alice").commissions["BTCUSDT"] = terms()
    world.account("alice").commissions["BTCUSDT"].standard = FAQ.standard
    world.account("alice").commissions["BTCUSDT"].discount_on = False
    shows(sold(world), commission="0.01049475", commissionAsset="USDT")
    shows(sold(start(bnb="10")), commissionAsset="USDT")


def test_a_buyer_pays_of_the_base_asset() -> None:
    world = start()
    world.sell("left", "1", "36000")
    answer = world.market_order("alice", "BUY", "1")
    # taker + buyer: 0.0000005 + 0.05 + 0.00000232
    shows(answer["fills"][0], commission="0.05000282", commissionAsset="BTC")
    assert world.funds("alice", "BTC") == ("1.94999718", "0")


def test_a_maker_pays_the_makers_rate() -> None:
    world = start()
    world.sell("alice", "0.5", "36000")
    world.market_order("right", "BUY", "0.5")
    mine = world.ask("alice", "GET /api/v3/myTrades", symbol="BTCUSDT")
    # maker + seller on 18,000 USDT: 0.0000005 + 0.05 + 0.00000228
    shows(mine[0], commission="900.05004", commissionAsset="USDT", isMaker=True, isBuyer=False)
    assert world.funds("alice", "USDT") == ("117099.94996", "0")


def test_bnb_bought_pays_in_bnb() -> None:
    """What was received is BNB itself: no conversion, the discount holds."""
    world = start(bnb="0", discount_on=True)
    world.account("alice").commission = terms(standard=("0.001",) * 2 + ("0", "0"))
    world.sell("left", "10", "260", symbol="BNBUSDT")
    answer = world.market_order("alice", "BUY", "10", symbol="BNBUSDT")
    shows(answer["fills"][0], commission="0.0075", commissionAsset="BNB")
    assert world.funds("alice", "BNB") == ("9.9925", "0")


def test_a_test_order_tells_the_rates_of_its_side() -> None:
    world = start(discount_on=True)
    params = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.5"}
    path = "POST /api/v3/order/test"
    assert world.ask("alice", path, **params) == {}
    assert world.ask("alice", path, computeCommissionRates="false", **params) == {}
    told = world.ask("alice", path, computeCommissionRates="true", **params)
    assert fields(told) == (
        "standardCommissionForOrder specialCommissionForOrder taxCommissionForOrder discount"
    )
    shows(
        told, discount=DISCOUNT,
        standardCommissionForOrder={"maker": "0.0000005", "taker": "0.0000006"},
        specialCommissionForOrder={"maker": "0.05", "taker": "0.06"},
        taxCommissionForOrder={"maker": "0.00000228", "taker": "0.0000023"},
    )  # fmt: skip


def test_the_rates_are_queried() -> None:
    world = start(discount_on=True)
    told = world.ask("alice", "GET /api/v3/account/commission", symbol="BTCUSDT")
    assert fields(told) == "symbol standardCommission specialCommission taxCommission discount"
    assert told["taxCommission"] == {
        "maker": "0.00000112", "taker": "0.00000114", "buyer": "0.00000118",
        "seller": "0.00000116",
    }  # fmt: skip
    assert told["specialCommission"]["seller"] == "0.04000000"
    shows(told, symbol="BTCUSDT", discount=DISCOUNT)


def test_market_order_faq_pays_bnb_on_each_fill() -> None:
    """LTC bought for BNB in two fills of 2 at 1.00, commission 0.001 BNB each."""
    world = World(listing("LTCBNB"), alice={"BNB": "1000"})
    world.account("alice").commission = terms(standard=("0.001", "0.001", "0", "0"), discount="0.5")
    world.account("alice").discount_on = True
    for _ in range(2):
        world.sell("left", "2", "1", symbol="LTCBNB")
    answer = world.market_order("alice", "BUY", "6", symbol="LTCBNB")
    shows(answer, status="EXPIRED", executedQty="4", cummulativeQuoteQty="4")
    assert [fill["commission"] for fill in answer["fills"]] == ["0.00100000", "0.00100000"]
    assert {fill["commissionAsset"] for fill in answer["fills"]} == {"BNB"}
    assert world.funds("alice", "BNB") == ("995.998", "0")
    assert world.funds("alice", "LTC") == ("4", "0")
