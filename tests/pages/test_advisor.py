"""The advisor: complete, dated, in both languages, and the wall for a channel nobody looked at (W17, G26)."""

from dataclasses import replace
from datetime import date
from html import escape

import pytest

from server.channels import CHANNELS
from server.domain.advice import Advice, Fact, Source, complete
from server.domain.advisor import advice_of, enableable
from server.domain.advisor_facts import ADVICE
from server.web.words import words
from tests.pages.conftest import House


def test_every_channel_has_its_entry() -> None:
    for channel in CHANNELS:
        assert enableable(channel.kind), channel.kind
    assert advice_of("whatsapp_handoff") is advice_of("whatsapp") is not None
    for unknown in ("", "icq", "whatsapp2"):
        assert advice_of(unknown) is None and not enableable(unknown)


@pytest.mark.parametrize("advice", ADVICE, ids=lambda advice: advice.kind)
def test_every_entry_is_whole_and_dated(advice: Advice) -> None:
    assert len(advice.pros) >= 2 and len(advice.cons) >= 2 and advice.must and advice.connects
    for fact in (advice.seat, advice.transfer, advice.encryption, advice.cost):
        assert fact.text and fact.source.name and date(2000, 1, 1) < fact.source.day <= advice.checked
        assert fact.source.url.startswith("https://")
    english = words("en")
    for sentence in advice.words():
        assert english.gettext(sentence) != sentence, f"no English: {sentence}"


def test_without_seat_or_transfer_basis_no_channel_is_enabled() -> None:
    known = advice_of("telegram")
    assert known and complete(known)
    nowhere = Fact(" ", Source("", date(2026, 1, 1)))
    assert not complete(replace(known, seat=nowhere))
    assert not complete(replace(known, transfer=nowhere))
    assert not complete(replace(known, transfer=Fact("SCC", Source(" ", date(2026, 1, 1)))))


async def test_the_page_shows_every_messenger_with_its_two_sides(house: House) -> None:
    page = (await house.office.get("/settings/channels/advisor")).text
    for advice in ADVICE:
        assert f'id="{advice.kind}"' in page and advice.name in page
        assert escape(advice.seat.source.name) in page and page.count("Vorher zu tun") == len(ADVICE)
    assert "26.11.2026" in page and "Anschließen" not in page, "only the admin connects"
    assert "/settings/channels/new/threema" in (await house.admin.get("/settings/channels/advisor")).text
    english = (await house.office.get("/settings/channels/advisor", headers={"Accept-Language": "en"})).text
    assert "Which messenger for what?" in english or 'lang="de"' in english
    assert (await house.worker.get("/settings/channels/advisor")).status_code == 403
    assert "/settings/channels/advisor" in (await house.admin.get("/settings/channels")).text
