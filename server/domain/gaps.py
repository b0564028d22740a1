"""Stretches in which messages of a channel may be missing: told by a platform, or known by our own absence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

AWAY = "we were away"
"""The detail of a gap that is our own absence (actions/downtime.py)."""


class Cause(StrEnum):
    """`line`: the account was not connected. `away`: Zollstock did not run. `unreadable`: one thing could not be opened."""

    LINE = "line"
    AWAY = "away"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Hole:
    """What may be missing. `ids` are the events it is made of; `asked_by` and `asked_at`: somebody has asked after it."""

    ids: tuple[UUID, ...]
    account_id: UUID
    channel: str
    since: datetime
    until: datetime
    cause: Cause
    asked_by: UUID | None = None
    asked_at: datetime | None = None

    @property
    def asked(self) -> bool:
        return self.asked_at is not None


def cause_of(since: datetime, until: datetime, detail: str) -> Cause:
    """Return why something may be missing: a platform names one lost message by its moment alone."""
    if detail == AWAY:
        return Cause.AWAY
    return Cause.UNREADABLE if since == until else Cause.LINE


def merged(holes: Sequence[Hole], said: Sequence[datetime] = ()) -> list[Hole]:
    """Return the stretches oldest first, neighbours as one where nothing was said between them.

    A line that breaks forty times in a night is one thing to ask after. What was asked after stays apart.
    """
    found: list[Hole] = []
    for hole in sorted(holes, key=lambda one: (one.since, one.until, one.ids)):
        before = next((one for one in reversed(found) if _alike(one, hole)), None)
        if before is None or any(before.until < moment < hole.since for moment in said):
            found.append(hole)
            continue
        place = found.index(before)
        until = max(before.until, hole.until)
        found[place] = replace(before, ids=(*before.ids, *hole.ids), until=until)
    return found


def _alike(one: Hole, other: Hole) -> bool:
    same = (one.account_id, one.cause, one.asked) == (other.account_id, other.cause, other.asked)
    return same and one.cause is not Cause.UNREADABLE
