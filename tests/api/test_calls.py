"""Call notes for programs: everything a note knows goes in and comes out; what is wrong is named, nothing is stored."""

from datetime import timedelta
from typing import Any

import httpx

from server.actions import drafts
from server.api.openapi import PATH
from server.domain.calls import Call, Direction, Outcome, Said
from server.domain.customers import Contact
from server.domain.jobs import Job
from server.domain.questions import Question, QuestionDraft
from server.ids import new_id
from server.web.calls import text_of, words_of
from tests import factories
from tests.api.conftest import World
from tests.api.test_openapi import fits
from tests.sites import AT

CALLS = "/api/v1/calls"


async def at_customers(world: World) -> tuple[Job, Contact, Question]:
    """Return a job with its person, and a question to him."""
    office = world.site.office
    customer = await factories.customer(office)
    contact = await factories.contact(office, customer)
    job = await factories.job(office, customer_id=customer.id, contact_id=contact.id)
    question = await drafts.ask(
        world.site.worker,
        job.id,
        QuestionDraft("Welche Fuge?", ["Weiß", "Grau"], []),
        question_id=new_id(),
        at=AT,
    )
    return job, contact, question


def told(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_the_whole_note_goes_in_and_comes_out(world: World) -> None:
    job, contact, question = await at_customers(world)
    day = (AT + timedelta(days=3)).date().isoformat()
    at = AT - timedelta(hours=2)
    said = {
        "job": str(job.id),
        "contact": str(contact.id),
        "question": str(question.id),
        "direction": "in",
        "outcome": "reached",
        "choice": "c2",
        "words": "Will die Fuge noch einmal sehen.",
        "at": at.isoformat(),
        "follow_up": day,
    }
    async with world.client(world.site.office) as office:
        made = told(await office.post(CALLS, json=said), 201)
        assert made.items() >= {name: said[name] for name in said if name != "at"}.items()
        assert (
            made["at"] == at.isoformat(timespec="milliseconds").replace("+00:00", "Z") == made["captured_at"]
        )
        assert made["text"].startswith(
            "Rief an. Antwort: Grau. Will die Fuge noch einmal sehen. Wieder anrufen am "
        )
        assert (made["done"], made["author"]) == (False, world.site.office.name)
        here = f"{CALLS}/{made['id']}"
        assert told(await office.get(here)) == made
        assert told(await office.get(f"/api/v1/questions/{question.id}"))["answer"]["choice"] == "c2"
        for by in ({"job": str(job.id)}, {"contact": str(contact.id)}):
            assert told(await office.get(CALLS, params=by))["items"] == [made]
        assert told(await office.get(CALLS, params={"contact": str(new_id())}))["items"] == []
        document = told(await office.get(PATH))
        for path, real in ((CALLS, CALLS), (f"{CALLS}/{{call_id}}", here)):
            shape = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
            fits(document, shape["schema"], told(await office.get(real)))
        later = (AT + timedelta(days=9)).date().isoformat()
        shifted = told(await office.patch(here, json={"follow_up": later}))
        assert (shifted["follow_up"], shifted["words"], shifted["done"]) == (later, said["words"], False)
        assert told(await office.patch(here, json={"done": True}))["done"] is True
        again = await office.patch(here, json={"done": True})
        assert (again.status_code, again.json()["error"]["code"]) == (409, "call.settled")


async def test_little_is_enough(world: World) -> None:
    """A job and words, as programs of before send; a person alone for the office; a day that is over and done."""
    job, contact, _ = await at_customers(world)
    async with world.client(world.site.office) as office:
        plain = told(await office.post(CALLS, json={"job": str(job.id), "text": "bis 14 Uhr"}), 201)
        assert (plain["text"], plain["words"], plain["outcome"], plain["done"]) == (
            "bis 14 Uhr", "bis 14 Uhr", "reached", True,
        )  # fmt: skip
        missed = {"contact": str(contact.id), "outcome": "missed", "follow_up": "2026-01-05", "done": True}
        person = told(await office.post(CALLS, json=missed), 201)
        assert (person["job"], person["text"][:15], person["words"]) == (None, "Nicht erreicht.", "")
        assert (person["follow_up"], person["done"]) == ("2026-01-05", True)


async def test_sent_again_after_a_lost_answer_a_call_is_noted_once(world: World) -> None:
    job, _, question = await at_customers(world)
    body: dict[str, Any] = {
        "id": str(new_id()),
        "job": str(job.id),
        "question": str(question.id),
        "choice": "c1",
    }
    async with (
        world.client(world.site.office) as office,
        world.client(world.site.worker) as worker,
        world.client(world.site.stranger) as stranger,
    ):
        first = told(await office.post(CALLS, json=body), 201)
        again = told(await office.post(CALLS, json=body))
        assert first == again and first["id"] == body["id"]
        assert [one["id"] for one in told(await office.get(CALLS))["items"]] == [body["id"]]
        for other in (
            body | {"words": "doch grau"},
            {"id": body["id"], "text": "etwas ganz anderes", "job": str(job.id)},
        ):
            refused = await office.post(CALLS, json=other)
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "item.differs")
        assert (await worker.post(CALLS, json=body)).status_code == 409
        elsewhere = {"id": body["id"], "job": str(world.site.foreign_job), "text": "bei uns"}
        taken = await stranger.post(CALLS, json=elsewhere)
        assert (taken.status_code, taken.json()["error"]["code"]) == (409, "item.taken")


async def test_what_is_wrong_is_named_and_nothing_is_stored(world: World) -> None:
    job, contact, _ = await at_customers(world)
    strange = await factories.customer(world.site.office, "Fremd")
    foreign = await factories.contact(world.site.office, strange)
    good = {"job": str(job.id), "words": "Kommt morgen"}
    tomorrow = (AT + timedelta(days=1)).isoformat()
    wrong = {
        "job": (str(new_id()), "job.unknown"),
        "contact": (str(new_id()), "contact.unknown"),
        "question": (str(new_id()), "question.unknown"),
        "choice": ("c9", "answer.choice"),
        "direction": ("sideways", "field.choice"),
        "outcome": ("maybe", "field.choice"),
        "at": (tomorrow, "call.future"),
        "follow_up": ("2020-01-01", "call.past"),
        "words": ("x" * 2001, "field.too_long"),
        "done": ("perhaps", "field.type"),
    }
    async with world.client(world.site.office) as office, world.client(world.site.worker) as worker:
        for field, (value, code) in wrong.items():
            error = told(await office.post(CALLS, json=good | {field: value}), 422)["error"]
            assert (error["code"], error["field"]) == (code, field)
            assert error["message"].endswith(".")
        assert told(await office.post(CALLS, json={}), 422)["error"]["code"] == "call.no_job"
        for body, field in (
            ({"contact": str(contact.id)}, "contact"),  # a worker names the job
            ({**good, "contact": str(foreign.id)}, "contact"),
            ({"job": str(world.site.foreign_job), "words": "x"}, "job"),
        ):
            assert told(await worker.post(CALLS, json=body), 422)["error"]["field"] == field
        assert told(await office.get(CALLS))["items"] == []
        made = told(await office.post(CALLS, json=good | {"follow_up": tomorrow[:10]}), 201)
        assert (await worker.patch(f"{CALLS}/{made['id']}", json={"done": True})).status_code == 403
        assert (await worker.get(f"{CALLS}/{new_id()}")).status_code == 404
    async with world.client(world.site.stranger) as stranger:
        assert (await stranger.get(f"{CALLS}/{made['id']}")).status_code == 404
        assert (
            told(await stranger.post(CALLS, json={"contact": str(contact.id)}), 422)["error"]["field"]
            == "contact"
        )


async def test_what_is_told_late_settles_nothing_agreed_on_after_it(world: World) -> None:
    job, contact, _ = await at_customers(world)
    who = {"job": str(job.id), "contact": str(contact.id)}
    day = (AT + timedelta(days=2)).date().isoformat()
    async with world.client(world.site.office) as office:
        kept = told(await office.post(CALLS, json=who | {"outcome": "callback", "follow_up": day}), 201)
        old = (AT - timedelta(days=1)).isoformat()
        told(await office.post(CALLS, json=who | {"outcome": "reached", "at": old}), 201)
        assert told(await office.get(f"{CALLS}/{kept['id']}"))["done"] is False
        told(await office.post(CALLS, json=who | {"outcome": "reached"}), 201)
        assert told(await office.get(f"{CALLS}/{kept['id']}"))["done"] is True


def test_the_words_are_found_again_in_every_note() -> None:
    """Whatever was said, in both languages; a note in other words is all words."""
    spoken = ("", "Kommt morgen.", "Erreicht. Antwort: Grau.", "Wieder anrufen am Montag", "Zwei\nZeilen")
    for direction in Direction:
        for outcome in Outcome:
            for answer in ("", "Grau (hell)"):
                for day in (None, AT.date()):
                    said = Said(outcome=outcome, direction=direction, again_on=day)
                    call = Call(
                        id=new_id(), company_id=new_id(), note_id=new_id(), contact_id=None, question_id=None,
                        user_id=None, direction=direction, outcome=outcome, answer_choice="", again_on=day,
                        settled_at=None, created_at=AT,
                    )  # fmt: skip
                    for words in spoken:
                        for language in ("de", "en"):
                            assert words_of(text_of(said, words, answer, language), call, answer) == words
                    assert words_of("Ganz anders", call, answer) == "Ganz anders"
