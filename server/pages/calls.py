"""The ten-second call note, and the list of who is to be called again."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import calls
from server.db import calls as calls_db
from server.db import jobs
from server.domain.calls import Call, CallDraft, Direction, Outcome, Said
from server.domain.errors import Invalid
from server.ids import parse_id
from server.web import access, forms
from server.web.calls import Seen, text_of, title
from server.web.calls import seen as seen_of
from server.web.render import language, page, see_other
from server.web.routing import Who, route
from server.web.state import services

TEXT_MAX = 2000


@dataclass(frozen=True, slots=True)
class CallForm:
    """`again`: call again in so many days; a day in `follow_up` counts before it."""

    outcome: Outcome = forms.one_of(Outcome)
    job: UUID | None = forms.choice_id(default=None)
    contact: UUID | None = forms.choice_id(default=None)
    question: UUID | None = forms.choice_id(default=None)
    direction: Direction = forms.one_of(Direction, default=Direction.OUT)
    choice: str = forms.text(max=32, default="")
    text: str = forms.text(max=TEXT_MAX, lines=True, default="")
    again: int = forms.number(min=0, max=366, default=0)
    follow_up: date | None = forms.day(default=None)


@dataclass(frozen=True, slots=True)
class DayForm:
    again: int = forms.number(min=0, max=366, default=0)
    follow_up: date | None = forms.day(default=None)


async def index(request: Request) -> Response:
    """List who is to be called again: one's own, at the desk everybody's."""
    actor = access.actor(request)
    today = await access.today(request)
    found = await calls_db.recalls(actor.company_id, user_id=access.only_own(actor))
    due = [one for one in found if one.call.again_on and one.call.again_on <= today]
    return await page(
        request, "calls/index.html", nav="calls", due=due, later=found[len(due) :], tomorrow=today + _DAY
    )


async def new(request: Request) -> Response:
    names = ("job", "contact", "question", "outcome", "direction")
    typed = {name: request.query_params.get(name, "") for name in names}
    return await _form(request, forms.blank(typed))


async def create(request: Request) -> Response:
    """Write a call down without the phone's scripts."""
    actor, at = access.actor(request), services(request).clock()
    form = await forms.read(request, CallForm)
    try:
        typed = form.data
        seen = await seen_of(actor, typed.job, typed.contact, typed.question)
        if seen.job is None and (seen.contact is None or not actor.at_desk):
            raise Invalid("call.no_job", field="job")
        today = await access.today(request)
        said = _said(typed, seen, today)
        text = text_of(said, typed.text, title(seen.question, said.choice), language(request))
        job_id = seen.job.id if seen.job else None
        await calls.write(actor, CallDraft(job_id=job_id, text=text, words=typed.text, said=said), at=at)
    except Invalid as refused:
        return await _form(request, form.refused(refused), status=422)
    return see_other(request, _back(seen), flash="call.noted")


async def settle(request: Request) -> Response:
    """Take a call from the list: nobody needs to call again."""
    await calls.settle(access.actor(request), await _call(request), at=services(request).clock())
    return see_other(request, "/calls", flash="call.settled")


async def shift(request: Request) -> Response:
    """Put a call off to another day."""
    actor, at, call = access.actor(request), services(request).clock(), await _call(request)
    typed = (await forms.read(request, DayForm)).data
    today = await access.today(request)
    again_on = typed.follow_up or today + timedelta(days=typed.again or 1)
    await calls.shift(actor, call, again_on, today=today, at=at)
    return see_other(request, "/calls", flash="call.shifted")


def _said(typed: CallForm, seen: Seen, today: date) -> Said:
    again = typed.follow_up or (today + timedelta(days=typed.again) if typed.again else None)
    return Said(
        outcome=typed.outcome,
        direction=typed.direction,
        contact_id=seen.contact.id if seen.contact else None,
        question_id=seen.question.id if seen.question else None,
        choice=typed.choice,
        again_on=again,
    )


def _back(seen: Seen) -> str:
    if seen.question:
        return f"/questions/{seen.question.id}"
    if seen.job:
        return f"/jobs/{seen.job.id}"
    return f"/customers/{seen.contact.customer_id}" if seen.contact else "/calls"


async def _form(request: Request, form: forms.Form[CallForm], *, status: int = 200) -> Response:
    actor = access.actor(request)
    ids = [parse_id(str(form.get(name) or "")) for name in ("job", "contact", "question")]
    seen = await seen_of(actor, *ids)
    all_jobs = (
        []
        if seen.job
        else (await jobs.search(actor.company_id, visible_to=access.only_own(actor), limit=200)).items
    )
    first = seen.contact or next(
        (one for one in seen.people if seen.job and one.id == seen.job.contact_id), None
    )
    return await page(
        request,
        "calls/form.html",
        status=status,
        nav="jobs",
        offline=status == 200,
        form=form,
        seen=seen,
        who=str(form.get("contact") or (first.id if first else "")),
        dial=first if first and first.phone else None,
        people=[(one.id, one.name) for one in (seen.people or ([seen.contact] if seen.contact else []))],
        jobs=[(one.id, f"{one.number} · {one.title}") for one in all_jobs],
        back=_back(seen),
    )  # fmt: skip


async def _call(request: Request) -> Call:
    call_id, actor = request.path_params["call_id"], access.actor(request)
    return access.known(await calls_db.by_id(actor.company_id, call_id), "call.unknown")


_DAY = timedelta(days=1)
_ONE = "/calls/{call_id:uuid}"
routes = [
    route("/calls", index, who=Who.WORKER),
    route("/calls/new", new, who=Who.WORKER),
    route("/calls", create, who=Who.WORKER, methods=["POST"]),
    route(f"{_ONE}/settlement", settle, who=Who.WORKER, methods=["POST"]),
    route(f"{_ONE}/day", shift, who=Who.WORKER, methods=["POST"]),
]
