"""A customer who must open the chat himself is invited: a link of the office's, good once, says who comes."""

import re
from typing import cast

from server.actions import ways
from server.db import logbook
from server.domain.routing import Need
from server.sandbox.telegram.platform import TelegramPlatform
from tests.talk.test_telegram import with_bot
from tests.talks import Firm


async def test_the_link_of_the_page_brings_the_customer_to_the_right_thread(firm: Firm) -> None:
    account, petra = await with_bot(firm)
    telegram = cast(TelegramPlatform, firm.sandbox.platforms["telegram"])
    where = f"/contacts/{firm.contact.id}/invitations"
    found = await ways.best(firm.company_id, firm.contact.id, need=Need("Hallo"), at=firm.clock.at)
    shut = found.of("telegram")
    assert shut and shut.code == "contact.not_there"
    async with firm.browser(firm.office) as office:
        opened = await office.post(f"/contacts/{firm.contact.id}/conversation")
        thread = opened.headers["location"]
        assert f'href="{where}"' in (await office.get(thread)).text, (
            "its refusal says to invite him: here is how"
        )
        assert "Start-Link für Telegram" in (await office.get(where)).text
        made = await office.post(where, data={"channel": "telegram"})
        assert made.status_code == 200 and made.headers["cache-control"] == "no-store"
        [link] = set(re.findall(r"https://t\.me/FliesenBergerBot\?start=[\w-]+", made.text))
        assert link not in (await office.get(where)).text, "shown once"
        wrong = await office.post(where, data={"channel": "whatsapp"})
        assert wrong.status_code == 422
    word = link.partition("=")[2]
    telegram.start(petra.account, petra.person, word)
    await firm.work()
    now = await ways.best(firm.company_id, firm.contact.id, need=Need("Hallo"), at=firm.clock.at)
    entered = now.of("telegram")
    assert entered and entered.open and entered.account_id == account.id
    async with firm.browser(firm.office) as office:
        assert "hat den Chat geöffnet" in (await office.get(thread)).text
    verbs = [line.entry.verb for line in (await logbook.of_subject(firm.company_id, firm.contact.id)).items]
    assert "contact.invited" in verbs and "contact.joined" in verbs
    firm.sandbox.add_person("jonas", "Jonas Weber", "+4916012345678")
    telegram.start(petra.account, firm.sandbox.customer("jonas", "bot").person, word)
    await firm.work()
    again = await ways.best(firm.company_id, firm.contact.id, need=Need("Hallo"), at=firm.clock.at)
    assert again.of("telegram") == entered, "a word that was used is nobody's"


async def test_without_such_a_messenger_the_page_says_so(firm: Firm) -> None:
    async with firm.browser(firm.worker) as worker:
        page = (await worker.get(f"/contacts/{firm.contact.id}/invitations")).text
    assert "kein Messenger angeschlossen" in page and "Start-Link für" not in page
