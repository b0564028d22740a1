"""The answer link: what a customer sees, sends and can take back, without account, script or cookie (W9, W14)."""

import hashlib
import io
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from server.actions import answers, logos
from server.actions.outgoing import answer_url
from server.db import answer_links, companies, consents, correspondence, logbook, photos
from server.domain.messages import MessageState
from server.domain.questions import Question, QuestionState
from server.storage.disk import Disk
from tests.factories import START
from tests.sites import photo_bytes
from tests.talks import Firm

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 200


async def link_of(firm: Firm, question: Question) -> str:
    link = await answer_links.of_question(firm.company_id, question.id)
    assert link
    return answer_url(firm.services, link.id).removeprefix(firm.services.settings.base_url)


async def asked(firm: Firm, photos: int = 1) -> tuple[Question, str]:
    """Return a question that is ready to leave by hand, and its link."""
    await firm.consent()
    shown = [await firm.photo(seed) for seed in range(1, photos + 1)]
    question = await firm.ask(*shown)
    await firm.release(question, "whatsapp_handoff")
    await firm.work()
    return await firm.now(question), await link_of(firm, question)


def files(*data: bytes, mime: str = "image/jpeg") -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("photo", (f"IMG_{number}.jpg", one, mime)) for number, one in enumerate(data)]


async def heard(firm: Firm, question: Question) -> list[str]:
    return [one.text for one in await firm.said(question) if one.direction == "in"]


async def sent_photos(firm: Firm, question: Question) -> int:
    return sum(1 for one in await firm.said(question) if one.photo_id)


async def verbs(firm: Firm) -> list[str]:
    return [line.entry.verb for line in (await logbook.of_job(firm.company_id, firm.job)).items]


def png(size: tuple[int, int] = (900, 300), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", size, (250, 203, 41, 128)).save(file, "PNG", **options)
    return file.getvalue()


async def test_looking_changes_nothing_and_gives_nothing_away(firm: Firm) -> None:
    question, link = await asked(firm)
    async with firm.client() as customer:
        before = await firm.said(question)
        for method in ("GET", "GET", "HEAD", "GET"):
            preview = await customer.request(method, link)
            assert preview.status_code == 200 or method == "HEAD"
        assert (await customer.get(f"{link}/photos/1.jpg")).status_code == 200
    assert await firm.said(question) == before
    assert (await firm.now(question)).state is QuestionState.QUEUED
    assert "set-cookie" not in preview.headers and preview.headers["cache-control"] == "no-store"
    assert preview.headers["referrer-policy"] == "no-referrer"
    assert preview.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
    assert '<meta name="robots" content="noindex">' in preview.text
    page = preview.text
    assert (
        "<script" not in page and "Ali" not in page and "Sabine" not in page and str(question.id) not in page
    )
    loaded = re.findall(r'<(?:img|link|iframe|source)[^>]+(?:src|href)="([^"]+)"', page)
    assert loaded and all(one.startswith("/") for one in loaded), loaded
    assert "Fliesen Berger" in page and "möglich" in page


async def test_answered_changed_and_the_same_again_is_once(firm: Firm) -> None:
    question, link = await asked(firm)
    async with firm.client() as customer:
        for _ in range(3):
            thanks = await customer.post(link, data={"choice": "c2"})
        assert thanks.status_code == 200 and "Danke! Ihre Antwort ist bei uns." in thanks.text
        assert "Anthrazit" in thanks.text and "Unten können Sie sie ändern, bis" in thanks.text
        await customer.post(link, data={"choice": "c1", "text": "doch hell"})
        assert (await customer.post(link, data={})).status_code == 422
        refused = await customer.post(link, data={"choice": "c9", "text": "getippt"})
        assert refused.status_code == 422 and "getippt" in refused.text
        assert (await customer.post(link, data={"text": "x" * 2001})).status_code == 422
    answered = await firm.now(question)
    assert (answered.state, answered.answer) == (QuestionState.ANSWERED, "Hellgrau – doch hell")
    assert await heard(firm, question) == ["Anthrazit", "Hellgrau – doch hell"]


async def test_photos_arrive_with_a_receipt_and_each_file_once(firm: Firm) -> None:
    question, link = await asked(firm)
    one, two, three = photo_bytes(seed=7), photo_bytes(seed=8), HEIC
    async with firm.client() as customer:
        await customer.post(link, files=files(one))
        thanks = await customer.post(link, data={"text": "so etwa"}, files=files(one, two, three, two))
        later = await customer.get(link)
    for page in (thanks.text, later.text):
        assert "3 Fotos angekommen" in page
        for data in (one, two, three):
            assert page.count(hashlib.sha256(data).hexdigest()[:8]) == 1
    assert '<time datetime="2026-11-23T' in later.text
    assert await sent_photos(firm, question) == 3
    kept = (await photos.of_job(firm.company_id, firm.job)).items
    mine = [photo for photo in kept if photo.source == "customer"]
    assert {photo.mime for photo in mine} == {"image/jpeg", "image/heic"} and len(mine) == 3
    assert {photo.contact_id for photo in mine} == {firm.contact.id}
    assert (await firm.now(question)).answer == "so etwa"


async def test_a_photo_the_office_threw_away_stays_away(firm: Firm) -> None:
    question, link = await asked(firm)
    async with firm.client() as customer, firm.browser(firm.office) as office:
        await customer.post(link, files=files(photo_bytes(seed=7)))
        [photo] = [one for one in (await photos.of_job(firm.company_id, firm.job)).items if one.contact_id]
        assert (await office.post(f"/photos/{photo.id}/deletion")).status_code in (200, 303)
        assert await photos.by_id(firm.company_id, photo.id) is None
        again = await customer.post(link, files=files(photo_bytes(seed=7)))
    assert again.status_code == 200 and "1 Foto angekommen" in again.text
    assert await photos.by_id(firm.company_id, photo.id) is None
    assert await sent_photos(firm, question) == 1


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ([b"<html></html>"], "Webseite"),
        ([photo_bytes(seed=3), b"%PDF-1.7 x"], "PDF"),
        ([b""], "leer"),
        ([photo_bytes(seed=3)] * 11, "Höchstens 10 Fotos auf einmal"),
        ([photo_bytes(seed=3) + b"x" * 15_000_001], "größer als 15 MB"),
    ],
)
async def test_what_is_no_photo_is_named_and_nothing_is_kept(
    firm: Firm, sent: list[bytes], words: str
) -> None:
    question, link = await asked(firm)
    async with firm.client() as customer:
        refused = await customer.post(link, data={"text": "so etwa"}, files=files(*sent))
    assert refused.status_code == 422 and words in refused.text and "so etwa" in refused.text
    assert await heard(firm, question) == []


async def test_the_link_does_not_fill_the_disk(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PHOTOS_MAX", 2)
    monkeypatch.setattr(answers, "ANSWERS_MAX", 3)
    question, link = await asked(firm)
    async with firm.client() as customer:
        full = await customer.post(link, files=files(*[photo_bytes(seed=seed) for seed in range(3)]))
        assert full.status_code == 422 and "Mehr als 2 Fotos" in full.text
        assert "2 Fotos angekommen" in full.text, "what came before is kept, and he is told"
        codes = [
            (await customer.post(link, data={"text": f"Nummer {number}"})).status_code for number in range(4)
        ]
    assert codes == [200, 200, 200, 422]
    assert await sent_photos(firm, question) == 2 and len(await heard(firm, question)) == 5


async def test_an_expired_page_says_so_and_offers_the_phone(firm: Firm) -> None:
    question, link = await asked(firm)
    await _profile(firm, phone="0221 123 456", opening_hours="Mo–Fr 7–16 Uhr")
    async with firm.client() as customer:
        await customer.post(link, data={"choice": "c1"})
        firm.clock.go(days=31)
        for answer in (await customer.get(link), await customer.post(link, data={"choice": "c2"})):
            assert answer.status_code == 410 and "Antworten war bis" in answer.text
            assert 'href="tel:0221123456"' in answer.text and "Mo–Fr 7–16 Uhr" in answer.text
            assert "Ihre Antwort ist bei uns angekommen." in answer.text
            assert "Welche Fuge" not in answer.text and "noindex" in answer.headers["x-robots-tag"]
        assert (await customer.get(f"{link}/photos/1.jpg")).status_code == 410
        assert (await firm.now(question)).answer == "Hellgrau"
        stopped = await customer.post(f"{link}/stop")
        assert stopped.status_code == 200 and "keine Nachrichten mehr" in stopped.text
        unknown = await customer.get("/a/" + "x" * 32)
        assert unknown.status_code == 410 and "Fliesen Berger" not in unknown.text
        assert (await customer.post("/a/" + "x" * 32 + "/stop")).status_code == 410
    newest = (await consents.of_contact(firm.company_id, firm.contact.id))[0]
    assert (newest.verb, newest.proof, newest.channel) == ("withdrawn", "link", "whatsapp")


async def test_stop_closes_every_door_at_once_and_once(firm: Firm) -> None:
    _, link = await asked(firm)
    other = await firm.ask(text="Wann?")
    await firm.release(other, "whatsapp_handoff")
    await firm.work()
    async with firm.client() as customer:
        assert '/stop"' in (await customer.get(link)).text, "on the same page"
        for _ in range(2):
            stopped = await customer.post(f"{link}/stop")
            assert stopped.status_code == 200 and "set-cookie" not in stopped.headers
        for path in (link, await link_of(firm, other)):
            assert (await customer.get(path)).status_code == 410
            assert (await customer.post(path, data={"choice": "c1"})).status_code == 410
    lines = await consents.of_contact(firm.company_id, firm.contact.id)
    assert [line.verb for line in lines] == ["withdrawn", "granted"]
    assert (await verbs(firm)).count("link.stopped") == 1
    waiting = await correspondence.waiting_for(firm.company_id, firm.contact.id, "whatsapp_handoff")
    assert waiting == []
    [last] = [one for one in await firm.said(other) if one.direction == "out"]
    assert last.state is MessageState.STOPPED


async def test_stop_typed_where_the_answer_goes_is_a_withdrawal_and_no_answer(firm: Firm) -> None:
    question, link = await asked(firm)
    async with firm.client() as customer:
        stopped = await customer.post(link, data={"text": "Stopp!"})
        assert stopped.status_code == 200 and "Ihr Widerruf ist festgehalten" in stopped.text
        assert (await customer.get(link)).status_code == 410
    newest, _ = await consents.of_contact(firm.company_id, firm.contact.id)
    assert (newest.verb, newest.proof, newest.channel) == ("withdrawn", "link", "whatsapp")
    assert "Stopp!" in newest.wording, "the proof is what he wrote"
    assert await heard(firm, question) == ["Stopp!"], "and the office reads it"
    assert (await firm.now(question)).state is QuestionState.BLOCKED


async def test_an_answer_and_stop_in_one_are_both_heard(firm: Firm) -> None:
    question, link = await asked(firm)
    async with firm.client() as customer:
        stopped = await customer.post(
            link, data={"choice": "c2", "text": "STOP"}, files=files(photo_bytes(seed=7))
        )
    assert "Ihr Widerruf ist festgehalten" in stopped.text
    assert (await firm.now(question)).answer == "Anthrazit"
    assert (
        sorted(await heard(firm, question)) == ["", "Anthrazit", "STOP"]
        and await sent_photos(firm, question) == 1
    )
    assert (await consents.of_contact(firm.company_id, firm.contact.id))[0].verb == "withdrawn"


async def test_the_office_closes_a_link_and_nobody_else(firm: Firm) -> None:
    question, link = await asked(firm)
    button = f"/questions/{question.id}/link/revocation"
    async with (
        firm.client() as customer,
        firm.browser(firm.office) as office,
        firm.browser(firm.worker) as worker,
    ):
        assert button in (await office.get(f"/questions/{question.id}")).text
        assert button not in (await worker.get(f"/questions/{question.id}")).text
        assert (await worker.post(button)).status_code == 403
        assert (await customer.get(link)).status_code == 200
        for _ in range(2):
            assert (await office.post(button)).status_code == 303
        gone = await customer.get(link)
        assert gone.status_code == 410 and "geschlossen" in gone.text
        assert "Gesperrt" in (await office.get(f"/questions/{question.id}")).text
    assert (await verbs(firm)).count("link.revoked") == 1


async def test_a_link_dies_with_its_question(firm: Firm) -> None:
    question, link = await asked(firm)
    async with firm.client() as customer, firm.browser(firm.office) as office:
        await office.post(f"/questions/{question.id}/withdrawal")
        gone = await customer.get(link)
    assert gone.status_code == 410 and "erledigt" in gone.text


async def test_the_firms_face_is_on_every_customer_page(firm: Firm) -> None:
    _, link = await asked(firm)
    await _profile(
        firm, street="Werkstraße 1", postcode="50667", city="Köln", phone="0221 123456", email="buero@fliesen.example",
        opening_hours="Mo–Do 7–16 Uhr\nFr 7–13 Uhr", imprint_url="https://fliesen.example/impressum",
        privacy_url="https://fliesen.example/datenschutz",
    )  # fmt: skip
    async with firm.browser(firm.office) as admin, firm.client() as customer:
        assert (await _send_logo(admin, png(pnginfo=_secret()))).status_code == 303
        sha256 = (await _company(firm)).logo_sha256
        pages = [await customer.get(link), await customer.get(link, headers={"Accept-Language": "en"})]
        pages.append(await customer.post(f"{link}/stop"))
        pages.append(await customer.get(link))
        picture = await customer.get(f"/logo/{sha256}.jpg")
        assert (await customer.get(f"/logo/{sha256}{sha256}.jpg")).status_code == 404
    for page in pages:
        for words in ("Werkstraße 1, 50667 Köln", "tel:0221123456", "mailto:buero@", "Fr 7–13 Uhr",
                      "fliesen.example/impressum", "fliesen.example/datenschutz", f"/logo/{sha256}.jpg"):  # fmt: skip
            assert words in page.text, words
    assert "Legal notice" in pages[1].text and "Opening hours" in pages[1].text
    assert picture.headers["content-type"] == "image/jpeg" and "set-cookie" not in picture.headers
    image = Image.open(io.BytesIO(picture.content))
    assert image.size == (512, 171) or max(image.size) <= 512
    assert b"geheim" not in picture.content and hashlib.sha256(picture.content).hexdigest() == sha256


async def test_a_logo_is_changed_refused_and_removed(firm: Firm) -> None:
    async with (
        firm.browser(firm.office) as admin,
        firm.browser(firm.worker) as worker,
        firm.client() as customer,
    ):
        assert (await _send_logo(worker, png())).status_code == 403
        await _send_logo(admin, png())
        first = (await _company(firm)).logo_sha256
        for data, words in (
            (b"", "Bilddatei wählen"),
            (b"GIF89a" + b"x" * 50, "JPEG- oder PNG-Datei"),
            (HEIC, "JPEG- oder PNG-Datei"),
            (png()[:200], "nicht als Bild lesen"),
            (png() + b"x" * 1_000_001, "größer als 1 MB"),
        ):
            refused = await _send_logo(admin, data)
            assert refused.status_code == 422 and words in refused.text, words
        assert (await _company(firm)).logo_sha256 == first
        await _send_logo(admin, png((100, 100)))
        second = (await _company(firm)).logo_sha256
        assert second not in ("", first)
        assert (await customer.get(f"/logo/{first}.jpg")).status_code == 404
        removed = await admin.post("/settings/logo", files={"logo": ("", b"")}, data={"remove": "1"})
        assert removed.status_code == 303 and (await _company(firm)).logo_sha256 == ""
        for name in (second, "", "x" * 64):
            assert (await customer.get(f"/logo/{name}.jpg")).status_code == 404
        assert "Es fehlt: Impressum und Datenschutz" in (await admin.get("/settings")).text
    told = [line.entry.verb for line in (await logbook.of_company(firm.company_id)).items]
    assert told.count("company.logo_set") == 2 and told.count("company.logo_removed") == 1


async def _company(firm: Firm) -> Any:
    found = await companies.by_id(firm.company_id)
    assert found
    return found


async def _profile(firm: Firm, **typed: str) -> None:
    async with firm.browser(firm.office) as admin:
        saved = await admin.post("/settings", data={"name": "Fliesen Berger", **typed})
        assert saved.status_code == 303, saved.text


async def _send_logo(client: httpx.AsyncClient, data: bytes) -> httpx.Response:
    return await client.post("/settings/logo", files={"logo": ("logo.png", data, "image/png")})


def _secret() -> Any:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "geheim")
    return info


class _Slow(Disk):
    """A disk beside which somebody else does something just before a file is removed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.before: Callable[[], Awaitable[object]] | None = None

    async def delete(self, key: str) -> None:
        before, self.before = self.before, None
        if before:
            await before()
        await super().delete(key)


async def test_a_logo_set_again_while_its_old_file_goes_stays(firm: Firm) -> None:
    """Two people at the settings: one replaces the logo, the other sets the old one again; and a lost file heals."""
    storage = _Slow(Path(firm.services.settings.storage_url))
    services = replace(firm.services, storage=storage)
    first, second = png(), png((100, 100))

    async def set_logo(data: bytes) -> None:
        await logos.set_logo(services, firm.office, await _company(firm), data, at=START)

    await set_logo(first)
    shown = (await _company(firm)).logo_sha256
    storage.before = partial(set_logo, first)
    await set_logo(second)
    assert (await _company(firm)).logo_sha256 == shown
    assert await logos.logo(services, shown)
    await storage.delete(logos.key_of(firm.company_id, shown))
    await set_logo(first)
    assert await logos.logo(services, shown)
