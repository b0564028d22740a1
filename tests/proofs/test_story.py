"""The main story by script: phones' /sync, the office's /api/v1, and a customer on the sandbox; bearer tokens only."""

import hashlib
import io
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from server.ids import new_id
from tests.imaging.made import pattern
from tests.proofs import bringing
from tests.proofs.server import ROOT, client, demo

pytestmark = pytest.mark.slow
REAL = ROOT.parent / "shared" / "photos"
MIMES = {"jpg": "image/jpeg", "heic": "image/heic"}
TEXT = "Welchen Griff sollen wir für die Tür nehmen?"
CHOICES = ["Edelstahl", "Messing", "Schwarz"]


@dataclass(frozen=True, slots=True)
class Cast:
    """Clients of the worker, of the office, and of the sandbox's control doors."""

    ali: httpx.Client
    sabine: httpx.Client
    sandbox: httpx.Client


@pytest.fixture
def cast(tmp_path: Path) -> Iterator[Cast]:
    server = demo(tmp_path / "data")
    ali, sabine = (server.call("token", "create", login, "--name", "Skript") for login in ("ali", "sabine"))
    server.start()
    try:
        with client(server, ali) as worker, client(server, sabine) as office:
            sandbox = httpx.Client(base_url=f"{server.url}/sandbox/control", timeout=20)
            with sandbox:
                yield Cast(worker, office, sandbox)
    finally:
        server.kill()


def photos() -> list[tuple[bytes, str]]:
    """Return twelve made photos in every format, and the real ones when they are here."""
    register_heif_opener()
    kinds = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF")
    made = []
    for number in range(12):
        kind, out = kinds[number % len(kinds)], io.BytesIO()
        pattern((800 + 2 * number, 600)).save(out, kind)
        made.append((out.getvalue(), "image/heic" if kind == "HEIF" else f"image/{kind.lower()}"))
    files = sorted(REAL.glob("*.jpg")) + sorted(REAL.glob("*.heic"))
    return made + [(file.read_bytes(), MIMES[file.suffix[1:]]) for file in files]


def until(true: Callable[[], Any], *, timeout_s: float = 60) -> Any:
    """Return what `true` says as soon as it says something."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def got(http: httpx.Client, path: str) -> Any:
    answer = http.get(path)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


def all_items(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    """Turn every page of a list."""
    items, cursor = [], ""
    while True:
        page = got(http, f"{path}?limit=50{cursor}")
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"


def test_from_announcement_to_answer(cast: Cast) -> None:
    job = next(one for one in got(cast.ali, "/api/v1/jobs")["items"] if one["title"].startswith("Bad Müller"))
    brought = bring_all(cast, job["id"])
    release_all(cast, brought)
    question = ask(cast, job, list(brought)[:2])
    answered = answer(cast, job, question)
    in_the_job(cast, job["id"], answered, brought)
    chain_holds(cast, job["id"])


def bring_all(cast: Cast, job: str) -> dict[str, bytes]:
    """Bring every photo twice as a shaky line would; each is here once, whole, and drawn."""
    brought = {str(new_id()): one for one in photos()}
    for ident, (data, mime) in brought.items():
        first = bringing.bring(cast.ali, ident, data, mime, job=job, phase="during", tags=["Skript"])
        assert (first["state"], first["sha256"]) == ("stored", hashlib.sha256(data).hexdigest())
        again = bringing.begin(cast.ali, ident, data, mime)
        assert again.status_code == 201 and again.json()["rev"] == first["rev"]
    listed = cast.ali.post("/sync/have", json={"ids": list(brought)}).json()["items"]
    assert {one["state"] for one in listed.values()} == {"stored"}
    mine = [one["id"] for one in got(cast.sabine, f"/api/v1/photos?job={job}&q=Skript&limit=200")["items"]]
    assert sorted(mine) == sorted(brought)
    for ident, (data, _) in brought.items():
        photo = until(partial(drawn, cast.sabine, ident))
        assert (photo["decode"], photo["decode_code"]) == ("done", "")
        assert cast.sabine.get(photo["original"]).content == data
        for name, edge in (("thumb", 400), ("screen", 2048)):
            shown = Image.open(io.BytesIO(cast.sabine.get(photo["renditions"][name]).content))
            assert shown.format == "JPEG" and max(shown.size) <= edge
    return {ident: data for ident, (data, _) in brought.items()}


def drawn(http: httpx.Client, ident: str) -> Any:
    photo = got(http, f"/api/v1/photos/{ident}")
    return photo if photo["decode"] != "waiting" else None


def release_all(cast: Cast, brought: dict[str, bytes]) -> None:
    """The office releases all but one; the worker may not."""
    one, *rest = brought
    verdict = {"verdict": "released", "note": ""}
    assert cast.ali.post(f"/api/v1/photos/{one}/review", json=verdict).status_code == 403
    for ident in (one, *rest[:-1]):
        assert cast.sabine.post(f"/api/v1/photos/{ident}/review", json=verdict).json()["review"] == "released"
    again = {"verdict": "retake", "note": "Bitte ohne Finger"}
    retake = cast.sabine.post(f"/api/v1/photos/{rest[-1]}/review", json=again).json()
    assert (retake["review"], retake["review_note"]) == ("retake", "Bitte ohne Finger")


def ask(cast: Cast, job: dict[str, Any], shown: list[str]) -> str:
    """The worker asks, nothing leaves; the office releases, and it goes out."""
    body = {"job": job["id"], "photos": shown, "text": TEXT, "choices": CHOICES, "channel": None}
    made = cast.ali.post("/api/v1/questions", json=body)
    assert made.status_code == 201, made.text
    question: str = made.json()["id"]
    assert made.json()["state"] == "waiting_release"
    assert TEXT not in cast.sandbox.get(f"people/{job['contact']}").text
    assert cast.ali.post(f"/api/v1/questions/{question}/release", json={}).status_code == 403
    released = cast.sabine.post(f"/api/v1/questions/{question}/release", json={})
    assert released.status_code == 200, released.text
    assert released.json()["state"] in ("queued", "sent")
    sent = until(lambda: state_of(cast, question, {"sent", "delivered", "read"}))
    assert (sent["channel"], sent["reason"]) == ("whatsapp", None)
    return question


def state_of(cast: Cast, question: str, wanted: set[str]) -> Any:
    found = got(cast.sabine, f"/api/v1/questions/{question}")
    assert found["state"] not in {"blocked", "failed", "unclear"}, found
    return found if found["state"] in wanted else None


def answer(cast: Cast, job: dict[str, Any], question: str) -> dict[str, Any]:
    """The customer sees photos and choices on the sandbox phone and taps one; a second tap changes nothing."""
    phone = f"people/{job['contact']}"
    bubble = until(lambda: next((one for one in bubbles(cast, phone) if asks(one)), None))
    assert [one["title"] for one in bubble["buttons"]] == CHOICES
    assert sum(bool(one["picture"]) for one in bubbles(cast, phone)) >= 2
    tap = {"message": bubble["id"], "button": bubble["buttons"][1]["id"]}
    assert cast.sandbox.post(f"{phone}/messages", json=tap).status_code == 201
    found: dict[str, Any] = until(lambda: state_of(cast, question, {"answered"}))
    assert found["answer"]["words"] == CHOICES[1]
    assert found["answer"]["channel"] == "whatsapp"
    return found


def bubbles(cast: Cast, phone: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cast.sandbox.get(phone).json()["messages"]
    return found


def asks(bubble: dict[str, Any]) -> bool:
    return TEXT in bubble["text"] and bool(bubble["buttons"])


def in_the_job(cast: Cast, job: str, question: dict[str, Any], brought: dict[str, bytes]) -> None:
    """The worker finds photos, question and answer in the job's chronology."""
    events = all_items(cast.ali, f"/api/v1/jobs/{job}/timeline")
    asked = next(one for one in events if one["id"] == question["id"])
    assert (asked["text"], asked["data"]["answer"], asked["data"]["state"]) == (TEXT, CHOICES[1], "answered")
    seen = {
        photo["id"] for one in events for photo in one["data"].get("photos", []) if isinstance(photo, dict)
    }
    assert brought.keys() <= seen
    on_phone = next(one for one in got(cast.ali, "/sync/read-model")["jobs"] if one["id"] == job)
    assert next(one for one in on_phone["questions"] if one["id"] == question["id"])["answer"] == CHOICES[1]


def chain_holds(cast: Cast, job: str) -> None:
    """Every step stands in the logbook, and each link names the hash of the one before it."""
    lines = all_items(cast.sabine, f"/api/v1/jobs/{job}/logbook")
    by_seq = {line["seq"]: line for line in lines}
    assert len(by_seq) == len(lines)
    tied = [line for line in lines if line["seq"] - 1 in by_seq]
    assert len(tied) > 20
    assert all(line["prev_hash"] == by_seq[line["seq"] - 1]["hash"] for line in tied)
    assert all(re.fullmatch(r"[0-9a-f]{64}", line["hash"]) for line in lines)
    verbs = {line["verb"] for line in lines}
    assert verbs >= {"photo.stored", "photo.released", "question.asked", "question.answered"}, verbs
