"""A platform for the drain: takes a message, answers after 100 ms, and tells two statuses of it if wanted."""

import asyncio
import json
import os
import time
from itertools import count

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.talk.test_doors import signed
from tests.talks import TYPED

ANSWERS_AFTER_S = 0.1
ENTRY = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": TYPED["phone_number_id"]}}


class Platform:
    def __init__(self, account: str, *, told: bool) -> None:
        self.account, self.told = account, told
        self.numbers, self.hooks = count(), ""
        self.http = httpx.AsyncClient()
        self.telling: set[asyncio.Task[None]] = set()

    async def take(self, request: Request) -> Response:
        call = await request.json()
        await asyncio.sleep(ANSWERS_AFTER_S)
        name = f"wamid.B{next(self.numbers):08d}"
        if self.told:
            task = asyncio.create_task(self.tell(name, call["to"]))
            self.telling.add(task)
            task.add_done_callback(self.telling.discard)
        person = {"input": call["to"], "wa_id": call["to"]}
        return JSONResponse(
            {"messaging_product": "whatsapp", "contacts": [person], "messages": [{"id": name}]}
        )

    async def tell(self, name: str, to: str) -> None:
        for status in ("sent", "delivered"):
            await asyncio.sleep(0.3)
            said = {"id": name, "status": status, "timestamp": str(int(time.time())), "recipient_id": to}
            change = {"field": "messages", "value": ENTRY | {"statuses": [said]}}
            body = json.dumps(
                {"object": "whatsapp_business_account", "entry": [{"id": "9", "changes": [change]}]}
            ).encode()
            url = f"{self.hooks}/hooks/whatsapp/{self.account}"
            await self.http.post(url, content=body, headers=signed(body), timeout=60)

    async def learn(self, request: Request) -> Response:
        self.hooks = (await request.json())["url"]
        return PlainTextResponse("ok")


def process() -> Starlette:
    """Return the application; the account and whether statuses are told stand in the environment."""
    played = Platform(os.environ["PEER_ACCOUNT"], told=os.environ["PEER_TOLD"] == "1")
    return Starlette(
        routes=[
            Route("/graph/{version}/{number}/messages", played.take, methods=["POST"]),
            Route("/hooks", played.learn, methods=["POST"]),
            Route("/readyz", lambda request: PlainTextResponse("ok")),
            Route(
                "/graph/{other:path}",
                lambda request: JSONResponse({"data": [{"id": "9"}], "success": True}),
                methods=["GET", "POST"],
            ),
        ]
    )
