"""A bot's conversation through the real doors: set up, heard, bound to a person, asked, tapped, answered, blocked."""

from server.actions import channels, consents, inbox
from server.domain.accounts import Account
from server.domain.consents import Proof
from server.domain.evidence import Evidence
from server.domain.messages import Message, MessageState
from server.domain.questions import QuestionState
from server.domain.wordings import Topic
from server.sandbox import Fault
from server.sandbox.customer import Customer
from tests import looks
from tests.sites import photo_bytes
from tests.talks import Firm

TYPED = {
    "bot_token": "77001:sandbox-token-of-the-bot",
    "bot_name": "@FliesenBergerBot",
    "webhook_secret": "Geheim_am-Bot",
}


async def with_bot(firm: Firm) -> tuple[Account, Customer]:
    """Set the bot up as the office does, and give Petra a chat with it."""
    account = await channels.set_up(
        firm.services, firm.office, "telegram", label="", typed=TYPED, at=firm.clock.at
    )
    firm.sandbox.add_account(
        "bot",
        kind="telegram",
        name="Fliesen Berger",
        own_id="FliesenBergerBot",
        display="@FliesenBergerBot",
        token=TYPED["bot_token"],
        secret=TYPED["webhook_secret"],
        hook_path=f"/hooks/telegram/{account.id}",
    )
    return account, firm.sandbox.customer("petra", "bot")


async def heard(firm: Firm) -> list[Message]:
    page = await looks.from_customers(firm.company_id)
    return [one for one in page if one.channel == "telegram"]


async def bound(firm: Firm, petra: Customer) -> None:
    """Let her write first, and the office say who she is."""
    petra.write("Guten Tag")
    await firm.work()
    (first,) = [one for one in await heard(firm) if one.text == "Guten Tag"]
    assert first.contact_id is None
    await inbox.assign(firm.office, first, job_id=firm.job, contact_id=firm.contact.id, at=firm.clock.at)
    await consents.grant(
        firm.office, firm.contact, Topic("telegram"), Evidence(Proof.SPOKEN, "am Telefon"), at=firm.clock.at
    )


async def test_heard_bound_asked_tapped_answered(firm: Firm) -> None:
    account, petra = await with_bot(firm)
    assert account.settings == {"bot_name": "@FliesenBergerBot", "receiving": "webhook"}
    await bound(firm, petra)
    petra.send_photo(photo_bytes(), "image/jpeg")
    await firm.work()
    photo = next(one for one in await heard(firm) if one.kind == "image")
    assert photo.photo_id is not None
    assert photo.contact_id == firm.contact.id

    question = await firm.ask(await firm.photo(7), await firm.photo(8))
    await firm.release(question, "telegram")
    await firm.work()
    shown = [bubble for bubble in petra.bubbles if bubble.from_firm]
    assert [bubble.kind for bubble in shown] == ["image", "interactive"]
    asked = shown[1]
    petra.tap(asked.id, asked.buttons[1][0])
    await firm.work()
    answered = await firm.now(question)
    assert (answered.state, answered.answer, answered.answer_channel) == (
        QuestionState.ANSWERED,
        "Anthrazit",
        "telegram",
    )
    tap = next(one for one in await heard(firm) if one.kind == "button")
    assert tap.at <= firm.clock.at
    assert firm.failures == []


async def test_what_may_have_arrived_is_a_card_and_never_sent_again(firm: Firm) -> None:
    _, petra = await with_bot(firm)
    await bound(firm, petra)
    firm.sandbox.set_fault("telegram.messages", Fault.ERROR_AFTER)
    question = await firm.ask()
    await firm.release(question, "telegram")
    await firm.work(hours=30)
    assert [message.state for message in await firm.said(question)] == [MessageState.UNCLEAR]
    assert len([bubble for bubble in petra.bubbles if bubble.from_firm]) == 1


async def test_a_block_stops_what_was_released(firm: Firm) -> None:
    _, petra = await with_bot(firm)
    await bound(firm, petra)
    question = await firm.ask()
    petra.block(blocked=True)
    await firm.work()
    await firm.release(question, "telegram")
    await firm.work()
    assert (await firm.now(question)).blocked_code == "consent.withdrawn"
    assert await firm.said(question) == [], "nothing was even tried"


async def test_without_the_secret_nobody_is_heard(firm: Firm) -> None:
    account, _ = await with_bot(firm)
    body = b'{"update_id":1,"message":{}}'
    name = "x-telegram-bot-api-secret-token"
    async with firm.client() as street:
        where = f"/hooks/telegram/{account.id}"
        assert (await street.post(where, content=body)).status_code == 401
        assert (await street.post(where, content=body, headers={name: "falsch"})).status_code == 401
        right = {name: TYPED["webhook_secret"]}
        assert (await street.post(where, content=body, headers=right)).status_code == 200
        assert (await street.get(where)).status_code == 403
