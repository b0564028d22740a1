"""Questions to customers: the list, the form, one question with what can be done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import drafts, fates, inbox, outgoing, questions, quiet, releases
from server.db import answer_links
from server.db import customers as customers_db
from server.db import jobs as jobs_db
from server.db import messages as messages_db
from server.db import photos as photos_db
from server.db import questions as questions_db
from server.domain.accounts import by_hand
from server.domain.errors import Conflict, Invalid
from server.domain.media import Medium
from server.domain.messages import Message, MessageState
from server.domain.questions import OPEN, Question, QuestionState
from server.domain.routing import Need
from server.domain.users import Actor
from server.ids import new_id, parse_id
from server.pages import standstills
from server.pages.standstills import Standstill
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

PHOTOS_SHOWN = 60


class Show(StrEnum):
    """Which questions a list shows."""

    OPEN = "open"
    WAITING = "waiting_release"
    TROUBLE = "trouble"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


STATES = {
    Show.OPEN: tuple(OPEN),
    Show.WAITING: (QuestionState.WAITING_RELEASE,),
    Show.TROUBLE: (QuestionState.BLOCKED, QuestionState.FAILED, QuestionState.UNCLEAR),
    Show.ANSWERED: (QuestionState.ANSWERED,),
    Show.WITHDRAWN: (QuestionState.WITHDRAWN,),
}


@dataclass(frozen=True, slots=True)
class ListQuery:
    show: Show = forms.one_of(Show, default=Show.OPEN)
    before: str = forms.text(max=40, default="")


@dataclass(frozen=True, slots=True)
class AskForm:
    text: str = forms.text(max=1000, lines=True)
    choices: tuple[str, ...] = forms.texts(max=10, length=60)
    photos: tuple[UUID, ...] = forms.ids(max=100)
    job: UUID | None = forms.choice_id(default=None)
    contact: UUID | None = forms.choice_id(default=None)
    send: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class ReleaseForm:
    """`rev`: what the page showed; without one (a page of before) it is what stands there now."""

    rev: int | None = forms.number(min=1, max=10**9, default=None)
    channel: str = forms.text(max=32, default="")
    at_once: bool = forms.flag()


@dataclass(frozen=True, slots=True)
class FilingForm:
    job: UUID = forms.choice_id()


@dataclass(frozen=True, slots=True)
class DoubtForm:
    rev: int | None = forms.number(min=1, max=10**9, default=None)
    arrived: bool = forms.flag()


async def index(request: Request) -> Response:
    """List a worker's own questions, or the company's by state."""
    actor, query = access.actor(request), forms.read_query(request, ListQuery)
    before = str(parse_id(query.before) or "") or None
    if actor.at_desk:
        states = STATES[query.show]
        found = await questions_db.of_company(actor.company_id, states=states, before=before)
    else:
        assert actor.id
        found = await questions_db.of_author(actor.company_id, actor.id, before=before)
    said = await messages_db.of_questions(actor.company_id, [question.id for question in found.items])
    return await page(
        request,
        "questions/index.html",
        nav="questions",
        offline=not actor.at_desk,
        found=found,
        said=said,
        query=query,
    )


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
        question = await drafts.ask(
            actor,
            question_id=new_id(),
            job_id=typed.job,
            contact_id=typed.contact if actor.at_desk else None,
            text=typed.text,
            choices=typed.choices,
            photo_ids=typed.photos,
            at=at,
        )
    except Invalid as refused:
        return await _form(request, form.refused(refused), status=422)
    if typed.send and actor.at_desk:
        return await _released(request, actor, question)
    return see_other(request, _address(question), flash="question.asked")


async def show(request: Request) -> Response:
    question, actor = await access.question(request), access.actor(request)
    at = services(request).clock()
    if question.job_id and question.state is QuestionState.ANSWERED:
        await questions.seen(actor, question.job_id, at=at)
    said = await messages_db.of_question(question.company_id, question.id)
    unseen = [one.id for one in said if one.direction == "in" and one.seen_by_office_at is None]
    if unseen and actor.at_desk:
        await inbox.mark_seen(actor, unseen, at=at)
    return await _show(request, question)


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
        await drafts.change(
            actor,
            question,
            text=typed.text,
            choices=typed.choices,
            photo_ids=typed.photos,
            contact_id=(typed.contact if actor.at_desk else None) or question.contact_id,
            at=services(request).clock(),
        )
    except Invalid as refused:
        return await _form(request, form.refused(refused), question, status=422)
    return see_other(request, _address(question), flash="question.changed")


async def release(request: Request) -> Response:
    """Release and send, or make ready to share by hand."""
    question, actor = await access.question(request), access.actor(request)
    typed = (await forms.read(request, ReleaseForm)).data
    if typed.rev not in (None, question.rev):
        return await _show(request, question, Invalid("question.changed_meanwhile"))
    return await _released(request, actor, question, channel=typed.channel, at_once=typed.at_once)


async def withdraw(request: Request) -> Response:
    question, actor = await access.question(request), access.actor(request)
    await questions.withdraw(actor, question, at=services(request).clock())
    return see_other(request, _address(question), flash="question.withdrawn")


async def file(request: Request) -> Response:
    """Give a question without a known job its job."""
    question, actor = await access.question(request), access.actor(request)
    job_id = (await forms.read(request, FilingForm)).data.job
    await questions.file(actor, question, job_id, at=services(request).clock())
    return see_other(request, _address(question), flash="question.filed")


async def settle(request: Request) -> Response:
    """Hear from a human what became of a message in doubt: it is there, or it goes again."""
    question, actor, at = await access.question(request), access.actor(request), services(request).clock()
    typed = (await forms.read(request, DoubtForm)).data
    if typed.rev not in (None, question.rev):
        return await _show(request, question, Invalid("question.changed_meanwhile"))
    arrived = typed.arrived
    wanted = (MessageState.UNCLEAR,) if arrived else (MessageState.UNCLEAR, MessageState.FAILED)
    said = await messages_db.of_question(question.company_id, question.id)
    open_ones = [message for message in said if message.state in wanted]
    if not open_ones:
        raise Conflict("message.moved_on")
    for message in open_ones:
        await fates.resolve(actor, message.id, arrived=arrived, at=at)
    return see_other(request, _address(question), flash="question.arrived" if arrived else "question.again")


async def _released(
    request: Request, actor: Actor, question: Question, *, channel: str = "", at_once: bool = False
) -> Response:
    try:
        released = await releases.release(
            actor,
            question,
            photos_too=actor.at_desk,
            channel=channel,
            at_once=at_once,
            at=services(request).clock(),
        )
    except Invalid as refused:
        return await _show(request, question, refused)
    if released.state is QuestionState.BLOCKED:
        return see_other(request, _address(question))
    if by_hand(released.channel):
        return see_other(request, f"{_address(question)}/handoff", flash="question.by_hand")
    waits = released.send_after is not None
    return see_other(request, _address(question), flash="question.waits" if waits else "question.released")


async def _show(request: Request, question: Question, refused: Invalid | None = None) -> Response:
    actor, company_id = access.actor(request), question.company_id
    said = await messages_db.of_question(company_id, question.id)
    job = await jobs_db.by_id(company_id, question.job_id) if question.job_id else None
    contact_id = question.contact_id or (job.contact_id if job else None)
    at = services(request).clock()
    outlook = await outgoing.outlook(company_id, contact_id, need=_need(question), at=at)
    homeless = not question.job_id and actor.at_desk
    return await page(
        request,
        "questions/show.html",
        status=422 if refused else 200,
        nav="questions",
        question=question,
        link=await answer_links.of_question(company_id, question.id),
        messages=said,
        job=job,
        outlook=outlook,
        refused=refused,
        sent=[message for message in said if message.direction == "out"],
        may=_may(actor, question, said),
        quiet_until=await quiet.until(company_id, at=at),
        still=_stands(await standstills.of_company(company_id), question, said),
        jobs=await _jobs(actor) if homeless else [],
    )


def _stands(
    down: Mapping[UUID, Standstill], question: Question, said: Sequence[Message]
) -> Standstill | None:
    """Return the channel that keeps a released question or one of its messages from leaving."""
    if question.state is not QuestionState.QUEUED:
        return None
    queued = [one.account_id for one in said if one.state is MessageState.QUEUED and one.account_id]
    by_kind = [] if said else [one for one, still in down.items() if still.account.kind == question.channel]
    return next((down[one] for one in [*queued, *by_kind] if one in down), None)


def _need(question: Question) -> Need:
    return Need(question.text, len(question.photo_ids), len(question.choices))


def _may(actor: Actor, question: Question, said: Sequence[Message]) -> dict[str, bool]:
    """Return which buttons stand on a question's page."""
    own = actor.at_desk or question.author_id == actor.id
    state = question.state
    can_release = actor.at_desk or (own and actor.may("release"))
    return {
        "release": can_release and question.job_id is not None and state in releases.RELEASABLE,
        "change": own and state in (QuestionState.WAITING_RELEASE, QuestionState.BLOCKED),
        "send_now": state is QuestionState.QUEUED and releases.may_go(actor, question),
        "withdraw": own and state not in (QuestionState.ANSWERED, QuestionState.WITHDRAWN),
        "settle": actor.at_desk and any(one.state is MessageState.UNCLEAR for one in said),
        "again": actor.at_desk and any(one.state is MessageState.FAILED for one in said),
        "hand_off": own
        and by_hand(question.channel)
        and state in (QuestionState.QUEUED, QuestionState.HANDED_OFF),
    }


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
        jobs=[] if job or question else await _jobs(actor),
        photos=[one for one in photos.items if one.medium is Medium.IMAGE] if photos else [],
        chosen={str(one) for one in form.get("photos", ())},
        choices=[*form.get("choices", ()), "", "", ""][:3],
        contacts=[(contact.id, f"{contact.name} · {customer}") for contact, customer in people],
        outlook=await outgoing.outlook(actor.company_id, contact_id, at=services(request).clock()),
    )


async def _jobs(actor: Actor) -> list[tuple[UUID, str]]:
    found = await jobs_db.search(actor.company_id, visible_to=access.only_own(actor), limit=200)
    return [(job.id, f"{job.number} · {job.title}") for job in found.items]


def _address(question: Question) -> str:
    return f"/questions/{question.id}"


_ONE = "/questions/{question_id:uuid}"
routes = [
    route("/questions", index, who=Who.WORKER),
    route("/questions", create, who=Who.WORKER, methods=["POST"]),
    route("/questions/new", new, who=Who.WORKER),
    route(_ONE, show, who=Who.WORKER),
    route(_ONE, change, who=Who.WORKER, methods=["POST"]),
    route(f"{_ONE}/edit", edit, who=Who.WORKER),
    route(f"{_ONE}/release", release, who=Who.WORKER, methods=["POST"]),
    route(f"{_ONE}/withdrawal", withdraw, who=Who.WORKER, methods=["POST"]),
    route(f"{_ONE}/filing", file, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/fate", settle, who=Who.OFFICE, methods=["POST"]),
]
