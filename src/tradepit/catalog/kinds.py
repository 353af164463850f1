"""How a value is read from text, refused and written: the kinds behind the field types.

A kind reads request text quickly (`read`, which only says ValueError) and explains slowly
(`refuse`, which names the exchange's own refusal). In replies it gives the source text of an
expression that writes the value (`writer`), from which `encode` compiles its encoders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from tradepit.core import units
from tradepit.core.rejects import Reject

INT64_MAX: Final = 9_223_372_036_854_775_807
INT32_MAX: Final = 2_147_483_647
DECIMAL_RANGE: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
LONG_RANGE: Final = r"^[0-9]{1,20}$"
BOOL_RANGE: Final = "^(true|false)$"
SYMBOL_RANGE: Final = r"^[\w\-._&&[^a-z]]{1,50}$"
SYMBOLS_RANGE: Final = (
    r'^\[("[\w\-._&&[^a-z]]{1,50}"(,"[\w\-._&&[^a-z]]{1,50}"){0,}){0,1}\]$'
)  # fmt: skip
CLIENT_ID_RANGE: Final = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
MICROSECONDS_FROM: Final = 100_000_000_000_000  # from here on a time is microseconds

_DECIMAL = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,20}))?", re.ASCII)
_LONG = re.compile(r"[0-9]{1,20}", re.ASCII)
_SYMBOL = re.compile(r"(?:(?![a-z])[\w\-.]){1,50}")

TRUTHS: Final = ("false", "true")


@lru_cache(maxsize=16_384)
def quote(text: str) -> str:
    """`text` as a JSON string."""
    return msgspec.json.encode(text).decode()


@lru_cache(maxsize=32_768)
def quote_units(value: int) -> str:
    """Units as a JSON string with eight places."""
    return f'"{units.text_units(value)}"'


@lru_cache(maxsize=4_096)
def quote_short(value: int) -> str:
    """Units as a JSON string without trailing zeros."""
    return f'"{units.text_short(value)}"'


@lru_cache(maxsize=4_096)
def quote_places(value: int, places: int) -> str:
    """Units as a JSON string with `places` decimals, cut off."""
    return f'"{units.text_places(value, places)}"'


@lru_cache(maxsize=16_384)
def read_decimal(text: str) -> int:
    """Units of a plain decimal; ValueError when illegal, too precise or above the cap."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError(text)
    whole, part = match.groups()
    value = int(whole) * units.ONE
    if part is not None:
        if len(part) > units.DECIMALS:
            if part[units.DECIMALS :].strip("0"):
                raise ValueError(text)
            part = part[: units.DECIMALS]
        value += int(part.ljust(units.DECIMALS, "0"))
    if value > units.MAX_AMOUNT:
        raise ValueError(text)
    return value


def read_long(text: str) -> int:
    """A whole number of int64; ValueError when illegal or greater."""
    if _LONG.fullmatch(text) is None:
        raise ValueError(text)
    value = int(text)
    if value > INT64_MAX:
        raise ValueError(text)
    return value


class Kind:
    """What a field holds. `wire` is the documents' type word, `legal` its legal range text."""

    wire = "STRING"
    legal = ""
    values: tuple[str, ...] = ()

    def read(self, text: str) -> Any:
        """The value of request text. Raises: ValueError (or KeyError)."""
        raise NotImplementedError

    def refuse(self, name: str, text: str) -> Reject:
        """Why `read` does not take `text`."""
        return Reject("ILLEGAL_CHARS", name, self.legal)

    def reader(self) -> Callable[[str], Any]:
        """The quickest callable that does `read`."""
        return self.read

    def writer(self, value: str, names: dict[str, object]) -> str:
        """A Python expression, free of quotes, for the JSON text of the expression `value`.

        `names` are the globals of the generated code; a kind adds what its expression needs.
        """
        names["quote"] = quote
        return f"quote({value})"

    def template(self, value: str, names: dict[str, object]) -> str:
        """The same as a piece of an f-string."""
        return "{" + self.writer(value, names) + "}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.wire})"


class Decimal(Kind):
    """Decimal text <-> units of 1e-8; replies have exactly eight places."""

    wire = "DECIMAL"
    legal = DECIMAL_RANGE

    def read(self, text: str) -> int:
        return read_decimal(text)

    def reader(self) -> Callable[[str], int]:
        return read_decimal

    def refuse(self, name: str, text: str) -> Reject:
        match = _DECIMAL.fullmatch(text)
        if match is None:
            return Reject("ILLEGAL_CHARS", name, self.legal)
        if (match.group(2) or "")[units.DECIMALS :].strip("0"):
            return Reject("BAD_PRECISION", name)
        return Reject("PARAM_OVERFLOW", name)

    def writer(self, value: str, names: dict[str, object]) -> str:
        names["quote_units"] = quote_units
        return f"quote_units({value})"


class Plain(Decimal):
    """A decimal whose reply text has `places` decimals, cut off: Plain(3) writes "-95.960"."""

    def __init__(self, places: int) -> None:
        self.places = places

    def writer(self, value: str, names: dict[str, object]) -> str:
        names["quote_places"] = quote_places
        return f"quote_places({value}, {self.places})"


class Short(Decimal):
    """A decimal whose reply text has no trailing zeros: "1.0001"."""

    def writer(self, value: str, names: dict[str, object]) -> str:
        names["quote_short"] = quote_short
        return f"quote_short({value})"


class Places(Decimal):
    """A decimal of a reply that says itself how many places it has: (units, places), cut off."""

    def writer(self, value: str, names: dict[str, object]) -> str:
        names["quote_places"] = quote_places
        return f"quote_places(*{value})"


class Bare(Decimal):
    """A decimal of a reply that is a JSON number without trailing zeros: 0.0065."""

    wire = "NUMBER"

    def writer(self, value: str, names: dict[str, object]) -> str:
        names["text_short"] = units.text_short
        return f"text_short({value})"


class Signed(Decimal):
    """A decimal that may be below zero."""

    legal = r"^-?([0-9]{1,20})(\.[0-9]{1,20})?$"

    def read(self, text: str) -> int:
        return -read_decimal(text[1:]) if text[:1] == "-" else read_decimal(text)

    def reader(self) -> Callable[[str], int]:
        return self.read


class Whole(Kind):
    """A whole number up to `most`: LONG and INT."""

    legal = LONG_RANGE

    def __init__(self, wire: str, most: int) -> None:
        self.wire = wire
        self.most = most

    def read(self, text: str) -> int:
        value = read_long(text)
        if value > self.most:
            raise ValueError(text)
        return value

    def reader(self) -> Callable[[str], int]:
        return read_long if self.most == INT64_MAX else self.read

    def refuse(self, name: str, text: str) -> Reject:
        if _LONG.fullmatch(text) is None:
            return Reject("ILLEGAL_CHARS", name, self.legal)
        return Reject("PARAM_OVERFLOW", name)

    def writer(self, value: str, names: dict[str, object]) -> str:
        return f"str({value})"

    def template(self, value: str, names: dict[str, object]) -> str:
        return "{" + value + "}"


class Between:
    """Bounds of a whole number: `Annotated[Int, Between(1, 1000, clip=True)]`.

    Below `low` is refused; above `high` is refused, or taken as `high` when `clip`.
    """

    def __init__(self, low: int, high: int = INT64_MAX, clip: bool = False) -> None:
        self.low = low
        self.high = high
        self.clip = clip


class Bounded(Kind):
    """A whole number within bounds."""

    legal = LONG_RANGE

    def __init__(self, inner: Kind, bounds: Between) -> None:
        self.wire = inner.wire
        self.inner = inner
        self.bounds = bounds

    def read(self, text: str) -> int:
        value: int = self.inner.read(text)
        bounds = self.bounds
        if value < bounds.low:
            raise ValueError(text)
        if value > bounds.high:
            if not bounds.clip:
                raise ValueError(text)
            return bounds.high
        return value

    def refuse(self, name: str, text: str) -> Reject:
        try:
            self.inner.read(text)
        except ValueError:
            return self.inner.refuse(name, text)
        return Reject("INVALID_PARAMETER", name)

    def writer(self, value: str, names: dict[str, object]) -> str:
        return self.inner.writer(value, names)


class Clock(Kind):
    """A time: milliseconds or microseconds in requests, what the caller asked for in replies.

    Inside it is microseconds. In replies -1 ("never") stays -1 in both units.
    """

    wire = "LONG"
    legal = LONG_RANGE

    def read(self, text: str) -> int:
        value = read_long(text)
        return value if value >= MICROSECONDS_FROM else value * 1000

    def refuse(self, name: str, text: str) -> Reject:
        if _LONG.fullmatch(text) is None:
            return Reject("ILLEGAL_CHARS", name, self.legal)
        return Reject("PARAM_OVERFLOW", name)

    def writer(self, value: str, names: dict[str, object]) -> str:
        return f"str({value} if micro else {value} // 1000)"

    def template(self, value: str, names: dict[str, object]) -> str:
        return "{" + f"{value} if micro else {value} // 1000" + "}"


class Millis(Clock):
    """A time that is milliseconds, however far ahead: in the year 5139 they have as many digits as
    today's microseconds."""

    def read(self, text: str) -> int:
        return read_long(text) * 1000


_BOOLS: Final = {"true": True, "false": False}


class Truth(Kind):
    """true or false, in any case of letters."""

    wire = "BOOLEAN"
    legal = BOOL_RANGE
    values = ("true", "false")

    def read(self, text: str) -> bool:
        if len(text) > 5:
            raise ValueError(text)
        return _BOOLS[text.lower()]

    def writer(self, value: str, names: dict[str, object]) -> str:
        names["TRUTHS"] = TRUTHS
        return f"TRUTHS[{value}]"


class Text(Kind):
    """Text that fits a pattern; `legal` is the range as refusals show it."""

    def __init__(self, pattern: str, reject: str = "ILLEGAL_CHARS", legal: str = "") -> None:
        self.pattern = re.compile(pattern)
        self.legal = legal or pattern
        self.reject = reject

    def read(self, text: str) -> str:
        if self.pattern.fullmatch(text) is None:
            raise ValueError(text)
        return text

    def refuse(self, name: str, text: str) -> Reject:
        return refusal(self.reject, name, self.legal)


class Upload(Kind):
    """A file that is the body of a request; in between, each byte of it is a character."""

    wire = "FILE"

    def read(self, text: str) -> bytes:
        return text.encode("latin-1")


class Safe(Text):
    """Text whose pattern admits nothing that JSON would escape: written as it is."""

    def writer(self, value: str, names: dict[str, object]) -> str:
        names["wrap"] = '"%s"'.__mod__
        return f"wrap({value})"

    def template(self, value: str, names: dict[str, object]) -> str:
        return '"{' + value + '}"'


class Symbol(Safe):
    """A symbol's name. Names are few: what was once legal is remembered."""

    def __init__(self) -> None:
        super().__init__(_SYMBOL.pattern, legal=SYMBOL_RANGE)
        self._known = lru_cache(maxsize=4_096)(self.read)

    def reader(self) -> Callable[[str], str]:
        return self._known


class Term(Kind):
    """A word of a vocabulary of `core.terms`: a small integer inside, its name on the wire.

    `only` limits what requests may say; replies may say every word.
    """

    wire = "ENUM"

    def __init__(
        self, names: Sequence[str], reject: str = "INVALID_PARAMETER", only: Sequence[int] = ()
    ) -> None:
        self.names = tuple(names)
        self.reject = reject
        codes = only or [code for code, word in enumerate(names) if code and word]
        self.codes: Mapping[str, int] = {names[code]: code for code in codes}
        self.values = tuple(self.codes)

    def read(self, text: str) -> int:
        return self.codes[text]

    def reader(self) -> Callable[[str], int]:
        return self.codes.__getitem__

    def refuse(self, name: str, text: str) -> Reject:
        return refusal(self.reject, name, "|".join(self.values))

    def writer(self, value: str, names: dict[str, object]) -> str:
        key = f"words_{len(names)}"
        names[key] = tuple(quote(word) for word in self.names)
        return f"{key}[{value}]"


class OneOf(Kind):
    """A word of a short list, kept as text."""

    wire = "ENUM"

    def __init__(self, values: Sequence[str], reject: str = "INVALID_PARAMETER") -> None:
        self.values = tuple(values)
        self.words = {word: word for word in values}
        self.reject = reject

    def read(self, text: str) -> str:
        return self.words[text]

    def reader(self) -> Callable[[str], str]:
        return self.words.__getitem__

    def refuse(self, name: str, text: str) -> Reject:
        return refusal(self.reject, name, "|".join(self.values))


class TextList(Kind):
    """A JSON list of texts, each of `item`'s pattern, none twice; at most `most`.

    `single` lets a bare text stand for a list of one.
    """

    wire = "ARRAY OF STRING"

    def __init__(self, item: Text, legal: str, most: int = 100, single: bool = False) -> None:
        self.item = item
        self.legal = legal
        self.most = most
        self.single = single

    def read(self, text: str) -> tuple[str, ...]:
        found = self._split(text)
        if len(set(found)) != len(found) or not 0 < len(found) <= self.most:
            raise ValueError(text)
        return found

    def refuse(self, name: str, text: str) -> Reject:
        try:
            found = self._split(text)
        except ValueError:
            return Reject("ILLEGAL_CHARS", name, self.legal)
        if not found:
            return Reject("PARAM_EMPTY", name)
        if len(found) > self.most:
            return Reject("TOO_MANY_VALUES", name, self.most)
        return Reject("DUPLICATE_SYMBOLS")

    def _split(self, text: str) -> tuple[str, ...]:
        if self.single and not text.startswith("["):
            return (self.item.read(text),)
        try:
            found = msgspec.json.decode(text.encode(), type=tuple[str, ...])
        except msgspec.DecodeError:
            raise ValueError(text) from None
        for each in found:
            self.item.read(each)
        return found

    def writer(self, value: str, names: dict[str, object]) -> str:
        names["dumps"] = dumps
        return f"dumps({value})"


def dumps(value: object) -> str:
    """Any plain value as JSON text."""
    return msgspec.json.encode(value).decode()


def refusal(reject: str, name: str, legal: str) -> Reject:
    """The Reject called `reject`, its holes filled as far as its words have some."""
    if reject == "ILLEGAL_CHARS":
        return Reject(reject, name, legal)
    if reject in _NAMED:
        return Reject(reject, name)
    return Reject(reject)


_NAMED: Final = frozenset({"INVALID_PARAMETER", "MANDATORY_PARAM", "PARAM_EMPTY", "INVALID_JSON"})
