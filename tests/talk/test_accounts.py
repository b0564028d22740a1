"""What happens to an account beside its messages: our own absence, a number of two firms, what is forgotten with a person."""

from datetime import timedelta

import pytest

from server.actions import channels, customers, inbox
from server.db import accounts as accounts_db
from server.db import facts, identities, photos
from server.db import inbox as inbox_db
from server.db import messages as messages_db
from server.domain.customers import ContactDraft
from server.domain.errors import Invalid
from server.domain.events import Echo, MediaRef, MessageKind
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import Message
from server.domain.photos import Source
from server.domain.users import Role
from server.worker.schedule import tick
from tests.channels import telegram_lines
from tests.factories import acting, company, user
from tests.sites import photo_bytes
from tests.talk.platforms import line
from tests.talk.test_events import tell
from tests.talks import PETRA, Firm


async def _gaps(firm: Firm, kind: str) -> list[dict[str, object]]:
    accounts = [one.id for one in await accounts_db.of_company(firm.company_id) if one.kind == kind]
    kept = await inbox_db.of_state(firm.company_id, accounts, inbox.GAP)
    return [dict(one.payload) for one in kept]


async def test_our_absence_is_a_gap_where_the_platform_forgets(firm: Firm) -> None:
    """Threema gives up after a quarter of an hour; WhatsApp tries for days."""
    await line(firm, "threema")
    await tick(firm.services)
    firm.clock.go(minutes=14)
    await tick(firm.services)
    assert await _gaps(firm, "threema") == []
    since = firm.clock.at
    firm.clock.go(minutes=16)
    await tick(firm.services)
    await tick(firm.services)
    [gap] = await _gaps(firm, "threema")
    assert (gap["since"], gap["until"]) == (since.isoformat(), firm.clock.at.isoformat())
    assert await _gaps(firm, "whatsapp") == []


async def test_a_signal_number_belongs_to_one_account(firm: Firm) -> None:
    """The container asks nobody for a password: a second firm with the number would read the first one's messages."""
    other = acting(await user(await company(), Role.ADMIN, "Jo"))
    settings, at = {"number": "+4915112345678", "address": ""}, firm.clock.at
    await line(firm, "signal")
    [mine] = [one for one in await accounts_db.of_company(firm.company_id) if one.kind == "signal"]
    for actor in (other, firm.office):
        with pytest.raises(Invalid, match="taken"):
            await channels.set_up(firm.services, actor, "signal", label="", typed=settings, at=at)
    await channels.switch(firm.office, mine, enabled=False, at=at)
    await channels.set_up(firm.services, other, "signal", label="", typed=settings, at=at)
    with pytest.raises(Invalid, match="taken"):
        await channels.switch(firm.office, mine, enabled=True, at=at)


async def test_another_bot_is_another_account_once_something_was_said(firm: Firm) -> None:
    """Its messages are numbered from 1 again: under the same account they would be taken for old ones, and be lost."""
    await line(firm, "telegram")
    [mine] = [one for one in await accounts_db.of_company(firm.company_id) if one.kind == "telegram"]
    typed, at = dict(mine.settings), firm.clock.at
    before = telegram_lines.SETTINGS["bot_token"]
    renewed = {**typed, "bot_token": before + "neu"}
    await channels.change(firm.services, firm.office, mine, label="", typed=renewed, at=at)
    other = {**typed, "bot_token": "7" + before}
    with pytest.raises(Invalid, match="other_account"):
        await channels.change(firm.services, firm.office, mine, label="", typed=other, at=at)
    fresh = await channels.set_up(firm.services, firm.office, "telegram", label="", typed=other, at=at)
    await channels.change(firm.services, firm.office, fresh, label="", typed=renewed, at=at)


async def test_a_photo_from_the_firm_s_phone_comes_along(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    await firm.hello()
    name = firm.sandbox.platforms["whatsapp"].keep(photo_bytes(seed=3), "image/jpeg")
    sent = Echo(
        "wamid.E", (Identity(IdentityKind.PHONE, PETRA),), firm.clock.at, MessageKind.IMAGE,
        "So sieht es aus", media=MediaRef(name, "image/jpeg"),
    )  # fmt: skip
    await tell(firm, sent, monkeypatch=monkeypatch)
    message = await messages_db.by_foreign_id(firm.company_id, firm.account.id, "wamid.E")
    assert isinstance(message, Message) and message.by_phone and message.photo_id
    photo = await photos.by_id(firm.company_id, message.photo_id)
    assert photo and (photo.source, photo.caption) == (Source.FIRM, "So sieht es aus")


async def test_a_changed_number_takes_its_keys_along(firm: Firm) -> None:
    """What a platform told of the old number's owner is nobody's business any more."""
    await line(firm, "threema")
    [account] = [one for one in await accounts_db.of_company(firm.company_id) if one.kind == "threema"]
    [name] = await identities.of_contact(firm.company_id, firm.contact.id, "threema")
    known = await facts.by_names(firm.company_id, account.id, [f"key:{name.value}"])
    assert list(known) == [f"key:{name.value}"]

    draft = ContactDraft("Petra Müller", "0171 9999999")
    await customers.change_contact(firm.office, firm.contact, draft, at=firm.clock.at + timedelta(1))
    assert await facts.by_names(firm.company_id, account.id, list(known)) == {}
    assert await identities.of_contact(firm.company_id, firm.contact.id, "threema") == []
