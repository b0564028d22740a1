"""Ids of another company, in every address and in every body: nothing of it is shown, changed or pointed to.

tests/test_routes.py asks every route with what a firm begins with; here are the things of daily work, and what stands
in forms and JSON.
"""

import dataclasses
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from starlette.applications import Starlette

from server.actions import calls, conversations, imports, internal_notes, labels, quick_replies
from server.clock import now
from server.db import accounts, inbox, share_links, tables
from server.db import conversations as conversations_db
from server.db.tables import ChannelTemplateRow, SessionRow, TaskRow
from server.db.unit import atomic
from server.domain.accounts import Account, Health
from server.domain.calls import CallDraft, Outcome, Said
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import Direction, Message, MessageState
from server.domain.share_links import LIVES, ShareLink
from server.domain.users import Actor, Role
from server.ids import new_id
from server.web.routing import GuardedRoute, Who
from server.web.session import token_hash
from tests.running import browser, program, running
from tests.test_routes import BRINGS, Firm, address, ask, firm, guarded, things

CANARY = "Kanarienvogel"
CHAT = f"[01.09.26, 10:00:00] {CANARY}: Guten Tag\n[01.09.26, 10:01:00] Berger: Hallo\n"
# What the fields of forms and bodies are called that name a thing, and what they name.
NAMES = {
    "job": "job_id", "job1": "job_id", "job2": "job_id", "job3": "job_id", "job4": "job_id", "into": "job_id",
    "to": "job_id", "contact": "contact_id", "customer": "customer_id", "photo": "photo_id", "photos": "photo_id",
    "ids": "photo_id", "keep": "note_id", "partner": "partner_id", "consent": "consent_id", "question": "question_id",
    "user": "user_id", "members": "user_id", "device": "device_id", "template": "template_id", "reply": "reply_id",
    "quote": "message_id", "messages": "message_id", "heard": "message_id", "label": "label_id", "labels": "label_id",
    "gaps": "gap_id", "pair_of": "photo_id", "refs": "photo_id", "replaces": "note_id", "people": "contact_id",
}  # fmt: skip
# Enough for a form to be taken where nothing else is wrong with it.
WORDS = {
    "text": "Hallo", "note": "Hallo", "name": "Hallo", "title": "Hallo", "caption": "Hallo", "words": "Hallo",
    "channel": "whatsapp", "state": "active", "verdict": "released", "how": "gesagt", "verb": "granted",
    "purpose": "third_party", "proof": "spoken", "proof_ref": "am Telefon", "outcome": "reached", "direction": "out",
    "action": "release", "kind": "note", "same": "1", "spam": "1", "day": "2026-12-24", "clock": "10:00", "login": "hallo",
    "role": "worker", "phone": "0151 99887766", "street": "Weg 1", "trade": "Elektro", "number": "N-1",
}  # fmt: skip


async def _bytes(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def working(app: Starlette, name: str) -> Firm:
    """Return a firm in whose every table is something."""
    made = await firm(name)
    admin, worker = await _actor(made, Role.ADMIN), await _actor(made, Role.WORKER)
    job, contact = UUID(made.ids["job_id"]), UUID(made.ids["contact_id"])
    chat = await imports.receive(
        app.state.services, admin, "WhatsApp Chat.txt", _bytes(f"{CHAT}{name}".encode()), at=now()
    )
    told = Said(outcome=Outcome.REACHED, contact_id=contact)
    draft = CallDraft(job_id=job, text=CANARY, words=CANARY, said=told)
    call = await calls.write(worker, draft, at=now())
    label = await labels.make(admin, CANARY, at=now())
    reply = await quick_replies.write(admin, CANARY, CANARY, at=now())
    ids = await _talk(admin, job, contact, UUID(made.ids["partner_id"]), UUID(made.ids["photo_id"]))
    session = await SessionRow.filter(user_id=worker.id).first()
    assert session
    ids |= {"import_id": chat.id, "call_id": call.id, "label_id": label.id, "reply_id": reply.id}
    ids |= {"session_id": session.id}
    return Firm(made.ids | {key: str(one) for key, one in ids.items()}, made.tokens)


async def _actor(made: Firm, role: Role) -> Actor:
    row = await SessionRow.get(token_hash=token_hash(made.tokens[role.value])).prefetch_related("user")
    return Actor(row.user.id, row.company_id, row.user.name, role)


@atomic
async def _talk(admin: Actor, job: UUID, contact: UUID, partner: UUID, photo: UUID) -> dict[str, UUID]:
    """Write an account with a stranger, a customer, a doubt, a proposal, a gap, a template, a link, a dead task."""
    company, at = admin.company_id, now()
    account = Account(
        new_id(), company, "brieftaube", CANARY, {}, b"", Health.OK, "", None, None, disabled_at=None
    )
    await accounts.insert_account(company, account, at=at)
    raw = await inbox.insert_raw(company, account.id, b"", at=at)
    events = {}
    for key, state in (("proposal_id", inbox.PROPOSED), ("gap_id", "gap")):
        names = [["phone", "+4915123456789"]]
        payload = {
            "contact": str(contact),
            "old": names,
            "new": [["phone", "+4915111111111"]],
            "sender": names,
        }
        payload |= {"since": at.isoformat(), "until": at.isoformat(), "detail": ""}
        await inbox.claim_event(company, account.id, key, raw_id=raw, state=state, at=at, payload=payload)
        row = await tables.InboxEventRow.get(company_id=company, event_key=key)
        events[key] = row.id
    heard = await conversations.keep(_message(company, account.id, Direction.IN, None, at=at))
    said = await conversations.keep(_message(company, account.id, Direction.OUT, contact, at=at, job=job))
    assert heard and said and said.conversation_id
    thread = await conversations_db.by_id(company, said.conversation_id)
    assert thread and admin.id
    await internal_notes.write(admin, CANARY, conversation=thread, at=at)
    template = await ChannelTemplateRow.create(
        id=new_id(), company_id=company, account_id=account.id, name=CANARY, language="de", body=CANARY, synced_at=at
    )  # fmt: skip
    link = ShareLink(new_id(), company, job, partner, (photo,), admin.id, at, at + LIVES)
    await share_links.insert_link(company, link, token_hash=str(link.id))
    task = await TaskRow.create(
        id=new_id(),
        company_id=company,
        kind="media.fetch",
        payload={},
        state="dead",
        run_at=at,
        created_at=at,
    )
    return events | {
        "account": account.id,
        "account_id": account.id,
        "conversation_id": thread.id,
        "message_id": said.id,
        "template_id": template.id,
        "share_link_id": link.id,
        "task_id": task.id,
    }


def _message(
    company: UUID,
    account: UUID,
    direction: Direction,
    contact: UUID | None,
    *,
    at: Any,
    job: UUID | None = None,
) -> Message:
    return Message(
        id=new_id(),
        company_id=company,
        contact_id=contact,
        job_id=job,
        question_id=None,
        account_id=account,
        photo_id=None,
        channel="brieftaube",
        direction=direction,
        kind="text",
        text=CANARY,
        recipient=Identity(IdentityKind.PHONE, "+4915123456789"),
        state=MessageState.RECEIVED if direction is Direction.IN else MessageState.UNCLEAR,
        at=at,
        created_at=at,
        changed_at=at,
    )


async def rows(company_id: UUID) -> dict[str, str]:
    """Return every row of a company as text, by table and id."""
    found = {}
    for name in tables.__all__:
        table = getattr(tables, name, None)
        columns = getattr(getattr(table, "_meta", None), "fields_map", {})
        if "company_id" not in columns:
            continue
        for row in await table.filter(company_id=company_id).values():  # type: ignore[union-attr]
            found[f"{name} {row.get('id')}"] = str(sorted(row.items(), key=lambda pair: pair[0]))
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Return which rows came, went or changed; when a browser was last seen is no harm."""
    calm = ("SessionRow", "DeviceRow")
    found = {key for key in before | after if before.get(key) != after.get(key)}
    return {key for key in found if not key.startswith(calm)}


def fields_of(route: GuardedRoute, ids: Mapping[str, str]) -> dict[str, Any]:
    """Return a body for a route: as its JSON is declared, else every name that any form of ours knows."""
    body = getattr(route, "body", None)
    known = [one.name for one in dataclasses.fields(body)] if body else [*NAMES, *WORDS]
    many = {"photos", "ids", "members", "messages", "labels", "gaps", "refs", "keep", "people"}
    found: dict[str, Any] = {name: WORDS[name] for name in known if name in WORDS}
    for name in known:
        if name in NAMES and NAMES[name] in ids:
            value = ids[NAMES[name]]
            found[name] = [value] if name in many else value
    return found


async def test_another_companys_things_exist_at_no_door(tmp_path: Path, database_url: str) -> None:
    async with running(tmp_path, database_url) as app:
        own, other = await working(app, "Eigene"), await firm("Andere")
        company = (await _actor(own, Role.ADMIN)).company_id
        before, wrong = await rows(company), []
        for method, route in guarded(app):
            if not things(route) or route.who not in (Who.WORKER, Who.OFFICE, Who.ADMIN):
                continue
            if (method, route.path) in BRINGS:
                continue
            for role, client in (("admin", browser), ("worker", browser), ("admin", program)):
                if role == "worker" and route.who is not Who.WORKER:
                    continue
                async with client(app, other.tokens[role]) as somebody:
                    answer = await ask(somebody, method, address(route, own.ids))
                if answer.status_code not in (404, 410) or CANARY in answer.text:
                    wrong.append(f"{role} {method} {route.path}: {answer.status_code}")
        assert not wrong, "\n".join(wrong)
        assert changed(before, await rows(company)) == set()


async def test_another_companys_ids_in_a_body_point_to_nothing(tmp_path: Path, database_url: str) -> None:
    """Own addresses, foreign ids in every field: no answer tells of them, no row of ours changes or names theirs."""
    async with running(tmp_path, database_url) as app:
        own, other = await working(app, "Eigene"), await working(app, "Andere")
        company, theirs = (
            (await _actor(own, Role.ADMIN)).company_id,
            (await _actor(other, Role.ADMIN)).company_id,
        )
        before = await rows(company)
        foreign = set(own.ids.values())
        wrong, taken = [], 0
        for method, route in guarded(app):
            if route.who not in (Who.WORKER, Who.OFFICE, Who.ADMIN) or method not in ("POST", "PUT", "PATCH"):
                continue
            if "sign-out" in route.path or "session" in route.path or route.path.startswith("/sync/blobs"):
                continue
            body, path = fields_of(route, own.ids), address(route, other.ids)
            json = route.path.startswith(("/api/", "/sync/"))
            async with browser(app, other.tokens["admin"]) as admin:
                sent = {"json": body} if json else {"data": body}
                answer = await admin.request(method, path, **sent)  # type: ignore[arg-type]
            taken += answer.status_code in (200, 201, 303)
            if answer.status_code >= 500:
                wrong.append(f"{method} {route.path}: {answer.status_code}")
        for key, row in (await rows(theirs)).items():
            named = {one for one in foreign if one in row}
            if named:
                wrong.append(f"{key} names {named}: {row[:400]}")
        assert taken > 25, "the bodies are no longer what the forms ask for"
        assert not wrong, "\n".join(wrong)
        assert changed(before, await rows(company)) == set()
