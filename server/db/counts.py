"""What waits, counted in one statement for every page's head."""

from uuid import UUID

from server.db.sql import rows
from server.domain.counts import Counts

_OFFICE = """
SELECT
  (SELECT COUNT(*) FROM photo WHERE company_id = ? AND review = 'new' AND state = 'stored' AND deleted_at IS NULL AND job_id IS NOT NULL) AS unreviewed,
  (SELECT COUNT(*) FROM photo WHERE company_id = ? AND review = 'new' AND state = 'stored' AND deleted_at IS NULL AND job_id IS NULL) AS unsorted,
  (SELECT COUNT(*) FROM photo WHERE company_id = ? AND review = 'new' AND late AND deleted_at IS NULL) AS late,
  (SELECT COUNT(*) FROM message WHERE company_id = ? AND direction = 'in' AND seen_by_office_at IS NULL) AS unread,
  (SELECT COUNT(*) FROM question WHERE company_id = ? AND state = 'unclear') AS unclear,
  (SELECT COUNT(*) FROM question WHERE company_id = ?
     AND state IN ('waiting_release', 'queued', 'sent', 'delivered', 'read', 'handed_off', 'blocked', 'failed')) AS questions_open
"""
_WORKER = """
SELECT
  (SELECT COUNT(*) FROM question WHERE company_id = ? AND author_id = ? AND state = 'answered'
     AND seen_by_author_at IS NULL) AS unread,
  (SELECT COUNT(*) FROM question WHERE company_id = ? AND author_id = ?
     AND state NOT IN ('answered', 'withdrawn', 'draft')) AS questions_open
"""


async def of_company(company_id: UUID) -> Counts:
    """Return what waits for the office."""
    return _counts(await rows(_OFFICE, *[company_id] * 6))


async def of_worker(company_id: UUID, user_id: UUID) -> Counts:
    """Return what waits for one worker: his own questions and their answers."""
    return _counts(await rows(_WORKER, company_id, user_id, company_id, user_id))


def _counts(found: list[dict[str, int]]) -> Counts:
    return Counts(**{name: int(number or 0) for name, number in found[0].items()})
