"""What phones announced and never brought, read in a number of statements that does not grow."""

from collections.abc import Sequence
from uuid import UUID

from server.db import sql
from server.db.reviews import moment
from server.db.tables import ItemRow
from server.domain.boards import Missing
from server.domain.devices import Device

_MISSING = """
SELECT i.device_id, i.received_at, p.id, p.captured_at, p.caption, p.job_id, p.job_hint, p.problem, j.number, j.title,
    EXISTS (SELECT 1 FROM photo_preview v WHERE v.photo_id = p.id) AS thumb
FROM sync_item i
JOIN photo p ON p.id = i.id AND p.company_id = i.company_id
LEFT JOIN job j ON j.id = p.job_id AND j.company_id = p.company_id
WHERE i.company_id = ? AND i.device_id IS NOT NULL AND i.tombstone_at IS NULL
    AND p.state <> 'stored' AND p.deleted_at IS NULL
ORDER BY p.captured_at, p.id
LIMIT 2000
"""


async def missing(company_id: UUID) -> dict[UUID, list[Missing]]:
    """Return the announced photos whose bytes are not here, by the phone that announced them, oldest first."""
    found: dict[UUID, list[Missing]] = {}
    for row in await sql.rows(_MISSING, company_id):
        job = f"{row['number']} · {row['title']}" if row["job_id"] else str(row["job_hint"])
        found.setdefault(UUID(str(row["device_id"])), []).append(
            Missing(
                id=UUID(str(row["id"])),
                captured_at=moment(row["captured_at"]),
                announced_at=moment(row["received_at"]),
                caption=str(row["caption"]),
                job_id=UUID(str(row["job_id"])) if row["job_id"] else None,
                job=job,
                problem=str(row["problem"]),
                thumb=bool(row["thumb"]),
            )
        )
    return found


async def announced(company_id: UUID, devices: Sequence[Device]) -> set[UUID]:
    """Return which of the things these phones hold are known here."""
    held = [one.id for device in devices for one in device.holds]
    rows = await ItemRow.filter(company_id=company_id, id__in=held).values("id")
    return {row["id"] for row in rows}
