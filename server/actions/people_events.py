"""What platforms tell of people: somebody came by our link, has a new name, has switched us off or on."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from server.actions import conversations, renames, replies
from server.actions.customers import contact_known
from server.actions.fates import OPTED_OUT
from server.actions.identities import learn, whose
from server.actions.invites import hash_of
from server.db import conversations as conversations_db
from server.db import invites, logbook
from server.db.unit import signal
from server.domain.accounts import Account
from server.domain.conversations import key_of_stranger
from server.domain.events import Joined, OptOut, Renamed
from server.domain.identities import Identity
from server.domain.logbook import Entry
from server.domain.messages import JOINED, RESUMED, SWITCHED_OFF, Direction, Message, MessageState
from server.domain.users import system


async def joined(account: Account, event: Joined, *, at: datetime) -> None:
    """Write down that somebody opened the chat; our one-time word says who he is, and nothing else does.

    The press of Start is a deed of his own, verified by the platform: he may be answered. Joins the unit.
    """
    known = await whose(account, event.sender)
    invited = await _invited(account, event, at=at)
    contact_id = known or invited
    if contact_id is not None:
        await learn(account, contact_id, event.sender, at=at)
    message = replace(
        _line(account, event.key, event.sender[0], JOINED, at=min(event.at, at), now=at),
        contact_id=contact_id,
        profile_name=event.profile_name,
    )
    if known is None and invited is not None:
        await _bring_along(account, event, invited, at=at)
    kept = await conversations.keep(message, sender=event.sender)
    if kept is not None:
        await _log(account, "contact.joined", contact_id or account.id, at=at, invited=invited is not None)
        signal("messages", account.company_id, message=str(kept.id), job="")


async def _invited(account: Account, event: Joined, *, at: datetime) -> UUID | None:
    """Return who was given the word; it is used up now. Nobody's for a used, expired, foreign or unknown one."""
    if not event.payload:
        return None
    return await invites.claim_invite(
        account.company_id, account.kind, hash_of(event.payload), at=min(event.at, at)
    )


async def _bring_along(account: Account, event: Joined, contact_id: UUID, *, at: datetime) -> None:
    """Give the contact what he had said here as a stranger, before he came by our link."""
    for name in event.sender:
        before = await conversations_db.by_key(account.company_id, key_of_stranger(account.kind, name))
        if before is not None:
            contact = await contact_known(account.company_id, contact_id)
            await conversations.belongs_to(system(account.company_id), before, contact, at=at)


async def renamed(account: Account, event: Renamed, *, at: datetime) -> None:
    """Propose a person's new name to the office; until a human has confirmed it nothing leaves for him there.

    Never merges, never re-targets. Joins the unit it is part of.
    """
    contact_id = await whose(account, event.old)
    if contact_id is None:
        return
    why = "Der Anbieter meldet einen neuen Namen"
    change = renames.NewName(contact_id, event.old, event.new, why)
    await renames.propose(account, event.key, change, gone=event.old, at=at)


async def opt_out(account: Account, event: OptOut, *, at: datetime) -> None:
    """Withdraw for a customer who switched us off in the messenger itself; joins the unit it is part of.

    Switched on again opens nothing by itself: a withdrawal stands until a new consent is given. It is shown.
    """
    known = await whose(account, event.sender)
    actor = system(account.company_id)
    if event.stopped:
        await replies.stop(actor, account, event.sender, known, said=event.said or OPTED_OUT, at=at)
        if known is None:  # he has no ledger yet: his thread remembers it (actions/gate.py:stranger_gate)
            off = _line(account, event.key, event.sender[0], SWITCHED_OFF, at=min(event.at, at), now=at)
            await conversations.keep(replace(off, verified=False), sender=event.sender)
        return
    line = _line(account, event.key, event.sender[0], RESUMED, at=min(event.at, at), now=at)
    kept = await conversations.keep(replace(line, contact_id=known, verified=False), sender=event.sender)
    if kept is not None:
        await _log(account, "contact.resumed", known or account.id, at=at)


def _line(account: Account, key: str, name: Identity, kind: str, *, at: datetime, now: datetime) -> Message:
    """Return a row that says what somebody did, in the same thread as his words."""
    return Message(
        id=uuid5(account.id, key),
        company_id=account.company_id,
        contact_id=None,
        job_id=None,
        question_id=None,
        account_id=account.id,
        photo_id=None,
        channel=account.kind,
        direction=Direction.IN,
        kind=kind,
        text="",
        recipient=name,
        state=MessageState.RECEIVED,
        at=at,
        created_at=now,
        changed_at=now,
        seen_by_office_at=now,
    )


async def _log(account: Account, verb: str, subject_id: UUID, *, at: datetime, **data: object) -> None:
    entry = Entry.by(
        system(account.company_id),
        verb,
        "contact",
        subject_id,
        at=at,
        job_id=None,
        channel=account.kind,
        **data,
    )
    await logbook.insert_entry(account.company_id, entry)
