"""What a phone keeps for the time without network (contracts.md, "read-model")."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import site_consents
from server.api.sync import user_line
from server.db import companies, questions, read_model
from server.db.read_model import JobLine, LooseLine, PhotoLine
from server.domain.errors import NotFound
from server.domain.questions import Question
from server.web import phones
from server.web.render import packed_json
from server.web.routing import Who, route
from server.web.state import services


async def show_read_model(request: Request) -> Response:
    """Give a phone what its user may see without network; the number of statements does not grow with it."""
    actor = phones.owner(request)
    assert actor.id
    company = await companies.by_id(actor.company_id)
    if company is None:
        raise NotFound("item.unknown")
    jobs = await read_model.jobs(actor.company_id, actor.id, all_jobs=actor.at_desk)
    ids = [job.id for job in jobs]
    pictures = await read_model.photos(actor.company_id, ids)
    asked = await questions.of_jobs(actor.company_id, ids)
    retakes = await read_model.retakes(actor.company_id, actor.id)
    switched_on = company.profile.position_enabled
    places = await read_model.places(actor.company_id, ids) if switched_on else {}
    return packed_json(
        request,
        {
            "user": user_line(actor),
            "company": {"name": company.name, "position_enabled": switched_on},
            "jobs": [
                _job(job, pictures[job.id], [one for one in asked if one.job_id == job.id], places)
                for job in jobs
            ],
            "unsorted": [_loose(one) for one in await read_model.unsorted(actor.company_id, actor.id)],
            "befores": [_before(one) for one in await read_model.befores(actor.company_id, ids)],
            "retakes": [{"photo": one.photo_id, "job": one.job_id, "note": one.note} for one in retakes],
            "consents": asdict(await site_consents.phone_words(company)),
            "at": services(request).clock(),
        },
    )


def _job(
    job: JobLine,
    pictures: Sequence[PhotoLine],
    asked: Sequence[Question],
    places: Mapping[UUID, tuple[float, float]],
) -> dict[str, Any]:
    contact = dict(zip(("id", "name", "phone"), job.contact, strict=True)) if job.contact else None
    place = dict(zip(("lat", "lon"), places[job.id], strict=True)) if job.id in places else None
    return asdict(job) | {
        "contact": contact,
        "place": place,
        "photos": [_photo(photo) for photo in pictures],
        "questions": [_question(question) for question in asked],
    }


def _photo(photo: PhotoLine) -> dict[str, Any]:
    return {
        "id": photo.id,
        "thumb": _thumb(photo),
        "captured_at": photo.captured_at,
        "phase": photo.phase or None,
        "caption": photo.caption,
        "review": photo.review,
        "review_note": photo.review_note,
        "medium": photo.medium,
    }


def _loose(photo: LooseLine) -> dict[str, Any]:
    """Return one of a person's own photos that belong to no job yet."""
    shown = {"id": photo.id, "thumb": _thumb(photo), "captured_at": photo.captured_at}
    return shown | {"medium": photo.medium}


def _before(photo: LooseLine) -> dict[str, Any]:
    """Return a photo from before of which there is none from after."""
    shown = {"id": photo.id, "job": photo.job_id, "thumb": _thumb(photo)}
    return shown | {"captured_at": photo.captured_at, "caption": photo.caption}


def _thumb(photo: PhotoLine | LooseLine) -> str:
    """Return the address of the small picture, "" where there never is one: a phone would only ask for it in vain."""
    return f"/photos/{photo.id}/renditions/thumb" if photo.drawn else ""


def _question(question: Question) -> dict[str, Any]:
    return {
        "id": question.id,
        "text": question.text,
        "state": question.state,
        "choices": [choice.title for choice in question.choices],
        "answer": question.answer or None,
    }


routes = [route("/sync/read-model", show_read_model, who=Who.WORKER, methods=["GET"])]
