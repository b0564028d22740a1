"""One note: its text and how it came to it, corrected by its author or the office, settled where two sides differ."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import notes
from server.db import jobs
from server.db import notes as notes_db
from server.domain.errors import DomainError, Invalid
from server.domain.notes import Note
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class TextForm:
    """`base_rev` is the version that was on the screen."""

    text: str = forms.text(max=5000, lines=True)
    base_rev: int = forms.number(min=1, max=1_000_000)


@dataclass(frozen=True, slots=True)
class KeepForm:
    keep: tuple[UUID, ...] = forms.ids()


@dataclass(frozen=True, slots=True)
class FilingForm:
    job: UUID = forms.choice_id()


async def show(request: Request) -> Response:
    note = await access.note(request)
    return await _page(request, note, forms.blank({"text": note.text}))


async def revise(request: Request) -> Response:
    """Correct a note; somebody was faster: both stand, and the office chooses."""
    note, actor, at = await access.note(request), access.actor(request), services(request).clock()
    form = await forms.read(request, TextForm)
    try:
        typed = form.data
        after = await notes.revise(actor, note, text=typed.text, base_rev=typed.base_rev, at=at)
    except Invalid as refused:
        return await _page(request, note, form.refused(refused), status=422)
    if after.disputed:
        return see_other(request, f"/notes/{after.id}", flash="note.disputed")
    return see_other(request, _place(after), flash="note.revised")


async def settle(request: Request) -> Response:
    note, actor, at = await access.note(request), access.actor(request), services(request).clock()
    form = (await forms.read(request, KeepForm)).data
    try:
        kept = await notes.settle(actor, note, form.keep, at=at)
    except DomainError as refused:
        return await _page(request, note, forms.blank({"text": note.text}), refused=refused, status=422)
    return see_other(request, _place(kept[0]), flash="note.settled")


async def file(request: Request) -> Response:
    """Give a note that came without a known job its place."""
    note, actor, at = await access.note(request), access.actor(request), services(request).clock()
    form = (await forms.read(request, FilingForm)).data
    return see_other(request, _place(await notes.file(actor, note, form.job, at=at)), flash="note.filed")


async def _page(
    request: Request,
    note: Note,
    form: forms.Form[TextForm],
    *,
    refused: DomainError | None = None,
    status: int = 200,
) -> Response:
    actor = access.actor(request)
    family = await notes_db.family(note.company_id, note.id)
    job = await jobs.by_id(note.company_id, note.job_id) if note.job_id else None
    choices = (await jobs.search(note.company_id, limit=200)).items if actor.at_desk and job is None else []
    return await page(
        request,
        "notes/show.html",
        status=status,
        nav="jobs",
        note=note,
        job=job,
        form=form,
        refused=refused,
        back=_place(note),
        rivals=[one for one in family if one.disputed and one.current],
        older=[one for one in family if not one.current],
        may_change=note.current and (actor.at_desk or note.author_id == actor.id),
        choices=[(one.id, f"{one.number} · {one.title}") for one in choices],
    )


def _place(note: Note) -> str:
    return f"/jobs/{note.job_id}#note-{note.id}" if note.job_id else "/reviews/unsorted"


_NOTE = "/notes/{note_id:uuid}"
routes = [
    route(_NOTE, show, who=Who.WORKER),
    route(_NOTE, revise, who=Who.WORKER, methods=["POST"]),
    route(f"{_NOTE}/settlement", settle, who=Who.OFFICE, methods=["POST"]),
    route(f"{_NOTE}/filing", file, who=Who.OFFICE, methods=["POST"]),
]
