"""Pages that live on the phone: camera, what is not sent yet, a note. The scripts do the work, also offline."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import notes
from server.db import jobs
from server.domain.errors import Invalid, NotFound
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class NoteForm:
    job: UUID = forms.choice_id()
    text: str = forms.text(max=5000, lines=True)


async def camera(request: Request) -> Response:
    """The viewfinder; the same for every job, so one kept copy serves all of them offline."""
    return await page(request, "capture/index.html", nav="capture", offline=True)


async def unsent(request: Request) -> Response:
    """What only this phone has."""
    return await page(request, "offline/unsent.html", nav="unsent", offline=True)


async def sort(request: Request) -> Response:
    """The end of the day: what has no job yet, from the phone's own rows."""
    return await page(request, "sort/index.html", nav="home", offline=True)


async def befores(request: Request) -> Response:
    """Photos from before that wait for the picture after."""
    return await page(request, "sort/befores.html", nav="home", offline=True)


async def new_note(request: Request) -> Response:
    asked = request.query_params
    return await _note_page(
        request, forms.blank({"job": asked.get("job", ""), "text": asked.get("text", "")})
    )


async def create_note(request: Request) -> Response:
    """Write a note without the phone's scripts."""
    actor = access.actor(request)
    form = await forms.read(request, NoteForm)
    try:
        job = await jobs.by_id(actor.company_id, form.data.job, visible_to=access.only_own(actor))
        if job is None:
            raise NotFound("job.unknown")
        await notes.write(actor, job_id=job.id, text=form.data.text, at=services(request).clock())
    except Invalid as refused:
        return await _note_page(request, form.refused(refused), status=422)
    return see_other(request, f"/jobs/{job.id}", flash="note.written")


async def _note_page(request: Request, form: forms.Form[NoteForm], *, status: int = 200) -> Response:
    actor = access.actor(request)
    seen = await jobs.search(actor.company_id, visible_to=access.only_own(actor), limit=200)
    return await page(
        request,
        "notes/form.html",
        status=status,
        nav="jobs",
        offline=status == 200,
        form=form,
        jobs=seen.items,
    )


routes = [
    route("/capture", camera, who=Who.WORKER),
    route("/unsent", unsent, who=Who.WORKER),
    route("/sort", sort, who=Who.WORKER),
    route("/befores", befores, who=Who.WORKER),
    route("/notes/new", new_note, who=Who.WORKER),
    route("/notes", create_note, who=Who.WORKER, methods=["POST"]),
]
