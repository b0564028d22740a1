"""Signing in and out, one-time links, programs' tokens, and keeping a session alive while it is used."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from server.actions import passwords
from server.db import links, logbook, pushes, sessions, tries, users
from server.db.sessions import BROWSER, TOUCH_EVERY, SignedIn
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, Invalid, NotFound, TooManyTries
from server.domain.logbook import Entry
from server.domain.sessions import (
    CODE_LENGTH,
    CODE_SIGNS,
    FORGET_AFTER,
    IDLE,
    LINK_LASTS,
    PAIRING_LASTS,
    Session,
    SessionKind,
    SignInLink,
    Tries,
    idle_until,
    read_code,
)
from server.domain.texts import line
from server.domain.users import Actor, Role, User, require_rank
from server.ids import new_id
from server.services import Services


async def touch(found: SignedIn, *, at: datetime) -> None:
    """Slide the end of a browser session, at most every five minutes; a program's token has no end to slide."""
    if found.actor.session_id is None or at - found.seen_at < TOUCH_EVERY:
        return
    ends = at + IDLE[found.actor.role or Role.WORKER] if found.kind == BROWSER else None
    await sessions.set_seen(found.actor.company_id, found.actor.session_id, at=at, expires_at=ends)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session just begun and its secret, which nobody can read again."""

    user: User
    session: Session
    token: str


async def sign_in(login: str, password: str, *, address: str, device: str, at: datetime) -> Opened:
    """Sign in by password. `address` is the caller's, `device` what the list of devices calls it.

    Each try is counted before it is looked at, so that many at once find the same delay.
    Raises TooManyTries, and Invalid("sign_in.wrong") for an unknown login and a wrong password alike.
    """
    login = login.strip().lower()
    keys = [f"account:{hash_token(login)}", f"address:{hash_token(address)}"]
    await _count_try(keys, at)
    user = await users.by_login(login)
    password_hash = await users.password_hash_of(user.company_id, user.id) if user else None
    if not await passwords.fits(password, password_hash) or user is None or not user.active:
        raise Invalid("sign_in.wrong")
    return await _admit(user, keys, device, at)


async def make_link(actor: Actor, user: User, *, lasts: timedelta = LINK_LASTS, at: datetime) -> str:
    """Return the token of a one-time sign-in link for a person. Raises Forbidden, Conflict("user.disabled")."""
    token = new_token()
    await _keep_link(actor, user, token, None, lasts=lasts, at=at)
    return token


@dataclass(frozen=True, slots=True)
class Pairing:
    """One way in, shown twice: the token behind the QR code, and a code to type where no camera leads to."""

    token: str
    code: str


async def make_pairing(actor: Actor, user: User, *, at: datetime) -> Pairing:
    """Return what pairs a phone within 15 minutes, once. Raises Forbidden, Conflict("user.disabled")."""
    made = Pairing(new_token(), "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH)))
    await _keep_link(actor, user, made.token, made.code, lasts=PAIRING_LASTS, at=at)
    return made


@atomic
async def _keep_link(
    actor: Actor, user: User, token: str, code: str | None, *, lasts: timedelta, at: datetime
) -> None:
    if actor.id != user.id:
        require_rank(actor, user.role)
    if not user.active:
        raise Conflict("user.disabled")
    link = SignInLink(new_id(), user.company_id, user.id, at, at + lasts, None)
    code_hash = hash_token(code) if code else None
    await links.insert_link(
        actor.company_id, link, hash_token(token), code_hash=code_hash, created_by=actor.id
    )
    await _note(actor, "user.link_made", user, at)


async def look_up_link(token: str, *, at: datetime) -> tuple[SignInLink, User]:
    """Return an open link and whom it is for, changing nothing. Raises NotFound("link.gone")."""
    found = await _open(await links.by_token(hash_token(token)), at)
    if found is None:
        raise NotFound("link.gone")
    return found


async def _open(link: SignInLink | None, at: datetime) -> tuple[SignInLink, User] | None:
    """Return a link that still opens, with its person."""
    user = await users.by_id(link.company_id, link.user_id) if link and link.open(at) else None
    return (link, user) if link and user and user.active else None


@atomic
async def redeem(token: str, *, device: str, at: datetime) -> Opened:
    """Sign in by a link, which works once. Raises NotFound("link.gone")."""
    link, user = await look_up_link(token, at=at)
    if not await links.set_redeemed(link.company_id, link.id, at=at):
        raise NotFound("link.gone")
    return await open_session(user, SessionKind.BROWSER, device, at=at)


async def sign_in_by_code(typed: str, *, address: str, device: str, at: datetime) -> Opened:
    """Sign in by a pairing code; the link behind the QR code is used up with it.

    Guesses are slowed down like those at passwords. Raises TooManyTries, and Invalid("sign_in.code") for a code
    that is wrong, used or over.
    """
    code = read_code(typed)
    keys = [f"code:{hash_token(code or typed)}", f"address:{hash_token(address)}"]
    await _count_try(keys, at)
    link = await links.by_code(hash_token(code)) if code else None
    return await _admit_by_link(link, keys, device, at)


@atomic
async def _admit_by_link(link: SignInLink | None, keys: list[str], device: str, at: datetime) -> Opened:
    found = await _open(link, at)
    if found is None or not await links.set_redeemed(found[0].company_id, found[0].id, at=at):
        raise Invalid("sign_in.code", field="code")
    return await _admit(found[1], keys, device, at)


@atomic
async def open_session(user: User, kind: SessionKind, name: str, *, at: datetime) -> Opened:
    """Begin a session with a new secret and a new cache key."""
    token = new_token()
    session = Session(
        id=new_id(),
        company_id=user.company_id,
        user_id=user.id,
        kind=kind,
        name=name[:200],
        cache_key=secrets.token_hex(16),
        created_at=at,
        seen_at=at,
        expires_at=idle_until(kind, user.role, at),
        revoked_at=None,
    )
    await sessions.insert_session(user.company_id, session, hash_token(token))
    verb = "user.token_made" if kind is SessionKind.TOKEN else "user.signed_in"
    himself = Actor(user.id, user.company_id, user.name, user.role, session.id)
    await _note(himself, verb, user, at, device=session.name)
    return Opened(user, session, token)


async def make_token(actor: Actor, user: User, name: str, *, at: datetime) -> Opened:
    """Make a bearer token for a program that acts as this person. Raises Forbidden, Conflict, Invalid."""
    if actor.id != user.id:
        require_rank(actor, user.role)
    if not user.active:
        raise Conflict("user.disabled")
    name = line(name, "name", limit=200, required=True)
    return await open_session(user, SessionKind.TOKEN, name, at=at)


@atomic
async def sign_out(actor: Actor, *, at: datetime) -> None:
    """End the session the actor came with."""
    if actor.session_id is None or actor.id is None:
        return
    if await sessions.set_revoked(actor.company_id, actor.session_id, at=at):
        if actor.device_id:
            await pushes.delete_of_device(actor.company_id, actor.device_id)
        entry = Entry.by(actor, "user.signed_out", "user", actor.id, at=at)
        await logbook.insert_entry(actor.company_id, entry)


@atomic
async def revoke(actor: Actor, user: User, session_id: UUID, *, at: datetime) -> None:
    """Sign one device or program of a person out. Raises Forbidden, NotFound."""
    if actor.id != user.id:
        require_rank(actor, user.role)
    session = await sessions.by_id(actor.company_id, session_id)
    if session is None or session.user_id != user.id:
        raise NotFound("session.unknown")
    if await sessions.set_revoked(actor.company_id, session.id, at=at):
        await _note(actor, "user.device_revoked", user, at, device=session.name)


async def forget_tries(services: Services) -> None:
    """Delete counts of failed sign-ins that no longer matter."""
    await tries.delete_older(before=services.clock() - FORGET_AFTER)


def new_token() -> str:
    """Return 256 random bits that fit into an address."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@atomic
async def _count_try(keys: list[str], at: datetime) -> None:
    """Note a failure in advance. Raises TooManyTries while a delay runs; such a try is not looked at."""
    known = await tries.by_keys(keys, at=at)
    wait_s = max(count.wait_s(at) for count in known.values())
    if wait_s:
        raise TooManyTries("sign_in.wait", retry_after_s=wait_s)
    for key, count in known.items():
        await tries.set_tries(key, count.failed(at))


@atomic
async def _admit(user: User, keys: list[str], device: str, at: datetime) -> Opened:
    """Begin the session of somebody who proved himself; the account's count starts over, the address's does not."""
    known = await tries.by_keys(keys, at=at)
    for key, count in known.items():
        own = not key.startswith("address:")
        await tries.set_tries(key, Tries(0, at, at) if own else count.taken_back(at))
    return await open_session(user, SessionKind.BROWSER, device, at=at)


async def _note(actor: Actor, verb: str, user: User, at: datetime, **data: Any) -> None:
    await logbook.insert_entry(actor.company_id, Entry.by(actor, verb, "user", user.id, at=at, **data))
    signal("people", actor.company_id, user=str(user.id))
