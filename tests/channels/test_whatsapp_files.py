"""Files: judged by their bytes on the way out, fetched whole and from Meta's own hosts only on the way in."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from server.channels.base import ChannelError
from server.channels.whatsapp import files as whatsapp_files
from server.channels.whatsapp.channel import Whatsapp
from server.domain.channels import Picture
from server.domain.events import InboundMessage, MediaRef
from server.domain.outcomes import Accepted, MediaFix
from tests.channels.lines import JPEG, SETTINGS, Line, draft, no_raw, picture
from tests.channels.ssrf import Trap, tricks

BASE = "https://graph.example"
HOST = "lookaside.fbsbx.com"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
WEBP = b"RIFF\x40\x00\x00\x00WEBPVP8 " + bytes(64)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
HASH = hashlib.sha256(JPEG).digest()


def meta(url: str, **values: Any) -> Trap:
    """Return a line on which Meta names this address for every file."""

    def answer(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "graph.example":
            return httpx.Response(200, text=json.dumps({"url": url, **values}))
        return None

    return Trap(answer)


async def fetched(
    trap: httpx.AsyncBaseTransport, ref: MediaRef | None = None, *, follow: bool = True
) -> bytes:
    async with httpx.AsyncClient(transport=trap, follow_redirects=follow) as http:
        return await Whatsapp(SETTINGS, http, {"graph_base": BASE}).fetch_media(ref or MediaRef("77"), no_raw)


def test_there_are_enough_tricks() -> None:
    assert len(set(tricks(HOST))) >= 100


@pytest.mark.parametrize(
    ("host", "subdomains"),
    [
        (HOST, True),
        ("mmg.whatsapp.net", True),
        ("fbcdn.net", False),
        ("graph.facebook.com", False),
    ],
)
async def test_the_token_goes_to_no_strange_host(host: str, *, subdomains: bool) -> None:
    """Each trick: nobody but Meta is asked, on no other port, without TLS never, and the file is refused."""
    reached = []
    for address in tricks(host, subdomains=subdomains):
        if address == "https://evil.fbcdn.net/x":
            continue  # Meta's own
        trap = meta(address)
        with pytest.raises(ChannelError, match=r"media\.unreachable"):
            await fetched(trap)
        reached += trap.strangers({BASE})
    assert reached == []


async def test_metas_own_hosts_are_asked_with_the_token() -> None:
    for address in (
        f"https://{HOST}/x?ext=1&hash=2",
        f"https://{HOST.upper()}:443/x",
        "https://a.fbcdn.net/x",
    ):
        trap = meta(address)
        assert await fetched(trap) == b"the secret of the house"
        assert trap.asked[-1].headers["authorization"] == f"Bearer {SETTINGS['access_token']}"


async def test_no_redirect_is_followed_from_any_door() -> None:
    for moved in ("graph.example", HOST):

        def answer(request: httpx.Request, moved: str = moved) -> httpx.Response | None:
            if request.url.host == moved:
                return httpx.Response(302, headers={"location": "http://169.254.169.254/latest"})
            if request.url.host == "graph.example":
                return httpx.Response(200, json={"url": f"https://{HOST}/x"})
            return None

        trap = Trap(answer)
        with pytest.raises(ChannelError):
            await fetched(trap)
        assert trap.strangers({BASE, f"https://{HOST}"}) == []


@pytest.mark.parametrize("name", ["", "../me", "me/messages", "77?fields=x", "77#", "7" * 129, "a b", "\n"])
async def test_a_strange_media_id_asks_nobody(name: str) -> None:
    trap = meta("x")
    with pytest.raises(ChannelError, match=r"media\.gone") as refused:
        await fetched(trap, MediaRef(name))
    assert (trap.asked, refused.value.permanent) == ([], True)


@pytest.mark.parametrize(
    ("promised", "good"),
    [
        ("", True),
        (HASH.hex(), True),
        (HASH.hex().upper(), True),
        (base64.b64encode(HASH).decode(), True),
        (base64.b64encode(HASH).decode().rstrip("="), True),
        (base64.urlsafe_b64encode(HASH).decode(), True),
        ("4654+8g=", True),  # neither hex nor base64 of a SHA-256: it promises nothing
        ("0" * 64, False),
        (base64.b64encode(bytes(32)).decode(), False),
    ],
)
async def test_the_promised_hash_is_kept(line: Line, promised: str, good: bool) -> None:
    bubble = line.sabine.send_photo(JPEG, "image/jpeg")
    ref = MediaRef(bubble.picture, sha256=promised)
    if good:
        assert await line.channel.fetch_media(ref, no_raw) == JPEG
    else:
        with pytest.raises(ChannelError, match=r"media\.damaged"):
            await line.channel.fetch_media(ref, no_raw)


@pytest.mark.parametrize(("dead", "arrives"), [(0, True), (2, True), (3, False)])
async def test_an_address_that_has_run_out_is_asked_for_anew_three_times(dead: int, arrives: bool) -> None:
    places: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "graph.example":
            places.append(str(request.url))
            return httpx.Response(200, json={"url": f"https://{HOST}/{len(places)}"})
        return httpx.Response(404 if len(places) <= dead else 200, content=JPEG)

    if arrives:
        assert await fetched(httpx.MockTransport(answer)) == JPEG
    else:
        with pytest.raises(ChannelError, match=r"media\.unreachable") as failed:
            await fetched(httpx.MockTransport(answer))
        assert not failed.value.permanent
    assert len(places) == min(3, dead + 1)


async def test_a_refusing_door_is_asked_once_only() -> None:
    """Twenty errors in an hour close it for half an hour: the task's back-off decides, not a loop."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(500, json={"error": {"code": 2, "message": "m"}})

    with pytest.raises(ChannelError, match=r"media\.unreachable"):
        await fetched(httpx.MockTransport(answer))
    assert len(asked) == 1


async def test_a_file_that_was_too_large_for_whatsapp_says_so(line: Line) -> None:
    error = {"code": 131052, "title": "Media file size too big"}
    line.sandbox.whatsapp.life.send(
        line.sabine.account, line.sabine.person, {"type": "unsupported", "errors": [error]}
    )
    await line.sandbox.settle()
    (message,) = line.inbound()
    assert message.media
    assert message.kind.value == "document"
    with pytest.raises(ChannelError, match=r"media\.too_large: 131052") as refused:
        await line.channel.fetch_media(message.media, no_raw)
    assert refused.value.permanent


async def test_a_flood_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whatsapp_files, "MAX_MEDIA_BYTES", 10)
    for trap in (meta(f"https://{HOST}/x"), meta(f"https://{HOST}/x", file_size=11)):
        with pytest.raises(ChannelError, match=r"media\.too_large"):
            await fetched(trap)


def of(data: bytes, mime: str) -> Picture:
    return picture(mime=mime, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("data", "named", "sent_as"),
    [
        (JPEG, "image/jpeg", "image/jpeg"),
        (JPEG, "image/png", "image/jpeg"),  # named wrongly: the bytes decide
        (PNG, "image/jpeg", "image/png"),
        (WEBP, "image/jpeg", ""),
        (HEIC, "image/jpeg", ""),
        (b"GIF89a" + bytes(64), "image/png", ""),
        (b"", "image/jpeg", ""),
        (b"\xff\xd8\xff" + bytes(5_000_000), "image/jpeg", ""),
    ],
)
async def test_only_true_photos_leave_under_their_true_type(
    line: Line, data: bytes, named: str, sent_as: str
) -> None:
    await line.opened()
    (step,) = line.plan(draft("So", 1))
    step = replace(step, picture=of(data, named))

    async def load(ref: str) -> bytes:
        return data

    outcome = await line.channel.send(step, step.intent_id, load)
    assert isinstance(outcome, Accepted if sent_as else MediaFix), outcome
    files = [file.mime for file in line.sandbox.whatsapp.files.values()]
    assert files == ([sent_as] if sent_as else [])


async def test_files_of_every_kind_are_named_as_they_came(line: Line) -> None:
    for kind, block in {
        "audio": {"id": "1", "mime_type": "audio/ogg; codecs=opus", "voice": True},
        "video": {"id": "2", "mime_type": "video/mp4", "caption": "hier"},
        "document": {"id": "3", "mime_type": "application/pdf", "filename": "Plan\0/" + "x" * 300 + ".pdf"},
        "sticker": {"id": "4", "mime_type": "image/webp", "animated": False},
    }.items():
        line.sandbox.whatsapp.life.send(line.sabine.account, line.sabine.person, {"type": kind, kind: block})
    await line.sandbox.settle()
    told = [(one.kind.value, one.media.mime, one.media.name) for one in line.inbound() if one.media]
    assert told == [
        ("audio", "audio/ogg", ""),
        ("video", "video/mp4", ""),
        ("document", "application/pdf", "Plan_" + "x" * 245 + "….pdf"),
        ("sticker", "image/webp", ""),
    ]
    assert all(isinstance(event, InboundMessage) for event in line.events())
