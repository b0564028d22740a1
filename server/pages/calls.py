"""The ten-second call note: what came of the call, a word about it, when to call again."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import notes
from server.db import jobs
from server.domain.errors import Invalid, NotFound
from server.domain.notes import NoteKind
from server.web import access, forms
from server.web.dates import numeric_day
from server.web.render import language, page, see_other
from server.web.routing import Who, route
from server.web.state import services
from server.web.words import sentence

TEXT_MAX = 2000


class Outcome(StrEnum):
    REACHED = "reached"
    MISSED = "missed"
    CALLBACK = "callback"


SENTENCES = {
    Outcome.REACHED: "call.reached",
    Outcome.MISSED: "call.missed",
    Outcome.CALLBACK: "call.callback",
}


@dataclass(frozen=True, slots=True)
class CallForm:
    job: UUID = forms.choice_id()
    outcome: Outcome = forms.one_of(Outcome)
    text: str = forms.text(max=TEXT_MAX, lines=True, default="")
    follow_up: date | None = forms.day(default=None)


async def new(request: Request) -> Response:
    return await _form(request, forms.blank({"job": request.query_params.get("job", "")}))


async def create(request: Request) -> Response:
    """Write a call down without the phone's scripts."""
    actor = access.actor(request)
    form = await forms.read(request, CallForm)
    try:
        call = form.data
        job = await jobs.by_id(actor.company_id, call.job, visible_to=access.only_own(actor))
        if job is None:
            raise NotFound("job.unknown")
        words, at = text_of(call, language(request)), services(request).clock()
        await notes.write(actor, job_id=job.id, text=words, kind=NoteKind.CALL, at=at)
    except Invalid as refused:
        return await _form(request, form.refused(refused), status=422)
    return see_other(request, f"/jobs/{job.id}", flash="call.noted")


def text_of(call: CallForm, language: str) -> str:
    """Return the words of a note, the same as static/js/lib/calls.js writes offline."""
    said = [sentence(SENTENCES[call.outcome], language), call.text]
    if call.follow_up:
        said.append(sentence("call.again", language, {"day": numeric_day(call.follow_up, language)}))
    return " ".join(part for part in said if part)


async def _form(request: Request, form: forms.Form[CallForm], *, status: int = 200) -> Response:
    actor = access.actor(request)
    seen = await jobs.search(actor.company_id, visible_to=access.only_own(actor), limit=200)
    job = next((one for one in seen.items if str(one.id) == form.get("job")), None)
    return await page(
        request,
        "calls/form.html",
        status=status,
        nav="jobs",
        offline=status == 200,
        form=form,
        job=job,
        jobs=[(one.id, f"{one.number} · {one.title}") for one in seen.items],
    )


routes = [
    route("/calls/new", new, who=Who.WORKER),
    route("/calls", create, who=Who.WORKER, methods=["POST"]),
]
