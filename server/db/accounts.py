"""Channel accounts: settings, health, self-checks, and how far fetching has come."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from server.db import sql
from server.db.tables import ChannelAccountRow
from server.domain.accounts import Account, Health
from server.domain.checkups import Checkup, Finding

_SET_LAST = """UPDATE channel_account SET last_in_at = COALESCE(?, last_in_at), last_out_at = COALESCE(?, last_out_at)
    WHERE company_id = ? AND id = ?"""
_COUNT_REFUSED = """UPDATE channel_account SET refused = refused + 1, refused_at = ?
    WHERE company_id = ? AND id = ? AND refused < ?"""
_HEARD_AGAIN = "UPDATE channel_account SET refused = 0 WHERE company_id = ? AND id = ? AND refused > 0"


async def insert_account(company_id: UUID, account: Account, *, at: datetime) -> None:
    await ChannelAccountRow.create(
        id=account.id,
        company_id=company_id,
        kind=account.kind,
        label=account.label,
        settings=dict(account.settings),
        secrets=account.sealed,
        created_at=at,
    )


async def set_settings(
    company_id: UUID, account_id: UUID, *, label: str, settings: Mapping[str, str], sealed: bytes
) -> None:
    """Change an account's settings; new ones are believed to be well until the platform says otherwise."""
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(
        label=label, settings=dict(settings), secrets=sealed, health=Health.OK, health_detail="", refused=0
    )


async def set_health(company_id: UUID, account_id: UUID, health: Health, detail: str) -> None:
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(
        health=health, health_detail=detail[:300]
    )


async def set_findings(
    company_id: UUID, account_id: UUID, findings: Sequence[Finding], *, at: datetime
) -> None:
    """Keep what the newest self-check found."""
    kept = [{"code": one.code, "ok": one.ok, "detail": one.detail} for one in findings]
    row = ChannelAccountRow.filter(company_id=company_id, id=account_id)
    await row.update(findings=kept, checked_at=at)


async def checkup_of(company_id: UUID, account_id: UUID) -> Checkup:
    """Return the newest self-check of an account."""
    return (await checkups(company_id)).get(account_id, Checkup(None, ()))


async def checkups(company_id: UUID) -> dict[UUID, Checkup]:
    """Return the newest self-check of every account, in one statement."""
    rows = ChannelAccountRow.filter(company_id=company_id)
    return {row.id: Checkup(row.checked_at, _findings(row.findings)) for row in await rows}


async def every() -> list[Account]:
    """Return all accounts of all companies, oldest first."""
    return [_account(row) for row in await ChannelAccountRow.all().order_by("id")]


async def set_disabled(company_id: UUID, account_id: UUID, *, at: datetime | None) -> None:
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(disabled_at=at)


async def set_last(
    company_id: UUID, account_id: UUID, *, in_at: datetime | None = None, out_at: datetime | None = None
) -> None:
    """Note when something last came in or went out."""
    await sql.execute(_SET_LAST, in_at, out_at, company_id, account_id)


async def count_refused(company_id: UUID, account_id: UUID, *, most: int, at: datetime) -> None:
    """Count a delivery whose signature is wrong; what comes after the `most`th is not even written."""
    await sql.execute(_COUNT_REFUSED, at, company_id, account_id, most)


async def forget_refused(company_id: UUID, account_id: UUID) -> None:
    """Forget what was refused: a delivery with the right signature has come."""
    await sql.execute(_HEARD_AGAIN, company_id, account_id)


async def set_pulled(company_id: UUID, account_id: UUID, *, cursor: str, at: datetime) -> None:
    """Note that an account's line lives, and where to go on after a break ("" = as before)."""
    changes: dict[str, object] = {"pulled_at": at, "pull_error": ""}
    if cursor:
        changes["cursor"] = cursor[:300]
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(**changes)


async def set_pull_error(company_id: UUID, account_id: UUID, error: str) -> None:
    """Note why an account's line is down; it lives again with the next `set_pulled`."""
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(pull_error=error[:300])


async def cursor_of(company_id: UUID, account_id: UUID) -> str:
    """Return where fetching goes on, "" = from now on."""
    row = await ChannelAccountRow.get_or_none(company_id=company_id, id=account_id)
    return str(row.cursor) if row else ""


async def every_enabled(kinds: Collection[str]) -> list[Account]:
    """Return the accounts of these kinds, of all companies, that are switched on, whatever their health."""
    rows = ChannelAccountRow.filter(kind__in=list(kinds), disabled_at=None).order_by("id")
    return [_account(row) for row in await rows]


async def by_id(company_id: UUID, account_id: UUID) -> Account | None:
    row = await sql.row_of(ChannelAccountRow, company_id, account_id)
    return _account(row) if row else None


async def by_token(account_id: UUID) -> Account | None:
    """Return the account a webhook's address names; the signature is checked with its secret afterwards."""
    row = await ChannelAccountRow.get_or_none(id=account_id)
    return _account(row) if row else None


async def of_company(company_id: UUID) -> list[Account]:
    """Return all accounts, disabled ones too, oldest first."""
    return [_account(row) for row in await ChannelAccountRow.filter(company_id=company_id).order_by("id")]


async def usable(company_id: UUID, kind: str) -> Account | None:
    """Return the account that may send now, or None."""
    return next((account for account in await of_kind(company_id, kind) if account.usable), None)


async def of_kind(company_id: UUID, kind: str) -> list[Account]:
    """Return the accounts of one kind, disabled ones too, oldest first."""
    return [account for account in await of_company(company_id) if account.kind == kind]


def _findings(kept: list[dict[str, object]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(str(one["code"]), ok=bool(one["ok"]), detail=str(one.get("detail", ""))) for one in kept
    )


def _account(row: ChannelAccountRow) -> Account:
    return Account(
        id=row.id,
        company_id=row.company_id,
        kind=row.kind,
        label=row.label,
        settings=row.settings,
        sealed=bytes(row.secrets),
        health=Health(row.health),
        health_detail=row.health_detail,
        last_in_at=row.last_in_at,
        last_out_at=row.last_out_at,
        disabled_at=row.disabled_at,
        pulled_at=row.pulled_at,
        pull_error=row.pull_error,
        refused=row.refused,
        refused_at=row.refused_at,
    )
