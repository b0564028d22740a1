"""Channels that stand still (no credits, a token, a captcha): why, what helps, and how much waits there."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.db import accounts, lanes
from server.domain.accounts import Account, Health
from server.web.words import sentences

_GENERAL = {Health.REAUTH: "channel.reauth", Health.PAUSED: "channel.paused"}


@dataclass(frozen=True, slots=True)
class Standstill:
    """`code` has a sentence with the reason and the next step; `since`: the oldest of what waits, None = nothing does."""

    account: Account
    code: str
    waiting: int
    since: datetime | None


async def of_company(company_id: UUID) -> dict[UUID, Standstill]:
    """Return the accounts by which nothing leaves just now; one statement where all is well."""
    down = [one for one in await accounts.of_company(company_id) if not one.usable and not one.disabled_at]
    waiting = await lanes.number_waiting(company_id, [one.id for one in down]) if down else {}
    return {one.id: Standstill(one, _code(one), *waiting.get(one.id, (0, None))) for one in down}


def _code(account: Account) -> str:
    """Return what the platform said if it has a sentence, else what can be said of every platform."""
    told = account.health_detail.partition(":")[0]
    return told if told in sentences() else _GENERAL[account.health]
