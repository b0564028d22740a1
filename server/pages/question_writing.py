"""A question is written: asked, with its photos and answers, and changed before it leaves."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import drafts, outgoing
from server.db import customers as customers_db
from server.db import jobs as jobs_db
from server.db import photos as photos_db
from server.domain.errors import Invalid
from server.domain.media import Medium
from server.domain.questions import Question, QuestionDraft, QuestionState
from server.ids import new_id, parse_id
from server.pages import questions
from server.pages.questions import ONE
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

PHOTOS_SHOWN = 60


@dataclass(frozen=True, slots=True)
class AskForm:
    """`intent` is made with the form of the desk: sent twice, it is asked once."""

    text: str = forms.text(max=1000, lines=True)
    choices: tuple[str, ...] = forms.texts(max=10, length=60)
    photos: tuple[UUID, ...] = forms.ids(max=100)
    job: UUID | None = forms.choice_id(default=None)
    contact: UUID | None = forms.choice_id(default=None)
    send: bool = forms.flag()
    intent: UUID | None = forms.choice_id(default=None)


async def new(request: Request) -> Response:
    given = request.query_params
    photos = [part for value in given.getlist("photos") for part in value.split(",") if part]
    return await _form(request, forms.blank({"job": given.get("job", ""), "photos": photos}))


async def create(request: Request) -> Response:
    """Ask; at the desk the same button may release and send."""
    actor, at = access.actor(request), services(request).clock()
    form = await forms.read(request, AskForm)
    try:
        typed = form.data
        if typed.job is None:
            raise Invalid("question.no_job", field="job")
        contact_id = typed.contact if actor.at_desk else None
        draft = QuestionDraft(typed.text, typed.choices, typed.photos, contact_id)
        question = await drafts.ask(actor, typed.job, draft, question_id=typed.intent or new_id(), at=at)
    except Invalid as refused:
        return await _form(request, form.refused(refused), status=422)
    if typed.send and actor.at_desk and question.state is QuestionState.WAITING_RELEASE:
        return await questions.released(request, actor, question)
    return see_other(request, questions.address(question), flash="question.asked")


async def edit(request: Request) -> Response:
    question = await access.question(request)
    typed = {
        "text": question.text,
        "choices": [choice.title for choice in question.choices],
        "photos": [str(photo) for photo in question.photo_ids],
        "job": str(question.job_id or ""),
        "contact": str(question.contact_id or ""),
    }
    return await _form(request, forms.blank(typed), question)


async def change(request: Request) -> Response:
    question, actor = await access.question(request), access.actor(request)
    form = await forms.read(request, AskForm)
    try:
        typed = form.data
        contact_id = (typed.contact if actor.at_desk else None) or question.contact_id
        draft = QuestionDraft(typed.text, typed.choices, typed.photos, contact_id)
        await drafts.change(actor, question, draft, at=services(request).clock())
    except Invalid as refused:
        return await _form(request, form.refused(refused), question, status=422)
    return see_other(request, questions.address(question), flash="question.changed")


async def _form(
    request: Request, form: forms.Form[Any], question: Question | None = None, *, status: int = 200
) -> Response:
    actor = access.actor(request)
    job_id = parse_id(str(form.get("job") or ""))
    visible_to = access.only_own(actor)
    job = await jobs_db.by_id(actor.company_id, job_id, visible_to=visible_to) if job_id else None
    photos = await photos_db.of_job(actor.company_id, job.id, limit=PHOTOS_SHOWN) if job else None
    typed_contact = parse_id(str(form.get("contact") or "")) if actor.at_desk else None
    contact_id = typed_contact or (question.contact_id if question else None)
    contact_id = contact_id or (job.contact_id if job else None)
    people = await customers_db.contacts(actor.company_id) if actor.at_desk else []
    return await page(
        request,
        "questions/form.html",
        status=status,
        nav="questions",
        offline=question is None and status == 200 and not actor.at_desk,
        form=form,
        question=question,
        job=job,
        jobs=[] if job or question else await questions.jobs_to_choose(actor),
        photos=[one for one in photos.items if one.medium is Medium.IMAGE] if photos else [],
        chosen={str(one) for one in form.get("photos", ())},
        intent=form.get("intent") or new_id(),
        choices=[*form.get("choices", ()), "", "", ""][:3],
        contacts=[(contact.id, f"{contact.name} · {customer}") for contact, customer in people],
        outlook=await outgoing.outlook(actor.company_id, contact_id, at=services(request).clock()),
    )


routes = [
    route("/questions", create, who=Who.WORKER, methods=["POST"]),
    route("/questions/new", new, who=Who.WORKER),
    route(ONE, change, who=Who.WORKER, methods=["POST"]),
    route(f"{ONE}/edit", edit, who=Who.WORKER),
]
