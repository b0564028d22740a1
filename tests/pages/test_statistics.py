"""The statistics page: figures of messages, prices of the admin, a table to take away (W13)."""

from datetime import timedelta

from server.clock import now
from server.db import logbook
from server.domain.users import Role
from tests.db.test_statistics import asked, said
from tests.pages.conftest import House

PAGE = "/settings/statistics"


async def test_figures_prices_and_the_sentence_for_a_missing_one(house: House) -> None:
    at, ours = now(), house.company.id
    assert "noch keine Nachricht hinaus" in (await house.office.get(PAGE)).text
    await said(ours, number=1234, at=at)
    await said(ours, state="read", at=at, category="utility")
    await said(ours, channel="telegram", state="sent", at=at, billable=None, category="")
    await asked(house.acting(Role.WORKER), after_min=None, sent_at=at)
    await asked(
        house.acting(Role.WORKER), after_min=9, sent_at=at, answered_at=at + timedelta(minutes=9), number=2
    )
    page = (await house.office.get(PAGE)).text
    assert (
        page.count("Preis nicht eingetragen") == 1
        and "1.235" in page
        and "2 von 3" in page
        and "9 Minuten" in page
    )
    assert "Ali Demir" not in page.split("<main", 1)[1], "no worker stands in the statistics"
    form = {"price_whatsapp_service": "0,05", "price_whatsapp_utility": "", "month": ""}
    assert (await house.office.post(f"{PAGE}/prices", data=form)).status_code == 403
    for _ in range(2):
        assert (await house.admin.post(f"{PAGE}/prices", data=form)).status_code == 303
    page = (await house.admin.get(PAGE)).text
    assert "Preis nicht eingetragen" in page and "61,70" in page and 'value="0,05"' in page
    await house.admin.post(f"{PAGE}/prices", data={"price_whatsapp_utility": "0,0636"})
    page = (await house.admin.get(PAGE)).text
    assert "Preis nicht eingetragen" not in page and "61,76" in page
    verbs = [line.entry.verb for line in (await logbook.of_company(ours)).items]
    assert verbs.count("price.set") == 2


async def test_a_wrong_price_keeps_what_was_typed(house: House) -> None:
    for form, words in (
        ({"price_whatsapp_service": "fünf Cent", "month": "2026-11"}, "Bitte einen Preis in Euro"),
        ({"price_whatsapp_service": "0,05", "month": "November"}, "Bitte einen Monat"),
    ):
        refused = await house.admin.post(f"{PAGE}/prices", data=form)
        assert (
            refused.status_code == 422
            and words in refused.text
            and form["price_whatsapp_service"] in refused.text
        )


async def test_the_table_for_a_spreadsheet(house: House) -> None:
    at = now()
    await said(house.company.id, number=2, at=at)
    await said(house.company.id, channel="telegram", state="sent", at=at, billable=None, category="")
    answer = await house.office.get(f"{PAGE}.csv")
    assert (
        answer.headers["content-type"].startswith("text/csv")
        and "attachment" in answer.headers["content-disposition"]
    )
    lines = answer.text.removeprefix("\ufeff").splitlines()
    assert lines[0].startswith("Monat;Kanal;Gesendet;Zugestellt;Gelesen;")
    assert lines[1].split(";")[1:5] == ["telegram", "1", "", ""], "what a channel does not tell is no nought"
    assert lines[2].split(";")[1:] == ["whatsapp", "2", "2", "0", "0", "0", "", "2", "0,0000", "2"]
    assert (
        (await house.worker.get(f"{PAGE}.csv")).status_code
        == (await house.worker.get(PAGE)).status_code
        == 403
    )
