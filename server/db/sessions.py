"""Sessions: a browser or a program that is signed in, found by the hash of its secret."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q

from server.db.tables import SessionRow
from server.db.unit import atomic
from server.domain.devices import Order
from server.domain.sessions import Session, SessionKind
from server.domain.users import Actor, Role

BROWSER = "browser"
# A phone that shoots all day would else write a row per request.
TOUCH_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A living session and the one it lets act. `kind` is browser or token."""

    actor: Actor
    kind: str
    seen_at: datetime


async def by_token(token_hash: str, *, at: datetime) -> SignedIn | None:
    """Return the living session for the SHA-256 (hex) of a secret; dead, expired and disabled ones are None."""
    row = await SessionRow.get_or_none(token_hash=token_hash, revoked_at=None).select_related(
        "user", "company", "device"
    )
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
        device_id=row.device_id,
        order=_order(row),
    )
    return SignedIn(actor, row.kind, row.seen_at)


def _order(row: SessionRow) -> Order | None:
    """Return what the phone behind this session was told and has not done yet."""
    waiting = row.device is not None and row.device.order and row.device.obeyed_at is None
    return Order(row.device.order) if waiting else None


async def by_token_is_disabled(token_hash: str) -> bool:
    """Say whether a secret, also one that was revoked, is of a person who is disabled."""
    return await SessionRow.filter(token_hash=token_hash, user__disabled_at__not_isnull=True).exists()


@atomic
async def set_seen(company_id: UUID, session_id: UUID, *, at: datetime, expires_at: datetime | None) -> None:
    """Note the session's last use and slide its end."""
    changes = {"seen_at": at} | ({"expires_at": expires_at} if expires_at else {})
    await SessionRow.filter(id=session_id, company_id=company_id).update(**changes)


async def of_user(company_id: UUID, user_id: UUID, *, at: datetime) -> list[Session]:
    """Return the person's living sessions and tokens, last used first."""
    rows = await SessionRow.filter(
        Q(expires_at=None) | Q(expires_at__gt=at), company_id=company_id, user_id=user_id, revoked_at=None
    ).order_by("-seen_at", "-id")
    return [_session(row) for row in rows]


async def by_id(company_id: UUID, session_id: UUID) -> Session | None:
    row = await SessionRow.get_or_none(id=session_id, company_id=company_id)
    return _session(row) if row else None


async def insert_session(company_id: UUID, session: Session, token_hash: str) -> None:
    await SessionRow.create(
        id=session.id,
        company_id=company_id,
        user_id=session.user_id,
        kind=session.kind,
        token_hash=token_hash,
        name=session.name,
        cache_key=session.cache_key,
        created_at=session.created_at,
        seen_at=session.seen_at,
        expires_at=session.expires_at,
    )


async def set_revoked(company_id: UUID, session_id: UUID, *, at: datetime) -> bool:
    """End a session; False when it had ended before."""
    return bool(
        await SessionRow.filter(id=session_id, company_id=company_id, revoked_at=None).update(revoked_at=at)
    )


async def set_all_revoked(company_id: UUID, user_id: UUID, *, at: datetime, keep: UUID | None = None) -> int:
    """End every session of a person but the one to keep; returns how many ended."""
    query = SessionRow.filter(company_id=company_id, user_id=user_id, revoked_at=None)
    if keep is not None:
        query = query.exclude(id=keep)
    return int(await query.update(revoked_at=at))


async def set_revoked_of_device(company_id: UUID, device_id: UUID, *, at: datetime) -> int:
    """End every session this phone spoke with; returns how many ended."""
    own = SessionRow.filter(company_id=company_id, device_id=device_id, revoked_at=None)
    return int(await own.update(revoked_at=at))


async def set_revoked_unknown(company_id: UUID, user_id: UUID, *, at: datetime) -> int:
    """End a person's browser sessions of which no phone is known; returns how many ended."""
    unknown = SessionRow.filter(
        company_id=company_id, user_id=user_id, kind=BROWSER, device_id=None, revoked_at=None
    )
    return int(await unknown.update(revoked_at=at))


def _session(row: SessionRow) -> Session:
    return Session(
        id=row.id,
        company_id=row.company_id,
        user_id=row.user_id,
        kind=SessionKind(row.kind),
        name=row.name,
        cache_key=row.cache_key,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        device_id=row.device_id,
    )
