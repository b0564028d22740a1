"""What the commands do; the words for them are in cli.py."""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from granian import Granian
from granian.constants import Interfaces

from server import archive, checkup
from server.actions import companies, sessions, users
from server.app import chain_signals, open_services
from server.db import companies as companies_db
from server.db import users as users_db
from server.db.connect import kind_of
from server.db.migrate import migrate as bring_up_to_date
from server.domain.errors import NotFound
from server.domain.users import Role, User, system
from server.holding import hold
from server.log import start_logging
from server.services import Services
from server.settings import PREFIX, Settings
from server.worker import loop

T = TypeVar("T")
Words = argparse.Namespace


class Failed(Exception):
    """The command could not do its work; the text is the one sentence that says why."""


def serve(settings: Settings, words: Words) -> None:
    """Bring the database up to date and answer requests until SIGTERM."""
    settings = _at(settings, words)
    with hold(settings.data):
        _check_port(words)
        applied = asyncio.run(bring_up_to_date(settings.database_url, backup_dir=settings.data / "backups"))
        if applied:
            print(f"Datenbank auf Stand gebracht: {', '.join(applied)}", flush=True)
        print(f"Zollstock läuft: {settings.base_url}", flush=True)
        _listen(settings, words)


def demo(settings: Settings, words: Words) -> None:
    """Fill a company once, print the ways in, serve it with the sandbox."""
    from server.demo.fill import fill

    settings = replace(_at(settings, words), demo=True)
    sandbox = f"http://127.0.0.1:{words.port}/sandbox"
    bases = {f"{name}_base": f"{sandbox}/{name}" for name in ("graph", "telegram", "threema", "signal")}
    settings = replace(settings, **bases)  # type: ignore[arg-type]
    with hold(settings.data):
        _check_port(words)
        print("Zollstock-Demo wird vorbereitet …", flush=True)
        asyncio.run(bring_up_to_date(settings.database_url, backup_dir=settings.data / "backups"))
        ways = asyncio.run(_with(settings, lambda services: fill(services, say=_say)))
        print("\n".join(["", *ways, ""]), flush=True)
        _listen(settings, words)


def worker(settings: Settings, words: Words) -> None:
    """Run background work until SIGTERM. On SQLite the server does it itself."""
    if kind_of(settings.database_url) == "sqlite":
        raise Failed(
            "Mit SQLite arbeitet der Server selbst alles ab; ein eigener Arbeiter braucht PostgreSQL."
        )
    start_logging(settings.log_level)

    async def run(services: Services) -> None:
        stop = asyncio.Event()
        restore = chain_signals(stop)
        await loop.run(services, stop)
        restore()

    asyncio.run(_with(settings, run))


def migrate(settings: Settings, words: Words) -> None:
    """Bring the database up to date."""
    with hold(settings.data):
        applied = asyncio.run(bring_up_to_date(settings.database_url, backup_dir=settings.data / "backups"))
    print("\n".join(applied) if applied else "Die Datenbank ist auf Stand.")


def doctor(settings: Settings, words: Words) -> None:
    """Print every setting and a verdict a line; fail when one is bad."""
    for name, value in settings.masked().items():
        print(f"{PREFIX}{name.upper()} = {value}")
    verdicts = asyncio.run(checkup.verdicts(settings))
    for verdict in verdicts:
        print(f"{'ok    ' if verdict.good else 'FEHLER'}  {verdict.text}")
    if not all(verdict.good for verdict in verdicts):
        raise Failed("Mindestens eine Prüfung ist fehlgeschlagen.")


def create_company(settings: Settings, words: Words) -> None:
    """Found a company and print its id."""

    async def run(services: Services) -> None:
        company = await companies.found(words.name, at=services.clock())
        print(company.id)

    _write(settings, run)


def create_user(settings: Settings, words: Words) -> None:
    """Create a person; without a password print a sign-in link."""
    password = sys.stdin.readline().rstrip("\n") if words.password_stdin else None

    async def run(services: Services) -> None:
        company = await companies_db.by_name_or_id(words.company)
        if company is None:
            raise Failed(f"Einen Betrieb „{words.company}“ gibt es nicht.")
        actor = system(company.id)
        user = await users.invite(
            actor,
            login=words.login,
            name=words.name or words.login,
            role=Role(words.role),
            at=services.clock(),
        )
        if password is None:
            print(await _link(services, user))
        else:
            await users.set_password(actor, user, password, at=services.clock())
            print(user.id)

    _write(settings, run)


def link_user(settings: Settings, words: Words) -> None:
    """Print a one-time sign-in link."""

    async def run(services: Services) -> None:
        print(await _link(services, await _user(words.login)))

    _write(settings, run)


def create_token(settings: Settings, words: Words) -> None:
    """Print a bearer token; only its hash is kept."""

    async def run(services: Services) -> None:
        user = await _user(words.login)
        made = await sessions.make_token(system(user.company_id), user, words.name, at=services.clock())
        print(made.token)

    _write(settings, run)


def backup(settings: Settings, words: Words) -> None:
    """Write database and photos to one file; works beside a running server."""
    try:
        print(archive.write(settings, words.file))
    except archive.Incomplete as incomplete:
        raise Failed(str(incomplete)) from incomplete


def restore(settings: Settings, words: Words) -> None:
    """Bring a backup back into an empty data folder and prove it."""
    with hold(settings.data):
        print(archive.bring_back(settings, words.file))


async def _user(login: str) -> User:
    found = await users_db.by_login(login)
    if found is None:
        raise NotFound("user.unknown")
    return found


async def _link(services: Services, user: User) -> str:
    token = await sessions.make_link(system(user.company_id), user, at=services.clock())
    return f"{services.settings.base_url}/link/{token}"


def _write(settings: Settings, run: Callable[[Services], Awaitable[None]]) -> None:
    """Run against an up-to-date database; on SQLite only while no server has the folder."""

    async def whole() -> None:
        await bring_up_to_date(settings.database_url, backup_dir=settings.data / "backups")
        await _with(settings, run)

    if kind_of(settings.database_url) == "postgres":
        asyncio.run(whole())
        return
    with hold(settings.data):
        asyncio.run(whole())


async def _with(settings: Settings, run: Callable[[Services], Awaitable[T]]) -> T:
    async with open_services(settings) as services:
        return await run(services)


def _at(settings: Settings, words: Words) -> Settings:
    """Without a configured address people reach us where we listen."""
    if PREFIX + "BASE_URL" in os.environ:
        return settings
    host = "localhost" if words.host in ("127.0.0.1", "0.0.0.0", "::") else words.host
    return replace(settings, base_url=f"http://{host}:{words.port}")


def _check_port(words: Words) -> None:
    """Raise Failed when somebody listens there: granian would share the port with him (SO_REUSEPORT)."""
    place = (words.host, words.port)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as failure:
        raise Failed(
            f"Auf {words.host}, Port {words.port} ist kein Platz für den Server: {failure}."
        ) from failure


def _listen(settings: Settings, words: Words) -> None:
    """Serve in one process of its own; it reads its settings from the environment."""
    os.environ |= environment_of(settings)
    Granian(
        "server.demo.stage:process" if settings.demo else "server.app:process",
        address=words.host,
        port=words.port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=1,
        backlog=1024,
        log_access=False,
        log_level="warning",  # type: ignore[arg-type]
        workers_kill_timeout=20,
        websockets=settings.demo,  # Signal's container tells by one; it is played in the same process
    ).serve()


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the settings as the environment that `from_environment` reads back."""
    values = {
        "DATA": str(settings.data),
        "DATABASE_URL": settings.database_url,
        "STORAGE_URL": settings.storage_url,
        "BASE_URL": settings.base_url,
        "SECRET_FILE": str(settings.secret_file),
        "TRUSTED_PROXIES": ",".join(settings.trusted_proxies),
        "LOG_LEVEL": settings.log_level,
        "METRICS_TOKEN": settings.metrics_token,
        "GRAPH_BASE": settings.graph_base,
        "TELEGRAM_BASE": settings.telegram_base,
        "THREEMA_BASE": settings.threema_base,
        "SIGNAL_BASE": settings.signal_base,
        "SMTP_URL": settings.smtp_url,
        "IMAP_URL": settings.imap_url,
        "DEMO": "1" if settings.demo else "",
    }
    return {PREFIX + name: value for name, value in values.items() if value}


def _say(text: str) -> None:
    print(f"  {text}", flush=True)
