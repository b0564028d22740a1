"""What just changed, as a stream of server-sent events: hints to reload, never the data itself.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from server.db.hub import LOST, Signal
from server.domain.users import Actor
from server.web import access
from server.web.routing import Who, route
from server.web.state import services, stopping

HEARTBEAT_S = 20
OFFICE = (
    "photos", "questions", "messages", "conversations", "channels", "jobs", "notes", "devices", "inbox", "people",
)  # fmt: skip
WORKER = ("photos", "questions", "jobs", "notes")


async def stream(request: Request) -> Response:
    """Answer an endless stream of what changed in the actor's company; it ends when the server stops."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(request), media_type="text/event-stream", headers=headers)


async def events(request: Request) -> AsyncIterator[str]:
    """Yield events and heartbeats; a client that leaves cancels the generator. No database in here."""
    actor, hub = access.actor(request), services(request).database.hub
    async with hub.subscribe(*(OFFICE if actor.at_desk else WORKER)) as signals:
        stop = asyncio.create_task(stopping(request).wait())
        upcoming = asyncio.ensure_future(anext(signals, None))
        try:
            yield ": da\n\n"
            while True:
                await asyncio.wait({stop, upcoming}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
                if stop.done():
                    return
                if not upcoming.done():
                    yield ": da\n\n"
                    continue
                signal = upcoming.result()
                if signal is None:
                    return
                upcoming = asyncio.ensure_future(anext(signals, None))
                if text := told(signal, actor):
                    yield text
        finally:
            stop.cancel()
            upcoming.cancel()


def told(signal: Signal, actor: Actor) -> str:
    """Return the event for this reader, empty for another company's; a worker learns no ids."""
    if signal.topic == LOST:
        return "event: all\ndata: {}\n\n"
    if signal.company_id != actor.company_id:
        return ""
    data = json.dumps(dict(signal.data) if actor.at_desk else {}, separators=(",", ":"))
    return f"event: {signal.topic}\ndata: {data}\n\n"


routes = [route("/live", stream, who=Who.WORKER)]
