"""What a channel must hold on to about people: kept before it is used, and the first value counts for ever."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from server.actions.channels import open_channel
from server.channels.base import Channel, ChannelError, Remembers
from server.db import facts
from server.db.unit import atomic
from server.domain.accounts import Account
from server.domain.channels import Step
from server.domain.identities import Fact
from server.services import Services


async def ready(services: Services, account: Account, what: Step | bytes) -> Channel:
    """Return the account's channel, knowing what it needs to send this step or to read this raw event.

    What nobody has told yet is asked for and kept before anything is done with it; what the platform does not tell
    stays unknown: `send` says why by its outcome, an event is not understood. Not to be called in a unit: it may talk
    to the platform. Raises Invalid for settings that cannot work, and ChannelError when an event should wait.
    """
    channel = open_channel(services, account)
    if not isinstance(channel, Remembers):
        return channel
    needed = channel.needs(what)
    known = await facts.by_names(account.company_id, account.id, [fact.name for fact in needed])
    fresh = []
    for fact in needed:
        if fact.name not in known and (value := fact.value or await _asked(channel, fact, what)):
            fresh.append(replace(fact, value=value))
    if fresh:
        known |= await _keep(account, fresh, at=services.clock())
    return channel.knowing(known)


async def _asked(channel: Remembers, fact: Fact, what: Step | bytes) -> str:
    try:
        return await channel.learn(fact)
    except ChannelError as error:
        if not error.permanent and isinstance(what, bytes):
            raise
        return ""


@atomic
async def _keep(account: Account, fresh: Sequence[Fact], *, at: datetime) -> dict[str, str]:
    """Keep the facts and return them as they stand now: another process may have been first."""
    await facts.add_facts(account.company_id, account.id, fresh, at=at)
    return await facts.by_names(account.company_id, account.id, [fact.name for fact in fresh])
