"""People of a company: who they are, what they may, and how they prove it."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from server.actions import passwords
from server.db import companies, links, logbook, sessions, users
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, Invalid, NotFound
from server.domain.logbook import Entry, differences
from server.domain.passwords import check_password
from server.domain.texts import line
from server.domain.users import Actor, Role, User, checked_login, require_rank
from server.ids import new_id

LANGUAGES = ("de", "en")


@atomic
async def invite(
    actor: Actor, *, login: str, name: str, role: Role, language: str = "de", at: datetime
) -> User:
    """Write down a new person, who signs in by link until a password is set. Raises Invalid, Forbidden."""
    require_rank(actor, role)
    user = User(
        id=new_id(),
        company_id=actor.company_id,
        login=checked_login(login),
        name=line(name, "name", limit=100, required=True),
        role=role,
        language=_language(language),
        created_at=at,
        disabled_at=None,
    )
    if not await users.insert_user(actor.company_id, user):
        raise Invalid("user.login_taken", field="login")
    await _note(actor, "user.invited", user, at, login=user.login, name=user.name, role=user.role)
    return user


@atomic
async def change(actor: Actor, user: User, *, name: str, role: Role, at: datetime) -> User:
    """Rename a person or give another role. Raises Invalid, Forbidden, Conflict("user.last_admin")."""
    require_rank(actor, user.role)
    require_rank(actor, role)
    await _keep_an_admin(user, leaves=role is not Role.ADMIN)
    after = replace(user, name=line(name, "name", limit=100, required=True), role=role)
    if after == user:
        return user
    await users.set_person(actor.company_id, after)
    changes = differences({"name": user.name, "role": user.role}, {"name": after.name, "role": after.role})
    await _note(actor, "user.changed", after, at, changes=changes)
    return after


@atomic
async def choose_language(actor: Actor, user: User, language: str) -> None:
    """Set the person's own language. A taste, not a deed: no line in the logbook."""
    await users.set_person(actor.company_id, replace(user, language=_language(language)))


@atomic
async def disable(actor: Actor, user: User, *, at: datetime) -> None:
    """Let a person in no more: every device is signed out, every open link dies. Raises Forbidden, Conflict."""
    require_rank(actor, user.role)
    if user.id == actor.id:
        raise Conflict("user.not_yourself")
    if not user.active:
        return
    await _keep_an_admin(user, leaves=True)
    await users.set_person(actor.company_id, replace(user, disabled_at=at))
    await sessions.set_all_revoked(actor.company_id, user.id, at=at)
    await links.delete_of_user(actor.company_id, user.id)
    await _note(actor, "user.disabled", user, at)


@atomic
async def enable(actor: Actor, user: User, *, at: datetime) -> None:
    """Let a person in again; devices have to be paired anew. Raises Forbidden."""
    require_rank(actor, user.role)
    if user.active:
        return
    await users.set_person(actor.company_id, replace(user, disabled_at=None))
    await _note(actor, "user.enabled", user, at)


async def set_password(actor: Actor, user: User, password: str, *, at: datetime) -> None:
    """Give a person a password; other devices are signed out, open links die. Raises Invalid naming the rule, Forbidden."""
    if user.id != actor.id:
        require_rank(actor, user.role)
    company = await companies.by_id(actor.company_id)
    check_password(password, personal=[user.login, user.name, company.name if company else ""])
    await _keep_password(actor, user, await passwords.hash_password(password), at)


async def change_own_password(actor: Actor, user: User, *, current: str, password: str, at: datetime) -> None:
    """Change one's own password knowing the old one, if there is one. Raises Invalid("password.wrong")."""
    known = await users.password_hash_of(actor.company_id, user.id)
    if known is not None and not await passwords.fits(current, known):
        raise Invalid("password.wrong", field="current")
    await set_password(actor, user, password, at=at)


@atomic
async def _keep_password(actor: Actor, user: User, password_hash: str, at: datetime) -> None:
    await users.set_password_hash(actor.company_id, user.id, password_hash)
    keep = actor.session_id if actor.id == user.id else None
    await sessions.set_all_revoked(actor.company_id, user.id, at=at, keep=keep)
    await links.delete_of_user(actor.company_id, user.id)
    await _note(actor, "user.password_set", user, at)


async def known(actor: Actor, user_id: UUID) -> User:
    """Return a person of the company. Raises NotFound."""
    user = await users.by_id(actor.company_id, user_id)
    if user is None:
        raise NotFound("user.unknown")
    return user


async def _keep_an_admin(user: User, *, leaves: bool) -> None:
    """Refuse the step that would leave a company without anybody to manage it."""
    last = user.role is Role.ADMIN and user.active and await users.count_admins(user.company_id) <= 1
    if leaves and last:
        raise Conflict("user.last_admin")


def _language(language: str) -> str:
    if language not in LANGUAGES:
        raise Invalid("field.choice", field="language", choices=", ".join(LANGUAGES))
    return language


async def _note(actor: Actor, verb: str, user: User, at: datetime, **data: Any) -> None:
    await logbook.insert_entry(actor.company_id, Entry.by(actor, verb, "user", user.id, at=at, **data))
    signal("people", actor.company_id, user=str(user.id))
