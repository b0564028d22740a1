"""What phones ask and bring besides bytes (contracts.md, "Sync")."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import devices, renditions, site_consents, sync, uploads
from server.actions.originals import receipt_of
from server.actions.sync import Known, Origin
from server.db import items, photos
from server.domain.consent_items import SyncConsent
from server.domain.devices import VERSION_MAX, Report, read_holds, read_storage
from server.domain.errors import Invalid
from server.domain.items import MEDIA, ContentDiffers, Item, ItemState, Kind
from server.domain.photos import PREVIEW_MAX, Photo
from server.domain.sync import HAVE_MAX, MIN_CLIENT, read_item, skew_ms
from server.domain.users import Actor
from server.web import forms, phones
from server.web.render import json_answer, language
from server.web.routing import Who, route
from server.web.state import services
from server.web.words import sentence


@dataclass(frozen=True, slots=True)
class HaveBody:
    ids: tuple[UUID, ...] = forms.ids(max=HAVE_MAX)


@dataclass(frozen=True, slots=True)
class StateBody:
    """What a phone still holds: how many things, of others how many, made since when, and how its storage is."""

    device: UUID = forms.choice_id()
    unsent: int = forms.number(min=0, max=1_000_000)
    oldest: datetime | None = forms.moment(default=None)
    version: str = forms.text(max=VERSION_MAX, default="")
    problems: int = forms.number(min=0, max=1_000_000, default=0)
    storage: object = forms.plain(default=None)
    holds: object = forms.plain(default=None)
    others: int = forms.number(min=0, max=1_000_000, default=0)


@dataclass(frozen=True, slots=True)
class ObeyedBody:
    device: UUID = forms.choice_id()


async def have(request: Request) -> Response:
    """Tell a phone in one cheap call who it is, what time it is and what is here of its things."""
    actor, at = phones.owner(request), services(request).clock()
    body = await forms.read_json(request, HaveBody)
    device_id = phones.device_id(request)
    if device_id:
        name, client = phones.device_name(request), phones.client(request)
        await devices.notice(actor, device_id, name=name, client=client, at=at)
    known = await sync.have(services(request), actor, body.ids, at=at)
    order = await devices.order_of(actor.company_id, device_id) if device_id else None
    return json_answer(
        {
            "user": user_line(actor),
            "now": at,
            "min_client": MIN_CLIENT,
            "order": order,
            "items": {str(ident): known[ident] for ident in body.ids},
        }
    )


async def put_item(request: Request) -> Response:
    """Take an item; the same again is harmless."""
    actor, at = phones.owner(request), services(request).clock()
    item = read_item(request.path_params["item_id"], await _json(request))
    origin = Origin(phones.device_id(request), skew_ms(request.headers.get("x-device-time"), at))
    if isinstance(item, SyncConsent):
        await site_consents.keep_signature(services(request), actor, item)
    try:
        created = await sync.put_item(actor, item, origin, at=at)
    except ContentDiffers as differs:
        return await _differs(request, actor, item.id, differs, at=at)
    return json_answer(await _view(request, actor, item.id, at=at), status=201 if created else 200)


async def put_preview(request: Request) -> Response:
    """Take the phone's screen-size picture of a photo whose original follows."""
    actor, data = phones.owner(request), await request.body()
    await renditions.add_preview(services(request), actor, request.path_params["item_id"], data)
    return Response(status_code=204)


async def withdraw_item(request: Request) -> Response:
    """Take a phone's word that a photo was removed there, so that nobody waits for its bytes."""
    actor, at = phones.owner(request), services(request).clock()
    await uploads.withdraw(services(request), actor, request.path_params["item_id"], at=at)
    return Response(status_code=204)


async def show_item(request: Request) -> Response:
    """Show an item as it is here; for a stored photo this is the receipt."""
    actor, at = phones.owner(request), services(request).clock()
    return json_answer(await _view(request, actor, request.path_params["item_id"], at=at))


async def report(request: Request) -> Response:
    """Keep what a phone says of itself, and tell it what the office wants of it."""
    actor = phones.owner(request)
    body = await forms.read_json(request, StateBody)
    order = await devices.report(
        actor,
        body.device,
        _report(body),
        client=phones.client(request),
        name=phones.device_name(request),
        at=services(request).clock(),
    )
    return json_answer({"order": order})


def _report(body: StateBody) -> Report:
    storage, holds = read_storage(body.storage), read_holds(body.holds)
    return Report(body.unsent, body.oldest, body.version, body.problems, storage, holds, body.others)


async def note_obeyed(request: Request) -> Response:
    """Take a phone's word that it wiped itself. It may be signed out by now, so nobody is asked for, nothing told."""
    body = await forms.read_json(request, ObeyedBody)
    await devices.obeyed(body.device, at=services(request).clock())
    return Response(status_code=204)


async def _json(request: Request) -> object:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Invalid("body.not_json") from None


async def _differs(
    request: Request, actor: Actor, item_id: UUID, error: ContentDiffers, *, at: datetime
) -> Response:
    message = sentence(error.code, language(request), error.values)
    answer = {"code": error.code, "message": message, "field": error.field}
    return json_answer({"error": answer, "item": await _view(request, actor, item_id, at=at)}, status=409)


async def _view(request: Request, actor: Actor, item_id: UUID, *, at: datetime) -> dict[str, Any]:
    known = await sync.standing(services(request), actor, item_id, at=at)
    item = await items.by_id(actor.company_id, item_id)
    photo = await photos.by_id(actor.company_id, item_id)
    view: dict[str, Any] = {"id": item_id, "kind": item.kind if item else _kind(photo)}
    view |= _content(item) | {"job": await sync.job_now(actor, item)} if item else {}
    view |= _picture(photo) if photo else {}
    return view | _state(known, item, photo)


# What a thing calls a person and the like, and what the contract does.
_NAMES = {
    "contact_id": "contact",
    "question_id": "question",
    "partner_id": "partner",
    "again_on": "follow_up",
}


def _kind(photo: Photo | None) -> Kind:
    return next((kind for kind, medium in MEDIA.items() if photo and medium is photo.medium), Kind.PHOTO)


def _state(known: Known, item: Item | None, photo: Photo | None) -> dict[str, Any]:
    """Return how much is here; once a photo is safe these are the fields of its receipt."""
    view = asdict(known)
    if photo:
        receipt = receipt_of(photo)
        return view | {"size": photo.size_bytes, "stored_at": receipt.stored_at if receipt else None}
    stored = known.state is ItemState.STORED and item
    return view | {
        "size": item.body.get("size_bytes", 0) if item else 0,
        "stored_at": item.received_at if stored and item else None,
    }


def _content(item: Item) -> dict[str, Any]:
    """Return what the phone said, in the words of the contract."""
    content = dict(item.body)
    offset = timezone(timedelta(minutes=int(str(content.pop("offset_min", 0)))))
    content["captured_at"] = item.captured_at.astimezone(offset).isoformat()
    content["job"] = content.pop("job_id", None)
    content["received_at"] = item.received_at
    content.pop("size_bytes", None)
    told = content.pop("said", None)
    content |= told if isinstance(told, dict) else {}
    return {_NAMES.get(name, name): value for name, value in content.items()}


def _picture(photo: Photo) -> dict[str, Any]:
    """Return what holds of a photo now; the office may have changed it."""
    return {
        "job": photo.job_id,
        "job_hint": photo.job_hint,
        "caption": photo.caption,
        "phase": photo.phase,
        "tags": list(photo.tags),
        "mime": photo.mime,
        "medium": photo.medium,
        "late": photo.late,
        "twin_of": photo.twin_of_id,
        "received_at": photo.received_at,
    }


def user_line(actor: Actor) -> dict[str, Any]:
    return {"id": actor.id, "name": actor.name, "role": actor.role}


routes = [
    route("/sync/have", have, who=Who.WORKER, methods=["POST"]),
    route("/sync/items/{item_id:uuid}", put_item, who=Who.WORKER, methods=["PUT"]),
    route("/sync/items/{item_id:uuid}", withdraw_item, who=Who.WORKER, methods=["DELETE"]),
    route("/sync/items/{item_id:uuid}", show_item, who=Who.WORKER, methods=["GET"]),
    route(
        "/sync/items/{item_id:uuid}/preview",
        put_preview,
        who=Who.WORKER,
        methods=["PUT"],
        max_body_size=PREVIEW_MAX,
    ),
    route("/sync/state", report, who=Who.WORKER, methods=["POST"]),
    route("/sync/obeyed", note_obeyed, who=Who.ANYONE, methods=["POST"]),
]
