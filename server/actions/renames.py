"""A platform says that a person has a new name there: the office confirms it, or says that it is somebody else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from server.actions import conversations
from server.actions.consents import grant, suspend, withdraw
from server.actions.customers import contact_known
from server.actions.identities import Recycled, unpin
from server.db import accounts as accounts_db
from server.db import consents, conversation_messages, customers, identities, inbox, lanes, logbook
from server.db import conversations as conversations_db
from server.db.unit import atomic, signal
from server.domain.accounts import Account
from server.domain.consents import ConsentVerb, Proof, Purpose, latest_of
from server.domain.conversations import key_of_stranger
from server.domain.customers import Contact
from server.domain.errors import Conflict, NotFound
from server.domain.evidence import Evidence
from server.domain.identities import Identity, IdentityKind
from server.domain.logbook import Entry
from server.domain.messages import Message
from server.domain.users import Actor, Right, require, system
from server.domain.wordings import Topic

SETTLED = "done"
# "Später" means not today: the next morning it stands there again.
LATER = timedelta(hours=16)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a platform said; until a human has decided nothing leaves for this person there."""

    id: UUID
    account_id: UUID
    key: str
    channel: str
    contact_id: UUID
    old: tuple[Identity, ...]
    new: tuple[Identity, ...]
    at: datetime
    later_until: datetime | None = None

    @property
    def recycled(self) -> bool:
        """Say whether one and the same number came under another id."""
        return any(name in self.old for name in self.new)

    @property
    def phone(self) -> str:
        """Return the new number, "" where the platform tells another kind of name."""
        return next((name.value for name in self.new if name.kind is IdentityKind.PHONE), "")

    def due(self, at: datetime) -> bool:
        """Say whether it asks for a decision now."""
        return self.later_until is None or self.later_until <= at


@dataclass(frozen=True, slots=True)
class Effect:
    """What a confirmation would change. `number`: the book gets this one, "" = it stays as it is.

    `brings`: so much came under the new name already. `consent`: it was given and would hold again. `stopped`: what
    waited for the old name; it stays stopped whatever is decided.
    """

    contact: Contact
    number: str
    brings: int
    consent: bool
    stopped: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class NewName:
    """What speaks for a person's having other names; `why` is for the ledger."""

    contact_id: UUID
    old: Sequence[Identity]
    new: Sequence[Identity]
    why: str


async def propose(
    account: Account, key: str, change: NewName, *, gone: Sequence[Identity], at: datetime
) -> None:
    """Put a new name before the office; until it has decided consent rests and `gone` leads to nobody.

    Joins the unit it is part of; `key` is the event that told it.
    """
    company_id, actor = account.company_id, system(account.company_id)
    contact = await contact_known(company_id, change.contact_id)
    await suspend(actor, contact, channel=account.kind, why=change.why, at=at)
    await identities.set_gone(company_id, contact.id, account.kind, gone, at=at)
    old, new = _told(change.old), _told(change.new)
    payload: dict[str, object] = {"contact": str(contact.id), "old": old, "new": new}
    await inbox.set_event_state(company_id, account.id, key, inbox.PROPOSED, payload=payload)
    entry = Entry.by(
        actor,
        "contact.renamed",
        "contact",
        contact.id,
        at=at,
        job_id=None,
        channel=account.kind,
        old=old,
        new=new,
    )
    await logbook.insert_entry(company_id, entry)
    signal("conversations", company_id, contact=str(contact.id))


async def propose_recycled(
    account: Account, key: str, doubt: Recycled, names: Sequence[Identity], *, at: datetime
) -> None:
    """Propose that somebody who wrote from a person's number under a new id is he; his old id stays his.

    Joins the unit it is part of.
    """
    numbers = [name for name in names if name.kind is IdentityKind.PHONE]
    new = [name for name in names if name.kind is not IdentityKind.USERNAME]
    why = "Unter der Nummer schreibt jemand mit einer anderen Kennung"
    change = NewName(doubt.contact_id, [*numbers, *doubt.ids], new, why)
    await propose(account, key, change, gone=numbers, at=at)


async def open_proposals(company_id: UUID) -> list[Proposal]:
    """Return what waits for a decision, newest first."""
    accounts = {one.id: one.kind for one in await accounts_db.of_company(company_id)}
    kept = await inbox.of_state(company_id, list(accounts), inbox.PROPOSED)
    return [_proposal(one, accounts[one.account_id]) for one in kept]


async def proposal_by_id(company_id: UUID, proposal_id: UUID) -> Proposal:
    """Return the proposal. Raises NotFound."""
    kept = await inbox.event_by_id(company_id, proposal_id)
    account = await accounts_db.by_id(company_id, kept.account_id) if kept else None
    if kept is None or account is None or kept.state != inbox.PROPOSED:
        raise NotFound("message.unknown")
    return _proposal(kept, account.kind)


async def number_due(company_id: UUID, *, at: datetime) -> int:
    """Return how many proposals ask for a decision now."""
    return sum(one.due(at) for one in await open_proposals(company_id))


async def of_contacts(company_id: UUID, contact_ids: Sequence[UUID]) -> dict[UUID, Proposal]:
    """Return the open proposals about these people, the newest of each."""
    found: dict[UUID, Proposal] = {}
    if not contact_ids:
        return found
    for one in await open_proposals(company_id):
        if one.contact_id in contact_ids:
            found.setdefault(one.contact_id, one)
    return found


async def effect(proposal: Proposal, company_id: UUID) -> Effect:
    """Return what a confirmation would change. Raises NotFound for a person who has gone meanwhile."""
    contact = await contact_known(company_id, proposal.contact_id)
    strangers = [key_of_stranger(proposal.channel, name) for name in proposal.new]
    threads = [await conversations_db.by_key(company_id, key) for key in strangers]
    heard = [await conversation_messages.heard_in(company_id, one.id) for one in threads if one]
    return Effect(
        contact=contact,
        number=proposal.phone if _moves(contact, proposal) else "",
        brings=sum(map(len, heard)),
        consent=await _had_agreed(contact, proposal.channel),
        stopped=tuple(
            await lanes.stopped(
                company_id, contact.id, proposal.channel, code="consent.suspended", since=proposal.at
            )
        ),
    )


@atomic
async def postpone(actor: Actor, proposal: Proposal, *, at: datetime) -> None:
    """Put a proposal off until tomorrow; until then nothing leaves for this person there. Raises Conflict."""
    require(actor, Right.MANAGE_CUSTOMERS)
    kept = await inbox.event_by_id(actor.company_id, proposal.id)
    if kept is None or kept.state != inbox.PROPOSED:
        raise Conflict("message.moved_on")
    payload = {**kept.payload, "later_until": (at + LATER).isoformat()}
    await inbox.set_event_state(
        actor.company_id, proposal.account_id, proposal.key, inbox.PROPOSED, payload=payload
    )
    signal("conversations", actor.company_id, contact=str(proposal.contact_id))


@atomic
async def confirm(actor: Actor, proposal: Proposal, *, same: bool, at: datetime) -> None:
    """Decide: the same person has the new name (his consent holds), or the name is somebody else's (it ends).

    What is queued keeps its recipient either way: it was for the old name, and is stopped by the gate.
    Raises Conflict when it was decided already.
    """
    require(actor, Right.MANAGE_CUSTOMERS)
    kept = await inbox.event_by_id(actor.company_id, proposal.id)
    if kept is None or kept.state != inbox.PROPOSED:
        raise Conflict("message.moved_on")
    contact = await contact_known(actor.company_id, proposal.contact_id)
    await inbox.set_event_state(actor.company_id, proposal.account_id, proposal.key, SETTLED)
    await unpin(actor.company_id, proposal.channel, proposal.old)
    if same and proposal.recycled:
        await identities.set_gone(actor.company_id, contact.id, proposal.channel, proposal.old, at=at)
    # A number that is another person's now stays given up there, while it stands in the book.
    keeps = not same if proposal.recycled else same and _book_keeps(contact, proposal)
    if not keeps:
        await identities.delete_gone(actor.company_id, contact.id, proposal.channel)
    if same:
        await _take_over(actor, contact, proposal, at=at)
    else:
        said = Evidence(Proof.OFFICE, "Der Name beim Messenger gehört jetzt jemand anderem")
        await withdraw(actor, contact, proposal.channel, said, at=at)
    verb = "contact.rename_confirmed" if same else "contact.rename_refused"
    entry = Entry.by(actor, verb, "contact", contact.id, at=at, channel=proposal.channel)
    await logbook.insert_entry(actor.company_id, entry)
    signal("conversations", actor.company_id, contact=str(contact.id))


async def _take_over(actor: Actor, contact: Contact, proposal: Proposal, *, at: datetime) -> None:
    """Learn the new names, bring along what came under them, and put a new number into the book."""
    if await _had_agreed(contact, proposal.channel):
        said = Evidence(Proof.OFFICE, "Der neue Name beim Messenger ist bestätigt")
        await grant(actor, contact, Topic(proposal.channel), said, at=at)
    for name in proposal.new:
        await identities.add_identity(actor.company_id, contact.id, proposal.channel, name, at=at)
        stranger = await conversations_db.by_key(actor.company_id, key_of_stranger(proposal.channel, name))
        if stranger is not None:
            await conversations.belongs_to(actor, stranger, contact, at=at)
    if _moves(contact, proposal):
        changed = replace(contact, phone=proposal.phone, phone_typed=proposal.phone)
        if not await customers.set_contact(actor.company_id, changed):
            raise Conflict("contact.changed_meanwhile")
        await customers.set_search_text(actor.company_id, contact.customer_id)


def _numbers(names: Sequence[Identity]) -> set[str]:
    return {name.value for name in names if name.kind is IdentityKind.PHONE}


def _moves(contact: Contact, proposal: Proposal) -> bool:
    """Say whether the book's number is the old one, and the platform tells another."""
    old = _numbers(proposal.old)
    return bool(proposal.phone) and proposal.phone not in old and contact.phone in old


def _book_keeps(contact: Contact, proposal: Proposal) -> bool:
    """Say whether the old number stays in the book, for no new one is known: then nothing may leave for it there."""
    return not proposal.phone and contact.phone in _numbers(proposal.old)


async def _had_agreed(contact: Contact, channel: str) -> bool:
    """Say whether it was a consent that rests until now; a chat he began himself begins anew when he writes."""
    lines = await consents.of_contact(contact.company_id, contact.id)
    before = [
        line
        for line in lines
        if (line.channel, line.purpose) == (channel, Purpose.SERVICE)
        and line.verb is not ConsentVerb.SUSPENDED
    ]
    newest = latest_of(before)
    return newest is not None and newest.verb is ConsentVerb.GRANTED


def _proposal(kept: inbox.Kept, channel: str) -> Proposal:
    return Proposal(
        id=kept.id,
        account_id=kept.account_id,
        key=kept.key,
        channel=channel,
        contact_id=UUID(str(kept.payload["contact"])),
        old=_names(kept.payload["old"]),
        new=_names(kept.payload["new"]),
        at=kept.received_at,
        later_until=datetime.fromisoformat(str(later))
        if (later := kept.payload.get("later_until"))
        else None,
    )


def _told(names: Sequence[Identity]) -> list[list[str]]:
    return [[name.kind.value, name.value] for name in names]


def _names(listed: object) -> tuple[Identity, ...]:
    pairs = listed if isinstance(listed, list) else []
    return tuple(Identity(IdentityKind(kind), value) for kind, value in pairs)
