"""The demo company's accounts at the messengers, and what the sandbox has to know of each."""

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from server.actions import channels
from server.channels.threema.crypto import public_of
from server.db import accounts
from server.demo.cast import COMPANY, PROFILE, TEXTS
from server.domain.accounts import Account
from server.domain.users import Actor
from server.sandbox.app import Sandbox
from server.services import Services

WHATSAPP = {
    "phone_number_id": "100200300400500",
    "access_token": "sandbox-token",
    "app_secret": "sandbox-secret",
    "verify_token": "sandbox-verify",
    "waba_id": "9100200300400500",
    "template_name": "rueckfrage",
}
TELEGRAM = {
    "bot_token": "4711081500:sandbox-koehler-ausbau-0123456789abc",
    "bot_name": "KoehlerAusbauBot",
    "receiving": "abruf",  # a webhook would need HTTPS
}
MESSENGER = {
    "page_id": "100471108150042",
    "page_token": "sandbox-page-token",
    "app_secret": "sandbox-page-secret",
    "verify_token": "sandbox-verify",
    "human_agent": "ja",
}
THREEMA = {"gateway_id": "*KOEHLER", "api_secret": "sandbox-threema-01"}
SIGNAL = {"number": "+491713920050"}
EMAIL = {
    "address": PROFILE.email,
    "sender_name": COMPANY,
    "password": "sandbox-mail",
    "smtp_host": "127.0.0.1",
    "smtp_tls": "keine",
    "imap_host": "127.0.0.1",
    "imap_tls": "keine",
}
ACCOUNTS: dict[str, Callable[[], dict[str, str]]] = {
    "whatsapp": lambda: WHATSAPP,
    "telegram": lambda: TELEGRAM,
    "messenger": lambda: MESSENGER,
    "threema": lambda: {**THREEMA, "private_key": os.urandom(32).hex()},
    "signal": lambda: SIGNAL,
    "email": lambda: EMAIL,
}


async def connect_missing(services: Services, actor: Actor, *, at: datetime) -> None:
    """Set up every account the company does not have yet: all in a new demo, the newer ones in an older."""
    known = {account.kind for account in await accounts.of_company(actor.company_id)}
    for kind, typed in ACCOUNTS.items():
        if kind not in known:
            label = f"{channels.kind_of(kind).label} (Sandkasten)"
            await channels.set_up(services, actor, kind, label=label, typed=typed(), at=at)


def connect(services: Services, sandbox: Sandbox, account: Account) -> None:
    """Open the company's account at the other end; one with real settings stays unknown there."""
    secrets = json.loads(services.secrets.open(account.sealed))
    told = _TOLD.get(account.kind)
    if told is None:
        return
    at_platform = told({**account.settings, **secrets})
    if "sandbox-" in at_platform["token"]:
        sandbox.add_account(str(account.id), kind=account.kind, name=COMPANY, **at_platform)


def approve(sandbox: Sandbox) -> None:
    """Let the platform have judged the company's templates."""
    for text in TEXTS:
        sandbox.add_template(
            text.name,
            text.text,
            header_image=text.header_image,
            state=text.state,
            category=text.category,
            reason=text.reason,
        )


def _whatsapp(typed: Mapping[str, str]) -> dict[str, Any]:
    return {
        "own_id": typed["phone_number_id"],
        "display": "+4922147100",
        "token": typed["access_token"],
        "secret": typed["app_secret"],
    }


def _telegram(typed: Mapping[str, str]) -> dict[str, Any]:
    name = typed["bot_name"]
    return {"own_id": name, "display": f"@{name}", "token": typed["bot_token"], "secret": ""}


def _messenger(typed: Mapping[str, str]) -> dict[str, Any]:
    page = typed["page_id"]
    return {"own_id": page, "display": COMPANY, "token": typed["page_token"], "secret": typed["app_secret"]}


def _threema(typed: Mapping[str, str]) -> dict[str, Any]:
    own, private = typed["gateway_id"], typed.get("private_key", "")
    public = public_of(bytes.fromhex(private)).hex() if private else ""
    return {"own_id": own, "display": own, "token": typed["api_secret"], "secret": public}


def _signal(typed: Mapping[str, str]) -> dict[str, Any]:
    number = typed["number"]
    return {"own_id": number, "display": number, "token": "sandbox-signal", "secret": ""}


def _email(typed: Mapping[str, str]) -> dict[str, Any]:
    address = typed["address"]
    return {"own_id": address, "display": address, "token": typed["password"], "secret": ""}


_TOLD: dict[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
    "whatsapp": _whatsapp,
    "telegram": _telegram,
    "messenger": _messenger,
    "threema": _threema,
    "signal": _signal,
    "email": _email,
}
