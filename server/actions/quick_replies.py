"""Ready-made texts: written once by the office, filled for each person."""

from datetime import datetime

from server.db import logbook, quick_replies
from server.db.unit import atomic
from server.domain.errors import Invalid
from server.domain.logbook import Entry
from server.domain.quick_replies import TEXT_MAX, TITLE_MAX, QuickReply, checked
from server.domain.texts import block, line
from server.domain.users import Actor, Right, require
from server.ids import new_id

REPLIES_MAX = 100


@atomic
async def write(
    actor: Actor, title: str, text: str, *, reply: QuickReply | None = None, at: datetime
) -> QuickReply:
    """Write a new text, or `reply` anew. Raises Invalid naming the field, also for an unknown placeholder, Forbidden."""
    require(actor, Right.SEND)
    title = line(title, "title", limit=TITLE_MAX, required=True)
    text = checked(block(text, "text", limit=TEXT_MAX, required=True))
    if reply is not None:
        await quick_replies.set_words(actor.company_id, reply.id, title=title, text=text)
        await _note(actor, "reply.changed", reply, at=at, before=reply.text, after=text)
        return reply
    known = await quick_replies.of_company(actor.company_id)
    if len(known) >= REPLIES_MAX:
        raise Invalid("reply.too_many", field="title", max=REPLIES_MAX)
    made = QuickReply(new_id(), actor.company_id, title, text, place=len(known))
    await quick_replies.insert_reply(actor.company_id, made, at=at)
    await _note(actor, "reply.made", made, at=at, after=text)
    return made


@atomic
async def archive(actor: Actor, reply: QuickReply, *, at: datetime) -> None:
    require(actor, Right.SEND)
    await quick_replies.set_archived(actor.company_id, reply.id, at=at)
    await _note(actor, "reply.archived", reply, at=at)


async def _note(actor: Actor, verb: str, reply: QuickReply, *, at: datetime, **data: object) -> None:
    entry = Entry.by(actor, verb, "reply", reply.id, at=at, job_id=None, title=reply.title, **data)
    await logbook.insert_entry(actor.company_id, entry)
