"""Templates on their pages: listed with state, reason and cost; chosen, filled and refused in the composer."""

from server.actions import channels, checkups, prices
from server.db import channels as channels_db
from server.domain.statistics import Price
from server.sandbox.world import Fault
from tests.talks import TYPED, Firm


async def check(firm: Firm) -> None:
    account = await channels_db.account_by_id(firm.company_id, firm.account.id)
    assert account
    await checkups.check(firm.services, account)


async def ready(firm: Firm, **settings: str) -> None:
    typed = {**TYPED, "waba_id": f"9{TYPED['phone_number_id']}", **settings}
    await channels.change(firm.services, firm.office, firm.account, label="", typed=typed, at=firm.clock.at)
    firm.sandbox.add_template("termin", "Guten Tag {{name}}, wir kommen am {{tag}}.")
    firm.sandbox.add_template("foto", "So sieht es aus: {{1}}", header_image=True, language="de_AT")
    firm.sandbox.add_template("nein", "Nein", state="REJECTED", reason="INVALID_FORMAT", category="MARKETING")
    firm.sandbox.add_template("alt", "Alt")
    await check(firm)
    firm.sandbox.whatsapp.templates.pop()
    firm.clock.go(minutes=1)
    await check(firm)


async def test_the_channels_page_lists_what_the_platform_has(firm: Firm) -> None:
    await ready(firm, template_name="termin", template_language="de")
    await prices.set_prices(firm.office, [Price("whatsapp", "utility", "2026-11", 61_700)], at=firm.clock.at)
    async with firm.browser(firm.office) as office:
        page = (await office.get(f"/settings/channels/{firm.account.id}")).text
        rows = page.split("talk-rows")[1].split("</ul>")[0].split("<li")[1:]
        foto, nein, termin, alt = rows
        assert "de_AT" in foto and "mit einem Foto" in foto and "genehmigt" in foto
        assert "abgelehnt" in nein and "INVALID_FORMAT" in nein and "Werbung (Marketing)" in nein
        assert "Preis nicht eingetragen" in nein
        assert "0,06\u00a0€ je Nachricht" in termin and "für Rückfragen gewählt" in termin
        assert "nicht mehr beim Anbieter" in alt
        firm.sandbox.set_fault("templates", Fault.UNREACHABLE, 1)
        await check(firm)
        page = (await office.get(f"/settings/channels/{firm.account.id}")).text
        assert "Die Vorlagen sind gerade nicht abzurufen." in page and "{{name}}" in page
