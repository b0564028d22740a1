"""The firm's quiet hours: what the firm says of its own accord waits for their end.

They hold for words and templates from the composer, for released questions, and for whatever comes late. Exempt is
what a customer's own act brings about (an away message, a greeting, the confirmation of a STOP): he is awake, has the
phone in his hand and waits for it; told the next morning it would only disturb. By hand nothing waits: a person sends.
"""

from datetime import datetime, timedelta
from uuid import UUID

from server.db import companies, office_hours
from server.domain.messages import Message

LATE = timedelta(minutes=10)


async def until(company_id: UUID, *, at: datetime) -> datetime | None:
    """Return when the quiet hours end that this moment lies in, None outside of them."""
    company = await companies.by_id(company_id)
    if company is None:
        return None
    hours = await office_hours.of_company(company_id)
    return hours.quiet_at(at, company.zone)


async def late(message: Message, *, at: datetime) -> datetime | None:
    """Return until when a message waits that should have left by day and was held up until the night.

    Whoever said "send now" meant that moment, not three o'clock, when the account is in order again.
    """
    by_itself = message.author_id is None and message.question_id is None
    due = max(message.created_at, message.send_after or message.created_at)
    if by_itself or at - due < LATE:
        return None
    return await until(message.company_id, at=at)
