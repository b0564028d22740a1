"""By hand, through the messenger the person chooses: each under its own consent, none ever "delivered"."""

from server.actions import consents, handoffs
from server.channels.handoff import HandoffState
from server.domain.consents import Proof
from server.domain.questions import QuestionState
from tests.talk.test_pages import by_hand
from tests.talks import Firm


async def agreed(firm: Firm, channel: str) -> None:
    await consents.grant(
        firm.office,
        firm.contact,
        channel=channel,
        proof=Proof.SPOKEN,
        proof_ref="am Telefon",
        at=firm.clock.at,
    )


async def test_another_messenger_opens_under_its_own_consent(firm: Firm) -> None:
    """Shut until he agreed to Telegram; then package and question say by what it went."""
    question = await by_hand(firm)
    here = f"/questions/{question.id}/handoff"
    via = f"{here}?via=telegram_handoff"
    async with firm.browser(firm.worker) as worker:
        shut = (await worker.get(via)).text
        assert "https://t.me/" not in shut and "channel=telegram" in shut
        assert (await worker.get(f"{here}/1.jpg?via=telegram_handoff")).status_code == 404
        refused = await worker.post(here, data={"state": "confirmed_by_worker", "via": "telegram_handoff"})
        assert refused.status_code == 409
        await agreed(firm, "telegram")
        page = (await worker.get(via)).text
        assert "https://t.me/%2B4915123456789?text=" in page and "Beim Teilen Telegram" in page
        assert (await worker.get(f"{here}/1.jpg?via=telegram_handoff")).status_code == 200
        await worker.post(here, data={"state": "confirmed_by_worker", "via": "telegram_handoff"})
    package, asked = await handoffs.prepared(question), await firm.now(question)
    assert package and (package.channel, package.state) == ("telegram_handoff", "confirmed_by_worker")
    assert (asked.channel, asked.state) == ("telegram_handoff", QuestionState.HANDED_OFF)


async def test_opened_in_one_sent_in_another(firm: Firm) -> None:
    """What counts is the last one opened; once it is sent, a late tap elsewhere changes nothing."""
    question = await by_hand(firm)
    await agreed(firm, "signal")
    for via in ("whatsapp_handoff", "signal_handoff"):
        await handoffs.move(
            firm.worker, await firm.now(question), HandoffState.OPENED, via=via, at=firm.clock.at
        )
    await handoffs.move(firm.worker, await firm.now(question), HandoffState.CONFIRMED, at=firm.clock.at)
    await handoffs.move(
        firm.worker,
        await firm.now(question),
        HandoffState.CONFIRMED,
        via="whatsapp_handoff",
        at=firm.clock.at,
    )
    package = await handoffs.prepared(question)
    assert package and package.channel == "signal_handoff"


async def test_only_what_reaches_him_is_offered_the_open_ones_first(firm: Firm) -> None:
    question = await by_hand(firm)
    offers = await handoffs.offers(question, "Welche?", firm.contact, at=firm.clock.at)
    assert offers[0].messenger.key == "whatsapp" and not offers[0].closed
    assert "email" not in {one.messenger.key for one in offers}
    assert all(one.closed for one in offers[1:])
    async with firm.browser(firm.worker) as worker:
        odd = await worker.post(f"/questions/{question.id}/handoff", data={"state": "opened", "via": "eaten"})
        assert odd.status_code == 422
