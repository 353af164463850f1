"""Accounts under their user's hand: open them, fund them, say what they pay and may, give keys.

All of these are commands: a replay of the log meets the same accounts.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from msgspec import UNSET, UnsetType

from tradepit.catalog.fields import (
    Amount,
    Bool,
    FreshKey,
    Long,
    OneOf,
    Rate,
    String,
    SymbolName,
    Text,
    Time,
)
from tradepit.catalog.kinds import Safe, TextList
from tradepit.catalog.language import Ask, Reply, operation
from tradepit.control.basics import Console, Nothing, wrong
from tradepit.core.accounts import Account, ApiKey, Commission, Rates
from tradepit.core.exchange import Exchange
from tradepit.core.records import Who
from tradepit.core.rejects import Reject
from tradepit.core.terms import (
    HMAC,
    KEY_TYPES,
    MAY_FUTURES,
    MAY_MARGIN,
    MAY_READ,
    MAY_STREAM,
    MAY_TRADE,
    MAY_TRANSFER,
    MAY_WITHDRAW,
)
from tradepit.core.units import MAX_AMOUNT
from tradepit.data.genesis import dev_funds
from tradepit.gateways.keys import WrongKey, make_check

AccountName = Annotated[str, Safe(r"[a-z][a-z0-9_-]{0,31}", legal="^[a-z][a-z0-9_-]{0,31}$")]
AssetName = Annotated[str, Text(r"[^\W_a-z]{1,20}", legal="^[A-Z0-9]{1,20}$")]
Label = Annotated[str, Text(r"[^<>&\"'\x00-\x1f]{0,64}", legal="^[^<>&\"']{0,64}$")]
KeyType = Annotated[str, OneOf(("HMAC", "RSA", "ED25519"))]
Pem = Annotated[str, Text(r"[ -~\r\n]{40,4000}", legal="a public key in PEM")]
Words = Annotated[tuple[str, ...], TextList(Safe(r"[A-Za-z0-9_.:-]{1,45}"), "a JSON list of words")]

PERMISSIONS = {
    "USER_DATA": MAY_READ,
    "TRADE": MAY_TRADE,
    "USER_STREAM": MAY_STREAM,
    "WITHDRAW": MAY_WITHDRAW,
    "TRANSFER": MAY_TRANSFER,
    "MARGIN": MAY_MARGIN,
    "FUTURES": MAY_FUTURES,
}


def account_of(pit: Exchange, name: str) -> Account:
    """Raises: Reject INVALID_PARAMETER for a name that nobody has."""
    owner = pit.names.get(name)
    if owner is None:
        raise Reject("INVALID_PARAMETER", "account")
    return pit.accounts[owner]


# --- Accounts ----------------------------------------------------------------------------------


class AccountRow(Reply):
    name: String
    uid: Long
    can_trade: bool
    can_withdraw: bool
    can_deposit: bool
    pays_in_bnb: bool
    trade_group_id: Long
    permissions: list[str]
    open_orders: Long


def _row(account: Account) -> AccountRow:
    return AccountRow(
        name=account.name,
        uid=account.uid,
        can_trade=account.can_trade,
        can_withdraw=account.can_withdraw,
        can_deposit=account.can_deposit,
        pays_in_bnb=account.discount_on,
        trade_group_id=account.trade_group,
        permissions=account.permissions,
        open_orders=account.orders_open,
    )


@operation("GET /_tradepit/v1/accounts")
def list_accounts(pit: Exchange, history: Console, who: Who, ask: Nothing) -> list[AccountRow]:
    """All accounts of the world but its residents'."""
    return [_row(account) for account in pit.accounts.values() if not account.quiet]


class OpenAccount(Ask):
    name: AccountName
    like: AccountName | None = None
    funded: Bool | None = None


@operation("POST /_tradepit/v1/accounts")
def open_account(pit: Exchange, who: Who, ask: OpenAccount) -> AccountRow:
    """Open an account; `like` gives it what another one holds, `funded` what a dev account was
    born with."""
    if ask.name in pit.names:
        raise wrong("name", f"There is an account named {ask.name} already.")
    if ask.funded and ask.like is not None:
        raise Reject("OPTIONAL_PARAMS_BAD_COMBO")
    funds = _birth_funds(pit) if ask.funded else {}
    if ask.like is not None:
        balances = account_of(pit, ask.like).balances
        funds = {asset: b.free + b.locked for asset, b in balances.items()}
        if any(not _can_give(pit, asset, units) for asset, units in funds.items()):
            raise Reject("PARAM_OVERFLOW", "like")
    return _row(pit.open_account({"name": ask.name, "balances": funds}))


def _birth_funds(pit: Exchange) -> dict[str, int]:
    """{asset: units} of a dev account at birth, as far as the faucet can still give."""
    funds = dev_funds([symbol.listing for symbol in pit.symbols.values()])
    return {asset: units for asset, units in funds.items() if _can_give(pit, asset, units)}


class SetAccount(Ask):
    account: AccountName
    can_trade: Bool | None = None
    can_withdraw: Bool | None = None
    can_deposit: Bool | None = None
    pays_in_bnb: Bool | None = None
    trade_group_id: Long | None = None
    no_trade_group: Bool | None = None
    permissions: Words | None = None


@operation("PUT /_tradepit/v1/accounts")
def set_account(pit: Exchange, who: Who, ask: SetAccount) -> AccountRow:
    """Change what an account may do, pays in, and belongs to."""
    account = account_of(pit, ask.account)
    if ask.can_trade is not None:
        account.can_trade = ask.can_trade
    if ask.can_withdraw is not None:
        account.can_withdraw = ask.can_withdraw
    if ask.can_deposit is not None:
        account.can_deposit = ask.can_deposit
    if ask.pays_in_bnb is not None:
        account.discount_on = ask.pays_in_bnb
    if ask.trade_group_id is not None:
        account.trade_group = ask.trade_group_id
    if ask.no_trade_group:
        account.trade_group = -1
    if ask.permissions is not None:
        account.permissions = list(ask.permissions)
    return _row(account)


# --- Money -------------------------------------------------------------------------------------


def _can_give(pit: Exchange, asset: str, units: int) -> bool:
    """Whether the faucet can give so much and its own balance, which is all that it gave so far,
    still fits in the 64 bits of a snapshot."""
    given = pit.faucet.get(asset)
    return units - (0 if given is None else given.free) <= MAX_AMOUNT + 1


class Faucet(Ask):
    account: AccountName
    asset: AssetName
    amount: Amount
    take: Bool | None = None


class FaucetBalance(Reply):
    asset: String
    free: Amount
    locked: Amount


@operation("POST /_tradepit/v1/faucet")
def faucet(pit: Exchange, who: Who, ask: Faucet) -> FaucetBalance:
    """Give an account some of an asset, or (`take`) take back what it may spend."""
    account = account_of(pit, ask.account)
    known = any(ask.asset in (s.base, s.quote) for s in pit.symbols.values())
    if not known and ask.asset not in pit.ledger.assets:
        raise Reject("INVALID_PARAMETER", "asset")
    if not ask.amount:
        raise Reject("INVALID_PARAMETER", "amount")
    owned = account.balances.get(ask.asset)
    if ask.take:
        if owned is None:
            raise Reject("INSUFFICIENT_BALANCE")
    elif not _can_give(pit, ask.asset, ask.amount) or (
        owned is not None and owned.free + owned.locked + ask.amount > MAX_AMOUNT
    ):
        raise Reject("PARAM_OVERFLOW", "amount")
    balance = pit.spot(account, ask.asset)
    pit.deposit(account, ask.asset, -ask.amount if ask.take else ask.amount)
    return FaucetBalance(asset=ask.asset, free=balance.free, locked=balance.locked)


class SetCommission(Ask):
    account: AccountName
    symbol: SymbolName | None = None
    maker: Rate | None = None
    taker: Rate | None = None
    buyer: Rate | None = None
    seller: Rate | None = None
    special_maker: Rate | None = None
    special_taker: Rate | None = None
    special_buyer: Rate | None = None
    special_seller: Rate | None = None
    tax_maker: Rate | None = None
    tax_taker: Rate | None = None
    tax_buyer: Rate | None = None
    tax_seller: Rate | None = None
    discount: Rate | None = None
    discount_on_symbol: Bool | None = None


class CommissionSet(Reply):
    account: String
    symbol: String | UnsetType = UNSET


@operation("PUT /_tradepit/v1/commission")
def set_commission(pit: Exchange, who: Who, ask: SetCommission) -> CommissionSet:
    """Set commission rates of an account, everywhere or on one symbol. What is not sent stays."""
    account = account_of(pit, ask.account)
    old = account.commission if ask.symbol is None else account.commission_on(ask.symbol)

    def rates(prefix: str, was: Rates) -> Rates:
        names = ("maker", "taker", "buyer", "seller")
        given = [getattr(ask, prefix + name) for name in names]
        return Rates(
            *[getattr(was, n) if g is None else g for n, g in zip(names, given, strict=True)]
        )

    new = Commission(
        rates("", old.standard),
        rates("special_", old.special),
        rates("tax_", old.tax),
        old.discount if ask.discount is None else ask.discount,
        old.discount_on if ask.discount_on_symbol is None else ask.discount_on_symbol,
    )
    if ask.symbol is None:
        account.commission = new
        return CommissionSet(account=account.name)
    account.commissions[pit.symbol(ask.symbol).name] = new
    return CommissionSet(account=account.name, symbol=ask.symbol)


# --- Keys --------------------------------------------------------------------------------------


class KeyRow(Reply):
    api_key: String
    account: String
    type: String
    label: String
    permissions: list[str]
    ips: list[str]
    created: Time
    secret_key: String | UnsetType = UNSET


def _key_row(pit: Exchange, key: ApiKey, secret: str = "") -> KeyRow:
    return KeyRow(
        api_key=key.api_key,
        account=pit.accounts[key.owner].name,
        type=KEY_TYPES[key.kind],
        label=key.label,
        permissions=[name for name, bit in PERMISSIONS.items() if key.may & bit],
        ips=key.ips,
        created=key.created_us,
        secret_key=secret or UNSET,
    )


@operation("GET /_tradepit/v1/keys")
def list_keys(pit: Exchange, history: Console, who: Who, ask: Nothing) -> list[KeyRow]:
    """All API keys, without their secrets."""
    return [_key_row(pit, key) for key in pit.keys.values()]


class NewKey(Ask):
    account: AccountName
    open: Bool | None = None
    type: KeyType = "HMAC"
    public_key: Pem | None = None
    label: Label = ""
    permissions: Words | None = None
    ips: Words | None = None
    fresh_key: FreshKey = ""
    fresh_secret: FreshKey = ""


@operation("POST /_tradepit/v1/keys")
def new_key(pit: Exchange, who: Who, ask: NewKey) -> KeyRow:
    """Register a key; an HMAC secret is shown in this answer only. `open` opens the account,
    funded, when nobody has its name."""
    kind = KEY_TYPES.index(ask.type)
    if (kind == HMAC) != (ask.public_key is None):
        name = "PARAM_NOT_REQUIRED" if kind == HMAC else "MANDATORY_PARAM"
        raise Reject(name, "publicKey")
    if ask.public_key is not None:
        _check_public(kind, ask.public_key)
    wanted = tuple(PERMISSIONS) if ask.permissions is None else ask.permissions
    strange = [name for name in wanted if name not in PERMISSIONS]
    if strange or not wanted:
        raise wrong("permissions", f"There are {', '.join(PERMISSIONS)}; name one at least.")
    may = sum(PERMISSIONS[name] for name in dict.fromkeys(wanted))
    ips = _addresses(ask.ips or ())
    account = _holder(pit, ask)
    secret = ask.fresh_secret if kind == HMAC else ask.public_key or ""
    key = ApiKey(ask.fresh_key, account.id, kind, secret, may, ips, ask.label, pit.at_us)
    pit.keys[key.api_key] = key
    return _key_row(pit, key, secret if kind == HMAC else "")


def _holder(pit: Exchange, ask: NewKey) -> Account:
    """The account that a new key is for. Raises: Reject; opens an account otherwise."""
    if ask.account not in pit.names and ask.open:
        return pit.open_account({"name": ask.account, "balances": _birth_funds(pit)})
    account = account_of(pit, ask.account)
    if ask.label and any(k.owner == account.id and k.label == ask.label for k in pit.keys.values()):
        raise wrong("label", f"{ask.account} has a key with this label already.")
    return account


def _check_public(kind: int, pem: str) -> None:
    """Raises: Reject INVALID_PARAMETER, which says what is wrong with the key."""
    if "PRIVATE KEY" in pem:
        raise wrong("publicKey", "This is a private key: keep it, and register its public half.")
    try:
        make_check(kind, pem)
    except Exception as error:  # which of them a reader of keys raises depends on the text
        why = str(error) if isinstance(error, WrongKey) else "it is no public key in PEM"
        raise wrong("publicKey", f"{why[0].upper()}{why[1:]}.") from None


def _addresses(words: tuple[str, ...]) -> list[str]:
    """IP addresses as a socket names its peer. Raises: Reject INVALID_PARAMETER."""
    try:
        return [str(ip_address(word)) for word in words]
    except ValueError:
        raise wrong("ips", "Name addresses such as 127.0.0.1, no hosts and no ranges.") from None


class RevokeKey(Ask):
    api_key: Annotated[str, Safe(r"[A-Za-z0-9]{64}", legal="^[A-Za-z0-9]{64}$")]


@operation("DELETE /_tradepit/v1/keys")
def revoke_key(pit: Exchange, who: Who, ask: RevokeKey) -> KeyRow:
    """Revoke a key: it is refused from now on."""
    key = pit.keys.pop(ask.api_key, None)
    if key is None:
        raise Reject("INVALID_PARAMETER", "apiKey")
    return _key_row(pit, key)
