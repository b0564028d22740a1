"""The gate's questions to the database; the answer is the pure rule's (domain/gate.py).

Asked when something is put in line and again right before the network. Whatever cannot be read raises, and what
raises does not send.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server import channels as registry
from server.actions import identities
from server.db import (
    accounts,
    companies,
    consents,
    conversations,
    correspondence,
    customers,
    inbox,
    jobs,
    messages,
    partners,
    photos,
)
from server.db import identities as identities_db
from server.domain.accounts import Account, consent_channel
from server.domain.acquaintances import Acquaintance
from server.domain.capabilities import Capabilities, window_open
from server.domain.consents import (
    ANY,
    WITHOUT_CHANNEL,
    Consent,
    Purpose,
    Word,
    is_stop,
    may_share,
    refuses,
    word_of,
)
from server.domain.conversations import ConversationState
from server.domain.gate import Case, Closed, Contract, Open, Recipient, decide
from server.domain.identities import Identity, IdentityKind, same_name
from server.domain.jobs import Job
from server.domain.messages import SWITCHED_OFF, Direction, Message, window_until
from server.domain.partners import standing

# More new names than any firm leaves undecided; one that is not looked at would be no doubt.
PROPOSALS_MAX = 5000
_NO_CONSENT = Closed("window.no_consent")


async def acquaint(company_id: UUID, contact_id: UUID) -> Acquaintance:
    """Return what is known of a person: four statements, however many channels are asked about afterwards."""
    return Acquaintance(
        contact=await customers.contact_by_id(company_id, contact_id),
        lines=await consents.of_contact(company_id, contact_id),
        heard=await correspondence.heard(company_id, contact_id),
        names=await identities_db.known(company_id, contact_id),
    )


async def gate(
    company_id: UUID,
    contact_id: UUID | None,
    channel: str,
    purpose: Purpose = Purpose.SERVICE,
    *,
    photo_ids: Sequence[UUID] = (),
    account_id: UUID | None = None,
    at: datetime,
) -> Open | Closed:
    """Decide whether this person may be written to in this channel now, with these photos.

    `account_id` is the account it would leave by, whose window and first word count; without one it is chosen.
    """
    if contact_id is None:
        return Closed("question.no_contact")
    person = await acquaint(company_id, contact_id)
    if account_id is None and (sender := await sender_of(company_id, person, channel)):
        account_id = sender.id
    person_open = await photos.person_open(company_id, photo_ids)
    return gate_of(person, channel, purpose, account_id=account_id, person_open=person_open, at=at)


async def sender_of(company_id: UUID, person: Acquaintance, channel: str) -> Account | None:
    """Return the account by which this person is written to in a channel, None where none is connected or by hand."""
    return person.account_of(await accounts.of_kind(company_id, channel))


def gate_of(
    person: Acquaintance,
    channel: str,
    purpose: Purpose = Purpose.SERVICE,
    *,
    account_id: UUID | None = None,
    person_open: bool = False,
    at: datetime,
) -> Open | Closed:
    """Decide what `gate` does, about somebody whose acquaintance was made; `person_open` is about the photos.

    Without an account (by hand) any message of his in the channel counts.
    """
    kind = consent_channel(channel)
    wrote_at = person.wrote_at(kind)
    about = ANY if purpose in WITHOUT_CHANNEL else kind
    last_in_at = person.last_in_at(account_id) if account_id else wrote_at
    answer = decide(
        Case(
            recipient=Recipient.CUSTOMER if person.contact else None,
            purpose=purpose,
            channel=word_of(person.lines, kind, Purpose.SERVICE, wrote_at=wrote_at),
            own=word_of(person.lines, about, purpose, wrote_at=wrote_at),
            began=person.wrote_at(kind, account_id) is not None,
            sharing=False,
            contract=Contract.NONE,
            person_open=person_open,
            window_open=_window(channel, last_in_at, at=at),
        )
    )
    # No consent helps where the platform has no text it could let out: the person must write first.
    return Closed("window.closed") if answer == _NO_CONSENT and _wordless(channel) else answer


async def stranger_gate(message: Message, *, at: datetime) -> Open | Closed:
    """Decide whether this message may go to somebody nobody knows yet: by itself, as the answer to what he wrote.

    He wrote first if the platform proved it for exactly this name, at this account, in a chat that is still a
    stranger's. Not for a mail, whose sender nobody proves; not where the name leads to somebody in our book, or is in
    doubt (given up, or proposed as somebody's new one). A STOP, a switch in the messenger and a refusal count for
    ever: there is no ledger that could open it again before he is known.
    """
    name, thread_id, account_id = message.recipient, message.conversation_id, message.account_id
    if message.contact_id or not (name and thread_id and account_id):
        return Closed("consent.unknown")
    thread = await conversations.by_id(message.company_id, thread_id)
    stranger = thread is not None and thread.stranger and thread.state is not ConversationState.SPAM
    said = await messages.found(message.company_id, conversation_id=thread_id)
    his = [one for one in said if one.direction is Direction.IN]
    proved = [
        one.at
        for one in his
        if one.verified and one.account_id == account_id and same_name(one.recipient, name)
    ]
    proved = [] if name.kind is IdentityKind.EMAIL else proved
    stopped = any(is_stop(one.text) or one.kind == SWITCHED_OFF for one in his)
    stopped = stopped or any(one.error_code == "consent.withdrawn" for one in said)
    doubtful = await _leads_elsewhere(message.company_id, account_id, message.channel, name)
    word = Word.WITHDRAWN if stopped else Word.NONE
    return decide(
        Case(
            recipient=Recipient.STRANGER if stranger and not doubtful else None,
            purpose=Purpose.SERVICE,
            channel=word,
            own=word,
            began=bool(proved),
            sharing=False,
            contract=Contract.NONE,
            person_open=bool(message.pictures),
            window_open=_machine_window(message.channel, max(proved, default=None), at=at),
        )
    )


async def _leads_elsewhere(company_id: UUID, account_id: UUID, channel: str, name: Identity) -> bool:
    """Say whether a stranger's name may be somebody's we know."""
    if await identities.reached(company_id, [name]) or await identities_db.given_up(
        company_id, channel, [name]
    ):
        return True
    proposed = await inbox.of_state(company_id, [account_id], inbox.PROPOSED, limit=PROPOSALS_MAX)
    return any([name.kind.value, name.value] in _listed(one.payload.get("new")) for one in proposed)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _machine_window(channel: str, last: datetime | None, *, at: datetime) -> bool | None:
    """Say whether a machine's free words may leave: the longer window of humans is not for it (N 2.2)."""
    caps = next((one.caps for one in registry.CHANNELS if one.kind == channel), None)
    if caps is None:
        return None
    return caps.window is None or window_open(at, window_until(last, caps.window))


async def partner_gate(
    company_id: UUID,
    job_id: UUID,
    partner_id: UUID,
    *,
    photo_ids: Sequence[UUID] = (),
    at: datetime,
) -> Open | Closed:
    """Decide whether these photos of a job may be passed on to this partner on this day."""
    company, job = await companies.by_id(company_id), await jobs.by_id(company_id, job_id)
    if company is None or job is None:
        return Closed("consent.unknown")
    partner = await partners.by_id(company_id, partner_id)
    contracts = (await partners.contracts_of(company_id, [partner_id]))[partner_id]
    lines = await consents.of_job(company_id, job_id)
    return decide(
        Case(
            recipient=Recipient.PARTNER if partner else Recipient.OTHER,
            purpose=Purpose.THIRD_PARTY,
            # A withdrawal in any messenger has written its line at the job, too (actions/consents.py:withdraw).
            channel=Word.NONE,
            own=Word.NONE,
            began=False,
            sharing=await _agreed(lines, job, partner_id),
            contract=standing(partner, contracts, company.day_of(at)),
            person_open=await photos.person_open(company_id, photo_ids),
            window_open=True,
        )
    )


async def _agreed(lines: Sequence[Consent], job: Job, partner_id: UUID) -> bool:
    """Say whether the people of this job's customer let its photos go to this partner.

    One who has taken it back is enough against it. A yes of somebody whose job this is no longer says nothing.
    """
    people = {line.contact_id: [one for one in lines if one.contact_id == line.contact_id] for line in lines}
    if any(refuses(own, job.id, partner_id) for own in people.values()):
        return False
    house = set(people)
    if job.customer_id:
        known = await customers.contacts_of(job.company_id, job.customer_id, archived=True)
        house = {one.id for one in known}
    return any(may_share(own, job.id, partner_id) for person, own in people.items() if person in house)


def _wordless(channel: str) -> bool:
    """Say whether a platform knows no approved texts: outside its window nothing leaves, whoever agreed."""
    caps = _caps(channel)
    return caps is not None and caps.can_initiate == "after_contact"


def _window(channel: str, last_in_at: datetime | None, *, at: datetime) -> bool | None:
    """Say whether free words may leave; True where there is no window, None for a channel nobody knows."""
    if channel != consent_channel(channel):
        return True  # by hand, from a phone's own app: no platform counts hours
    caps = _caps(channel)
    if caps is None:
        return None
    span = caps.human_window or caps.window
    return span is None or window_open(at, window_until(last_in_at, span))


def _caps(channel: str) -> Capabilities | None:
    return next((one.caps for one in registry.CHANNELS if one.kind == channel), None)
