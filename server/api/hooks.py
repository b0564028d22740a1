"""The doors for the platforms' webhooks: verify the raw bytes, store them, answer; everything else comes later."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from server.actions import inbox
from server.actions.channels import open_channel
from server.channels.base import Pushed
from server.db import accounts
from server.domain.accounts import Account
from server.domain.errors import Forbidden, NotFound, SignedOut
from server.web.routing import Who, route
from server.web.state import services

# A platform may put a thousand updates into one call, 3 MB at the most (messaging-channels §1).
BODY_MAX = 3_500_000


async def handshake(request: Request) -> Response:
    """Answer a platform that registers this address. Raises Forbidden for the wrong word."""
    _, channel = await _account(request)
    answer = channel.handshake(dict(request.query_params))
    if answer is None:
        raise Forbidden("hook.handshake")
    return PlainTextResponse(answer)


async def receive(request: Request) -> Response:
    """Keep what a platform tells. Raises SignedOut (401) for a wrong signature; then it is counted and not stored."""
    account, channel = await _account(request)
    raw = await request.body()
    if not channel.verify(raw, request.headers):
        await inbox.refuse(account, at=services(request).clock())
        raise SignedOut("hook.signature")
    await inbox.receive(account, raw, at=services(request).clock())
    return PlainTextResponse("ok")


async def _account(request: Request) -> tuple[Account, Pushed]:
    account = await accounts.by_token(request.path_params["account"])
    if account is None or account.kind != request.path_params["channel"]:
        raise NotFound("hook.unknown")
    channel = open_channel(services(request), account)
    if not isinstance(channel, Pushed):
        raise NotFound("hook.unknown")
    return account, channel


routes = [
    route("/hooks/{channel}/{account:uuid}", handshake, who=Who.HOOK),
    route("/hooks/{channel}/{account:uuid}", receive, who=Who.HOOK, methods=["POST"], max_body_size=BODY_MAX),
]
