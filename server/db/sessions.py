"""Sessions: a browser or a program that is signed in, found by the hash of its secret."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from server.db.tables import SessionRow
from server.db.unit import atomic
from server.domain.users import Actor, Role

BROWSER = "browser"
TOKEN = "token"
# A phone that shoots all day would else write a row per request.
TOUCH_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A living session and the one it lets act. `kind` is BROWSER or TOKEN."""

    actor: Actor
    kind: str
    seen_at: datetime


async def by_token(token_hash: str, *, at: datetime) -> SignedIn | None:
    """Return the living session for the SHA-256 (hex) of a secret; dead, expired and disabled ones are None."""
    row = await SessionRow.get_or_none(token_hash=token_hash, revoked_at=None).prefetch_related("user", "company")
    if row is None or row.user.disabled_at is not None or (row.expires_at and row.expires_at <= at):
        return None
    actor = Actor(
        id=row.user.id,
        company_id=row.company.id,
        name=row.user.name,
        role=Role(row.user.role),
        session_id=row.id,
        cache_key=row.cache_key,
        language=row.user.language,
        workers_release=row.company.workers_release,
    )
    return SignedIn(actor, row.kind, row.seen_at)


@atomic
async def set_seen(company_id: UUID, session_id: UUID, *, at: datetime, expires_at: datetime | None) -> None:
    """Note the session's last use and slide its end."""
    changes = {"seen_at": at} | ({"expires_at": expires_at} if expires_at else {})
    await SessionRow.filter(id=session_id, company_id=company_id).update(**changes)
