"""The first free words to somebody in a channel say who writes, how to stop it, where privacy and imprint stand (G8).

By hand, too: another phone of the firm writes there, so it is a channel of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.actions import conversations
from server.channels.base import Channel
from server.db import companies, correspondence
from server.db import conversations as conversations_db
from server.domain.accounts import Account, consent_channel
from server.domain.channels import Blocked, Draft, Step, introduced
from server.domain.identities import Identity
from server.domain.wordings import first_message

TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Planned:
    """The calls in their order; with `introduces` the first one carries the introduction."""

    steps: list[Step]
    introduces: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """One person by one messenger at one moment: `window_until` is when free words end, None = there is no such end."""

    channel: Channel
    to: Identity
    at: datetime
    window_until: datetime | None

    def plan(self, draft: Draft) -> list[Step] | Blocked:
        return self.channel.plan(draft, self.to, self.at, self.window_until)


async def plan(
    reach: Reach, account: Account, contact_id: UUID, draft: Draft, *, intent: UUID
) -> Planned | Blocked:
    """Plan a draft, and what must be said before it the first time; joins the unit it is part of.

    A text that the platform has approved takes no words of ours: then the next free message introduces. `intent` is
    the id of a call of its own.
    """
    steps = reach.plan(draft)
    if isinstance(steps, Blocked):
        return steps
    approved = any(step.kind == TEMPLATE for step in steps)
    words = "" if approved else await unsaid(account.company_id, contact_id, account.kind, at=reach.at)
    return with_words(reach, draft, words, intent=intent)


def with_words(reach: Reach, draft: Draft, words: str, *, intent: UUID) -> Planned | Blocked:
    """Plan a draft with the words that go before it ("" = none): in its first call, or in one of their own. Pure."""
    steps = reach.plan(draft)
    if isinstance(steps, Blocked):
        return steps
    if not words:
        return Planned(steps, introduces=False)
    joined = introduced(draft, words, reach.channel.caps)
    together = reach.plan(joined) if joined else None
    if together and not isinstance(together, Blocked):
        return Planned(together, introduces=True)
    own = reach.plan(Draft((intent,), text=words))
    if isinstance(own, Blocked):
        return Planned(steps, introduces=False)
    return Planned([*own, *steps], introduces=True)


async def unsaid(company_id: UUID, contact_id: UUID, channel: str, *, at: datetime) -> str:
    """Return what is to be said first in a channel, "" when it has been said there; joins the unit it is part of.

    Two that are written at once do not both say it.
    """
    thread = await conversations.of_contact(company_id, contact_id, at=at)
    await conversations_db.lock(company_id, thread.id)
    return await shown(company_id, contact_id, channel)


async def shown(company_id: UUID, contact_id: UUID, channel: str) -> str:
    """Return the same for a page that shows what would be said."""
    company = await companies.by_id(company_id)
    if company is None or await correspondence.introduced(company_id, contact_id, channel):
        return ""
    firm = company.profile
    return first_message(
        company=firm.name,
        channel=consent_channel(channel),
        privacy=firm.privacy_url,
        imprint=firm.imprint_url,
    )


def before(words: str, text: str) -> str:
    """Return a text with the introduction in front of it, where there is one."""
    return "\n\n".join(part for part in (words, text) if part)
