"""How far a folder has been read, as it is kept between two lines."""

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from server.channels.email.settings import Mailbox


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder has been read: `validity:uid:day:box`.

    UIDs hold as long as UIDVALIDITY does, and in one mailbox (`box` is its mark): many a Gmail inbox has the validity 1.
    When either changes (folder moved to another server, restored, other settings), everything since the `day` of the
    newest mail read is read again; what comes twice by that is known by its key.
    """

    validity: int
    uid: int
    day: date | None = None
    box: str = ""

    def __str__(self) -> str:
        return f"{self.validity}:{self.uid}:{self.day or ''}:{self.box}"

    @staticmethod
    def of(text: str) -> "Cursor | None":
        """Return the cursor, None for none or one that nobody can read."""
        found = re.fullmatch(r"(\d{1,20}):(\d{1,20})(?::(\d{4}-\d\d-\d\d)?)?(?::([0-9a-f]{0,16}))?", text)
        if found is None:
            return None
        try:
            day = date.fromisoformat(found[3]) if found[3] else None
        except ValueError:
            day = None
        return Cursor(int(found[1]), int(found[2]), day, found[4] or "")


def mark_of(box: Mailbox) -> str:
    """Return what tells one mailbox's folder from another's, and names neither."""
    whose = "\0".join((box.imap.host.casefold(), box.imap.user, box.folder))
    return hashlib.sha256(whose.encode()).hexdigest()[:16]
