"""Founding a company and what it says about itself."""

from dataclasses import asdict
from datetime import datetime

from server.actions import labels
from server.db import companies, logbook
from server.db.unit import atomic
from server.domain.companies import HOME, Company, Profile
from server.domain.logbook import Entry, differences
from server.domain.users import Actor, Right, require, system
from server.ids import new_id


@atomic
async def found(name: str, *, at: datetime) -> Company:
    """Open the books of a new company; its people come next. Raises Invalid."""
    company = Company(new_id(), Profile(name).checked(), HOME.key, at)
    await companies.insert_company(company.id, company.profile, at=at)
    await labels.give_presets(company.id)
    entry = Entry.by(system(company.id), "company.founded", "company", company.id, at=at, name=company.name)
    await logbook.insert_entry(company.id, entry)
    return company


@atomic
async def change(actor: Actor, company: Company, profile: Profile, *, at: datetime) -> None:
    """Write the company's profile and switches. Raises Invalid naming the field, Forbidden."""
    require(actor, Right.MANAGE_COMPANY)
    profile = profile.checked()
    changes = differences(asdict(company.profile), asdict(profile))
    if not changes:
        return
    await companies.set_profile(actor.company_id, profile)
    entry = Entry.by(actor, "company.changed", "company", company.id, at=at, changes=changes)
    await logbook.insert_entry(actor.company_id, entry)
