"""Every page of the people slice answers, keeps what was typed, and costs the same for ten rows and twenty."""

import re
from collections.abc import Awaitable, Callable

import httpx
import pytest

from server.actions import jobs
from server.domain.jobs import JobStep
from server.domain.users import Role
from tests import factories
from tests.factories import START
from tests.pages.conftest import House


def words(response: httpx.Response) -> str:
    """Return the words of a page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).split())


async def test_every_page_answers_on_an_empty_company_and_says_what_to_do_next(house: House) -> None:
    wanted = {
        "/": "Nächste Schritte",
        "/jobs": "Auftrag anlegen",
        "/jobs?show=mine": "Alle offenen Aufträge",
        "/jobs?show=archived": "Hier ist noch nichts",
        "/jobs?q=dach": "Kein Auftrag passt zu „dach“",
        "/jobs/new": "Noch kein Kunde angelegt",
        "/customers": "Noch kein Kunde",
        "/customers?q=m%C3%BCller": "Als neuen Kunden anlegen",
        "/customers?archived=1": "Das Archiv ist leer",
        "/customers/new": "Handynummer",
        "/users": "Ali Demir",
        "/users/new": "Danach das Handy koppeln",
        "/account": "Eigene Geräte",
        "/settings": "Was Kunden lesen",
    }
    for path, sentence in wanted.items():
        response = await house.admin.get(path)
        assert response.status_code == 200, path
        assert sentence in words(response), path
        assert " style=" not in response.text and "<style" not in response.text, path


async def test_a_worker_finds_his_jobs_and_not_the_desk(house: House) -> None:
    ali = house.users[Role.WORKER]
    office = house.acting(Role.OFFICE)
    mine = await factories.job(office, "Bad Müller", ali.id)
    theirs = await factories.job(office, "Dach Schulz", house.users[Role.ADMIN].id)
    start = words(await house.worker.get("/"))
    assert "Ali" in start and "Bad Müller" in start and "Dach Schulz" not in start
    assert (await house.worker.get(f"/jobs/{mine.id}")).status_code == 200
    assert (await house.worker.get(f"/jobs/{theirs.id}")).status_code == 404
    assert "Dach Schulz" not in words(await house.worker.get("/jobs?q=dach"))
    for path in ("/users", "/customers", "/settings", f"/jobs/{mine.id}/edit"):
        assert (await house.worker.get(path)).status_code == 403, path
    assert (await house.office.get("/settings")).status_code == 403


@pytest.mark.parametrize(
    ("path", "typed", "wrong", "sentence"),
    [
        ("/jobs", {"title": " ", "street": "Lindenstr. 14"}, "title", "Bitte ausfüllen"),
        ("/jobs", {"title": "x" * 201, "street": "Lindenstr. 14"}, "title", "Zu lang"),
        (
            "/customers",
            {"name": "Müller", "contact_phone": "0151 2"},
            "contact_phone",
            "Diese Nummer gibt es so nicht",
        ),
        (
            "/customers",
            {"name": "Müller", "contact_email": "petra@"},
            "contact_email",
            "keine E-Mail-Adresse",
        ),
        ("/users", {"name": "Jo Löw", "login": "Jo Löw", "role": "worker"}, "login", "Kleinbuchstaben"),
        ("/users", {"name": "Jo Löw", "login": "jo", "role": "king"}, "role", "Bitte eines davon wählen"),
        (
            "/settings",
            {"name": "Berger", "imprint_url": "javascript:1"},
            "imprint_url",
            "keine Adresse einer Seite",
        ),
    ],
)
async def test_a_form_keeps_what_was_typed_and_names_the_wrong_field(
    house: House, path: str, typed: dict[str, str], wrong: str, sentence: str
) -> None:
    response = await house.admin.post(path, data=typed)
    assert response.status_code == 422
    assert f'id="{wrong}-error"' in response.text and sentence in words(response)
    for value in typed.values():
        if len(value.strip()) > 4:
            assert f'value="{value}"' in response.text
    assert "Müller" not in words(await house.admin.get("/customers"))


async def test_from_customer_to_finished_job_without_script(house: House) -> None:
    office = house.office
    made = await office.post(
        "/customers",
        data={
            "name": "Familie Müller",
            "city": "Köln",
            "contact_name": "Petra Müller",
            "contact_phone": "0151 23456789",
        },
    )
    customer = made.headers["location"]
    shown = await office.get(customer)
    assert "0151 23456789" in shown.text and 'href="tel:+4915123456789"' in shown.text
    contact = re.search(r"/contacts/([0-9a-f-]{36})/edit", shown.text)
    assert contact
    opened = await office.post(
        "/jobs",
        data={"title": "Bad, Fliesen", "contact": contact[1], "members": [str(house.users[Role.WORKER].id)]},
    )
    job = opened.headers["location"]
    page = words(await office.get(job))
    assert "Familie Müller" in page and "Ali Demir" in page and "Auftrag angelegt." in page
    assert "Auftrag angelegt." not in words(await office.get(job))
    form = (await office.get(f"{job}/edit")).text
    assert re.search(rf'value="{contact[1]}" selected', form) and "checked" in form
    await office.post(f"{job}/steps", data={"step": "finish"})
    assert "Bad, Fliesen" in words(await office.get("/jobs?show=done"))
    assert (await office.post(f"{job}/steps", data={"step": "finish"})).status_code == 409
    await office.post(f"{job}/steps", data={"step": "archive"})
    assert "im Archiv" in words(await office.get(job))


async def test_names_that_look_like_markup_stay_words(house: House) -> None:
    nasty = '<b onclick="x">Bad</b>"\'{{7*7}}%s %(num)s'
    office = house.acting(Role.OFFICE)
    customer = await factories.customer(office, nasty)
    job = await factories.job(office, nasty, customer_id=customer.id)
    for path in (
        "/",
        "/jobs",
        f"/jobs/{job.id}",
        f"/jobs/{job.id}/edit",
        "/customers",
        f"/customers/{customer.id}",
    ):
        response = await house.office.get(path)
        assert response.status_code == 200 and "<b onclick" not in response.text, path


async def test_a_worker_opens_a_job_on_site(house: House) -> None:
    form = (await house.worker.get("/jobs/new")).text
    assert 'name="title"' in form and 'name="customer"' not in form and 'name="members"' not in form
    made = await house.worker.post(
        "/jobs", data={"title": "Rohrbruch Nr. 5", "city": "Hürth", "number": "gelogen"}
    )
    page = words(await house.worker.get(made.headers["location"]))
    assert "Rohrbruch Nr. 5" in page and "gelogen" not in page and "Ali Demir" in page


async def test_ten_rows_and_twenty_cost_the_same(house: House, statements: Callable[[], list[str]]) -> None:
    async def cost(path: str) -> int:
        before = len(statements())
        assert (await house.admin.get(path)).status_code == 200
        return len(statements()) - before

    async def ten() -> None:
        office = house.acting(Role.OFFICE)
        for number in range(10):
            customer = await factories.customer(office, f"Kunde {number}")
            await factories.job(office, f"Auftrag {number}", customer_id=customer.id)
            await factories.token(await factories.user(house.company))

    paths = ["/", "/jobs", "/customers", "/users"]
    await ten()
    first = [await cost(path) for path in paths]
    await ten()
    assert [await cost(path) for path in paths] == first and min(first) > 0


async def test_pages_follow_one_another_without_gap_or_double(house: House) -> None:
    office = house.acting(Role.OFFICE)
    for number in range(53):
        await factories.customer(office, f"Kunde {number:02}")
        await jobs.step(
            office, await factories.job(office, f"Auftrag {number:02}"), JobStep.ARCHIVE, at=START
        )
    for path, thing in (("/customers", "customer"), ("/jobs?show=archived", "job")):
        seen = await _all_ids(house.office.get, path, thing)
        assert len(seen) == len(set(seen)) == 53


async def _all_ids(get: Callable[[str], Awaitable[httpx.Response]], path: str, thing: str) -> list[str]:
    seen: list[str] = []
    base, where = path.split("?")[0], path
    while where:
        text = (await get(where)).text
        seen += re.findall(rf'id="{thing}-([0-9a-f-]{{36}})"', text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        where = base + following[1].replace("&amp;", "&") if following else ""
    return seen
