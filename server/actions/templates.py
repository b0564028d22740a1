"""Texts a platform has approved: kept as it has them, filled for one person, asked once more before they leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.actions.channels import open_channel
from server.actions.gate import gate
from server.actions.speech_photos import shown_by
from server.channels.base import ChannelError, HasTemplates
from server.db import accounts, statistics, templates
from server.db import tasks as table
from server.db.unit import atomic, signal
from server.domain.accounts import Account
from server.domain.channels import Template
from server.domain.consents import Purpose
from server.domain.errors import Invalid, NoConsent
from server.domain.gate import Closed
from server.domain.messages import Message
from server.domain.statistics import CATEGORIES, price_of
from server.domain.templates import KnownTemplate, checked, filled
from server.services import Services

TEMPLATE = "template"
# A platform tells of many templates at once: within this time its list is read twice at most.
TOGETHER_S = 10


@dataclass(frozen=True, slots=True)
class Filled:
    """A template with its values as they leave, and the words the customer will read."""

    known: KnownTemplate
    values: tuple[str, ...]

    @property
    def words(self) -> str:
        return filled(self.known.template, self.values)

    def to_json(self) -> dict[str, object]:
        return {"template": str(self.known.id), "values": list(self.values)}


async def sync(services: Services, account: Account) -> None:
    """Ask the platform for its list and keep it; what cannot be read leaves the old one. Outside of every unit.

    Raises ChannelError after noting it, where asking again may help.
    """
    at, channel = services.clock(), open_channel(services, account)
    if not isinstance(channel, HasTemplates):
        return
    try:
        found = await channel.templates()
    except ChannelError as error:
        await _note(account, str(error))
        if not error.permanent:
            raise
    else:
        await _keep(account, found, at=at)


async def sync_again(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Read the list of one account anew. Raises ChannelError to be tried again."""
    account = await accounts.by_id(company_id, UUID(str(payload["account"])))
    if account is not None and account.disabled_at is None:
        await sync(services, account)


async def sync_soon(company_id: UUID, account_id: UUID, *, at: datetime) -> None:
    """Let the list be read anew, at once and after what else comes in a moment; joins the unit it is part of."""
    slot = int(at.timestamp() / TOGETHER_S)
    payload: dict[str, object] = {"account": str(account_id)}
    for name, run_at in (
        ("now", at),
        ("then", datetime.fromtimestamp((slot + 1) * TOGETHER_S, tz=at.tzinfo)),
    ):
        dedup = f"templates.sync:{account_id}:{slot}:{name}"
        await table.insert_task(company_id, "templates.sync", payload, at=run_at, dedup=dedup)


async def named_by(account: Account) -> KnownTemplate | None:
    """Return the template an account's settings name for the time outside the window."""
    name = account.settings.get("template_name", "")
    language = account.settings.get("template_language", "")
    return await templates.named(account.company_id, account.id, name, language) if name else None


async def offered(account: Account) -> list[KnownTemplate]:
    """Return what may be sent by this account now, the one its settings name first."""
    usable = [one for one in await templates.of_account(account.company_id, account.id) if not one.refusal]
    wanted = (account.settings.get("template_name", ""), account.settings.get("template_language", ""))
    return sorted(usable, key=lambda one: (one.template.name, one.template.language) != wanted)


async def offered_to(account: Account, contact_id: UUID, *, at: datetime) -> list[KnownTemplate]:
    """Return what may be sent to this person now: advertising only where he agreed to it."""
    usable = await offered(account)
    shut = {
        purpose
        for purpose in {one.purpose for one in usable}
        if await _not_agreed(account, contact_id, purpose, at=at)
    }
    return [one for one in usable if one.purpose not in shut]


async def priced(
    account: Account, texts: Sequence[KnownTemplate], *, at: datetime
) -> list[tuple[KnownTemplate, int | None]]:
    """Return each text with what one costs this month, in millionths of a euro; None = nobody entered it."""
    prices, month = await statistics.prices(account.company_id), f"{at:%Y-%m}"
    return [(one, price_of(prices, account.kind, one.template.category.lower(), month)) for one in texts]


async def costs_of_words(company_id: UUID, *, at: datetime) -> dict[str, int]:
    """Return what free words cost this month by channel, in millionths of a euro; only what was entered.

    WhatsApp charges for them inside the window, too, since October 2026 (W/pricing/non-template-messages).
    """
    prices, month = await statistics.prices(company_id), f"{at:%Y-%m}"
    found = {
        channel: price_of(prices, channel, "service" if "service" in kinds else "", month)
        for channel, kinds in CATEGORIES.items()
    }
    return {channel: micros for channel, micros in found.items() if micros is not None}


async def fill(
    account: Account,
    contact_id: UUID,
    template_id: UUID,
    values: Sequence[str],
    *,
    pictures: int,
    at: datetime,
) -> Filled:
    """Return a template of this account filled for a person.

    Raises Invalid naming what is wrong (field "template", "photos", or the gap "values.2"), and NoConsent where he has
    not agreed to what the platform takes it for.
    """
    known = await templates.by_id(account.company_id, template_id)
    if known is None or known.account_id != account.id:
        raise Invalid("template.unknown", field=TEMPLATE)
    if known.refusal:
        raise Invalid(known.refusal, field=TEMPLATE)
    given = checked(known.template, values, pictures=pictures)
    if code := await _not_agreed(account, contact_id, known.purpose, at=at):
        raise NoConsent(code)
    return Filled(known, given)


async def of_message(message: Message) -> Filled | None:
    """Return what a message was written with; None for free words, and where it is not known any more."""
    step = message.step or {}
    known = (
        await templates.by_id(message.company_id, UUID(str(step[TEMPLATE]))) if step.get(TEMPLATE) else None
    )
    values = step.get("values")
    return Filled(known, tuple(values)) if known and isinstance(values, list) else None


async def closed(message: Message, *, at: datetime) -> str:
    """Return why the template of a message must not leave now, "" for nothing or where it has none.

    It is asked as the platform told of it last: paused, rejected, gone, become another text than what was shown, or
    advertising, which needs a consent of its own.
    """
    step = message.step or {}
    if not step.get(TEMPLATE):
        return ""
    known = await templates.by_id(message.company_id, UUID(str(step[TEMPLATE])))
    if known is None or known.account_id != message.account_id:
        return "template.gone"
    if known.refusal:
        return known.refusal
    ready = await of_message(message)  # none for a question: its words are made by the channel
    if ready is not None and not _as_shown(ready, message):
        return "template.changed"
    account = await accounts.by_id(message.company_id, known.account_id)
    assert account is not None and message.contact_id is not None
    code = await _not_agreed(account, message.contact_id, known.purpose, at=at)
    # Whoever asked a question chose no advertising: Meta counts its template so.
    return "template.advertising" if code == "consent.no_advertising" and ready is None else code


def _as_shown(ready: Filled, message: Message) -> bool:
    try:
        values = checked(ready.known.template, ready.values, pictures=len(shown_by(message)))
    except Invalid:
        return False
    return filled(ready.known.template, values) == message.text


async def _not_agreed(account: Account, contact_id: UUID, purpose: Purpose, *, at: datetime) -> str:
    opened = await gate(account.company_id, contact_id, account.kind, purpose, account_id=account.id, at=at)
    return opened.code if isinstance(opened, Closed) else ""


@atomic
async def _keep(account: Account, found: Sequence[Template], *, at: datetime) -> None:
    await templates.set_synced(account.company_id, account.id, found, at=at)
    signal("channels", account.company_id, account=str(account.id))


@atomic
async def _note(account: Account, error: str) -> None:
    await templates.set_error(account.company_id, account.id, error)
    signal("channels", account.company_id, account=str(account.id))
