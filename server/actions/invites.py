"""Invitations into a chat: a link with a word that is good once, for one person, for a while."""

import base64
import hashlib
import os
from datetime import datetime, timedelta
from uuid import UUID

from server.actions.channels import kinds, open_channel
from server.channels.base import Channel, Invites
from server.db import accounts, invites, logbook
from server.db.unit import atomic
from server.domain.customers import Contact
from server.domain.errors import Invalid
from server.domain.logbook import Entry
from server.domain.users import Actor, Right, require
from server.services import Services

LIVES = timedelta(days=7)


def hash_of(word: str) -> str:
    """Return what is stored of a one-time word: its SHA-256 (hex)."""
    return hashlib.sha256(word.encode()).hexdigest()


async def offered(company_id: UUID) -> list[type[Channel]]:
    """Return the messengers a start link leads into, as far as an account is there to be entered."""
    found: list[type[Channel]] = []
    for channel in kinds():
        if isinstance(channel, Invites) and await accounts.usable(company_id, channel.kind):
            found.append(channel)
    return found


async def invite(services: Services, actor: Actor, contact: Contact, channel: str, *, at: datetime) -> str:
    """Return a link that opens the firm's chat and says who comes; it is shown once, only its hash is kept.

    Raises Invalid for a channel that is not connected or has no such links, Forbidden.
    """
    require(actor, Right.ASK)
    account = await accounts.usable(actor.company_id, channel)
    opened = open_channel(services, account) if account else None
    if not isinstance(opened, Invites):
        raise Invalid("channel.unavailable", field="channel")
    word = base64.urlsafe_b64encode(os.urandom(18)).decode()
    await _keep(actor, contact, channel, word, at=at)
    return opened.start_link(word)


@atomic
async def _keep(actor: Actor, contact: Contact, channel: str, word: str, *, at: datetime) -> None:
    await invites.insert_invite(
        contact.company_id,
        contact.id,
        channel,
        token_hash=hash_of(word),
        expires_at=at + LIVES,
        at=at,
    )
    entry = Entry.by(actor, "contact.invited", "contact", contact.id, at=at, job_id=None, channel=channel)
    await logbook.insert_entry(contact.company_id, entry)
