"""The ways to a person: what it takes is read once, however many messengers are connected, and then all is a rule."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

from server.actions import consents, ways
from server.actions.gate import acquaint, gate_of
from server.channels import CHANNELS
from server.channels.handoff import MESSENGERS
from server.db import accounts, conversation_messages, identities, messages
from server.db import customers as customers_db
from server.db.unit import atomic
from server.domain.accounts import Account, Health
from server.domain.consents import Proof
from server.domain.evidence import Evidence
from server.domain.gate import Closed, Open
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import Message
from server.domain.routing import Need, Route
from server.domain.wordings import Topic
from server.ids import new_id
from tests import looks
from tests.talks import PETRA, Firm

ADDRESS = "Petra@Example.org"
OTHER = "+4915155555555"


@atomic
async def connect(firm: Firm, kind: str) -> Account:
    account = replace(firm.account, id=new_id(), kind=kind, health=Health.OK)
    await accounts.insert_account(firm.company_id, account, at=firm.clock.at)
    return account


async def best(firm: Firm) -> Route:
    return await ways.best(firm.company_id, firm.contact.id, need=Need("Hallo"), at=firm.clock.at)


async def test_ten_ways_cost_no_more_statements_than_one(
    firm: Firm, statements: Callable[[], list[str]]
) -> None:
    await firm.hello()
    before = len(statements())
    few = await best(firm)
    costs = len(statements()) - before
    for kind in {one.kind for one in CHANNELS} - {firm.account.kind}:
        await connect(firm, kind)
    for one in MESSENGERS:
        await consents.grant(
            firm.office, firm.contact, Topic(one.key), Evidence(Proof.SIGNATURE), at=firm.clock.at
        )
    before = len(statements())
    many = await best(firm)
    assert len(many.offers) > len(few.offers) + 4
    assert len(statements()) - before == costs
    # A statement that asks for columns is seen twice on its way: by the driver and by the one around it.
    assert len([one for one, _ in groupby(statements()[before:])]) <= 6, statements()[before:]


async def test_without_a_person_every_way_is_closed_and_says_so(firm: Firm) -> None:
    for nobody in (None, new_id()):
        found = await ways.best(firm.company_id, nobody, need=Need("Hallo"), at=firm.clock.at)
        assert {one.code for one in found.offers} == {"question.no_contact"}


@atomic
async def _alter(message: Message, **changes: object) -> None:
    await messages.set_place(message.company_id, message.id, **changes)


@atomic
async def _book(firm: Firm, **changes: str) -> None:
    await customers_db.set_contact(firm.company_id, replace(firm.contact, **changes))  # type: ignore[arg-type]


async def test_only_a_proved_message_under_one_of_his_names_is_his(firm: Firm) -> None:
    """What was imported, is another channel's, unproved or bears a name that is no longer his proves nothing (G3)."""
    await firm.hello()
    thread = await looks.thread_of(firm.company_id, firm.contact.id)
    [said] = await conversation_messages.heard_in(firm.company_id, thread.id)

    async def wrote_at(channel: str = "whatsapp") -> object:
        return (await acquaint(firm.company_id, firm.contact.id)).wrote_at(channel)

    assert said.recipient == Identity(IdentityKind.PHONE, PETRA)
    assert (await wrote_at(), await wrote_at("signal")) == (said.at, None)
    for column, wrong in (
        ("account_id", None),
        ("verified", False),
        ("recipient", OTHER),
        ("direction", "out"),
    ):
        right = {"recipient": PETRA, "direction": "in"}.get(column, getattr(said, column))
        await _alter(said, **{column: wrong})
        assert await wrote_at() is None, column
        await _alter(said, **{column: right})
        assert await wrote_at() == said.at
    await _alter(said, recipient_kind="email", recipient=ADDRESS.casefold())
    assert await wrote_at() is None
    await _book(firm, email=ADDRESS)
    assert await wrote_at() == said.at
    name = Identity(IdentityKind.BSUID, "DE.123")
    await _alter(said, recipient_kind="bsuid", recipient=name.value)
    await atomic(identities.add_identity)(
        firm.company_id, firm.contact.id, "whatsapp", name, at=firm.clock.at
    )
    assert await wrote_at() == said.at
    await atomic(identities.set_gone)(firm.company_id, firm.contact.id, "whatsapp", [name], at=firm.clock.at)
    assert await wrote_at() is None


async def test_a_name_of_the_book_that_was_given_up_there_is_no_way(firm: Firm) -> None:
    """Only where it was given up, and an address in whatever writing."""
    await _book(firm, email=ADDRESS)
    await connect(firm, "email")
    await consents.grant(
        firm.office, firm.contact, Topic("email"), Evidence(Proof.SIGNATURE), at=firm.clock.at
    )

    async def codes() -> dict[str, str]:
        return {one.channel: one.code for one in (await best(firm)).offers}

    assert (await codes())["email"] == ""
    gone = Identity(IdentityKind.EMAIL, ADDRESS.lower())
    await atomic(identities.set_gone)(firm.company_id, firm.contact.id, "email", [gone], at=firm.clock.at)
    found = await codes()
    assert (found["email"], found["whatsapp"]) == ("contact.no_address", "consent.none")


async def test_the_window_is_of_the_account_it_would_leave_by(firm: Firm) -> None:
    await firm.hello()
    other = await connect(firm, "messenger")
    person = await acquaint(firm.company_id, firm.contact.id)
    assert person.last_in_at(other.id) is None and person.last_in_at(firm.account.id) == firm.clock.at
    later = firm.clock.at + timedelta(days=2)
    assert isinstance(gate_of(person, "whatsapp", account_id=firm.account.id, at=firm.clock.at), Open)
    assert isinstance(gate_of(person, "whatsapp", account_id=firm.account.id, at=later), Closed)
