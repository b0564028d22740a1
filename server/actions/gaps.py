"""Where messages may be missing: shown in the conversations it may have hit, until somebody has asked after it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from server.db import accounts, gaps, logbook
from server.db import conversations as conversations_db
from server.db.gaps import Told
from server.db.unit import atomic, signal
from server.domain.conversations import Conversation
from server.domain.errors import Invalid
from server.domain.gaps import Hole, merged
from server.domain.identities import Identity, IdentityKind
from server.domain.logbook import Entry
from server.domain.users import Actor


async def of_thread(
    conversation: Conversation,
    said: Sequence[datetime],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Hole]:
    """Return the holes in a conversation, oldest first, as far as they were learnt in this time.

    `said`: the moments of what is shown, for holes with nothing between them are one. Hit is who already used the
    account when it broke; a lost message whose sender is known is his conversation's alone.
    """
    company_id = conversation.company_id
    used = await gaps.used(company_id, conversation.id)
    kinds = {one.id: one.kind for one in await accounts.of_company(company_id) if one.id in used}
    if not kinds:
        return []
    told = await gaps.of_accounts(company_id, kinds, since=since, until=until)
    hit = [one for one in told if used[one.hole.account_id] <= one.hole.until]
    names = await _names(conversation) if any(one.sender for one in hit) else set()
    ours = [one for one in hit if not one.sender or names & set(one.sender)]
    return merged([_here(one, conversation.id) for one in ours], said)


async def _names(conversation: Conversation) -> set[Identity]:
    found = await conversations_db.senders(conversation.company_id, conversation.id)
    return {Identity(IdentityKind(kind), value) for _, kind, value in found}


def _here(told: Told, conversation_id: UUID) -> Hole:
    """Return a gap as it stands for one conversation."""
    by, at = told.asked.get(conversation_id, (None, None))
    return replace(told.hole, asked_by=by, asked_at=at)


@atomic
async def ask_after(
    actor: Actor, conversation: Conversation, gap_ids: Sequence[UUID], *, at: datetime
) -> None:
    """Note that somebody has asked the customer what may be missing; again is harmless. Raises Invalid for none."""
    if not gap_ids:
        raise Invalid("gap.none", field="gaps")
    if await gaps.set_asked(actor.company_id, gap_ids, conversation.id, by=actor.id, at=at):
        entry = Entry.by(
            actor, "conversation.gap_asked", "conversation", conversation.id, at=at, gaps=len(gap_ids)
        )
        await logbook.insert_entry(actor.company_id, entry)
        signal("conversations", actor.company_id, conversation=str(conversation.id))
