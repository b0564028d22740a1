"""Holes in a conversation and in a channel: shown where they are, and marked by whoever has asked after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import gaps
from server.db import gaps as gaps_db
from server.db import messages as messages_db
from server.domain.accounts import Account
from server.domain.conversations import Conversation
from server.domain.gaps import Hole, merged
from server.domain.messages import Message
from server.web import access, forms
from server.web.render import see_other
from server.web.routing import Who, route
from server.web.state import services

NAMED = 10


@dataclass(frozen=True, slots=True)
class AskedForm:
    gaps: tuple[UUID, ...] = forms.ids()


@dataclass(frozen=True, slots=True)
class Torn:
    """A hole of a channel with the conversations it may have hit, the one spoken in last first."""

    hole: Hole
    threads: Sequence[gaps_db.Thread]
    number: int


async def in_thread(
    conversation: Conversation, shown: Sequence[Message], *, cursor: str | None, more: bool
) -> list[Hole]:
    """Return the holes that belong to this page of a conversation: pages share them without a rest and none twice.

    `cursor` is the message that begins the page after this one, None for the newest; `more`: there are older ones.
    """
    after = await messages_db.by_id(conversation.company_id, UUID(cursor)) if cursor else None
    said: list[datetime] = [one.at for one in shown]
    return await gaps.of_thread(
        conversation, said, since=min(said) if said and more else None, until=after.at if after else None
    )


async def of_account(account: Account) -> list[Torn]:
    """Return the account's holes, the newest first, each with the conversations it may have hit."""
    told = await gaps_db.of_accounts(account.company_id, {account.id: account.kind})
    threads = await gaps_db.threads(account.company_id, account.id) if told else []
    torn = []
    for hole in reversed(merged([one.hole for one in told])):
        hit = [one for one in threads if one.first_at <= hole.until]
        torn.append(Torn(hole, hit[:NAMED], len(hit)))
    return torn


async def ask_after(request: Request) -> Response:
    """Hear that somebody has asked the customer what may be missing."""
    head, actor = await access.conversation_head(request), access.actor(request)
    typed = (await forms.read(request, AskedForm)).data
    await gaps.ask_after(actor, head.conversation, typed.gaps, at=services(request).clock())
    return see_other(request, f"/messages/{head.conversation.id}#newest", flash="gap.asked")


routes = [route("/messages/{conversation_id:uuid}/gaps", ask_after, who=Who.WORKER, methods=["POST"])]
