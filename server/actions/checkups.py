"""The self-check of channels: asked of the platform every hour, at saving and by a button; what it finds is kept."""

from contextlib import suppress
from datetime import datetime, timedelta

from server.actions import templates
from server.actions.channels import open_channel
from server.channels.base import ChannelError, Pushed
from server.db import accounts, logbook
from server.db.unit import atomic, signal
from server.domain.accounts import Account, Health
from server.domain.checkups import Finding
from server.domain.errors import Invalid
from server.domain.logbook import Entry
from server.domain.users import system
from server.services import Services

TOKEN = "channel.token"
CREDITS, NO_CREDITS = "channel.credits", "threema.credits"
# A check by a button, a minute after the last one, tells nothing new and costs the platform's patience.
NOT_BEFORE = timedelta(seconds=10)


def hook_of(services: Services, account: Account) -> str:
    """Return the public address of an account's webhook, "" when nobody reaches us from outside or none is wanted."""
    if not services.settings.secure:
        return ""
    return hook_path(services, account)


def hook_path(services: Services, account: Account) -> str:
    return f"{services.settings.base_url}/hooks/{account.kind}/{account.id}"


async def check(services: Services, account: Account) -> list[Finding]:
    """Ask the platform how the account is and which texts it has approved. Outside of every unit.

    The answers are kept; about the token they are believed.
    """
    at = services.clock()
    try:
        channel = open_channel(services, account)
    except Invalid as refused:
        found = [Finding(TOKEN, ok=False, detail=f"{refused.code}: {refused.field}")]
    else:
        found = await channel.check(hook_of(services, account) if isinstance(channel, Pushed) else "")
        with suppress(ChannelError):  # it is noted at the account, and asked again in an hour
            await templates.sync(services, account)
    await _keep(account, found, at=at)
    return found


async def check_all(services: Services) -> None:
    """Check every account that is switched on; one that cannot be asked never stops the others."""
    for account in await accounts.every():
        if account.disabled_at is None:
            await check(services, account)


async def check_soon(services: Services, account: Account) -> None:
    """Check an account at a person's wish, unless that was done a moment ago."""
    last = await accounts.checkup_of(account.company_id, account.id)
    if last.at is None or services.clock() - last.at >= NOT_BEFORE:
        await check(services, account)


@atomic
async def _keep(account: Account, found: list[Finding], *, at: datetime) -> None:
    """Keep the findings. Only a refused token stops the channel, and only one that works lets it go on (§12.21).

    One that stopped for want of credits goes on once there are some.
    """
    await accounts.set_findings(account.company_id, account.id, found, at=at)
    token = next((one for one in found if one.code == TOKEN), None)
    if token is not None and not token.ok and account.health is Health.OK:
        await _set_health(account, Health.REAUTH, token.detail, at=at)
    elif (token is not None and token.ok and account.health is Health.REAUTH) or _filled_up(account, found):
        await _set_health(account, Health.OK, "", at=at)
    signal("channels", account.company_id, account=str(account.id))


def _filled_up(account: Account, found: list[Finding]) -> bool:
    """Say whether what stopped the account for want of credits sees credits again: its sentence promises no less."""
    empty = account.health is Health.PAUSED and account.health_detail.startswith(NO_CREDITS)
    return empty and any(one.ok for one in found if one.code == CREDITS)


async def _set_health(account: Account, health: Health, detail: str, *, at: datetime) -> None:
    await accounts.set_health(account.company_id, account.id, health, detail)
    verb = "channel.reauth" if health is Health.REAUTH else "channel.recovered"
    entry = Entry.by(system(account.company_id), verb, "channel", account.id, at=at, detail=detail)
    await logbook.insert_entry(account.company_id, entry)
