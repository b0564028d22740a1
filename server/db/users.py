"""People of a company. Logins are unique on the whole server: who signs in has no company yet."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from server.db.sessions import BROWSER
from server.db.tables import SessionRow, UserRow
from server.domain.paging import LIMIT_DEFAULT, Page, cut
from server.domain.users import Role, User


@dataclass(frozen=True, slots=True)
class Seen:
    """A person with the devices that are signed in and the last time one of them was used."""

    user: User
    devices: int
    seen_at: datetime | None


async def by_id(company_id: UUID, user_id: UUID) -> User | None:
    row = await UserRow.get_or_none(id=user_id, company_id=company_id)
    return user_of(row) if row else None


async def by_login(login: str) -> User | None:
    row = await UserRow.get_or_none(login=login)
    return user_of(row) if row else None


async def password_hash_of(company_id: UUID, user_id: UUID) -> str | None:
    row = await UserRow.get_or_none(id=user_id, company_id=company_id)
    return row.password_hash if row else None


async def of_company(
    company_id: UUID, *, at: datetime, after: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[Seen]:
    """Return everybody by name, with their devices."""
    query = UserRow.filter(company_id=company_id)
    last = await UserRow.get_or_none(id=after, company_id=company_id) if after else None
    if last is not None:
        query = query.filter(Q(name__gt=last.name) | Q(name=last.name, id__gt=last.id))
    rows = await query.order_by("name", "id").limit(limit + 1)
    devices = await _devices(company_id, [row.id for row in rows[:limit]], at)
    seen = [
        Seen(user_of(row), len(devices.get(row.id, ())), max(devices.get(row.id, ()), default=None))
        for row in rows
    ]
    return cut(seen, limit, lambda one: str(one.user.id))


async def active(company_id: UUID, *, limit: int = 500) -> list[User]:
    """Return everybody who may be given a job, by name."""
    rows = await UserRow.filter(company_id=company_id, disabled_at=None).order_by("name", "id").limit(limit)
    return [user_of(row) for row in rows]


async def names(company_id: UUID, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return what these people are called."""
    rows = UserRow.filter(company_id=company_id, id__in=list(ids))
    return {UUID(str(row[0])): str(row[1]) for row in await rows.values_list("id", "name")}


async def count_admins(company_id: UUID) -> int:
    """Return how many people can still manage the company; they stay so until the unit ends."""
    heads = UserRow.filter(company_id=company_id, role=Role.ADMIN, disabled_at=None)
    return len(await heads.order_by("id").select_for_update())


async def insert_user(company_id: UUID, user: User) -> bool:
    """Write a new person; False when the login is taken somewhere on this server."""
    row = UserRow(
        id=user.id,
        company_id=company_id,
        login=user.login,
        name=user.name,
        role=user.role,
        language=user.language,
        created_at=user.created_at,
    )
    await UserRow.bulk_create([row], ignore_conflicts=True)
    return await UserRow.exists(id=user.id)


async def set_person(company_id: UUID, user: User) -> None:
    """Write name, role, language and whether the person may still sign in."""
    await UserRow.filter(id=user.id, company_id=company_id).update(
        name=user.name, role=user.role, language=user.language, disabled_at=user.disabled_at
    )


async def set_password_hash(company_id: UUID, user_id: UUID, password_hash: str) -> None:
    await UserRow.filter(id=user_id, company_id=company_id).update(password_hash=password_hash)


async def _devices(company_id: UUID, ids: list[UUID], at: datetime) -> dict[UUID, list[datetime]]:
    """Return when each living browser session of these people was last used."""
    rows = await SessionRow.filter(
        company_id=company_id, user_id__in=ids, kind=BROWSER, revoked_at=None, expires_at__gt=at
    )
    found: dict[UUID, list[datetime]] = {}
    for row in rows:
        found.setdefault(row.user_id, []).append(row.seen_at)
    return found


def user_of(row: UserRow) -> User:
    """Return the person a row stands for."""
    return User(
        id=row.id,
        company_id=row.company_id,
        login=row.login,
        name=row.name,
        role=Role(row.role),
        language=row.language,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )
