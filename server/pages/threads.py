"""One conversation told: messages of all channels, the notes among colleagues, and where something may be missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request

from server.actions import quiet, ways
from server.db import conversation_messages, internal_notes
from server.db import customers as customers_db
from server.db import jobs as jobs_db
from server.db import users as users_db
from server.domain.conversations import NOTHING, Head, Stretch, stretches, suggested
from server.domain.gaps import Hole
from server.domain.internal_notes import InternalNote
from server.domain.messages import Message, MessageState
from server.domain.paging import Page
from server.domain.users import Actor
from server.ids import parse_id
from server.pages import gaps, standstills
from server.web import access
from server.web.state import services

THREAD = 60


@dataclass(frozen=True, slots=True)
class Said:
    """One thing in the thread: a message of either side, a note among colleagues, or where something may be missing."""

    at: datetime
    message: Message | None = None
    note: InternalNote | None = None
    gap: Hole | None = None


async def said(request: Request, head: Head, *, older: str, filing: bool) -> dict[str, Any]:
    """Return the thread, oldest first: messages of all channels and, apart, the notes among colleagues.

    `older` is the cursor of a page of before; `filing`: the jobs are needed that a stretch may be filed with.
    """
    actor, conversation = access.actor(request), head.conversation
    cursor = str(parse_id(older) or "") or None
    # First of all: what comes while the rest is read is not counted as seen.
    heard = (
        await conversation_messages.last_heard(actor.company_id, conversation.id) if actor.at_desk else None
    )
    found = await conversation_messages.of_conversation(
        actor.company_id, conversation.id, before=cursor, limit=THREAD
    )
    notes = await internal_notes.of_conversation(actor.company_id, conversation.id)
    about = {one.job_id for one in found.items} | {one.job_id for one in notes}
    places = await jobs_db.by_ids(
        actor.company_id,
        sorted(one for one in about if one),
        visible_to=access.only_own(actor),
    )
    visible = {job.id for job in places}
    shown = [one for one in found.items if actor.at_desk or one.job_id is None or one.job_id in visible]
    shown.sort(key=lambda one: (one.at, one.created_at, one.place, one.id))
    notes = [one for one in notes if actor.at_desk or one.job_id is None or one.job_id in visible]
    holes = await gaps.in_thread(conversation, shown, cursor=cursor, more=bool(found.next))
    people = {one.author_id for one in shown} | {one.asked_by for one in holes}
    names = await users_db.names(actor.company_id, {one for one in people if one})
    offers: dict[UUID, Stretch] = stretches(shown, suggested(shown, visible)) if actor.at_desk else {}
    return {
        "lines": _together(shown, notes, holes, found),
        "jobs_of": {job.id: job for job in places},
        "authors": names,
        "offers": offers,
        "heard": heard or NOTHING,
        "shut": await _shut(shown, at=services(request).clock()),
        "older": found.next,
        "quiet_until": await quiet.until(actor.company_id, at=services(request).clock()),
        "still": await standstills.of_company(actor.company_id),
        "quotable": {one.foreign_id: one for one in shown if one.foreign_id},
        "all_jobs": await _open_jobs(actor, head) if filing and actor.at_desk else [],
    }


async def _shut(shown: Sequence[Message], *, at: datetime) -> dict[UUID, str]:
    """Return why what was prepared to be sent by hand must not go any more, by message."""
    waiting = [one for one in shown if one.kind == "handoff" and one.question_id is None]
    waiting = [one for one in waiting if one.state in (MessageState.PREPARED, MessageState.OPENED)]
    codes = {one.id: await ways.closed(one.company_id, one.contact_id, one.channel, at=at) for one in waiting}
    return {message_id: code for message_id, code in codes.items() if code}


def _together(
    shown: Sequence[Message], notes: Sequence[InternalNote], holes: Sequence[Hole], found: Page[Message]
) -> list[Said]:
    """Return all in one row of time; notes from before this page of messages stand on theirs."""
    lines = [Said(one.at, message=one) for one in shown]
    since = lines[0].at if lines and found.next else None
    lines += [Said(one.created_at, note=one) for one in notes if since is None or one.created_at >= since]
    lines += [Said(one.since, gap=one) for one in holes]
    return sorted(lines, key=lambda one: one.at)


async def _open_jobs(actor: Actor, head: Head) -> list[tuple[UUID, str]]:
    """Return the jobs a stretch may be filed with, this customer's first."""
    contact_id = head.conversation.contact_id
    contact = await customers_db.contact_by_id(actor.company_id, contact_id) if contact_id else None
    found = (await jobs_db.search(actor.company_id, limit=200)).items
    ours = contact.customer_id if contact else None
    return [
        (one.id, f"{one.number} · {one.title}")
        for one in sorted(found, key=lambda one: ours is None or one.customer_id != ours)
    ]
