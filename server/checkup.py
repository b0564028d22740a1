"""`zollstock doctor`: looks at this installation and says in one sentence each what is right and what is not."""

import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from server.app import open_services
from server.db.connect import FAILURES, kind_of, ping
from server.db.migrate import pending
from server.services import Services
from server.settings import Settings

FREE_MIN_BYTES = 2_000_000_000
SILENT: tuple[type[Exception], ...] = (OSError, ValueError, RuntimeError, *FAILURES)


@dataclass(frozen=True, slots=True)
class Verdict:
    good: bool
    text: str


async def verdicts(settings: Settings) -> list[Verdict]:
    """Return every check's verdict; a check that cannot run is a bad one, never an exception."""
    found = [python(), disk(settings), address(settings), secret(settings)]
    found.append(await _tried(lambda: database(settings), "Die Datenbank antwortet nicht"))
    if found[-1].good:
        found.append(await _tried(lambda: storage(settings), "Der Fotospeicher antwortet nicht"))
    return found


def python() -> Verdict:
    return Verdict(
        sys.version_info >= (3, 11), f"Python {sys.version.split()[0]} (gebraucht: 3.11 oder neuer)"
    )


def disk(settings: Settings) -> Verdict:
    folder = next(one for one in (settings.data, *settings.data.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    return Verdict(
        free > FREE_MIN_BYTES, f"Freier Platz für {settings.data}: {free / 1e9:.1f} GB (gebraucht: 2 GB)"
    )


def address(settings: Settings) -> Verdict:
    local = settings.host.split(":")[0] in ("localhost", "127.0.0.1")
    good = settings.secure or local
    rest = (
        ""
        if good
        else " – Handys brauchen HTTPS: Kamera und Offline-Betrieb gehen sonst nicht (README, Caddy)"
    )
    return Verdict(good, f"Adresse {settings.base_url}{rest}")


def secret(settings: Settings) -> Verdict:
    path = settings.secret_file
    if not path.exists():
        return Verdict(True, f"Schlüsseldatei {path} entsteht beim ersten Start")
    mode = path.stat().st_mode & 0o777
    return Verdict(
        mode & 0o077 == 0 and path.stat().st_size == 32,
        f"Schlüsseldatei {path}, Rechte {mode:o} (richtig: 600)",
    )


async def database(settings: Settings) -> Verdict:
    kind = kind_of(settings.database_url)
    if kind == "sqlite" and not (settings.data / "zollstock.db").exists():
        return Verdict(True, "Die Datenbank entsteht beim ersten Start")
    waiting = await pending(settings.database_url)
    rest = f" – es fehlt: {', '.join(waiting)} (zollstock migrate)" if waiting else ", auf Stand"
    return Verdict(not waiting, f"Datenbank {kind}{rest}")


async def storage(settings: Settings) -> Verdict:
    if not settings.data.exists():
        return Verdict(True, "Der Fotospeicher entsteht beim ersten Start")
    async with open_services(settings) as services:
        await _probe(services)
    return Verdict(True, "Datenbank und Fotospeicher lesen und antworten")


async def _probe(services: Services) -> None:
    await ping(services.database)
    await services.storage.head("ready/probe")


async def _tried(check: Callable[[], Awaitable[Verdict]], sentence: str) -> Verdict:
    try:
        return await check()
    except SILENT as failure:
        return Verdict(False, f"{sentence}: {failure}")
