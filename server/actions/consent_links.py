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
from server.domain.accounts import consent_channel
from server.domain.companies import Company
from server.domain.consents import ANY, WITHOUT_CHANNEL, Consent, ConsentVerb, Proof, Purpose
from server.domain.customers import Contact
from server.domain.errors import Invalid, NotFound
from server.domain.jobs import Job
from server.domain.partners import Partner
from server.domain.users import system
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
    channel: str
    purpose: Purpose
    job: Job | None
    partner: Partner | None
    wording: str
    open: bool
    latest: Consent | None

    @property
    def agreed(self) -> bool:
        return self.latest is not None and self.latest.verb is ConsentVerb.GRANTED


def token(
    services: Services,
    contact: Contact,
    *,
    channel: str,
    purpose: Purpose,
    job_id: UUID | None = None,
    partner_id: UUID | None = None,
    at: datetime,
) -> str:
    """Return the secret of a link that asks this person; every call makes another one, all of them good."""
    until = int((at + LIVES).timestamp())
    kind = ANY if purpose in WITHOUT_CHANNEL else consent_channel(channel)
    head = _HEAD.pack(
        _PURPOSES.index(purpose), until, contact.company_id.bytes, contact.id.bytes, _mark(contact, kind)
    )
    about = job_id.bytes + partner_id.bytes if job_id and partner_id else b""
    sealed = services.secrets.seal(b"consent\0" + head + bytes([len(about)]) + about + kind.encode())
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
    job = await jobs.by_id(company.id, UUID(bytes=about[:16])) if about else None
    partner = await partners.by_id(company.id, UUID(bytes=about[16:])) if about else None
    if about and (job is None or partner is None):
        raise NotFound("consent.link_gone")
    purpose = _PURPOSES[purpose_no]
    wording = consents.words(
        company, contact, channel=channel, purpose=purpose, job=job, partner=partner, link=THIS_PAGE
    )
    latest = await _latest(contact, channel, purpose, job, partner)
    alive = at < datetime.fromtimestamp(until, UTC)
    return Asked(company, contact, channel, purpose, job, partner, wording, alive, latest)


@atomic
async def agree(asked: Asked, *, at: datetime) -> None:
    """Write down that the person agreed on the page; twice is once. Raises Invalid when the link is too old."""
    if not asked.open:
        raise Invalid("consent.link_old")
    await customers.lock_contact(asked.company.id, asked.contact.id)
    latest = await _latest(asked.contact, asked.channel, asked.purpose, asked.job, asked.partner)
    if latest is not None and latest.verb is ConsentVerb.GRANTED:
        return
    await consents.grant(
        system(asked.company.id),
        asked.contact,
        channel=asked.channel,
        purpose=asked.purpose,
        job=asked.job,
        partner=asked.partner,
        proof=Proof.LINK,
        proof_ref="auf der Einwilligungs-Seite getippt",
        wording=asked.wording,
        at=at,
    )


@atomic
async def take_back(asked: Asked, *, at: datetime) -> None:
    """Write down that the person took it back on the page; also long after the link has grown too old to agree."""
    actor, said = system(asked.company.id), "auf der Einwilligungs-Seite"
    if asked.purpose in WITHOUT_CHANNEL or asked.purpose is Purpose.ADVERTISING:
        latest = await _latest(asked.contact, asked.channel, asked.purpose, asked.job, asked.partner)
        if latest is not None and latest.verb is ConsentVerb.GRANTED:
            await consents.withdraw_one(actor, asked.contact, latest, said=said, proof=Proof.LINK, at=at)
        return
    await consents.withdraw(actor, asked.contact, channel=asked.channel, proof=Proof.LINK, said=said, at=at)


async def _latest(
    contact: Contact, channel: str, purpose: Purpose, job: Job | None, partner: Partner | None
) -> Consent | None:
    wanted = (channel, purpose, job.id if job else None, partner.id if partner else None)
    lines = await consents_db.of_contact(contact.company_id, contact.id)
    return next(
        (
            line
            for line in consents.in_force(lines)
            if (line.channel, line.purpose, line.job_id, line.partner_id) == wanted
        ),
        None,
    )


def _mark(contact: Contact, channel: str) -> bytes:
    """Return eight bytes that change with the number or address the link was made for."""
    reached = "" if channel == ANY else consents.reached_at(contact, channel)
    return hashlib.sha256(f"{contact.id} {reached}".encode()).digest()[:8]
