"""Servers to compare with: `python -m bench.rivals NAME`; each prints its port.

asgi: plain uvicorn with an ASGI application that reads the body and answers the same bytes.
fixed: tradepit's HTTP server, which answers every request with the same bytes.
stub: tradepit's HTTP server, door and encoder, with an engine that accepts everything.
fastapi: the mock in bench/mock.py.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from typing import Any, Final

import uvicorn
import uvloop

from tradepit.data.genesis import DEV_KEYS

KEY: Final = DEV_KEYS[0]
BODY: Final = (
    b'{"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"6gCrw2kRUAF9CvJDGP16IP",'
    b'"transactTime":1507725176595,"price":"1.00000000","origQty":"10.00000000",'
    b'"executedQty":"0.00000000","origQuoteOrderQty":"0.000000","cummulativeQuoteQty":"0.00000000",'
    b'"status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"SELL",'
    b'"workingTime":1507725176595,"fills":[],"selfTradePreventionMode":"NONE"}'
)
FIXED: Final = BODY.ljust(436)[:436]


def fixed() -> uvicorn.Config:
    from tradepit.gateways.answers import Answer
    from tradepit.gateways.rest import HttpProtocol

    class Fixed:
        def open(self, call: object) -> Answer:
            return Answer(200, FIXED)

    return _ours(Fixed(), HttpProtocol)


def asgi() -> uvicorn.Config:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(FIXED))]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": FIXED})

    return uvicorn.Config(
        app, http="httptools", ws="none", lifespan="off", interface="asgi3", loop="uvloop",
        log_config=None, access_log=False, proxy_headers=False, server_header=False,
    )  # fmt: skip


async def stub() -> None:
    from bench.apply import whole_server
    from tradepit.products.spot.replies import OrderResult

    orders = 0

    def serve(call: Any) -> Any:
        nonlocal orders
        orders += 1
        ask, at_us = call.ask, call.now_us
        return door._answer(call, OrderResult(
            symbol=ask.symbol, order_id=orders, order_list_id=-1,
            client_order_id=ask.new_client_order_id, transact_time=at_us, price=ask.price,
            orig_qty=ask.quantity, executed_qty=0, orig_quote_order_qty=0,
            cummulative_quote_qty=0, status=0, time_in_force=ask.time_in_force, type=ask.type,
            side=ask.side, working_time=at_us, self_trade_prevention_mode=0, fills=[],
        ))  # fmt: skip

    async with whole_server() as (door, port):
        door._serve = serve  # type: ignore[method-assign]
        gc.collect()
        gc.freeze()
        print(port, flush=True)
        told = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
        await told.wait()


def _ours(door: Any, protocol: Any) -> uvicorn.Config:
    return uvicorn.Config(
        door, http=protocol, ws="none", lifespan="off", interface="asgi3", loop="uvloop",
        log_config=None, access_log=False, proxy_headers=False, server_header=False,
    )  # fmt: skip


def fastapi() -> uvicorn.Config:
    return uvicorn.Config("bench.mock:app", log_level="warning")


def main() -> None:
    if sys.argv[1] == "stub":
        uvloop.run(stub())
        return
    make = {"asgi": asgi, "fixed": fixed, "fastapi": fastapi}[sys.argv[1]]
    listener = socket.create_server(("127.0.0.1", 0))
    settings = make()
    gc.collect()
    gc.freeze()
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(settings).run(sockets=[listener])


if __name__ == "__main__":
    main()
