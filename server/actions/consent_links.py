"""The consent link: a page of our own where one person agrees, or takes it back, without account and script.

The link itself says for whom and what; it is sealed, so nobody can read or change it, and nothing is stored for it.
It dies with the number it was made for. After its time it takes nothing back but still lets a person withdraw.
"""

import base64
import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cryptography.exceptions import InvalidTag

from server.actions import consents
from server.db import companies, customers, jobs, partners
from server.db import consents as consents_db
from server.db.unit import atomic
from server.domain.companies import Company
from server.domain.consents import (
    ANY,
    COVERED,
    Consent,
    ConsentVerb,
    Matter,
    Proof,
    Purpose,
    in_force,
)
from server.domain.customers import Contact
from server.domain.errors import Invalid, NotFound
from server.domain.evidence import Evidence
from server.domain.users import system
from server.domain.wordings import Topic
from server.services import Services

LIVES = timedelta(days=14)
TOKEN_MAX = 400
THIS_PAGE = "diese Seite"
_PURPOSES = list(Purpose)
_HEAD = struct.Struct(">BI16s16s8s")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link asks: whom, for what, in which words; `open` says whether it may still be agreed to."""

    company: Company
    contact: Contact
    topic: Topic
    wording: str
    open: bool
    latest: Consent | None

    @property
    def agreed(self) -> bool:
        return self.latest is not None and self.latest.verb is ConsentVerb.GRANTED


def token(services: Services, contact: Contact, matter: Matter, *, at: datetime) -> str:
    """Return the secret of a link that asks this person; every call makes another one, all of them good."""
    until = int((at + LIVES).timestamp())
    purpose, mark = _PURPOSES.index(matter.purpose), _mark(contact, matter.channel)
    head = _HEAD.pack(purpose, until, contact.company_id.bytes, contact.id.bytes, mark)
    about = matter.job_id.bytes + matter.partner_id.bytes if matter.job_id and matter.partner_id else b""
    sealed = services.secrets.seal(
        b"consent\0" + head + bytes([len(about)]) + about + matter.channel.encode()
    )
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def url(services: Services, link: str) -> str:
    return f"{services.settings.base_url}/a/c/{link}"


async def look_up(services: Services, link: str, *, at: datetime) -> Asked:
    """Return what a link asks; changes nothing. Raises NotFound for one that is not ours or was for another number."""
    try:
        padded = link + "=" * (-len(link) % 4)
        if len(link) > TOKEN_MAX:
            raise ValueError
        clear = services.secrets.open(base64.b64decode(padded.encode("ascii"), b"-_", validate=True))
        if not clear.startswith(b"consent\0"):
            raise ValueError
        purpose_no, until, company_id, contact_id, mark = _HEAD.unpack_from(clear, 8)
    except (InvalidTag, ValueError, struct.error) as error:
        raise NotFound("consent.link_gone") from error
    rest = clear[8 + _HEAD.size :]
    about, channel = rest[1 : 1 + rest[0]], rest[1 + rest[0] :].decode()
    company = await companies.by_id(UUID(bytes=company_id))
    contact = await customers.contact_by_id(UUID(bytes=company_id), UUID(bytes=contact_id))
    if company is None or contact is None or contact.archived_at or _mark(contact, channel) != mark:
        raise NotFound("consent.link_gone")
    if contact.id.bytes != contact_id:  # its record was merged since: what is agreed to now needs a new link
        raise NotFound("consent.link_gone")
    job = await jobs.by_id(company.id, UUID(bytes=about[:16])) if about else None
    partner = await partners.by_id(company.id, UUID(bytes=about[16:])) if about else None
    if about and (job is None or partner is None):
        raise NotFound("consent.link_gone")
    topic = Topic(channel, _PURPOSES[purpose_no], job, partner)
    wording = topic.words(contact, company=company.name, link=THIS_PAGE)
    alive = at < datetime.fromtimestamp(until, UTC)
    return Asked(company, contact, topic, wording, alive, await _latest(contact, topic.matter))


@atomic
async def agree(asked: Asked, *, at: datetime) -> None:
    """Write down that the person agreed on the page; twice is once. Raises Invalid when the link is too old."""
    if not asked.open:
        raise Invalid("consent.link_old")
    if await customers.lock_contact(asked.company.id, asked.contact.id) != asked.contact.id:
        raise NotFound("consent.link_gone")
    latest = await _latest(asked.contact, asked.topic.matter)
    if latest is not None and latest.verb is ConsentVerb.GRANTED:
        return
    tapped = Evidence(Proof.LINK, "auf der Einwilligungs-Seite getippt", wording=asked.wording)
    await consents.grant(system(asked.company.id), asked.contact, asked.topic, tapped, at=at)


@atomic
async def take_back(asked: Asked, *, at: datetime) -> None:
    """Write down that the person took it back on the page; also long after the link has grown too old to agree."""
    actor, tapped = system(asked.company.id), Evidence(Proof.LINK, "auf der Einwilligungs-Seite")
    if asked.topic.purpose in COVERED:
        await consents.withdraw(actor, asked.contact, asked.topic.channel, tapped, at=at)
        return
    latest = await _latest(asked.contact, asked.topic.matter)
    if latest is not None and latest.verb is ConsentVerb.GRANTED:
        await consents.withdraw_one(actor, asked.contact, latest, tapped, at=at)


async def _latest(contact: Contact, matter: Matter) -> Consent | None:
    lines = await consents_db.of_contact(contact.company_id, contact.id)
    return next((line for line in in_force(lines) if line.matter == matter), None)


def _mark(contact: Contact, channel: str) -> bytes:
    """Return eight bytes that change with the number or address the link was made for."""
    reached = "" if channel == ANY else contact.reached_at(channel)
    return hashlib.sha256(f"{contact.id} {reached}".encode()).digest()[:8]
