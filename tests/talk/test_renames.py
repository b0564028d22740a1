"""New numbers as the office sees them: side by side, decided by a person, and nothing that waited is sent elsewhere."""

from datetime import timedelta

import pytest

from server.actions import fates, renames
from server.actions.gate import gate
from server.db import customers as customers_db
from server.db import identities
from server.db.tables import MessageRow
from server.db.unit import atomic
from server.domain.events import Renamed
from server.domain.gate import Closed, Open
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import MessageState
from tests import looks
from tests.talk.test_events import OTHER, PHONE, heard, say, tell
from tests.talk.test_senders import second
from tests.talks import PETRA, Firm

SUSPENDED = Closed("consent.suspended")
NAMELESS = Identity(IdentityKind.BSUID, "DE.4711")


async def renamed(firm: Firm, monkeypatch: pytest.MonkeyPatch, new: Identity = OTHER) -> renames.Proposal:
    await firm.consent()
    await firm.hello()
    await say(firm, "Ich komme morgen um acht.", send_after=firm.clock.at + timedelta(hours=1))
    await tell(firm, Renamed("r1", (PHONE,), (new,), firm.clock.at), monkeypatch=monkeypatch)
    await tell(firm, heard("Hier die neue Nummer", sender=(new,)), monkeypatch=monkeypatch)
    [proposal] = await renames.open_proposals(firm.company_id)
    return proposal


async def test_the_card_shows_old_and_new_who_said_it_and_what_it_would_change(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal = await renamed(firm, monkeypatch)
    async with firm.browser(firm.office) as office:
        assert "neue Nummer gemeldet" in (await office.get("/")).text
        page = (await office.get("/renames")).text
        for words in (
            PETRA,
            OTHER.value,
            "von WhatsApp",
            "In den Kontakt kommt die Nummer",
            "1 Nachricht unter dem neuen Namen kommt in diese Unterhaltung",
            "Die Einwilligung ruht und gilt dann wieder",
            "1 Nachricht an den alten Namen ist angehalten und bleibt es. Umgeleitet wird nichts.",
            "Ich komme morgen um acht.",
            "Übernehmen",
            "Nein, anderer Mensch",
            "Später",
        ):
            assert words in page, words
        for place in (f"/customers/{firm.contact.customer_id}", f"/contacts/{firm.contact.id}/edit"):
            assert f'href="/renames#rename-{proposal.id}"' in (await office.get(place)).text
    async with firm.browser(firm.worker) as worker:
        assert (await worker.get("/renames")).status_code == 403


async def test_nothing_that_waited_is_sent_to_the_new_number(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal = await renamed(firm, monkeypatch)
    async with firm.browser(firm.office) as office:
        where = f"/renames/{proposal.id}/decision"
        assert (await office.post(where, data={"decision": "same"})).headers["location"] == "/renames"
        assert (await office.post(where, data={"decision": "same"})).status_code == 404
        assert "Niemand hat eine neue Nummer gemeldet" in (await office.get("/renames")).text
    await firm.work(hours=24)
    assert firm.on_phone() == []
    [waited] = await MessageRow.filter(direction="out")
    assert (waited.state, waited.recipient) == (MessageState.STOPPED, PETRA)
    contact = await customers_db.contact_by_id(firm.company_id, firm.contact.id)
    assert contact and contact.phone == OTHER.value
    assert isinstance(await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at), Open)
    await again(firm, waited.id)
    assert firm.on_phone() == []


@atomic
async def failed(firm: Firm, message_id: object) -> None:
    await MessageRow.filter(id=message_id).update(state=MessageState.FAILED)


async def again(firm: Firm, message_id: object) -> None:
    """A human presses "send again" at what was written for the old number: its recipient is frozen, so it stops."""
    await failed(firm, message_id)
    await fates.resolve(firm.office, message_id, arrived=False, at=firm.clock.at)  # type: ignore[arg-type]
    await firm.work(hours=1)
    row = await MessageRow.get(id=message_id)
    assert (row.state, row.error_code) == (MessageState.STOPPED, "recipient.identity_changed")


async def test_without_a_new_number_the_old_one_in_the_book_gets_nothing_there(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform tells only an id: the book keeps the old number, which may be anybody's now."""
    proposal = await renamed(firm, monkeypatch, NAMELESS)
    assert (await renames.effect(proposal, firm.company_id)).number == ""
    await renames.confirm(firm.office, proposal, same=True, at=firm.clock.at)
    known = await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp")
    assert NAMELESS in known and PHONE not in known
    [waited] = await MessageRow.filter(direction="out")
    await again(firm, waited.id)
    assert firm.on_phone() == []


async def test_put_off_it_is_asked_again_the_next_day(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    proposal = await renamed(firm, monkeypatch)
    async with firm.browser(firm.office) as office:
        await office.post(f"/renames/{proposal.id}/decision", data={"decision": "later"})
        assert "neue Nummer gemeldet" not in (await office.get("/")).text
        page = (await office.get("/renames")).text
        assert "Zurückgestellt" in page and "Übernehmen" in page
    assert not isinstance(await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at), Open)
    assert await renames.number_due(firm.company_id, at=firm.clock.at) == 0
    firm.clock.go(days=1)
    assert await renames.number_due(firm.company_id, at=firm.clock.at) == 1


async def test_somebody_else_ends_it(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    proposal = await renamed(firm, monkeypatch)
    async with firm.browser(firm.office) as office:
        await office.post(f"/renames/{proposal.id}/decision", data={"decision": "other"})
    contact = await customers_db.contact_by_id(firm.company_id, firm.contact.id)
    assert contact and contact.phone == PETRA
    assert not isinstance(await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at), Open)
    await firm.work(hours=24)
    assert firm.on_phone() == []
    heard_ = await looks.from_customers(firm.company_id)
    assert {one.contact_id for one in heard_} == {firm.contact.id, None}


def its(kind: IdentityKind, word: str) -> Identity:
    return Identity(kind, f"DE.{word}")


@pytest.mark.parametrize("kind", [IdentityKind.BSUID, IdentityKind.UUID])
@pytest.mark.parametrize("same", [True, False])
async def test_a_known_number_under_a_new_id_is_a_question_for_a_human(
    firm: Firm, kind: IdentityKind, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """His number was given to somebody else, or he has signed up anew: the platform does not say which."""
    his, new = its(kind, "alt"), its(kind, "neu")
    await firm.consent()
    await tell(firm, heard("Hallo", sender=(PHONE, his)), monkeypatch=monkeypatch)
    await say(firm, "Ich komme morgen um acht.", send_after=firm.clock.at + timedelta(hours=1))
    await tell(firm, heard("Wer ist da?", sender=(PHONE, new)), monkeypatch=monkeypatch)
    await tell(firm, heard("Hallo?", sender=(PHONE, new)), monkeypatch=monkeypatch)
    [proposal] = await renames.open_proposals(firm.company_id)
    assert (proposal.recycled, proposal.old, proposal.new) == (True, (PHONE, his), (PHONE, new))
    assert new not in await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp")
    assert await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at) == SUSPENDED
    said = {one.text: one.contact_id for one in await looks.from_customers(firm.company_id)}
    assert said == {"Hallo": firm.contact.id, "Wer ist da?": None, "Hallo?": None}
    async with firm.browser(firm.office) as office:
        page = (await office.get("/renames")).text
        assert "Dieselbe Nummer, aber eine andere Kennung" in page
        assert "2 Nachrichten unter dem neuen Namen" in page
        assert "In den Kontakt kommt" not in page
    await renames.confirm(firm.office, proposal, same=same, at=firm.clock.at)
    await tell(firm, heard("Und nun?", sender=(PHONE, new)), monkeypatch=monkeypatch)
    await firm.work(hours=24)
    assert firm.on_phone() == []
    known = await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp")
    now = {one.text: one.contact_id for one in await looks.from_customers(firm.company_id)}
    opened = await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at)
    if same:
        assert known == [PHONE, new] and set(now.values()) == {firm.contact.id}
        assert isinstance(opened, Open)
    else:
        assert known == [his] and now["Und nun?"] is None
        assert opened == Closed("consent.withdrawn")
    assert await renames.open_proposals(firm.company_id) == []


@pytest.mark.parametrize(
    "names",
    [
        (PHONE,),
        (PHONE, its(IdentityKind.BSUID, "alt")),
        (PHONE, its(IdentityKind.BSUID, "ENT.alt")),
        (its(IdentityKind.BSUID, "alt"), PHONE),
    ],
)
async def test_an_id_that_says_nothing_against_it_asks_nobody(
    firm: Firm, names: tuple[Identity, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same id, none, or the one WhatsApp makes for several portfolios together: another scope, no other person."""
    await tell(firm, heard("Hallo", sender=(PHONE, its(IdentityKind.BSUID, "alt"))), monkeypatch=monkeypatch)
    await tell(firm, heard("Ich bin es", sender=names), monkeypatch=monkeypatch)
    assert await renames.open_proposals(firm.company_id) == []
    assert {one.contact_id for one in await looks.from_customers(firm.company_id)} == {firm.contact.id}


@pytest.mark.parametrize(("kind", "asked"), [(IdentityKind.UUID, 1), (IdentityKind.BSUID, 0)])
async def test_a_second_account_of_ours_knows_what_names_a_person_everywhere(
    firm: Firm, kind: IdentityKind, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signal's id is the same to all of our numbers; WhatsApp's is another in each portfolio and says nothing."""
    site, _ = await second(firm)
    await tell(firm, heard("Hallo", sender=(PHONE, its(kind, "alt"))), monkeypatch=monkeypatch)
    new = heard("Wer ist da?", sender=(PHONE, its(kind, "neu")))
    await tell(firm, new, monkeypatch=monkeypatch, account=site)
    assert len(await renames.open_proposals(firm.company_id)) == asked
    said = {one.text: one.contact_id for one in await looks.from_customers(firm.company_id)}
    assert said["Wer ist da?"] == (None if asked else firm.contact.id)


async def test_the_first_owner_is_heard_by_his_id_whoever_has_his_number(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    his, new = its(IdentityKind.BSUID, "alt"), its(IdentityKind.BSUID, "neu")
    await tell(firm, heard("Hallo", sender=(PHONE, his)), monkeypatch=monkeypatch)
    await tell(firm, heard("Wer ist da?", sender=(PHONE, new)), monkeypatch=monkeypatch)
    firm.clock.go(minutes=1)
    await tell(firm, heard("Meine neue Nummer", sender=(OTHER, his)), monkeypatch=monkeypatch)
    said = {one.text: one.contact_id for one in await looks.from_customers(firm.company_id)}
    assert said["Meine neue Nummer"] == firm.contact.id
    known = await identities.of_contact(firm.company_id, firm.contact.id, "whatsapp")
    assert known == [OTHER, his]


async def test_a_recycled_number_at_the_platform_itself(firm: Firm) -> None:
    await firm.hello()
    firm.sandbox.add_person("x", "Wer Neues", PETRA)
    firm.sandbox.customer("x", "firm").write("Wer ist da?")
    await firm.work()
    [proposal] = await renames.open_proposals(firm.company_id)
    assert proposal.recycled
    assert await gate(firm.company_id, firm.contact.id, "whatsapp", at=firm.clock.at) == SUSPENDED
