"""A channel that stands still: what waits there is shown as waiting, with the reason and the next step."""

from typing import Any

import pytest

from server.actions import turns
from server.db import accounts, lanes
from server.db.unit import atomic
from server.domain.accounts import Health
from tests.talk.test_by_itself import hours
from tests.talk.test_speech import say
from tests.talks import Firm

STILL = {
    "account.token": (Health.REAUTH, "Das Zugriffstoken gilt nicht mehr. In der Meta-App"),
    "threema.credits": (Health.PAUSED, "Guthaben bei Threema Gateway ist aufgebraucht"),
    "signal.captcha": (Health.PAUSED, "Signal verlangt ein Captcha"),
    "": (Health.PAUSED, "Der Anbieter hat diesen Kanal angehalten. Die Leitung kann"),
}


@atomic
async def stop(firm: Firm, code: str) -> None:
    health = STILL[code][0]
    await accounts.set_health(firm.company_id, firm.account.id, health, f"{code}: Einzelheiten")


@pytest.mark.parametrize("code", list(STILL))
async def test_inbox_thread_and_question_say_why_it_waits_and_what_helps(firm: Firm, code: str) -> None:
    await firm.hello()
    question = await firm.release(await firm.ask())
    message = await say(firm)
    await stop(firm, code)
    await firm.work()
    assert firm.on_phone() == []
    why = STILL[code][1]
    async with firm.browser(firm.office) as office:
        listed = (await office.get("/messages?show=all")).text
        assert "WhatsApp steht" in listed and why in listed and "1 Nachricht wartet" in listed
        assert f'href="/settings/channels/{firm.account.id}"' in listed and "wartet auf den Kanal" in listed
        thread = (await office.get(f"/messages/{message.conversation_id}")).text
        assert "Wartet, nichts ist verloren." in thread and thread.count(why) >= 2
        assert "Wartet, nichts ist verloren." in (await office.get(f"/questions/{question.id}")).text
    async with firm.browser(firm.worker) as worker:
        page = (await worker.get(f"/questions/{question.id}")).text
        assert "Wartet, nichts ist verloren." in page and "/settings/channels" not in page
    await mend(firm)
    await firm.work(hours=1)
    assert len(firm.on_phone()) == 2
    async with firm.browser(firm.office) as office:
        assert "WhatsApp steht" not in (await office.get("/messages?show=all")).text


@atomic
async def mend(firm: Firm) -> None:
    await accounts.set_health(firm.company_id, firm.account.id, Health.OK, "")


async def test_what_was_to_go_to_a_stranger_waits_visibly_too(firm: Firm) -> None:
    await hours(firm, greeting_on=False)
    firm.sandbox.add_person("jonas", "Jonas Weber", "+4916012345678")
    firm.clock.go(hours=9)
    firm.sandbox.customer("jonas", "firm").write("Hallo?")
    await firm.sandbox.settle()
    real = turns.send_soon
    with pytest.MonkeyPatch.context() as patch:

        async def stop_then_send(*given: Any, **named: Any) -> None:
            await stop(firm, "account.token")
            await real(*given, **named)

        patch.setattr(turns, "send_soon", stop_then_send)
        await firm.work()
    waiting = await lanes.number_waiting(firm.company_id, [firm.account.id])
    assert waiting[firm.account.id][0] == 1
    async with firm.browser(firm.office) as office:
        page = (await office.get("/messages?show=strangers")).text
        assert "wartet auf den Kanal" in page and "1 Nachricht wartet" in page
