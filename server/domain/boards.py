"""The office's board of phones: what is still out there, by name, and who has to be asked first (O5).

Nothing here counts what a worker did: only what has to come home (reliability G27).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.domain.devices import Device, Held


class Place(StrEnum):
    """Where a phone stands on the board; the first needs somebody today."""

    SILENT = "silent"
    HOLDING = "holding"
    DONE = "done"


class Shelter(StrEnum):
    """How safe things lie on a phone, as far as its browser says."""

    PROTECTED = "protected"
    OPEN = "open"
    """The browser may clear it away when space runs short, iOS after seven days without a visit."""
    PRIVATE = "private"
    """A private window, or a browser that keeps nothing: what is taken now is lost with the window."""
    WIPED = "wiped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Missing:
    """A photo that was announced and whose bytes never came; `thumb` tells whether there is a small picture."""

    id: UUID
    captured_at: datetime
    announced_at: datetime
    caption: str
    job_id: UUID | None
    job: str
    problem: str
    thumb: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One phone on the board; `unannounced` is what it holds and nobody here has heard of."""

    device: Device
    place: Place
    shelter: Shelter
    missing: tuple[Missing, ...]
    unannounced: tuple[Held, ...]

    @property
    def forsaken(self) -> bool:
        """Say whether the phone has nothing any more of what is missing: emptied, or it said so since."""
        said = self.device.reported_at
        silent = said is not None and all(one.announced_at < said for one in self.missing)
        return bool(self.missing) and self.device.owed == 0 and (self.device.emptied or silent)


def entries(
    devices: Sequence[Device],
    missing: Mapping[UUID, Sequence[Missing]],
    announced: Collection[UUID],
    *,
    at: datetime,
) -> list[Entry]:
    """Return the board: silent phones with things unsent first, the longest silent on top.

    `missing` is by phone, `announced` are the ids of held things that are known here.
    """
    made = [_entry(device, tuple(missing.get(device.id, ())), announced, at) for device in devices]
    order = list(Place)
    return sorted(made, key=lambda one: (order.index(one.place), _rank(one)))


def shelter_of(device: Device) -> Shelter:
    """Say how safe things lie on this phone."""
    if device.emptied:
        return Shelter.WIPED
    if device.storage is None:
        return Shelter.UNKNOWN
    if not device.storage.works:
        return Shelter.PRIVATE
    return Shelter.PROTECTED if device.storage.persisted else Shelter.OPEN


def _entry(device: Device, missing: tuple[Missing, ...], announced: Collection[UUID], at: datetime) -> Entry:
    unannounced = () if device.emptied else tuple(one for one in device.holds if one.id not in announced)
    holding = device.owed or device.problems or missing or device.open_order
    place = Place.SILENT if device.silent(at) else Place.HOLDING if holding else Place.DONE
    return Entry(device, place, shelter_of(device), missing, unannounced)


def _rank(entry: Entry) -> float:
    """Return what sorts within a place: the longest silent first, among the finished the latest first."""
    seen = entry.device.seen_at.timestamp()
    return -seen if entry.place is Place.DONE else seen
