"""Two exchanges, one engine: an operation that both have is declared once.

    @on_both("GET /{}/v1/openOrder", security=USER_DATA, ...)
    def open_order(pit: Exchange, history: History, who: Who, ask: Which, venue: int) -> Row: ...

declares `GET /fapi/v1/openOrder` and `GET /dapi/v1/openOrder`; the handler is told whose it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar

from tradepit.catalog.language import operation
from tradepit.core.contracts import COINM, USDM

PREFIXES: Final = {USDM: "fapi", COINM: "dapi"}
BOOKS: Final = {USDM: "usdm", COINM: "coinm"}  # whose documents

F = TypeVar("F", bound=Callable[..., Any])


def on(venue: int, route: str, **facts: Any) -> Callable[[F], F]:
    """Declare an operation of one venue; `{}` stands for its prefix, in `doc` for its book."""

    def declare(handler: F) -> F:
        doc = facts.get("doc", "").format(BOOKS[venue])
        return _declare(handler, venue, route.format(PREFIXES[venue]), {**facts, "doc": doc})

    return declare


def on_both(route: str, coinm: dict[str, Any] | None = None, **facts: Any) -> Callable[[F], F]:
    """Declare an operation of both venues. coinm: facts that differ there, its `ask` among them."""

    def declare(handler: F) -> F:
        on(USDM, route, **facts)(handler)
        on(COINM, route, **{**facts, **(coinm or {})})(handler)
        return handler

    return declare


def _declare(handler: F, venue: int, op_id: str, facts: dict[str, Any]) -> F:
    """Bind the handler to a venue, where it wants to know, and declare what is left of it."""
    names = list(inspect.signature(handler).parameters)
    ask_type = facts.pop("ask", None)
    if names[-1] != "venue":
        return operation(op_id, **facts)(handler)

    if names[:2] == ["pit", "who"]:

        def command(pit: Any, who: Any, ask: Any) -> Any:
            return handler(pit, who, ask, venue)

        bound: Callable[..., Any] = command
    else:

        def query(pit: Any, history: Any, who: Any, ask: Any) -> Any:
            return handler(pit, history, who, ask, venue)

        bound = query
    bound.__annotations__ = {
        name: note for name, note in handler.__annotations__.items() if name != "venue"
    }
    if ask_type is not None:
        bound.__annotations__["ask"] = ask_type
    bound.__doc__, bound.__name__ = handler.__doc__, handler.__name__
    bound.__module__ = handler.__module__
    operation(op_id, **facts)(bound)
    return handler
