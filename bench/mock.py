"""A mock of one operation as a user writes it: FastAPI, form parameters, pydantic, Decimal, HMAC.

What it does not do: match, hold balances, filters, weights, a log. Its annotations are read at run
time, so this file goes without postponed ones.
"""

import hashlib
import hmac
import time
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Form, Header, HTTPException, Request
from pydantic import BaseModel

from tradepit.data.genesis import DEV_KEYS

KEY = DEV_KEYS[0]
PLACES = Decimal("0.00000001")

app = FastAPI()


class OrderReply(BaseModel):
    symbol: str
    orderId: int
    orderListId: int = -1
    clientOrderId: str
    transactTime: int
    price: Decimal
    origQty: Decimal
    executedQty: Decimal = Decimal("0.00000000")
    cummulativeQuoteQty: Decimal = Decimal("0.00000000")
    status: str = "NEW"
    timeInForce: str
    type: str
    side: str
    workingTime: int
    fills: list[dict[str, str]] = []
    selfTradePreventionMode: str = "NONE"


orders: dict[int, OrderReply] = {}


@app.post("/api/v3/order")
async def place(
    request: Request,
    symbol: Annotated[str, Form()],
    side: Annotated[str, Form()],
    type: Annotated[str, Form()],
    timestamp: Annotated[int, Form()],
    signature: Annotated[str, Form()],
    timeInForce: Annotated[str, Form()] = "GTC",
    quantity: Annotated[Decimal, Form()] = Decimal(0),
    price: Annotated[Decimal, Form()] = Decimal(0),
    newClientOrderId: Annotated[str, Form()] = "",
    recvWindow: Annotated[int, Form()] = 5000,
    x_mbx_apikey: Annotated[str, Header()] = "",
) -> OrderReply:
    sent = [(name, str(value)) for name, value in (await request.form()).multi_items()]
    payload = urlencode([pair for pair in sent if pair[0] != "signature"]).encode()
    expected = hmac.new(KEY.secret_key.encode(), payload, hashlib.sha256).hexdigest()
    if x_mbx_apikey != KEY.api_key or not hmac.compare_digest(expected, signature):
        raise HTTPException(401, {"code": -1022, "msg": "Signature for this request is not valid."})
    now = time.time_ns() // 1_000_000
    if not -1_000 < now - timestamp <= recvWindow:
        raise HTTPException(400, {"code": -1021, "msg": "Timestamp is outside of recvWindow."})
    if quantity * price < 5:
        raise HTTPException(400, {"code": -1013, "msg": "Filter failure: NOTIONAL"})
    reply = OrderReply(
        symbol=symbol,
        orderId=len(orders) + 1,
        clientOrderId=newClientOrderId,
        transactTime=now,
        price=price.quantize(PLACES),
        origQty=quantity.quantize(PLACES),
        timeInForce=timeInForce,
        type=type,
        side=side,
        workingTime=now,
    )
    orders[reply.orderId] = reply
    return reply
