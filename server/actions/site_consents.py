"""What the worker's phone brings of consents: said in the cellar, counted when it is here, ordered by when it was said.

Nothing that was agreed to is thrown away: the line stands as proof of what was shown, and the gate decides. What can
no longer be told for sure opens nothing. A withdrawal is taken from anybody of the firm, at once.
"""

from datetime import datetime, timedelta, timezone
from uuid import UUID

from server import channels as registry
from server.actions import consents, ledger, signatures
from server.actions.placing import Place
from server.channels.handoff import MESSENGERS
from server.db import accounts as accounts_db
from server.db import consents as consents_db
from server.db import correspondence, customers, identities, jobs, partners
from server.db.unit import atomic
from server.domain.accounts import consent_channel
from server.domain.companies import Company
from server.domain.consent_items import Shown, SyncConsent
from server.domain.consents import ANY, COVERED, ConsentVerb, Matter, Purpose, Word, word_of
from server.domain.customers import Contact
from server.domain.errors import Invalid, NotFound
from server.domain.evidence import Evidence, Told, said_within
from server.domain.jobs import Job
from server.domain.partners import Partner
from server.domain.users import Actor
from server.domain.wordings import PhoneWords, Topic, for_phones
from server.ids import named_id
from server.services import Services

# More firms than this nobody chooses from at a door.
PARTNERS_MAX = 50


async def offered(company_id: UUID) -> list[str]:
    """Return the messengers a person can agree to: the firm's connected ones, and those that work by hand."""
    accounts = await accounts_db.of_company(company_id)
    connected = {one.kind for one in accounts if one.disabled_at is None}
    by_hand = [one.key for one in MESSENGERS]
    kinds = [one.kind for one in registry.CHANNELS if one.kind in connected or one.kind in by_hand]
    return list(dict.fromkeys([*kinds, *by_hand]))


async def phone_words(company: Company) -> PhoneWords:
    """Return the words a phone keeps to show where there is no network."""
    known = [
        (one.id, one.name, one.trade) for one in await partners.of_company(company.id, limit=PARTNERS_MAX)
    ]
    return for_phones(company=company.name, channels=await offered(company.id), partners=known)


async def keep_signature(services: Services, actor: Actor, item: SyncConsent) -> None:
    """Store what was drawn on the glass, before its consent is written: a line never names a picture that is not here.

    The same again is harmless, for the hash is part of each line's id. Raises what `accept` refuses, StorageError.
    """
    if not item.signature:
        return
    await _person(actor, item.contact_id)
    for shown in item.words:
        key = signatures.key(actor.company_id, _line_id(item, shown))
        await services.storage.put(key, item.signature, content_type="image/png")


async def accept(
    actor: Actor,
    item: SyncConsent,
    place: Place,
    *,
    device_id: UUID | None,
    skew_ms: int | None,
    at: datetime,
) -> None:
    """Write down what the customer said; joins the unit it is part of.

    Raises NotFound, Invalid: for a person, channel or partner that is not the firm's, or a person that is none of his
    jobs. The phone keeps what is refused and shows why.
    """
    # Whatever is said about one person is written one after the other; so is a permission to send.
    contact = await _person(actor, await customers.lock_contact(actor.company_id, item.contact_id))
    told = _told(item, device_id=device_id, skew_ms=skew_ms, at=at)
    if item.verb is ConsentVerb.WITHDRAWN:
        await _take_back(actor, contact, item, place, told, at=at)
        return
    job = await _job(actor, contact, place)
    for shown in item.words:
        await _grant(actor, contact, item, shown, job, told, at=at)


def _told(item: SyncConsent, *, device_id: UUID | None, skew_ms: int | None, at: datetime) -> Told:
    now_ahead = [] if skew_ms is None else [timedelta(milliseconds=skew_ms)]
    ahead = [*item.shown_ahead, *now_ahead]
    span = said_within(item.captured.at, ahead=ahead, shown_at=item.shown_at, received_at=at)
    face = timezone(timedelta(minutes=item.captured.offset_min))
    return Told(span, item.captured.at.astimezone(face).isoformat(timespec="seconds"), device_id)


async def _grant(
    actor: Actor,
    contact: Contact,
    item: SyncConsent,
    shown: Shown,
    job: Job | None,
    told: Told,
    *,
    at: datetime,
) -> None:
    channel, partner = _channel(shown.channel), await _partner(actor, item, shown)
    before = await consents_db.of_contact(actor.company_id, contact.id)
    evidence = Evidence(
        item.proof,
        item.how,
        wording=shown.text,
        line_id=_line_id(item, shown),
        picture_sha256=item.sha256,
        told=told,
    )
    await consents.grant(actor, contact, Topic(channel, shown.purpose, job, partner), evidence, at=at)
    moved = item.number and item.number != contact.reached_at(channel)
    about_number = shown.purpose in COVERED or shown.purpose is Purpose.ADVERTISING
    if moved and about_number and word_of(before, channel, shown.purpose) is not Word.GIVEN:
        why = f"Zugestimmt wurde für {item.number}, eingetragen ist inzwischen ein anderer Weg"
        await consents.suspend(actor, contact, channel=channel, why=why, at=at)


async def _take_back(
    actor: Actor, contact: Contact, item: SyncConsent, place: Place, told: Told, *, at: datetime
) -> None:
    evidence = Evidence(item.proof, item.how or "vor Ort gesagt", told=told)
    if not item.words:
        await withdraw_all(actor, contact, evidence, at=at)
    for shown in item.words:
        if shown.purpose in COVERED:
            await consents.withdraw(actor, contact, _channel(shown.channel), evidence, at=at)
        else:
            await ledger.take_back(actor, contact, _matter(item, shown, place), evidence, at=at)


def _matter(item: SyncConsent, shown: Shown, place: Place) -> Matter:
    """Return what a withdrawal of one thing is about, as its consent was."""
    if shown.purpose is Purpose.THIRD_PARTY:
        return Matter(ANY, shown.purpose, place.job_id, item.partner_id)
    return Matter(_channel(shown.channel) if shown.purpose is Purpose.ADVERTISING else ANY, shown.purpose)


@atomic
async def withdraw_all(actor: Actor, contact: Contact, evidence: Evidence, *, at: datetime) -> None:
    """Close every messenger he may be reached by, and note the word itself, for what may still be on its way here."""
    await customers.lock_contact(actor.company_id, contact.id)
    lines = await consents_db.of_contact(actor.company_id, contact.id)
    accounts = await accounts_db.of_company(actor.company_id)
    kinds = {line.channel for line in lines if line.channel != ANY} | {one.kind for one in accounts}
    kinds |= await identities.platforms_of(actor.company_id, contact.id)
    kinds |= set(await correspondence.channels_waiting_for(actor.company_id, contact.id))
    for channel in sorted({consent_channel(one) for one in kinds}):
        await consents.withdraw(actor, contact, channel, evidence, at=at)
    await ledger.take_back(actor, contact, Matter(ANY, Purpose.SERVICE), evidence, at=at)


async def _person(actor: Actor, contact_id: UUID) -> Contact:
    found = await customers.contact_by_id(actor.company_id, contact_id)
    if found is None:
        raise NotFound("contact.unknown", field="contact")
    return found


async def _job(actor: Actor, contact: Contact, place: Place) -> Job | None:
    """Return the job it was said at, if it is this person's. Raises Invalid for a person of none of his jobs."""
    job = await jobs.by_id(actor.company_id, place.job_id) if place.job_id else None
    if job and job.customer_id == contact.customer_id:
        return job
    if not actor.at_desk:
        own = await jobs.search(
            actor.company_id, customer_id=contact.customer_id, visible_to=actor.id, limit=1
        )
        if not own.items:
            raise Invalid("consent.not_his_customer", field="contact")
    return None


async def _partner(actor: Actor, item: SyncConsent, shown: Shown) -> Partner | None:
    if shown.purpose is not Purpose.THIRD_PARTY:
        return None
    found = await partners.by_id(actor.company_id, item.partner_id) if item.partner_id else None
    if found is None:
        raise NotFound("partner.unknown", field="partner")
    return found


def _channel(kind: str) -> str:
    channel = consent_channel(kind)
    known = {*(one.kind for one in registry.CHANNELS), *(one.key for one in MESSENGERS), ANY}
    if channel not in known:
        raise Invalid("channel.unknown", field="words")
    return channel


def _line_id(item: SyncConsent, shown: Shown) -> UUID:
    """Return the one id of a line: nobody can choose it, and so nobody replaces another's signature."""
    return named_id(item.captured.at, str(item.id), item.sha256, shown.channel, shown.purpose)
