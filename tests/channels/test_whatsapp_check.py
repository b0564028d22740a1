"""The self-check: number, quality, token, subscription, webhook; it mends what can be mended and never raises."""

import httpx
import pytest

from server.channels.whatsapp.channel import Whatsapp
from server.domain.choices import Choice
from server.domain.outcomes import Accepted, Permanent, Unclear
from server.ids import new_id
from server.sandbox import Fault
from tests.channels.lines import SETTINGS, Line, draft, load

HOOK = "https://betrieb.example/hooks/whatsapp/1"


async def found(line: Line, hook: str = HOOK, **typed: str) -> dict[str, tuple[bool, str]]:
    channel = Whatsapp({**SETTINGS, **typed}, line.http, {"graph_base": "http://sandbox/graph"})
    return {one.code: (one.ok, one.detail) for one in await channel.check(hook)}


async def test_all_is_well(line: Line) -> None:
    line.sandbox.whatsapp.admin.hooks["firm"] = HOOK
    assert await found(line) == {
        "channel.token": (True, "+4915112345678 Malerbetrieb Berger"),
        "channel.number": (True, "CONNECTED"),
        "channel.quality": (True, "GREEN"),
        "channel.subscribed": (True, ""),
        "channel.webhook": (True, HOOK),
    }


async def test_a_missing_subscription_is_made_and_our_webhook_with_it(line: Line) -> None:
    line.sandbox.whatsapp.admin.unsubscribed.add("firm")
    line.sabine.write("Hört ihr mich?")
    await line.sandbox.settle()
    assert line.bodies == []
    checked = await found(line)
    assert (checked["channel.resubscribed"], checked["channel.webhook"]) == ((True, ""), (True, HOOK))
    line.sabine.write("Und jetzt?")
    await line.sandbox.settle()
    assert [message.text for message in line.inbound()] == ["Und jetzt?"]
    assert "channel.subscribed" in await found(line)


async def test_another_ones_webhook_is_left_alone(line: Line) -> None:
    admin = line.sandbox.whatsapp.admin
    admin.hooks["firm"] = "https://other.example/hook"
    admin.unsubscribed.add("firm")
    checked = await found(line)
    assert checked["channel.webhook"] == (False, "https://other.example/hook")
    assert checked["channel.resubscribed"] == (True, "")
    assert admin.hooks["firm"] == "https://other.example/hook"


async def test_without_a_public_address_the_webhook_is_bad_news(line: Line) -> None:
    line.sandbox.whatsapp.admin.unsubscribed.add("firm")
    checked = await found(line, hook="")
    assert checked["channel.webhook"] == (False, "")
    assert line.sandbox.whatsapp.admin.hooks == {}


@pytest.mark.parametrize(
    ("typed", "bad"),
    [
        ({"access_token": "sandbox-wrong"}, {"channel.token": "190: The session has been invalidated"}),
        ({"phone_number_id": "1"}, {"channel.token": "100: Object with ID '1' does not exist"}),
        ({"waba_id": ""}, {"channel.subscribed": "waba_id"}),
        ({"waba_id": "1"}, {"channel.subscribed": "100: Object with ID '1' does not exist"}),
    ],
)
async def test_wrong_settings_are_named(line: Line, typed: dict[str, str], bad: dict[str, str]) -> None:
    line.sandbox.whatsapp.admin.hooks["firm"] = HOOK
    checked = await found(line, **typed)
    assert {code: detail for code, (ok, detail) in checked.items() if not ok} == bad


async def test_a_bad_number_is_seen(line: Line) -> None:
    admin = line.sandbox.whatsapp.admin
    admin.quality["firm"], admin.status["firm"] = "YELLOW", "FLAGGED"
    checked = await found(line)
    assert (checked["channel.quality"], checked["channel.number"]) == ((False, "YELLOW"), (False, "FLAGGED"))


@pytest.mark.parametrize("call", ["files", "admin"])
@pytest.mark.parametrize("fault", list(Fault))
async def test_no_accident_raises(line: Line, call: str, fault: Fault) -> None:
    line.sandbox.set_fault(call, fault, count=9)
    checked = await found(line)
    assert not all(ok for ok, _ in checked.values())


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "null",
        "7",
        '{"data": 7}',
        '{"data": [7, {"whatsapp_business_api_data": 3}]}',
        '{"id": [], "webhook_configuration": []}',
        "[" * 100_000,
    ],
)
async def test_no_answer_raises(text: str) -> None:
    async with httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, text=text))
    ) as http:
        assert await Whatsapp(SETTINGS, http, {"graph_base": "https://graph.example"}).check(HOOK)


# A picture above the buttons that Meta does not take by its id goes apart ([U] in the contract sheet)


class Headerless(httpx.AsyncBaseTransport):
    """A Graph API that wants links in headers; `fate` is how it treats the question that comes after."""

    def __init__(self, fate: httpx.Response | None = None) -> None:
        self.fate = fate
        self.taken: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/media"):
            return httpx.Response(200, json={"id": "77"})
        body = request.content.decode()
        if '"header"' in body:
            details = "Parameter header.image.link is required"
            return httpx.Response(400, json={"error": {"code": 131009, "error_data": {"details": details}}})
        if '"interactive"' in body and self.fate:
            return self.fate
        self.taken.append("buttons" if '"interactive"' in body else "image")
        return httpx.Response(200, json={"messages": [{"id": f"wamid.{len(self.taken)}"}]})


@pytest.mark.parametrize(
    ("fate", "outcome"),
    [
        (None, Accepted("wamid.2")),
        (
            httpx.Response(400, json={"error": {"code": 131000, "message": "m"}}),
            Unclear("the picture is there, its question is not: 131000: m"),
        ),
        (
            httpx.Response(400, json={"error": {"code": 131026, "message": "m"}}),
            Permanent("recipient.unreachable", "131026: m"),
        ),
        (httpx.Response(500), Unclear("500")),
    ],
)
async def test_a_refused_header_goes_apart_and_never_twice(
    line: Line, fate: httpx.Response | None, outcome: object
) -> None:
    graph = Headerless(fate)
    async with httpx.AsyncClient(transport=graph) as http:
        channel = Whatsapp(SETTINGS, http, {"graph_base": "https://graph.example"})
        (step,) = line.plan(draft("Welche?", 1, choices=(Choice("q:a", "Weiß"),)))
        assert await channel.send(step, new_id(), load) == outcome
    assert graph.taken == (["image"] if fate else ["image", "buttons"])
