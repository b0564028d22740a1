"""Companies: the one row that everything else belongs to."""

from dataclasses import asdict, fields
from datetime import datetime
from uuid import UUID

from server.db.tables import CompanyRow
from server.domain.companies import Company, Profile
from server.ids import parse_id


async def by_id(company_id: UUID) -> Company | None:
    row = await CompanyRow.get_or_none(id=company_id)
    return _company(row) if row else None


async def by_name_or_id(words: str) -> Company | None:
    """Return the company of this id, or the oldest of exactly this name; for the operator's commands."""
    company_id = parse_id(words)
    rule = {"id": company_id} if company_id else {"name": words}
    row = await CompanyRow.filter(**rule).order_by("id").first()
    return _company(row) if row else None


async def every_id() -> list[UUID]:
    """Return the ids of all companies, for chores that visit each."""
    return [UUID(str(found)) for found in await CompanyRow.all().order_by("id").values_list("id", flat=True)]


async def lock(company_id: UUID) -> None:
    """Let only one unit at a time hand out this company's numbers.

    NO KEY: an ordinary lock would wait for every row that names the company, and deadlock with one like it.
    """
    await CompanyRow.filter(id=company_id).select_for_update(no_key=True).first()


async def insert_company(company_id: UUID, profile: Profile, *, at: datetime) -> None:
    await CompanyRow.create(id=company_id, created_at=at, **asdict(profile))


async def set_profile(company_id: UUID, profile: Profile) -> None:
    await CompanyRow.filter(id=company_id).update(**asdict(profile))


async def set_logo(company_id: UUID, sha256: str) -> None:
    """Let customers see the logo of this hash; "" = none."""
    await CompanyRow.filter(id=company_id).update(logo_sha256=sha256)


async def by_logo(sha256: str) -> Company | None:
    """Return a company whose logo this is; where two have the same one, either will do."""
    row = await CompanyRow.filter(logo_sha256=sha256).order_by("id").first() if len(sha256) == 64 else None
    return _company(row) if row else None


def _company(row: CompanyRow) -> Company:
    profile = Profile(**{one.name: getattr(row, one.name) for one in fields(Profile)})
    return Company(row.id, profile, row.timezone, row.created_at, row.logo_sha256)
