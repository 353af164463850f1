"""What happened on the futures venues, as rows of `schema.FUTURES`.

what      row_id         order_id  name           body
order     order id       the same  client id      FuturesOrder.dump(): an order that is over
trade     trade id       order id  pair           [side, position side, price, quantity, value,
                                                  profit, commission, its asset, maker?]
income    transfer id    -1        symbol         [kind, asset, units, info, trade id, symbol]
forced    order id       the same  symbol         [FuturesOrder.dump(), by deleveraging?]
amend     amendment id   order id  client id      [price before, after, quantity before, after, n]
margin    microseconds   -1        side           [units added or taken]
algo      algo id        actual    client id      FuturesOrder.dump()
funding   microseconds   -1        ""             [rate, mark price]; of owner 0
convert   order id       -1        quote id       [asset given, units, asset taken, units]

Rows of `income`, `forced` and `convert` stand under the symbol "", so that one page tells of all
symbols. Three that are of nobody, and many, are rows of `schema.COURSES`:

minute    when it opened                          MarkBar.row[1:], as is `hour`
stand     microseconds                            Stand.row
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from tradepit.core import futures_records as told
from tradepit.core.bars import MINUTE_US
from tradepit.core.futures_orders import (
    ALGO_CANCELED,
    ALGO_EXPIRED,
    ALGO_FINISHED,
    ALGO_REJECTED,
    ALGO_STATUSES,
    FuturesOrder,
)
from tradepit.core.terms import POSITION_SIDES
from tradepit.core.units import wide
from tradepit.projections.kinds import COURSES, FUTURES, Kind

_json = msgspec.json.Encoder().encode
_OVER = frozenset(
    ALGO_STATUSES[status] for status in (ALGO_CANCELED, ALGO_EXPIRED, ALGO_FINISHED, ALGO_REJECTED)
)

COURSES_OF: Final = frozenset(("minute", "hour", "stand"))

Put = Callable[[Kind, tuple[Any, ...]], None]


class FuturesRows:
    """Makes the rows of one event after the other. `put`: where they go."""

    def __init__(self, put: Put, world: int) -> None:
        self.put = put
        self.world = world
        self.takes: dict[int, Callable[[Any, int], None]] = {
            told.FUTURES_REPORT: self._report,
            told.INCOME: self._income,
            told.FORCED: self._forced,
            told.MODIFICATION: self._modified,
            told.MARGIN_CHANGE: self._margin,
            told.ALGO_REPORT: self._algo,
            told.FUNDING: self._funding,
            told.MARK_BAR: self._marked,
            told.STAND: self._stand,
            told.CONVERTED: self._converted,
        }

    def _row(
        self, who: tuple[int, int], what: str, symbol: str, ids: tuple[int, int], at_us: int,
        name: str, body: list[Any], seq: int,
    ) -> None:  # fmt: skip
        text = _json(body).decode()
        self.put(FUTURES, (*who, what, symbol, *ids, at_us, name, text, seq, self.world))

    def _report(self, report: told.FuturesReport, seq: int) -> None:
        order = report.order
        who = (order.account.id, order.contract.venue)
        symbol = order.contract.name
        if report.last_qty:
            body = [
                order.side, order.position.side, report.last_price, report.last_qty,
                wide(report.last_value), report.realized, report.commission,
                report.commission_asset, report.maker,
            ]  # fmt: skip
            ids = (report.trade_id, order.order_id)
            self._row(who, "trade", symbol, ids, report.at_us, order.contract.pair, body, seq)
        if not order.open:
            self._order(order, seq)

    def _order(self, order: FuturesOrder, seq: int) -> None:
        who = (order.account.id, order.contract.venue)
        ids = (order.order_id, order.order_id)
        self._row(
            who, "order", order.contract.name, ids, order.created_us, order.client_id,
            order.dump(), seq,
        )  # fmt: skip

    def _income(self, income: told.Income, seq: int) -> None:
        who = (income.trader.account.id, income.trader.venue)
        symbol = "" if income.contract is None else income.contract.name
        body = [
            income.income, income.asset, income.units, income.info, income.trade_id, symbol,
        ]  # fmt: skip
        self._row(who, "income", "", (income.tran_id, -1), income.at_us, symbol, body, seq)

    def _forced(self, forced: told.Forced, seq: int) -> None:
        order = forced.order
        if order.account.quiet:
            return
        who = (order.account.id, order.contract.venue)
        ids = (order.order_id, order.order_id)
        name = order.contract.name
        self._row(who, "forced", "", ids, order.created_us, name, [order.dump(), forced.adl], seq)

    def _modified(self, done: told.Modification, seq: int) -> None:
        order = done.order
        who = (order.account.id, order.contract.venue)
        body = [done.old_price, done.new_price, done.old_qty, done.new_qty, order.modified]
        self._row(
            who, "amend", order.contract.name, (done.amend_id, order.order_id), done.at_us,
            order.client_id, body, seq,
        )  # fmt: skip

    def _margin(self, change: told.MarginChange, seq: int) -> None:
        holding = change.position.holding
        who = (holding.trader.account.id, holding.contract.venue)
        side = POSITION_SIDES[change.position.side]
        self._row(
            who, "margin", holding.contract.name, (change.at_us, -1), change.at_us, side,
            [change.units], seq,
        )  # fmt: skip

    def _algo(self, report: told.AlgoReport, seq: int) -> None:
        order = report.order
        if report.status not in _OVER or order.algo is None:
            return
        who = (order.account.id, order.contract.venue)
        self._row(
            who, "algo", order.contract.name, (order.algo.algo_id, report.actual_id),
            order.created_us, order.client_id, order.dump(), seq,
        )  # fmt: skip

    def _funding(self, funding: told.Funding, seq: int) -> None:
        contract = funding.contract
        self._row(
            (0, contract.venue), "funding", contract.name, (funding.at_us, -1), funding.at_us, "",
            [funding.rate, funding.mark], seq,
        )  # fmt: skip

    def _marked(self, bar: told.MarkBar, seq: int) -> None:
        contract, row = bar.contract, bar.row
        what = "minute" if bar.width_us == MINUTE_US else "hour"
        text = _json(row[1:]).decode()
        self.put(COURSES, (contract.venue, what, contract.name, row[0], text, seq, self.world))

    def _stand(self, stand: told.Stand, seq: int) -> None:
        contract, text = stand.contract, _json(stand.row).decode()
        self.put(
            COURSES, (contract.venue, "stand", contract.name, stand.at_us, text, seq, self.world)
        )

    def _converted(self, done: told.Converted, seq: int) -> None:
        quote = done.quote
        who = (done.trader.account.id, done.trader.venue)
        body = [quote.give_asset, quote.give, quote.take_asset, quote.take]
        self._row(who, "convert", "", (quote.order_id, -1), done.at_us, str(quote.id), body, seq)
