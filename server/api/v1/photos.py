"""Photos for programs: list, look, describe, sort."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import photos as actions
from server.db import photos
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.domain.photos import Phase, Photo, Words
from server.domain.search import terms
from server.web import access, forms
from server.web.render import json_answer
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class PhotoQuery:
    """`job` "none" asks for unsorted ones; `q` is searched in captions and tags."""

    job: str = forms.text(max=36, default="")
    review: str = forms.text(max=32, default="")
    q: str = forms.text(max=200, default="")
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class PhotoChange:
    """Fields that are left out stay as they are; `job` null makes it unsorted."""

    caption: str = forms.text(max=2000, lines=True, default="")
    phase: Phase | None = forms.one_of(Phase, default=None)
    tags: tuple[str, ...] = forms.texts(max=20, length=40, default=())
    job: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class PhotoJson:
    """`renditions` are addresses; `problem` names why the bytes are not here, `decode_code` why there is no picture."""

    id: UUID
    job: UUID | None
    job_hint: str
    source: str
    author: str
    state: str
    problem: str
    captured_at: datetime
    received_at: datetime
    stored_at: datetime | None
    caption: str
    phase: str | None
    tags: list[str]
    position: Mapping[str, float] | None
    sha256: str
    size: int
    mime: str
    width: int | None
    height: int | None
    decode: str
    decode_code: str
    review: str
    review_note: str
    medium: str
    duration_ms: int | None
    late: bool
    twin_of: UUID | None
    rev: int
    original: str
    renditions: dict[str, str]


async def index(request: Request) -> Response:
    """List photos, newest first; a worker sees his own and those of his jobs."""
    actor = access.actor(request)
    query = forms.read_query(request, PhotoQuery)
    found = await photos.search(
        actor.company_id,
        job_id=forms.identity(query.job) if query.job not in ("", "none") else None,
        unsorted=query.job == "none",
        review=query.review,
        terms=terms(query.q),
        worker=None if actor.at_desk else actor.id,
        before=str(query.cursor) if query.cursor else None,
        limit=query.limit,
    )
    return json_answer({"items": [as_json(photo) for photo in found.items], "next": found.next})


async def show(request: Request) -> Response:
    """Show one photo."""
    return json_answer(as_json(await access.photo(request)))


async def change(request: Request) -> Response:
    """Change caption, phase, tags or job."""
    photo = await access.photo(request)
    changes = await forms.read_patch(request, PhotoChange)
    words = Words(
        caption=changes.get("caption", photo.caption),
        phase=changes.get("phase", photo.phase),
        tags=tuple(changes.get("tags", photo.tags)),
        job_id=changes.get("job", photo.job_id),
    )
    at = services(request).clock()
    return json_answer(as_json(await actions.describe(access.actor(request), photo, words, at=at)))


def as_json(photo: Photo) -> PhotoJson:
    """Return a photo in the words of the interface."""
    plain: dict[str, Any] = {
        name: getattr(photo, name)
        for name in PhotoJson.__slots__
        if name not in {"job", "author", "size", "tags", "twin_of", "original", "renditions"}
    }
    base = f"/api/v1/photos/{photo.id}"
    return PhotoJson(
        **plain,
        job=photo.job_id,
        author=photo.author_name,
        size=photo.size_bytes,
        tags=list(photo.tags),
        twin_of=photo.twin_of_id,
        original=f"{base}/original",
        renditions={name: f"{base}/renditions/{name}" for name in ("thumb", "screen")},
    )


ONE = "/api/v1/photos/{photo_id:uuid}"

routes = [
    route("/api/v1/photos", index, who=Who.WORKER, summary="List photos", query=PhotoQuery, answer=PhotoJson),
    route(ONE, show, who=Who.WORKER, summary="Show a photo", answer=PhotoJson),
    route(
        ONE,
        change,
        who=Who.WORKER,
        methods=["PATCH"],
        summary="Describe or sort a photo",
        body=PhotoChange,
        answer=PhotoJson,
    ),
]
