"""Questions to customers: the list, and one question with what can be done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import fates, inbox, outgoing, questions, quiet, releases
from server.db import answer_links
from server.db import jobs as jobs_db
from server.db import messages as messages_db
from server.db import questions as questions_db
from server.domain.accounts import by_hand
from server.domain.errors import Conflict, Invalid
from server.domain.messages import Direction, Message, MessageState, latest_run
from server.domain.questions import OPEN, Question, QuestionState
from server.domain.routing import Need
from server.domain.users import Actor
from server.ids import parse_id
from server.pages import standstills
from server.pages.standstills import Standstill
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


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


async def release(request: Request) -> Response:
    """Release and send, or make ready to share by hand."""
    question, actor = await access.question(request), access.actor(request)
    typed = (await forms.read(request, ReleaseForm)).data
    if typed.rev not in (None, question.rev):
        return await _show(request, question, Invalid("question.changed_meanwhile"))
    return await released(request, actor, question, channel=typed.channel, at_once=typed.at_once)


async def withdraw(request: Request) -> Response:
    question, actor = await access.question(request), access.actor(request)
    await questions.withdraw(actor, question, at=services(request).clock())
    return see_other(request, address(question), flash="question.withdrawn")


async def file(request: Request) -> Response:
    """Give a question without a known job its job."""
    question, actor = await access.question(request), access.actor(request)
    job_id = (await forms.read(request, FilingForm)).data.job
    await questions.file(actor, question, job_id, at=services(request).clock())
    return see_other(request, address(question), flash="question.filed")


async def settle(request: Request) -> Response:
    """Hear from a human what became of a message in doubt: it is there, or it goes again."""
    question, actor, at = await access.question(request), access.actor(request), services(request).clock()
    typed = (await forms.read(request, DoubtForm)).data
    if typed.rev not in (None, question.rev):
        return await _show(request, question, Invalid("question.changed_meanwhile"))
    arrived = typed.arrived
    wanted = (MessageState.UNCLEAR,) if arrived else (MessageState.UNCLEAR, MessageState.FAILED)
    said = await messages_db.of_question(question.company_id, question.id)
    # Of an earlier release only the later one can be what the customer is to have.
    open_ones = [message for message in _last_sent(said) if message.state in wanted]
    if not open_ones:
        raise Conflict("message.moved_on")
    for message in open_ones:
        await fates.resolve(actor, message.id, arrived=arrived, at=at)
    return see_other(request, address(question), flash="question.arrived" if arrived else "question.again")


async def released(
    request: Request, actor: Actor, question: Question, *, channel: str = "", at_once: bool = False
) -> Response:
    """Release a question and go where what became of it is told."""
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
        return see_other(request, address(question))
    if by_hand(released.channel):
        return see_other(request, f"{address(question)}/handoff", flash="question.by_hand")
    waits = released.send_after is not None
    return see_other(request, address(question), flash="question.waits" if waits else "question.released")


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
        jobs=await jobs_to_choose(actor) if homeless else [],
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
    return Need(question.text, len(question.photo_ids), len(question.choices), linked=True)


def _last_sent(said: Sequence[Message]) -> list[Message]:
    return latest_run([one for one in said if one.direction is Direction.OUT])


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
        "settle": actor.at_desk and any(one.state is MessageState.UNCLEAR for one in _last_sent(said)),
        "again": actor.at_desk and any(one.state is MessageState.FAILED for one in _last_sent(said)),
        "hand_off": own
        and by_hand(question.channel)
        and state in (QuestionState.QUEUED, QuestionState.HANDED_OFF),
    }


async def jobs_to_choose(actor: Actor) -> list[tuple[UUID, str]]:
    """Return the jobs a question can be about, with their names; a worker's own for him."""
    found = await jobs_db.search(actor.company_id, visible_to=access.only_own(actor), limit=200)
    return [(job.id, f"{job.number} · {job.title}") for job in found.items]


def address(question: Question) -> str:
    return f"/questions/{question.id}"


ONE = "/questions/{question_id:uuid}"
routes = [
    route("/questions", index, who=Who.WORKER),
    route(ONE, show, who=Who.WORKER),
    route(f"{ONE}/release", release, who=Who.WORKER, methods=["POST"]),
    route(f"{ONE}/withdrawal", withdraw, who=Who.WORKER, methods=["POST"]),
    route(f"{ONE}/filing", file, who=Who.OFFICE, methods=["POST"]),
    route(f"{ONE}/fate", settle, who=Who.OFFICE, methods=["POST"]),
]
