"""A company's accounts at the platforms: set up, found for sending, their files fetched."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from server import channels as registry
from server.actions.modes import in_its_mode
from server.actions.received_photos import Received, keep_picture
from server.channels.base import Channel, ChannelError, Exclusive, GivesAddresses, Numbers
from server.db import accounts, conversations, inbox, logbook, messages, tasks
from server.db.unit import atomic, signal
from server.domain.accounts import Account, Health
from server.domain.advisor import enableable
from server.domain.errors import Invalid, NotFound
from server.domain.events import HealthEvent, MediaRef
from server.domain.logbook import Entry
from server.domain.mail import job_token
from server.domain.messages import Direction, Message
from server.domain.photos import Source
from server.domain.users import Actor, system
from server.ids import new_id
from server.services import Services

# What is kept of a customer's file, whatever the platform lets through (W/media: 100 MB).
MEDIA_MAX = 25_000_000
# A stranger put aside by mistake may be taken back as long as platforms keep his files (W/media: 7 days).
SPAM_WAITS, SPAM_LOOK = timedelta(days=7), timedelta(hours=1)


def kinds() -> tuple[type[Channel], ...]:
    """Return every channel this program knows, as they are registered at this moment."""
    return registry.CHANNELS


def kind_of(kind: str) -> type[Channel]:
    """Return the channel's class. Raises NotFound."""
    for channel in kinds():
        if channel.kind == kind:
            return channel
    raise NotFound("channel.unknown")


def open_channel(services: Services, account: Account) -> Channel:
    """Return the channel of an account, ready to talk. Raises Invalid for settings that cannot work."""
    channel = kind_of(account.kind)
    secrets = json.loads(services.secrets.open(account.sealed))
    return channel({**account.settings, **secrets}, services.http, services.settings.bases)


async def address_of_job(services: Services, company_id: UUID, job_id: UUID) -> str:
    """Return the address whose mail is filed into this job by itself, "" where no account of the firm has such."""
    for account in await accounts.of_company(company_id):
        if account.disabled_at or not isinstance(kind_of(account.kind), GivesAddresses):
            continue
        channel = open_channel(services, account)
        if isinstance(channel, GivesAddresses) and (address := channel.address_with(job_token(job_id))):
            return address
    return ""


def split(kind: str, typed: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Part what was typed into open settings and secrets, by the channel's own fields. Raises Invalid."""
    fields = kind_of(kind).fields
    known = {field.name: typed.get(field.name, "").strip() or field.default for field in fields}
    secret = {field.name for field in fields if field.secret}
    missing = next((field.name for field in fields if field.required and not known[field.name]), None)
    if missing:
        raise Invalid("field.required", field=missing)
    return (
        {name: value for name, value in known.items() if name not in secret},
        {name: value for name, value in known.items() if name in secret},
    )


def _check_transfer(kind: str) -> None:
    """Refuse a channel of which seat and transfer basis are not on file (G26)."""
    if not enableable(kind, getattr(kind_of(kind), "advice", None)):
        raise Invalid("channel.no_transfer")


async def set_up(
    services: Services, actor: Actor, kind: str, *, label: str, typed: Mapping[str, str], at: datetime
) -> Account:
    """Connect a new account. Raises Invalid naming the field, or for a channel nobody knows the seat of."""
    _check_transfer(kind)
    settings, secrets = split(kind, typed)
    account = Account(
        id=new_id(),
        company_id=actor.company_id,
        kind=kind,
        label=label.strip() or kind_of(kind).label,
        settings=settings,
        sealed=services.secrets.seal(json.dumps(secrets).encode()),
        health=Health.OK,
        health_detail="",
        last_in_at=None,
        last_out_at=None,
        disabled_at=None,
    )
    account = in_its_mode(account, open_channel(services, account))
    await _only_here(account)
    await _insert(actor, account, at=at)
    return account


async def change(
    services: Services, actor: Actor, account: Account, *, label: str, typed: Mapping[str, str], at: datetime
) -> None:
    """Change an account's settings; an empty secret keeps the one there is.

    Raises Invalid naming the field, also for another account at the platform where that needs one of its own here.
    """
    kept = json.loads(services.secrets.open(account.sealed))
    settings, secrets = split(
        account.kind, {**typed, **{name: typed.get(name, "") or old for name, old in kept.items()}}
    )
    sealed = services.secrets.seal(json.dumps(secrets).encode())
    changed = replace(account, settings=settings, sealed=sealed)
    opened = open_channel(services, changed)
    _still_itself(services, account, opened)
    changed = in_its_mode(changed, opened)
    await _only_here(changed)
    await _change(actor, account, label=label, settings=changed.settings, sealed=sealed, at=at)


@atomic
async def switch(actor: Actor, account: Account, *, enabled: bool, at: datetime) -> None:
    """Switch an account on or off; what is queued waits.

    Raises Invalid for a channel nobody knows the seat of, and where another account uses its number.
    """
    if enabled:
        _check_transfer(account.kind)
        await _only_here(account)
    await accounts.set_disabled(account.company_id, account.id, at=None if enabled else at)
    await _note(actor, "channel.enabled" if enabled else "channel.disabled", account, at=at)


def _still_itself(services: Services, account: Account, changed: Channel) -> None:
    """Refuse new settings that lead to another account at the platform, once something was said in the one there is."""
    if not isinstance(changed, Numbers) or not (account.last_in_at or account.last_out_at):
        return
    try:
        known = open_channel(services, account)
    except Invalid:
        return
    if isinstance(known, Numbers) and known.numbered_by != changed.numbered_by:
        raise Invalid("channel.other_account", field=changed.numbering)


async def _only_here(account: Account) -> None:
    """Refuse what another account of this installation uses already, in whichever company."""
    channel = kind_of(account.kind)
    if not isinstance(channel, Exclusive):
        return
    wanted = account.settings.get(channel.exclusive, "").strip()
    for other in await accounts.every_enabled([account.kind]):
        if other.id != account.id and other.settings.get(channel.exclusive, "").strip() == wanted:
            raise Invalid("channel.taken", field=channel.exclusive)


@atomic
async def _insert(actor: Actor, account: Account, *, at: datetime) -> None:
    await accounts.insert_account(actor.company_id, account, at=at)
    await _note(actor, "channel.connected", account, at=at)


@atomic
async def _change(
    actor: Actor, account: Account, *, label: str, settings: Mapping[str, str], sealed: bytes, at: datetime
) -> None:
    await accounts.set_settings(
        account.company_id, account.id, label=label or account.label, settings=settings, sealed=sealed
    )
    await _note(actor, "channel.changed", account, at=at)


async def _note(actor: Actor, verb: str, account: Account, *, at: datetime) -> None:
    entry = Entry.by(actor, verb, "channel", account.id, at=at, kind=account.kind, label=account.label)
    await logbook.insert_entry(account.company_id, entry)
    signal("channels", account.company_id, account=str(account.id))


@atomic
async def line_down(account: Account, error: str, *, refused: bool, at: datetime) -> None:
    """Note that events of an account cannot be fetched; one that is refused stops sending, too, and asks the admin."""
    await accounts.set_pull_error(account.company_id, account.id, error)
    known = await accounts.by_id(account.company_id, account.id)
    if refused and known and known.health is Health.OK:
        await accounts.set_health(account.company_id, account.id, Health.REAUTH, error)
        by = system(account.company_id)
        entry = Entry.by(by, "channel.reauth", "channel", account.id, at=at, kind=account.kind, detail=error)
        await logbook.insert_entry(account.company_id, entry)
    signal("channels", account.company_id, account=str(account.id))


async def told(account: Account, event: HealthEvent, *, at: datetime) -> None:
    """Let the account be as the platform says from now on; joins the unit it is part of."""
    if event.health:
        health = Health(event.health)
        await accounts.set_health(account.company_id, account.id, health, event.detail)
    entry = Entry.by(
        system(account.company_id),
        f"channel.{event.health}" if event.health in ("reauth", "paused") else "channel.told",
        "channel",
        account.id,
        at=at,
        topic=event.topic,
        detail=event.detail[:500],
    )
    await logbook.insert_entry(account.company_id, entry)


async def mark_read(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Show the customer that what he wrote was seen; whatever comes of it, no message of ours depends on it."""
    account = await accounts.by_id(company_id, UUID(str(payload["account"])))
    if account is None or not account.usable:
        return
    channel = open_channel(services, account)
    step = channel.read_step(str(payload["foreign"]), new_id())
    if step is not None:
        await channel.send(step, new_id(), _no_media)


async def _no_media(ref: str) -> bytes:
    raise ChannelError("media.gone", permanent=True, detail="a mark has no picture")


async def fetch_media(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Bring the file of a customer's message home and tie it to the message; again is harmless.

    A file the platform no longer has, or one that is no photo, is named at the message, which stays. From spam
    nothing is fetched, as long as it is spam.
    Raises ChannelError and StorageError to be tried again.
    """
    message = await messages.by_id(company_id, UUID(str(payload["message"])))
    if message is None or message.photo_id or message.account_id is None:
        return
    account = await accounts.by_id(company_id, message.account_id)
    if account is None:
        return
    if await conversations.is_spam(company_id, message.conversation_id):
        await _look_later(company_id, message, payload, at=services.clock())
        return
    ref = MediaRef(**{name: str(value) for name, value in dict(payload["ref"]).items()})  # type: ignore[call-overload]

    async def raw() -> bytes:
        event = await inbox.raw_by_id(company_id, UUID(str(payload["raw"])))
        if event is None or event.state == inbox.PRUNED:
            raise ChannelError("media.gone", permanent=True, detail="its mail is no longer kept")
        return event.body

    try:
        data = await open_channel(services, account).fetch_media(ref, raw)
        # It may have been filed, given its person or taken back while its file was on the way.
        current = await messages.by_id(company_id, message.id)
        if current is None or current.revoked_at:
            return
        photo = await keep_picture(services, _came(current, data), at=services.clock())
    except ChannelError as error:
        await _name_failure(company_id, message.id, error.code)
        if not error.permanent:
            raise
    except Invalid as refused:
        await _name_failure(company_id, message.id, refused.code)
    else:
        await _tie(company_id, message.id, photo.id)


@atomic
async def _look_later(
    company_id: UUID, message: Message, payload: Mapping[str, object], *, at: datetime
) -> None:
    """Look again in an hour whether it is spam still; a new task, for waiting is no failed try."""
    if at - message.created_at < SPAM_WAITS:
        await tasks.insert_task(company_id, "media.fetch", dict(payload), at=at + SPAM_LOOK)


def _came(message: Message, data: bytes) -> Received:
    """Return a message's file under the message's own id. Raises ChannelError for one that is too large."""
    if len(data) > MEDIA_MAX:
        raise ChannelError("media.too_large", permanent=True)
    source = Source.FIRM if message.direction is Direction.OUT else Source.CUSTOMER
    return Received(
        message.id, message.company_id, data, message.job_id, message.contact_id, source, message.text
    )


@atomic
async def _name_failure(company_id: UUID, message_id: UUID, code: str) -> None:
    await messages.set_place(company_id, message_id, error_code=code)
    signal("messages", company_id, message=str(message_id))


@atomic
async def _tie(company_id: UUID, message_id: UUID, photo_id: UUID) -> None:
    await messages.set_place(company_id, message_id, photo_id=photo_id, error_code="")
    signal("messages", company_id, message=str(message_id))
