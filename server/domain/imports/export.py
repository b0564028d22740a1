"""What the file of an exported chat holds, line by line, and how large it may be."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

TEXT_MAX = 20_000_000
FILE_MAX = 500_000_000
PICTURE_MAX = 50_000_000
LINES_MAX = 500_000


class Order(StrEnum):
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class LineKind(StrEnum):
    TEXT = "text"
    MEDIA = "media"
    POLL = "poll"
    LOCATION = "location"
    CONTACT = "contact"
    DELETED = "deleted"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Line:
    """One message as the export tells it.

    `number` is the physical line it begins in, from 1; `at` is aware, in the zone that was chosen. `text` is what was
    written (a caption beside a file); `attachment` the file's name in the export; `label` the app's own words where a
    file or a message was left out. A system line has no sender.
    """

    number: int
    at: datetime
    sender: str
    text: str
    kind: LineKind = LineKind.TEXT
    attachment: str = ""
    label: str = ""
    edited: bool = False

    @property
    def omitted(self) -> bool:
        """Say whether the export names a file that it does not hold."""
        return self.kind in (LineKind.MEDIA, LineKind.CONTACT) and not self.attachment

    @property
    def shown(self) -> str:
        """Return the words of the message when no picture stands beside them."""
        named = self.attachment or self.label
        return "\n".join(part for part in (f"[{named}]" if named else "", self.text) if part)


@dataclass(frozen=True, slots=True)
class Export:
    """A file read as a whole.

    `orders`: every order its dates can be read in; `unsure`: nothing in the file decides between them. `pasted` lines
    look like a message's beginning but belong to the message they stand in; `lost` lines stand before the first one.
    """

    lines: tuple[Line, ...]
    order: Order
    orders: tuple[Order, ...]
    unsure: bool = False
    pasted: int = 0
    lost: int = 0

    @property
    def said(self) -> list[Line]:
        """Return what people said, without the app's own lines."""
        return [line for line in self.lines if line.kind is not LineKind.SYSTEM]
