"""No page without a way to it: from the start page, by links alone, each role finds every page that is for it."""

import re
from collections import Counter, deque

import httpx
from starlette.routing import Match

import server.pages
from server.actions import devices, notes, partners
from server.db import companies, imports
from server.domain.partners import PartnerDraft
from server.domain.users import Role
from server.ids import new_id
from server.web.collect import routes_of
from server.web.routing import GuardedRoute, Who
from tests.domain.chats import Form, packed, written
from tests.factories import acting, token, user
from tests.pages.test_imports import SAID
from tests.sites import photo_bytes
from tests.talks import Firm

MAY = {
    Role.WORKER: {Who.WORKER},
    Role.OFFICE: {Who.WORKER, Who.OFFICE},
    Role.ADMIN: {Who.WORKER, Who.OFFICE, Who.ADMIN},
}
# A page's address is met in so many forms (another job, another filter), then it is known.
EACH = 3
NO_PAGE = re.compile(r"/_|\.(jpg|png|csv|vcf)$|^/live$|/document$")
"""Fragments, pictures, files to download, and the stream of signals."""
OTHER_WAYS = {
    "/unsent": "the desk reads it as \"Dieses Gerät\" in the phone's menu; it is every role's own device",
    "/sort": "elements/today-hints.js leads there when photos on this phone have no job, offline too",
    "/befores": "elements/today-hints.js leads there when a before waits for its after, offline too",
    "/reviews/unsorted": "redirects to the part of /reviews",
    "/contacts/{contact_id:uuid}/consents/link": "the page of a link that was just made (POST answers it)",
}
HREF = re.compile(r'href="(/[^"#]*)')


def pages_for(role: Role) -> dict[str, GuardedRoute]:
    """Return the routes that answer this role with a whole page."""
    return {
        one.path: one
        for one in routes_of(server.pages)
        if "GET" in (one.methods or ()) and one.who in MAY[role] and not NO_PAGE.search(one.path)
    }


async def signed_in(firm: Firm, role: Role) -> httpx.AsyncClient:
    if role is Role.WORKER:
        return firm.browser(firm.worker)
    if role is Role.ADMIN:
        return firm.browser(firm.office)
    ours = await companies.by_id(firm.company_id)
    assert ours
    clerk = await user(ours, Role.OFFICE, "Jana Weiß")
    assert isinstance(firm.tokens, dict)
    firm.tokens[clerk.id] = await token(clerk)
    return firm.browser(acting(clerk))


async def furnish(firm: Firm) -> None:
    """Give the firm one of everything that has a page."""
    await firm.hello()
    await firm.consent()
    photo = await firm.photo()
    question = await firm.ask(photo)
    await firm.ask(text="Und die Leiste?")
    handed = await firm.ask(text="Passt Dienstag?")
    await firm.release(handed, "whatsapp_handoff")
    await firm.work()
    await firm.release(question)
    await notes.write(firm.worker, job_id=firm.job, text="Fuge prüfen", at=firm.clock.at)
    partner = await partners.create(firm.office, PartnerDraft("Elektro Blitz"), at=firm.clock.at)
    await devices.notice(firm.worker, new_id(), at=firm.clock.at)
    chat = packed(written(Form(), SAID), {"IMG-1.jpg": photo_bytes()})
    async with firm.browser(firm.office) as office:
        await office.post("/imports", files={"file": ("Chat.zip", chat)})
        agreed = {
            "purpose": "third_party",
            "partner": str(partner.id),
            "job": str(firm.job),
            "how": "am Telefon",
        }
        await office.post(f"/contacts/{firm.contact.id}/consents", data=agreed)
        signed = {"kind": "processor", "signed_on": f"{firm.clock.at:%Y-%m-%d}", "reference": "Ordner 12"}
        await office.post(f"/partners/{partner.id}/contracts", data=signed)
        shown = {"partner": str(partner.id), "photos": [str(photo.id)]}
        link = await office.post(f"/jobs/{firm.job}/shares", data=shown)
    assert link.headers["location"].startswith("/shares/"), link.text
    assert (await imports.of_company(firm.company_id)).items


async def crawl(client: httpx.AsyncClient, role: Role) -> set[str]:
    """Return the routes met by following links from the start page."""
    wanted = pages_for(role)
    met: Counter[str] = Counter()
    seen, queue = {"/"}, deque(["/"])
    while queue:
        answer = await client.get(queue.popleft())
        if answer.status_code == 303:
            found = [answer.headers["location"].partition("#")[0]]
        else:
            found = HREF.findall(answer.text.replace("&amp;", "&"))
            assert answer.status_code == 200, (answer.url, answer.status_code)
        for address in dict.fromkeys(found):
            if address in seen:
                continue
            seen.add(address)
            path = _route(wanted, address)
            if path and met[path] < EACH:
                met[path] += 1
                queue.append(address)
    return set(met) | {"/"}


def _route(wanted: dict[str, GuardedRoute], address: str) -> str:
    scope = {"type": "http", "method": "GET", "path": address.partition("?")[0], "headers": []}
    return next((path for path, one in wanted.items() if one.matches(scope)[0] is Match.FULL), "")


async def test_every_page_has_a_way_for_whom_it_is(firm: Firm) -> None:
    await furnish(firm)
    for role in Role:
        async with await signed_in(firm, role) as client:
            missing = set(pages_for(role)) - await crawl(client, role)
        assert missing - set(OTHER_WAYS) == set(), role
    assert set(OTHER_WAYS) <= set(pages_for(Role.ADMIN)), "an exception that is none any more"


async def test_the_offices_ways_are_two_taps_from_the_start(firm: Firm) -> None:
    """One tap on the start page's list, or two by the menu, which is the same on every page."""
    at_desk = [
        "/settings/statistics",
        "/settings/channels/advisor",
        "/shared",
        "/imports",
        "/calls",
        "/partners",
    ]
    at_desk += ["/renames", "/questions", "/logbook", "/trash", "/users"]
    for role, also in ((Role.OFFICE, []), (Role.ADMIN, ["/settings/conversations", "/settings/channels"])):
        async with await signed_in(firm, role) as client:
            start, other = (await client.get("/")).text, (await client.get("/jobs")).text
        for address in [*at_desk, *also]:
            assert start.count(f'href="{address}"') >= 3, (
                role,
                address,
            )  # list, menu of the desk, of the phone
            assert other.count(f'href="{address}"') >= 2, (role, address)
    async with firm.browser(firm.worker) as worker:
        page = (await worker.get("/")).text
    assert not [one for one in at_desk if one not in ("/calls", "/questions") and f'href="{one}"' in page]
