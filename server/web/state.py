"""What the running application hangs on itself for handlers."""

import asyncio

from starlette.requests import Request

from server.services import Services


def services(request: Request) -> Services:
    """Return the services the application was started with."""
    found: Services = request.app.state.services
    return found


def stopping(request: Request) -> asyncio.Event:
    """Return the event that is set when the server begins to stop; endless answers watch it."""
    event: asyncio.Event = request.app.state.stopping
    return event
