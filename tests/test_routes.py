"""All routes × all identities × other companies' ids: the declared rule holds, and nothing foreign exists.

A route whose path parameters this test does not know fails: declare what they name.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
from starlette.applications import Starlette

from server.actions import consents, devices, drafts, notes, partners, sync
from server.actions.sync import Origin
from server.app import create_app
from server.clock import now
from server.db import partners as partners_db
from server.db.unit import atomic
from server.domain.consents import Proof
from server.domain.evidence import Evidence
from server.domain.items import SyncQuestion
from server.domain.partners import ContractKind, Partner, PartnerContract, PartnerDraft
from server.domain.sync import read_item
from server.domain.users import Actor, Role
from server.domain.wordings import Topic
from server.ids import new_id
from server.web.middleware import HEADERS, STATIC, STATIC_HEADERS
from server.web.routing import GuardedRoute, Who
from tests import factories
from tests.running import browser, program, running

MADE_UP = "01a20ae3-6bce-716f-8967-edd424ddc228"
# What a path parameter names, when it is no thing of a company.
WORDS = {
    "version": "0",
    "path": "nothing.js",
    "name": "thumb",
    "token": "no-such-token",
    "channel": "whatsapp",
    "kind": "whatsapp",
    "place": "1",
    "number": "1",
}
THINGS = {
    "account", "account_id", "call_id", "contact_id", "conversation_id", "customer_id", "device_id", "import_id", "item_id", "job_id",
    "label_id", "message_id", "photo_id",
    "note_id", "partner_id", "proposal_id", "contract_id", "consent_id", "question_id", "reply_id", "session_id", "share_link_id",
    "task_id", "upload_id", "user_id",
}  # fmt: skip
ALLOWED = {
    Who.WORKER: {"worker", "office", "admin"},
    Who.OFFICE: {"office", "admin"},
    Who.ADMIN: {"admin"},
}
# Bringing a thing under an id of one's own choice is not reading somebody else's.
BRINGS = {("PUT", "/sync/items/{item_id:uuid}")}


@dataclass(frozen=True, slots=True)
class Firm:
    """A company with one of everything, and a signed-in browser's secret for each role."""

    ids: dict[str, str]
    tokens: dict[str, str]


async def firm(name: str) -> Firm:
    company, at = await factories.company(name), now()
    users = {role.value: await factories.user(company, role, role.value) for role in Role}
    users["outsider"] = await factories.user(company, Role.WORKER, "outsider")
    office, worker = factories.acting(users["office"]), factories.acting(users["worker"])
    customer = await factories.customer(office)
    contact = await factories.contact(office, customer)
    job = await factories.job(
        office, "Bad", worker.id or new_id(), customer_id=customer.id, contact_id=contact.id
    )
    photo = await bring_photo(worker, job.id)
    question = await bring_question(worker, job.id, photo)
    note = await notes.write(worker, job_id=job.id, text="Fuge", at=at)
    partner = await partners.create(office, PartnerDraft("Elektro Blitz"), at=at)
    consent = await consents.grant(office, contact, Topic("whatsapp"), Evidence(Proof.SIGNATURE), at=at)
    ids = {
        "partner_id": partner.id,
        "contract_id": await bring_contract(office, partner),
        "consent_id": consent.id,
        "customer_id": customer.id,
        "contact_id": contact.id,
        "job_id": job.id,
        "photo_id": photo,
        "item_id": photo,
        "upload_id": photo,
        "question_id": question,
        "note_id": note.id,
        "user_id": worker.id,
        "device_id": await bring_phone(worker),
    }
    named = {name: str(ids.get(name, MADE_UP)) for name in THINGS}
    return Firm(named, {role: await factories.token(user, at) for role, user in users.items()})


def item_of(kind: str, job_id: UUID, **fields: object) -> dict[str, object]:
    return {
        "kind": kind,
        "job": str(job_id),
        "captured_at": "2026-11-24T10:42:00+01:00",
        "refs": [],
        **fields,
    }


async def bring_photo(worker: Actor, job_id: UUID) -> UUID:
    data = b"\xff\xd8\xff\xe0JFIF"
    body = item_of(
        "photo", job_id, caption="Rohr", phase=None, tags=[], position=None, size=len(data), mime="image/jpeg",
        sha256=hashlib.sha256(data).hexdigest(), thumb=None,
    )  # fmt: skip
    item = read_item(new_id(), body)
    await sync.put_item(worker, item, Origin(), at=now())
    return item.id


@atomic
async def bring_contract(office: Actor, partner: Partner) -> UUID:
    assert office.id
    day = factories.today()
    contract = PartnerContract(
        new_id(),
        office.company_id,
        partner.id,
        ContractKind.PROCESSOR,
        day,
        None,
        "",
        "",
        "",
        office.id,
        now(),
        None,
    )
    await partners_db.insert_contract(office.company_id, contract)
    return contract.id


async def bring_phone(worker: Actor) -> UUID:
    phone = new_id()
    await devices.notice(worker, phone, at=now())
    return phone


async def bring_question(worker: Actor, job_id: UUID, photo: UUID) -> UUID:
    body = item_of("question", job_id, text="Fuge?", choices=["Hell", "Dunkel"], refs=[str(photo)])
    item = read_item(new_id(), body)
    assert isinstance(item, SyncQuestion)
    return (await drafts.accept(worker, item, job_id=job_id, at=now())).id


def guarded(app: Starlette) -> list[tuple[str, GuardedRoute]]:
    """Return every (method, route)."""
    found = []
    for one in app.routes:
        assert isinstance(one, GuardedRoute), f"{one} has no rule: make it with server.web.routing.route"
        found += [
            (method, one)
            for method in sorted(one.methods or ())
            if method != "HEAD" or one.methods == {"HEAD"}
        ]
    return found


def address(route: GuardedRoute, ids: dict[str, str]) -> str:
    path = route.path
    for name in route.param_convertors:
        assert name in WORDS or name in THINGS, (
            f"{route.path}: what does {{{name}}} name? Declare it in this test."
        )
        value = ids.get(name, WORDS.get(name, MADE_UP))
        for kind in (":uuid", ":path", ":int", ""):
            path = path.replace(f"{{{name}{kind}}}", value)
    return path


def things(route: GuardedRoute) -> set[str]:
    return set(route.param_convertors) & THINGS


async def ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    if path.startswith("/sync/blobs/"):
        tus = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }
        return await client.request(method, path, headers=tus)
    return await client.request(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)


def test_every_route_has_a_rule_and_known_parameters() -> None:
    for _, route in guarded(create_app()):
        address(route, {})


async def test_the_rule_of_every_route(tmp_path: Path, database_url: str) -> None:
    """Nobody gets in without signing in; a role that is too small gets 403, never a page, never a defect."""
    async with running(tmp_path, database_url) as app:
        own = await firm("Eigene")
        wrong = []
        for method, route in guarded(app):
            if route.who not in ALLOWED or route.path == "/live":
                continue
            path = address(route, own.ids)
            async with browser(app) as nobody:
                answer = await ask(nobody, method, path)
                if answer.status_code not in (303, 401):
                    wrong.append(f"nobody {method} {route.path}: {answer.status_code}")
            for role in {"worker", "office"} - ALLOWED[route.who]:
                async with browser(app, own.tokens[role]) as client:
                    answer = await ask(client, method, path)
                    if answer.status_code != 403:
                        wrong.append(f"{role} {method} {route.path}: {answer.status_code}")
        assert not wrong, "\n".join(wrong)


async def test_foreign_things_do_not_exist(tmp_path: Path, database_url: str) -> None:
    """Another company's admin, with every id of ours, by cookie and by token: 404 at every door."""
    async with running(tmp_path, database_url) as app:
        own, other = await firm("Eigene"), await firm("Andere")
        wrong = []
        for method, route in guarded(app):
            if not things(route) or route.who in (Who.LINK, Who.ANYONE) or (method, route.path) in BRINGS:
                continue
            for role, open_client in (("admin", browser), ("worker", browser), ("admin", program)):
                if route.who in ALLOWED and role not in ALLOWED[route.who]:
                    continue
                async with open_client(app, other.tokens[role]) as client:
                    answer = await ask(client, method, address(route, own.ids))
                if answer.status_code not in (404, 410):
                    wrong.append(f"{role} {method} {route.path}: {answer.status_code}")
        assert not wrong, "\n".join(wrong)


async def test_a_worker_who_is_not_a_member_sees_nothing_of_a_job(tmp_path: Path, database_url: str) -> None:
    async with running(tmp_path, database_url) as app:
        own = await firm("Eigene")
        wrong = []
        for method, route in guarded(app):
            if not things(route) & {"job_id", "photo_id", "question_id", "upload_id", "item_id"}:
                continue
            if route.who is not Who.WORKER or (method, route.path) in BRINGS:
                continue
            async with browser(app, own.tokens["outsider"]) as client:
                answer = await ask(client, method, address(route, own.ids))
            if answer.status_code not in (404, 410):
                wrong.append(f"{method} {route.path}: {answer.status_code}")
        assert not wrong, "\n".join(wrong)


async def test_no_route_breaks(tmp_path: Path, database_url: str) -> None:
    """The admin calls every route with his own ids and an empty body: anything but a defect of ours."""
    async with running(tmp_path, database_url) as app:
        own = await firm("Eigene")
        wrong = []
        for method, route in guarded(app):
            if route.path == "/live" or "sign-out" in route.path or "session" in route.path:
                continue
            async with browser(app, own.tokens["admin"]) as client:
                answer = await ask(client, method, address(route, own.ids))
            wanted = STATIC_HEADERS if route.path.startswith(STATIC) else HEADERS
            missing = [name for name in wanted if name.lower() not in answer.headers]
            if answer.status_code >= 500 or missing:
                wrong.append(f"{method} {route.path}: {answer.status_code} {missing or ''}")
        assert not wrong, "\n".join(wrong)


async def test_other_sites_change_nothing(tmp_path: Path, database_url: str) -> None:
    async with running(tmp_path, database_url) as app:
        own = await firm("Eigene")
        wrong = []
        for method, route in guarded(app):
            # The answer link has no cookie a foreign page could ride on: its token is all.
            if (
                method in ("GET", "HEAD", "OPTIONS")
                or route.who is Who.HOOK
                or route.path.startswith(("/a/", "/q/"))
            ):
                continue
            async with browser(app, own.tokens["admin"]) as client:
                client.headers["Sec-Fetch-Site"] = "cross-site"
                answer = await ask(client, method, address(route, own.ids))
            if answer.status_code != 403:
                wrong.append(f"{method} {route.path}: {answer.status_code}")
        assert not wrong, "\n".join(wrong)
