"""Call notes as people write, find and tick them off, without any script."""

from datetime import timedelta

from server.domain.users import Role
from tests import factories
from tests.pages.conftest import House


async def test_noted_listed_put_off_and_done(house: House) -> None:
    office = house.acting(Role.OFFICE)
    customer = await factories.customer(office)
    contact = await factories.contact(office, customer)
    job = await factories.job(office, customer_id=customer.id, contact_id=contact.id)
    assert (
        f'<call-way job="{job.id}" contact="{contact.id}"' in (await house.office.get(f"/jobs/{job.id}")).text
    )
    form = (await house.office.get(f"/calls/new?job={job.id}&outcome=missed")).text
    assert 'value="missed" required checked' in form and f'<option value="{contact.id}" selected>' in form
    typed = {"job": str(job.id), "contact": str(contact.id), "outcome": "missed", "again": "1"}
    went = await house.office.post("/calls", data=typed)
    assert went.headers["location"] == f"/jobs/{job.id}"
    shown = (await house.office.get(f"/jobs/{job.id}")).text
    assert "Nicht erreicht. Wieder anrufen am" in shown and f"Telefonnotiz · {contact.name}" in shown
    assert "heute zu machen" not in (await house.office.get("/")).text
    listed = (await house.office.get("/calls")).text
    assert "Später" in listed and f'href="tel:{contact.phone}"' in listed and contact.name in listed
    assert contact.name not in (await house.worker.get("/calls")).text
    call = listed.partition('id="call-')[2][:36]
    today = factories.today()
    past = (today - timedelta(days=2)).isoformat()
    assert (await house.office.post(f"/calls/{call}/day", data={"follow_up": past})).status_code == 422
    assert (await house.worker.post(f"/calls/{call}/settlement")).status_code == 403
    await house.office.post(f"/calls/{call}/day", data={"follow_up": today.isoformat()})
    assert "Anruf heute zu machen" in (await house.office.get("/")).text
    await house.office.post(f"/calls/{call}/settlement")
    assert "Niemand wartet auf einen Anruf" in (await house.office.get("/calls")).text
    assert (await house.office.post(f"/calls/{call}/settlement")).status_code == 409


async def test_a_worker_reads_his_own_day(house: House) -> None:
    office, worker = house.acting(Role.OFFICE), house.acting(Role.WORKER)
    job = await factories.job(office, "Kita Sonnenhof")
    typed = {
        "job": str(job.id),
        "outcome": "callback",
        "text": "Hausmeister",
        "direction": "in",
        "again": "3",
    }
    await house.worker.post("/calls", data=typed)
    assert "Rief an und meldet sich wieder. Hausmeister" in (await house.worker.get("/calls")).text
    assert worker.name in (await house.office.get("/calls")).text
    strange = await factories.customer(office, "Fremd")
    contact = await factories.contact(office, strange)
    refused = await house.worker.post("/calls", data={"contact": str(contact.id), "outcome": "missed"})
    assert refused.status_code == 422 and "Bitte einen Auftrag oder eine Person wählen" in refused.text
    refused = await house.worker.post("/calls", data={"job": str(job.id)})
    assert refused.status_code == 422 and "Bitte ausfüllen" in refused.text


async def test_a_person_without_a_job_and_an_answer_by_phone(house: House) -> None:
    office = house.acting(Role.OFFICE)
    customer = await factories.customer(office)
    contact = await factories.contact(office, customer)
    went = await house.office.post(
        "/calls", data={"contact": str(contact.id), "outcome": "reached", "text": "Angebot"}
    )
    assert went.headers["location"] == f"/customers/{customer.id}"
    job = await factories.job(office, customer_id=customer.id, contact_id=contact.id)
    asked = await house.office.post(
        "/questions", data={"job": str(job.id), "text": "Welche Fuge?", "choices": ["Weiß", "Grau"]}
    )
    question = asked.headers["location"].rpartition("/")[2]
    page = (await house.office.get(f"/questions/{question}")).text
    assert "Anrufen statt schreiben" in page
    form = (await house.office.get(f"/calls/new?question={question}")).text
    assert "Welche Fuge?" in form and 'name="choice" value="c2"' in form
    typed = {
        "question": question,
        "contact": str(contact.id),
        "outcome": "reached",
        "choice": "c2",
        "job": str(job.id),
    }
    went = await house.office.post("/calls", data=typed)
    assert went.headers["location"] == f"/questions/{question}"
    answered = (await house.office.get(f"/questions/{question}")).text
    assert "beantwortet" in answered and "Grau" in answered and "Anrufen statt schreiben" not in answered
    shown = (await house.office.get(f"/jobs/{job.id}")).text
    assert "Erreicht. Antwort: Grau." in shown
