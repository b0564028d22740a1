"""The logbook's entries and the chain that ties them: each hash covers the one before it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from server.domain.users import Actor

FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: who did what to which thing. `verb` is `noun.past` ("photo.released"); `data` is JSON-able."""

    company_id: UUID
    verb: str
    subject_kind: str
    subject_id: UUID
    at: datetime
    actor_id: UUID | None
    actor_name: str
    job_id: UUID | None = None
    data: dict[str, object] = field(default_factory=dict)

    @classmethod
    def by(
        cls,
        actor: Actor,
        verb: str,
        subject_kind: str,
        subject_id: UUID,
        *,
        at: datetime,
        job_id: UUID | None = None,
        **data: object,
    ) -> Self:
        return cls(actor.company_id, verb, subject_kind, subject_id, at, actor.id, actor.name, job_id, data)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it stands in the chain."""

    id: UUID
    seq: int
    entry: Entry
    prev_hash: str
    hash: str


def canonical(data: dict[str, object]) -> str:
    """Return the one JSON text that is stored and hashed."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def link_hash(prev_hash: str, seq: int, entry: Entry, data_text: str) -> str:
    """Return the SHA-256 (hex) over the previous hash and every field of the entry.

    `at` is hashed to the microsecond in UTC, as both databases keep it.
    """
    fields = [
        prev_hash,
        str(seq),
        str(entry.company_id),
        entry.at.isoformat(timespec="microseconds"),
        str(entry.actor_id or ""),
        entry.actor_name,
        entry.verb,
        entry.subject_kind,
        str(entry.subject_id),
        str(entry.job_id or ""),
        data_text,
    ]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()


def broken_at(lines: list[Line], prev_hash: str = FIRST) -> int | None:
    """Return the `seq` of the first line that does not fit its predecessor, or None if the chain holds."""
    expected = prev_hash
    for place, line in enumerate(lines):
        if line.prev_hash != expected or (place and line.seq != lines[place - 1].seq + 1):
            return line.seq
        if line.hash != link_hash(expected, line.seq, line.entry, canonical(line.entry.data)):
            return line.seq
        expected = line.hash
    return None


def torn_at(lines: list[Line], head: tuple[int, str], *, reached: int, more: bool) -> int | None:
    """Return the `seq` at which the chain is not what its head says, or None.

    `head` is number and hash of the last line, read before `lines`, which stand behind number `reached`; `more` follow.
    Only by it a last line is missed that was cut off, or found that was written anew with a hash that fits.
    """
    seq, link = head
    last = lines[-1].seq if lines else reached
    if last < seq and not more:
        return last + 1
    return next((line.seq for line in lines if line.seq == seq and line.hash != link), None)


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, object]:
    """Return {field: [before, after]} of what changed, as an entry's data tells it."""
    return {name: [before[name], value] for name, value in after.items() if before[name] != value}
