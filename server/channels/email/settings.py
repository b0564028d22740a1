"""Where a firm's mail goes out and comes in: typed settings made into servers that may be called."""

import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from server.channels.base import Field
from server.domain.errors import Invalid
from server.domain.mail import ascii_address

_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]{1,1000}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45}")
DEFAULT_LIMIT_MB, MOST_MB = 10, 25

FIELDS = (
    Field("address", "E-Mail-Adresse", help="Von hier gehen die Nachrichten ab, hierher antworten die Kunden."),
    Field("sender_name", "Angezeigter Name", required=False, help="Zum Beispiel der Name des Betriebs."),
    Field("user", "Benutzername", required=False, help="Leer: die E-Mail-Adresse."),
    Field("password", "Passwort", secret=True, help="Bei manchen Anbietern ein eigenes App-Passwort."),
    Field("smtp_host", "Server für den Versand (SMTP)"),
    Field("smtp_port", "Port für den Versand", required=False, default="587"),
    Field("smtp_tls", "Verschlüsselung beim Versand (starttls/tls/keine)", required=False, default="starttls",
          help="Ohne geht es nur auf dem eigenen Rechner."),
    Field("smtp_user", "Benutzername beim Versand, falls anders", required=False),
    Field("smtp_password", "Passwort beim Versand, falls anders", secret=True, required=False),
    Field("imap_host", "Server für den Empfang (IMAP)"),
    Field("imap_port", "Port für den Empfang", required=False, default="993"),
    Field("imap_tls", "Verschlüsselung beim Empfang (tls/starttls/keine)", required=False, default="tls"),
    Field("imap_folder", "Ordner", required=False, default="INBOX",
          help="Gelesen wird nur; nichts wird gelöscht oder als gelesen markiert."),
    Field("plus", "Antworten an name+kürzel@… (ja/nein)", required=False, default="nein",
          help="Nur wenn der Anbieter solche Adressen zustellt: am besten mit einer Testmail prüfen."),
    Field("limit_mb", "Fotos je E-Mail, höchstens MB", required=False, default=str(DEFAULT_LIMIT_MB)),
)  # fmt: skip


class Tls(StrEnum):
    """How a line is closed to others; `NONE` only on this machine or where the operator's address says so."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "keine"


@dataclass(frozen=True, slots=True)
class Server:
    """One door: where it is and who knocks."""

    host: str
    port: int
    tls: Tls
    user: str
    password: str

    @property
    def near(self) -> bool:
        """Say whether it runs on this machine."""
        return _loopback(self.host)

    def context(self) -> ssl.SSLContext | None:
        """Return what checks the server's certificate and name against the system's authorities; None for a plain line."""
        return None if self.tls is Tls.NONE else ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An account's settings, all checked. `limit_bytes` counts the photos of one mail before their encoding."""

    address: str
    sender_name: str
    smtp: Server
    imap: Server
    folder: str
    plus: bool
    limit_bytes: int


def mailbox(settings: Mapping[str, str], bases: Mapping[str, str]) -> Mailbox:
    """Return the checked settings; raises Invalid naming the field.

    `bases["smtp_url"]` and `["imap_url"]`, where set, say where to call instead: `smtp://host:port` is a plain line,
    `smtps://` one under TLS (`imap://`, `imaps://` alike).
    """
    address = ascii_address(settings.get("address", ""))
    if not address:
        raise Invalid("channel.setting_malformed", field="address")
    user = _line(settings, "user", address)
    password = _line(settings, "password", "")
    if not password:
        raise Invalid("channel.setting_malformed", field="password")
    smtp = _server(settings, "smtp", 587, Tls.STARTTLS, bases.get("smtp_url", ""))
    imap = _server(settings, "imap", 993, Tls.TLS, bases.get("imap_url", ""))
    host, port, tls = smtp
    out_user, out_password = (
        _line(settings, "smtp_user", user),
        _line(settings, "smtp_password", password),
    )
    return Mailbox(
        address=address,
        sender_name=_line(settings, "sender_name", "")[:100],
        smtp=Server(host, port, tls, out_user, out_password),
        imap=Server(*imap, user, password),
        folder=_line(settings, "imap_folder", "INBOX"),
        plus=(settings.get("plus") or "nein").strip().casefold() == "ja",
        limit_bytes=_number(settings, "limit_mb", DEFAULT_LIMIT_MB, MOST_MB) * 1_000_000,
    )


def _server(
    settings: Mapping[str, str], door: str, port: int, tls: Tls, override: str
) -> tuple[str, int, Tls]:
    if override:
        return _named(override, door, port)
    host = settings.get(f"{door}_host", "").strip()
    if not _HOST.fullmatch(host):
        raise Invalid("channel.setting_malformed", field=f"{door}_host")
    try:
        way = Tls((settings.get(f"{door}_tls") or tls.value).strip().casefold())
    except ValueError:
        raise Invalid("channel.setting_malformed", field=f"{door}_tls") from None
    if way is Tls.NONE and not _loopback(host):
        raise Invalid("mail.needs_tls", field=f"{door}_tls")
    return host, _number(settings, f"{door}_port", port, 65535), way


def _named(url: str, door: str, port: int) -> tuple[str, int, Tls]:
    parts = urlsplit(url)
    if parts.scheme not in (door, f"{door}s") or not parts.hostname:
        raise Invalid("channel.setting_malformed", field=f"{door}_host")
    return parts.hostname, parts.port or port, Tls.NONE if parts.scheme == door else Tls.TLS


def _loopback(host: str) -> bool:
    try:
        return host.casefold() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _line(settings: Mapping[str, str], name: str, default: str) -> str:
    """Return one line of text: a control character would be a command of its own at IMAP and SMTP."""
    value = settings.get(name, "").strip() or default
    if value and not _ONE_LINE.fullmatch(value):
        raise Invalid("channel.setting_malformed", field=name)
    return value


def _number(settings: Mapping[str, str], name: str, default: int, most: int) -> int:
    typed = settings.get(name, "").strip() or str(default)
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 5 and 1 <= int(typed) <= most):
        raise Invalid("channel.setting_malformed", field=name)
    return int(typed)
