"""The worker's pages on the server: call note, sorter, what they say without scripts."""

from pathlib import Path

import pytest

from server.db import notes
from server.domain.notes import NoteKind
from server.domain.users import Role
from tests import factories
from tests.pages.conftest import House
from tests.running import browser, running


async def a_job(house: House) -> str:
    office, ali = house.acting(Role.OFFICE), house.users[Role.WORKER]
    return str((await factories.job(office, "Bad Müller", ali.id)).id)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"outcome": "reached", "text": "Fugen hell."}, "Erreicht. Fugen hell."),
        ({"outcome": "missed"}, "Nicht erreicht."),
        (
            {"outcome": "callback", "text": "", "follow_up": "{today}"},
            "Ruft zurück. Wieder anrufen am {today:%d.%m.%Y}.",
        ),
    ],
)
async def test_a_call_is_written_down_without_scripts(
    house: House, typed: dict[str, str], words: str
) -> None:
    job, today = await a_job(house), factories.today()
    typed = {name: value.format(today=today) for name, value in typed.items()}
    shown = await house.worker.get(f"/calls/new?job={job}")
    assert "Bad Müller" in shown.text and shown.headers["x-offline"] == "ok"
    written = await house.worker.post("/calls", data={"job": job} | typed)
    assert written.status_code == 303 and written.headers["location"] == f"/jobs/{job}"
    found = await notes.of_kind(house.company.id, NoteKind.CALL, limit=5)
    assert [(str(one.job_id), one.text) for one in found.items] == [(job, words.format(today=today))]


@pytest.mark.parametrize("typed", [{}, {"outcome": "loud"}, {"outcome": "missed", "follow_up": "morgen"}])
async def test_a_wrong_call_note_keeps_what_was_typed(house: House, typed: dict[str, str]) -> None:
    job = await a_job(house)
    answer = await house.worker.post("/calls", data={"job": job, "text": "Wegen der Fugen"} | typed)
    assert answer.status_code == 422 and "Wegen der Fugen" in answer.text
    assert (await notes.of_kind(house.company.id, NoteKind.CALL, limit=5)).items == []


async def test_nobody_notes_a_call_at_a_job_he_does_not_see(house: House) -> None:
    office = house.acting(Role.OFFICE)
    stranger = await factories.user(house.company, Role.WORKER, "Ben")
    hidden = await factories.job(office, "Villa", stranger.id)
    answer = await house.worker.post("/calls", data={"job": str(hidden.id), "outcome": "missed"})
    assert answer.status_code == 404


async def test_the_sorter_may_be_kept_and_says_what_to_do_without_scripts(house: House) -> None:
    for path in ("/sort", "/befores"):
        shown = await house.worker.get(path)
        assert shown.status_code == 200 and shown.headers["x-offline"] == "ok" and "<noscript>" in shown.text


async def test_a_note_begins_with_what_another_app_shared(house: House) -> None:
    job = await a_job(house)
    shown = await house.worker.get(f"/notes/new?job={job}&text=Schlüssel <b>beim</b> Nachbarn")
    assert "Schlüssel &lt;b&gt;beim&lt;/b&gt; Nachbarn" in shown.text


async def test_what_is_shared_without_a_worker_is_answered_and_changes_nothing(house: House) -> None:
    form = {"files": ("IMG_1.jpg", b"\xff\xd8\xff\xe0" * 600_000, "image/jpeg")}
    by_the_system = {"Sec-Fetch-Site": "none", "Origin": "null"}
    answer = await house.worker.post("/share", files=form, data={"text": "Bad"}, headers=by_the_system)
    assert answer.status_code == 200 and "liegen unverändert in der anderen App" in answer.text
    signed_out = await house.guest.post("/share", files=form)
    assert signed_out.status_code == 303 and signed_out.headers["location"].startswith("/login")
    assert "Erst anmelden" in (await house.guest.get("/share?why=signed-out")).text


async def test_one_setting_takes_the_worker_off_every_phone(tmp_path: Path, database_url: str) -> None:
    async with running(tmp_path / "data", database_url, ZOLLSTOCK_KILL_WORKER="1") as app:
        answer = await browser(app).get("/service-worker.js")
    assert "unregister" in answer.text and "indexedDB" not in answer.text
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("agent", "first", "never"),
    [
        ("iPhone AppleWebKit Version/18.1 Mobile/15E148 Safari/604.1", "In Safari das Teilen-Zeichen", "In Safari öffnen"),
        ("iPhone CriOS/140 Mobile/15E148 Safari/604.1", "oben in der Adresszeile", "In Safari öffnen"),
        ("iPhone Mobile/15E148 Instagram 397", "in Instagram meist drei Punkte", "App installieren“ wählen</b><ol"),
        ("Android 15; Chrome/140 Mobile Safari/537.36", "App installieren", "Danach: Code eintippen"),
    ],
)  # fmt: skip
async def test_the_guide_speaks_of_the_browser_that_asks(
    house: House, agent: str, first: str, never: str
) -> None:
    shown = (await house.guest.get("/install", headers={"User-Agent": f"Mozilla/5.0 ({agent})"})).text
    own, _, _others = shown.partition("<details")
    assert first in own and never not in own


async def test_an_ipad_that_calls_itself_a_mac_gets_its_guide(house: House) -> None:
    shown = (await house.guest.get("/install?on=safari")).text
    assert "Zum Home-Bildschirm" in shown.partition("<details")[0]
