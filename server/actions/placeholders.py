"""What stands in the braces of a ready-made text for one person and one job."""

from datetime import datetime
from uuid import UUID

from server.db import companies, customers, jobs
from server.domain.customers import Contact
from server.domain.hours import OfficeHours, said
from server.domain.users import Actor


async def values(
    actor: Actor, contact: Contact | None, job_id: UUID | None, hours: OfficeHours, *, at: datetime
) -> dict[str, str]:
    """Return the words for every placeholder, "" for one that has none here; a stranger has no name of ours."""
    company = await companies.by_id(actor.company_id)
    assert company is not None, "an actor has a company"
    customer = await customers.by_id(actor.company_id, contact.customer_id) if contact else None
    job = await jobs.by_id(actor.company_id, job_id) if job_id else None
    back = hours.opens_at(at, company.zone) if hours.kept else None
    return {
        "Anrede": f"Guten Tag {contact.name}" if contact else "Guten Tag",
        "Name": contact.name if contact else "",
        "Kunde": customer.name if customer else "",
        "Auftrag": job.title if job else "",
        "Auftragsnummer": job.number if job else "",
        "Baustelle": job.site if job else "",
        "Betrieb": company.name,
        "Telefon": company.profile.phone,
        "Absender": actor.name if actor.id else company.name,
        "Wieder da": said(back, company.zone) if back else "",
    }
