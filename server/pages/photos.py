"""One photo as a page: large, with its facts; the office decides, its author describes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import photos as actions
from server.actions import reviews
from server.db import jobs, logbook, photos
from server.domain.errors import Invalid
from server.domain.photos import CAPTION_MAX, Person, Phase, Photo, Words
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class WordsForm:
    """`tags` are typed with commas."""

    caption: str = forms.text(max=CAPTION_MAX, lines=True, default="")
    phase: Phase | None = forms.one_of(Phase, default=None)
    tags: str = forms.text(max=1000, default="")


class Flag(StrEnum):
    """What is said about people in a photo; the empty word of the domain cannot be told from nothing typed."""

    NONE = "none"
    OPEN = "open"
    AGREED = "agreed"


FLAGS = {Flag.NONE: Person.NONE, Flag.OPEN: Person.OPEN, Flag.AGREED: Person.AGREED}


@dataclass(frozen=True, slots=True)
class PersonForm:
    person: Flag = forms.one_of(Flag)
    note: str = forms.text(max=500, default="")


async def show(request: Request) -> Response:
    photo = await access.photo(request)
    typed = {"caption": photo.caption, "phase": photo.phase or "", "tags": ", ".join(photo.tags)}
    return await _page(request, photo, forms.blank(typed))


async def describe(request: Request) -> Response:
    """Change caption, phase and tags."""
    actor, photo = access.actor(request), await access.photo(request)
    form = await forms.read(request, WordsForm)
    try:
        typed = form.data
        words = Words(typed.caption, typed.phase, tuple(typed.tags.split(",")), photo.job_id)
        await actions.describe(actor, photo, words, at=services(request).clock())
    except Invalid as refused:
        return await _page(request, photo, form.refused(refused), status=422)
    return see_other(request, f"/photos/{photo.id}", flash="photo.described")


async def flag_person(request: Request) -> Response:
    """Say that somebody can be recognised, or that this is settled."""
    actor, photo = access.actor(request), await access.photo(request)
    form = (await forms.read(request, PersonForm)).data
    at = services(request).clock()
    await reviews.flag_person(actor, photo, FLAGS[form.person], note=form.note, at=at)
    return see_other(request, f"/photos/{photo.id}", flash="photo.person")


async def _page(request: Request, photo: Photo, form: forms.Form[Any], *, status: int = 200) -> Response:
    actor = access.actor(request)
    job = await jobs.by_id(photo.company_id, photo.job_id) if photo.job_id else None
    lines = (await logbook.of_subject(photo.company_id, photo.id)).items if actor.at_desk else []
    newer, older = await photos.neighbours(photo.company_id, photo) if photo.job_id else (None, None)
    back = f"/jobs/{photo.job_id}" if photo.job_id else "/reviews/unsorted" if actor.at_desk else "/"
    if actor.at_desk and photo.job_id and photo.review == "new":
        back = f"/reviews?job={photo.job_id}"
    return await page(
        request,
        "photos/show.html",
        status=status,
        nav="reviews" if actor.at_desk else "jobs",
        photo=photo,
        job=job,
        lines=lines,
        back=back,
        form=form,
        refused=None,
        on_desk=False,
        may_describe=actor.at_desk or photo.author_id == actor.id,
        newer=newer,
        older=older,
    )


routes = [
    route("/photos/{photo_id:uuid}", show, who=Who.WORKER),
    route("/photos/{photo_id:uuid}", describe, who=Who.WORKER, methods=["POST"]),
    route("/photos/{photo_id:uuid}/person", flag_person, who=Who.WORKER, methods=["POST"]),
]
