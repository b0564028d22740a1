"""The demo's phones: one that sent everything, one still sending, one silent for days, one in a private window."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID

from PIL import Image

from server.actions import devices, sync
from server.actions.sync import Origin
from server.domain.devices import Held, Report, Storage
from server.domain.items import Kind, Moment, SyncPhoto
from server.domain.photos import Phase
from server.domain.users import Actor
from server.ids import new_id

PHOTOS = Path(__file__).parent / "photos"
ANDROID = "Mozilla/5.0 (Linux; Android 16; SM-G556B) AppleWebKit/537.36 Chrome/150.0.0.0 Mobile Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 Version/26.1 Mobile Safari/604.1"
FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
SAFE = Storage(persisted=True, usage=48_000_000, quota=9_000_000_000, installed=True)
THUMB_PX = 160


@dataclass(frozen=True, slots=True)
class Phone:
    """`missing` photos (file, job, caption) were announced and never came; `held` only the phone knows of."""

    by: str
    browser: str
    seen_ago_h: float
    unsent: int
    oldest_ago_h: float
    storage: Storage
    current: bool = True
    problems: int = 0
    missing: tuple[tuple[str, str, str], ...] = ()
    held: tuple[tuple[str, str, str], ...] = ()


PHONES = (
    Phone("ali", ANDROID, 0.2, 0, 0, SAFE),
    Phone("jana", IPHONE, 1.1, 12, 6.2, Storage(persisted=False, installed=True), missing=(
        ("fussbodenheizung-verlegt", "heizung", "Heizkreis 4, Anschluss am Verteiler"),
        ("beton-leerrohre-boden", "heizung", "Leerrohr zur Zisterne"),
        ("parkett-verlegung", "tueren", "Sockelleiste, Ecke am Fenster"),
    )),
    Phone("pjotr", FIREFOX, 62, 26, 63, Storage(persisted=None), current=False, problems=1, missing=(
        ("wand-feucht-nachher", "feuchte", "Abdichtung Kellerfenster"),
    ), held=(
        ("photo", "Feuchteschaden Uferweg 22, EG links", "queued"),
        ("note", "Schlüssel liegt beim Hausmeister", "queued"),
        ("photo", "Feuchteschaden Uferweg 22, EG links", "needs-attention"),
    )),
    Phone("jana", ANDROID, 3.0, 3, 3.5, Storage(works=False)),
)  # fmt: skip


async def bring_phones(
    people: Mapping[str, Actor], jobs: Mapping[str, UUID], ago: Callable[[float], datetime], *, version: str
) -> None:
    """Let every phone report, after announcing what it never brought."""
    for phone in PHONES:
        device, actor, at = new_id(), people[phone.by], ago(phone.seen_ago_h)
        await devices.notice(actor, device, name=phone.browser, client=1, at=at)
        for place, (file, job, caption) in enumerate(phone.missing):
            taken = ago(phone.oldest_ago_h - 0.1 * place)
            await sync.put_item(actor, _photo(file, jobs[job], caption, taken), Origin(device), at=at)
        said = Report(
            unsent=phone.unsent,
            oldest_at=ago(phone.oldest_ago_h) if phone.unsent else None,
            version=version if phone.current else "früher",
            problems=phone.problems,
            storage=phone.storage,
            holds=_held(phone, ago),
        )
        await devices.report(actor, device, said, client=1, name=phone.browser, at=at)


def _photo(file: str, job_id: UUID, caption: str, taken: datetime) -> SyncPhoto:
    """Return a photo as it is announced: the small picture is there, the bytes are not."""
    return SyncPhoto(
        id=new_id(),
        kind=Kind.PHOTO,
        job_id=job_id,
        job_hint="",
        captured=Moment(taken, 60),
        refs=(),
        caption=caption,
        phase=Phase.DURING,
        tags=(),
        position=None,
        sha256=hashlib.sha256(caption.encode()).hexdigest(),
        size_bytes=3_400_000,
        mime="image/jpeg",
        thumb=_thumb(PHOTOS / f"{file}.jpg"),
    )


def _thumb(path: Path) -> bytes:
    with Image.open(path) as image:
        image.thumbnail((THUMB_PX, THUMB_PX))
        made = BytesIO()
        image.save(made, "JPEG", quality=70)
    return made.getvalue()


def _held(phone: Phone, ago: Callable[[float], datetime]) -> tuple[Held, ...]:
    oldest = ago(phone.oldest_ago_h)
    return tuple(
        Held(new_id(), kind, (oldest + timedelta(minutes=3 * place)).isoformat(), name, state, "")
        for place, (kind, name, state) in enumerate(phone.held)
    )
