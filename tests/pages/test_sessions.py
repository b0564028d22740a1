"""The way in and out in a browser: nothing burns by looking, nothing old opens, nothing leads away."""

import re

import pytest

from server.actions import sessions, users
from server.clock import now
from server.domain.sessions import SessionKind
from server.domain.users import Role, system
from tests import factories
from tests.factories import PASSWORD
from tests.pages.conftest import House
from tests.running import browser

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)


async def link_for(house: House, role: Role = Role.WORKER) -> str:
    token = await sessions.make_link(system(house.company.id), house.users[role], at=now())
    return f"/link/{token}"


async def with_password(house: House, role: Role = Role.OFFICE) -> dict[str, str]:
    user = house.users[role]
    await users.set_password(system(house.company.id), user, PASSWORD, at=now())
    return {"login": user.login, "password": PASSWORD}


async def test_ten_previews_leave_a_link_whole_and_the_second_redeemer_gets_nothing(house: House) -> None:
    path = await link_for(house)
    for _ in range(10):
        shown = await house.guest.get(path)
        assert shown.status_code == 200 and "Als Ali Demir auf diesem Gerät anmelden" in shown.text
        assert "set-cookie" not in shown.headers
    await house.guest.head(path)
    first = await house.guest.post(path, headers={"User-Agent": PHONE})
    assert first.status_code == 303 and first.headers["location"] == "/"
    assert (await house.guest.get("/")).status_code == 200
    assert "iPhone, Safari" in (await house.guest.get("/account")).text
    other = browser(house.app)
    assert (await other.get(path)).status_code == 410
    second = await other.post(path)
    assert second.status_code == 410 and "set-cookie" not in second.headers
    await other.aclose()


async def test_the_cookie_is_closed_to_scripts_and_other_sites(house: House) -> None:
    answer = await house.guest.post(await link_for(house))
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie and "domain" not in cookie


async def test_the_cookie_a_browser_came_with_dies_when_somebody_signs_in(house: House) -> None:
    await house.guest.post(await link_for(house, Role.WORKER))
    before = house.guest.cookies["zollstock"]
    await house.guest.post(await link_for(house, Role.OFFICE))
    assert house.guest.cookies["zollstock"] != before and "Sabine" in (await house.guest.get("/")).text
    old = browser(house.app, before)
    assert (await old.get("/")).headers["location"] == "/login?next=/"
    await old.aclose()


async def test_a_cookie_set_by_somebody_else_is_not_taken_over(house: House) -> None:
    planted = browser(house.app, "chosen-by-an-attacker")
    await planted.post(await link_for(house))
    assert "chosen-by-an-attacker" not in [
        cookie.value for cookie in planted.cookies.jar if cookie.domain != ""
    ]
    await planted.aclose()


async def test_password_leads_where_the_browser_wanted_to_go(house: House) -> None:
    typed = await with_password(house)
    assert (await house.guest.get("/jobs")).headers["location"] == "/login?next=/jobs"
    assert 'value="/jobs"' in (await house.guest.get("/login?next=/jobs")).text
    signed_in = await house.guest.post("/login", data=typed | {"next": "/jobs"})
    assert signed_in.status_code == 303 and signed_in.headers["location"] == "/jobs"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/%0a//e.x\r\n",
        "///evil.example", "/\t/evil.example", "http:evil.example", "evil.example", "", "/login", "/link/abc", "/@evil.example",
    ],
)  # fmt: skip
async def test_after_signing_in_nothing_leads_away(house: House, target: str) -> None:
    typed = await with_password(house)
    answer = await house.guest.post("/login", data=typed | {"next": target})
    assert answer.headers["location"] == "/"


async def test_a_wrong_password_keeps_the_login_and_never_the_password(house: House) -> None:
    typed = await with_password(house)
    answer = await house.guest.post("/login", data=typed | {"password": "falsch-und-geheim"})
    assert answer.status_code == 422 and f'value="{typed["login"]}"' in answer.text
    assert "stimmt nicht" in answer.text and "falsch-und-geheim" not in answer.text
    # A page that is not whole loads itself anew (whole.js), but never by sending a form again.
    assert "data-posted" in answer.text and "data-posted" not in (await house.guest.get("/login")).text
    unknown = await house.guest.post("/login", data={"login": typed["login"] + "x", "password": "falsch"})
    assert unknown.text.replace(typed["login"] + "x", "") == answer.text.replace(typed["login"], "")


async def test_too_many_tries_are_told_to_wait(house: House) -> None:
    for _ in range(6):
        answer = await house.guest.post("/login", data={"login": "niemand", "password": "falsch"})
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1
    assert "Zu viele Versuche" in answer.text


async def test_a_revoked_device_is_out_with_its_next_request(house: House) -> None:
    ali = house.users[Role.WORKER]
    page = (await house.office.get(f"/users/{ali.id}")).text
    found = re.search(rf"/users/{ali.id}/sessions/[0-9a-f-]+/end", page)
    assert found
    assert (await house.worker.get("/")).status_code == 200
    await house.office.post(found[0])
    assert (await house.worker.get("/")).headers["location"] == "/login?next=/"
    api = await house.worker.get("/api/v1/jobs")
    assert api.status_code == 401 and api.json()["error"]["code"] == "session.none"


async def test_a_worker_can_end_his_own_devices_and_nobody_elses(house: House) -> None:
    ali, sabine = house.users[Role.WORKER], house.users[Role.OFFICE]
    second = await sessions.open_session(ali, SessionKind.BROWSER, "Altes Handy", at=now())
    ended = await house.worker.post(f"/users/{ali.id}/sessions/{second.session.id}/end")
    assert ended.headers["location"] == "/account"
    hers = await sessions.open_session(sabine, SessionKind.BROWSER, "PC", at=now())
    for owner in (sabine.id, ali.id):
        answer = await house.worker.post(f"/users/{owner}/sessions/{hers.session.id}/end")
        assert answer.status_code in (403, 404)


async def test_pairing_shows_a_code_that_signs_the_phone_in(house: House) -> None:
    ali = house.users[Role.WORKER]
    shown = await house.office.post(f"/users/{ali.id}/pairings", data={"way": "qr"})
    assert (
        "<svg" in shown.text and " style=" not in shown.text and shown.headers["cache-control"] == "no-store"
    )
    link = re.search(r'value="http://zollstock\.test(/link/[^"]+)"', shown.text)
    assert link and (await house.guest.post(link[1])).headers["location"] == "/"
    assert link[1] not in (await house.office.get(f"/users/{ali.id}")).text


async def test_pairing_the_head_is_refused_to_the_office(house: House) -> None:
    head = house.users[Role.ADMIN]
    assert (await house.office.post(f"/users/{head.id}/pairings")).status_code == 403
    assert (await house.worker.post(f"/users/{head.id}/pairings")).status_code == 403
    assert (await house.worker.post(f"/users/{house.users[Role.WORKER].id}/pairings")).status_code == 200


async def test_signing_out_ends_the_session_itself(house: House) -> None:
    before = house.office.cookies["zollstock"]
    left = await house.office.post("/sign-out")
    assert left.headers["location"] == "/login"
    again = browser(house.app, before)
    assert (await again.get("/jobs")).status_code == 303
    await again.aclose()
    assert (await house.guest.post("/sign-out")).status_code == 303


async def test_a_new_login_gets_a_new_cache_key(house: House) -> None:
    one = await factories.user(house.company)
    keys = {
        (
            await sessions.redeem(
                await sessions.make_link(system(house.company.id), one, at=now()), device="", at=now()
            )
        ).session.cache_key
        for _ in range(3)
    }
    assert len(keys) == 3


async def test_an_own_password_is_set_and_changed(house: House) -> None:
    weak = await house.worker.post("/account/password", data={"password": "passwort1234"})
    assert weak.status_code == 422 and "Zu leicht zu erraten" in weak.text and "passwort1234" not in weak.text
    assert (await house.worker.post("/account/password", data={"password": PASSWORD})).status_code == 303
    wrong = await house.worker.post("/account/password", data={"password": PASSWORD + "9", "current": "x"})
    assert wrong.status_code == 422 and "Das bisherige Passwort stimmt nicht" in wrong.text
    assert (await house.worker.post("/account/language", data={"language": "en"})).status_code == 303
    assert 'lang="en"' in (await house.worker.get("/account")).text


IN_WHATSAPP = PHONE.replace("Version/18.1 ", "").replace(" Safari/604.1", " WhatsApp/2.25")
PIXEL = "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"


async def code_for(house: House) -> tuple[str, str]:
    """Return the code and the link of one pairing page."""
    ali = house.users[Role.WORKER]
    shown = (await house.office.post(f"/users/{ali.id}/pairings", data={"way": "qr"})).text
    code = re.search(r'<output class="big-code">([^<]+)</output>', shown)
    link = re.search(r'value="http://zollstock\.test(/link/[^"]+)"', shown)
    assert code and link
    return code[1], link[1]


async def test_a_code_signs_the_app_in_once_and_burns_the_link(house: House) -> None:
    code, link = await code_for(house)
    assert re.fullmatch(r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}", code)
    typed = f" {code.lower().replace('-', ' ')} "
    entered = await house.guest.post("/login/code", data={"code": typed}, headers={"User-Agent": PHONE})
    assert entered.status_code == 303 and entered.headers["location"] == "/"
    assert (await house.guest.get("/")).status_code == 200
    other = browser(house.app)
    assert (await other.get(link)).status_code == 410
    again = await other.post("/login/code", data={"code": code})
    assert again.status_code == 422 and "Dieser Code stimmt nicht" in again.text
    await other.aclose()


async def test_a_used_link_burns_its_code(house: House) -> None:
    code, link = await code_for(house)
    assert (await house.guest.post(link)).status_code == 303
    other = browser(house.app)
    assert (await other.post("/login/code", data={"code": code})).status_code == 422
    await other.aclose()


async def test_guessing_codes_is_slowed_down(house: House) -> None:
    codes = [f"ABCD-23{one}{two}" for one in "4567" for two in "89"]
    answers = [(await house.guest.post("/login/code", data={"code": code})).status_code for code in codes]
    assert answers[:5] == [422] * 5 and answers[-1] == 429


@pytest.mark.parametrize("code", ["", "ABC", "ABCD-EFG0", "ABCD-EFGHJ", "' OR 1=1", "ÄBCD-EFGH", "x" * 41])
async def test_what_is_no_code_gets_a_sentence(house: House, code: str) -> None:
    answer = await house.guest.post("/login/code", data={"code": code})
    assert answer.status_code == 422 and "set-cookie" not in answer.headers


@pytest.mark.parametrize("agent", [PHONE, IN_WHATSAPP])
async def test_an_iphone_sees_the_way_to_the_home_screen_first(house: House, agent: str) -> None:
    path = await link_for(house)
    shown = await house.guest.get(path, headers={"User-Agent": agent})
    assert "Zum Home-Bildschirm" in shown.text and "Code vom Büro" in shown.text
    assert ("In Safari öffnen" in shown.text) == (agent == IN_WHATSAPP)
    assert "Trotzdem hier anmelden" in shown.text
    assert (await house.guest.post(path, headers={"User-Agent": agent})).status_code == 303


async def test_an_android_phone_signs_in_at_once(house: House) -> None:
    shown = await house.guest.get(await link_for(house), headers={"User-Agent": PIXEL})
    assert "Als Ali Demir auf diesem Gerät anmelden" in shown.text and "Home-Bildschirm" not in shown.text


async def test_an_iphone_is_asked_for_the_code_first(house: House) -> None:
    for agent, first in ((PHONE, 'name="code"'), (PIXEL, 'name="password"')):
        shown = (await house.guest.get("/login", headers={"User-Agent": agent})).text
        assert min(('name="code"', 'name="password"'), key=shown.index) == first
