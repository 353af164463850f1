"""The request log: what was refused lately, with the reason. In memory, and no secrets in it."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable
from typing import Final

from tradepit.catalog.fields import Int, Long, String, Time
from tradepit.catalog.language import Reply
from tradepit.core.rejects import Reject
from tradepit.gateways.checks import FORM, Call
from tradepit.gateways.reasons import LONGEST, reason_of
from tradepit.journal.clock import wall_us

log = logging.getLogger("tradepit.trail")

KEPT: Final = 1_000  # refusals; older ones are forgotten

# Parameters whose values are never kept: what is, or may by mistake hold, a secret.
_SECRET = re.compile(
    r"((?:^|[?&])[^=&]*(?:signature|secret|private|public_?key|passphrase)[^=&]*=)[^&]*",
    re.IGNORECASE,
)


_SECRET_FIELD = re.compile(
    r'("[^"]*(?:signature|secret|private|public_?key|passphrase)[^"]*"\s*:\s*)("(?:[^"\\]|\\.)*"?)',
    re.IGNORECASE,
)
_LISTEN_KEY = re.compile(r"[A-Za-z0-9]{40,}")  # whoever knows it hears an account


class Refusal(Reply):
    """One refused request."""

    number: Long
    at: Time  # of the wall's clock
    world_time: Time
    ip: String
    account: String | None
    api_key: String | None
    via: String  # REST, WS or STREAM
    method: String
    path: String
    operation: String | None
    asked: String  # the parameters, without secrets
    status: Int
    code: int
    name: String
    msg: String
    reason: String
    details: dict[str, object]


class Trail:
    """The refusals of one world."""

    __slots__ = ("counts", "followers", "listeners", "number", "rows")

    def __init__(self) -> None:
        self.listeners: list[Callable[[Refusal], None]] = []
        self.followers: list[Callable[[Call], None]] = []  # told of what was not refused
        self.rows: deque[Refusal] = deque(maxlen=KEPT)
        self.number = 0  # of the newest
        self.counts: dict[tuple[str, int], int] = {}  # by (operation or "", code)

    def note(self, call: Call, refused: Reject) -> None:
        """Keep a refusal. Whatever goes wrong here is not the client's loss."""
        operation = "" if call.operation is None else call.operation.id
        self._keep((operation, refused.code), lambda number: _row(number, call, refused, operation))

    def note_message(self, call: Call, text: str, answer: tuple[int, str]) -> None:
        """Keep what a message on the stream socket that `call` opened was refused with: (code,
        words) of the streams' own."""
        self._keep(("", answer[0]), lambda number: _message_row(number, call, text, answer))

    def _keep(self, key: tuple[str, int], make: Callable[[int], Refusal]) -> None:
        self.counts[key] = self.counts.get(key, 0) + 1
        try:
            self.number += 1
            row = make(self.number)
            self.rows.append(row)
            for listener in self.listeners:
                listener(row)
        except Exception:
            log.exception("A refusal could not be kept")

    def passed(self, call: Call) -> None:
        """A request was carried out: nothing is kept, but whoever follows is told."""
        for follower in self.followers:
            follower(call)

    def find(self, after: int, limit: int, code: int | None, account: str | None) -> list[Refusal]:
        """The newest `limit` rows with a number above `after` (and this code, this account),
        oldest first."""
        found: list[Refusal] = []
        for row in reversed(self.rows):
            if row.number <= after or len(found) == limit:
                break
            if code in (None, row.code) and account in (None, row.account):
                found.append(row)
        return found[::-1]


def _row(number: int, call: Call, refused: Reject, operation: str) -> Refusal:
    world = getattr(call, "world", None)
    reason, details = (refused.msg, {}) if world is None else reason_of(call, refused)
    account = None if world is None else world.pit.accounts.get(call.who.owner)
    given = getattr(call, "given", None)
    sent_key = call.who.key or call.headers.get(b"x-mbx-apikey", b"").decode("latin-1")[:64]
    return Refusal(
        number=number,
        at=call.now_us,
        world_time=call.now_us if world is None else world.clock.now_us(),
        ip=call.ip,
        account=None if account is None else account.name,
        api_key=sent_key or None,
        via="REST" if given is None else "WS",
        method=call.method.decode("latin-1") if given is None else "",
        path=call.path.decode("latin-1")[:LONGEST] if given is None else "/ws-api/v3",
        operation=operation or None,
        asked=asked_of(call),
        status=refused.status,
        code=refused.code,
        name=refused.name,
        msg=refused.msg[:LONGEST],
        reason=reason[:LONGEST],
        details=_clean(details),
    )


def _message_row(number: int, call: Call, text: str, answer: tuple[int, str]) -> Refusal:
    code, words = answer
    clock = call.world.clock
    return Refusal(
        number=number,
        at=wall_us(),
        world_time=clock.now_us(),
        ip=call.ip,
        account=None,
        api_key=None,
        via="STREAM",
        method="",
        path=_LISTEN_KEY.sub("…", call.path.decode("latin-1"))[:LONGEST],
        operation=None,
        asked=_said(text),
        status=400,
        code=code,
        name="STREAM_REQUEST",
        msg=words[:LONGEST],
        reason=words[:LONGEST],
        details={},
    )


def _said(text: str) -> str:
    """A message without secrets and listen keys, and without what no answer could say again."""
    text = _LISTEN_KEY.sub("…", _SECRET_FIELD.sub(r'\1"…"', text[:LONGEST]))
    return text.encode(errors="replace").decode()


def asked_of(call: Call) -> str:
    """The parameters as they were sent, as one text, without secrets."""
    given: dict[str, str] | None = getattr(call, "given", None)
    if given is not None:
        text = "&".join(f"{name}={value}" for name, value in given.items())
    else:
        text = call.query.decode(errors="replace")
        kind = call.headers.get(b"content-type", FORM).partition(b";")[0].strip().lower()
        if kind == FORM:
            more = call.body[:LONGEST].decode(errors="replace")
            text = f"{text}&{more}" if text and more else text + more
        elif "sent" in vars(call):  # JSON that was read
            text = "&".join(f"{name}={value}" for name, value in call.sent.items())
    return _SECRET.sub(r"\1…", text)[:LONGEST]


def _clean(details: dict[str, object]) -> dict[str, object]:
    payload = details.get("payload")
    if isinstance(payload, str):
        return {**details, "payload": _SECRET.sub(r"\1…", payload)}
    return details
