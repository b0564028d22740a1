"""Everything that can be set from outside, read once from the environment (prefix ZOLLSTOCK_)."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

PREFIX = "ZOLLSTOCK_"
# Passwords of one or several addresses, before their host or among their options.
_IN_ADDRESS = re.compile(r"(://[^:/?#\s,]*:)[^/?#\s]*?@")
_IN_QUERY = re.compile(r"([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&\s]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one running Zollstock. Addresses have no trailing slash."""

    data: Path
    """Folder of database, photos and keys."""
    database_url: str
    """`sqlite:///…` (one process) or `postgresql://…` (many)."""
    storage_url: str
    """A folder, or `s3://bucket/prefix?endpoint=…`."""
    base_url: str
    """The address under which phones and customers reach us; links are built from it, never from a request."""
    secret_file: Path
    """32 random bytes that encrypt secrets at rest and derive tokens. Made at first start, mode 0600."""
    trusted_proxies: tuple[str, ...]
    """Addresses whose X-Forwarded-For is believed."""
    log_level: str
    metrics_token: str
    """GET /metrics answers only to this bearer token; empty turns it off."""
    graph_base: str
    telegram_base: str
    threema_base: str
    signal_base: str
    smtp_url: str
    imap_url: str
    kill_worker: bool
    """`1` takes the service worker off every phone at its next page; what is not sent yet stays there."""
    demo: bool
    """A filled company and the messenger sandbox; never on a real installation."""

    @property
    def secure(self) -> bool:
        """True when people reach us by HTTPS: cookies get the `__Host-` prefix and the Secure mark."""
        return self.base_url.startswith("https://")

    @property
    def bases(self) -> dict[str, str]:
        """The platforms' addresses by the names of their settings, as channels look for them."""
        return {
            field.name: str(getattr(self, field.name))
            for field in fields(self)
            if field.name.endswith("_base") or field.name in ("smtp_url", "imap_url")
        }

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    def masked(self) -> dict[str, str]:
        """Return every setting as text, with passwords inside addresses and tokens masked."""
        return {field.name: _masked(field.name, getattr(self, field.name)) for field in fields(self)}


def from_environment(environ: Mapping[str, str] = os.environ, *, data: Path | None = None) -> Settings:
    """Read the settings; a `data` folder given on the command line goes before the environment."""

    def read(name: str, default: str) -> str:
        return environ.get(PREFIX + name, default).rstrip("/") or default

    folder = (data or Path(read("DATA", "data"))).absolute()
    return Settings(
        data=folder,
        database_url=read("DATABASE_URL", f"sqlite:///{folder}/zollstock.db"),
        storage_url=read("STORAGE_URL", str(folder / "photos")),
        base_url=read("BASE_URL", "http://localhost:8000"),
        secret_file=Path(read("SECRET_FILE", str(folder / "secret.key"))),
        trusted_proxies=tuple(p.strip() for p in read("TRUSTED_PROXIES", "").split(",") if p.strip()),
        log_level=read("LOG_LEVEL", "INFO").upper(),
        metrics_token=read("METRICS_TOKEN", ""),
        graph_base=read("GRAPH_BASE", "https://graph.facebook.com"),
        telegram_base=read("TELEGRAM_BASE", "https://api.telegram.org"),
        threema_base=read("THREEMA_BASE", "https://msgapi.threema.ch"),
        signal_base=read("SIGNAL_BASE", ""),
        smtp_url=read("SMTP_URL", ""),
        imap_url=read("IMAP_URL", ""),
        kill_worker=read("KILL_WORKER", "") == "1",
        demo=read("DEMO", "") == "1",
    )


def _masked(name: str, value: object) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    if name.endswith("token"):
        return "••••" if text else ""
    return _IN_QUERY.sub(r"\1••••", _IN_ADDRESS.sub(r"\1••••@", text))
