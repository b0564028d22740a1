"""A program that brings photos the way phones do: announce, tus, receipt; with nothing but the contract."""

import base64
import hashlib
from typing import Any

import httpx

TUS = {"Tus-Resumable": "1.0.0"}
SLICE = 512 * 1024


def announce(
    http: httpx.Client, ident: str, data: bytes, mime: str, *, job: str | None = None, **more: object
) -> httpx.Response:
    """Announce a photo; `more` are further fields of the contract's body."""
    body: dict[str, object] = {
        "kind": "photo", "job": job, "captured_at": "2026-11-24T10:42:00+01:00", "caption": "", "phase": None,
        "tags": [], "position": None, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "mime": mime,
        "thumb": None, "refs": [],
    }  # fmt: skip
    return http.put(f"/sync/items/{ident}", json=body | more)


def begin(http: httpx.Client, ident: str, data: bytes, mime: str) -> httpx.Response:
    """Create the upload of an announced photo, or find the one begun before."""
    return http.post("/sync/blobs/", headers=begin_headers(ident, data, mime))


def begin_headers(ident: str, data: bytes, mime: str) -> dict[str, str]:
    words = {"id": ident, "sha256": hashlib.sha256(data).hexdigest(), "filetype": mime}
    metadata = ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in words.items()
    )
    return TUS | {"Upload-Length": str(len(data)), "Upload-Metadata": metadata}


def send(http: httpx.Client, ident: str, data: bytes, *, slice_bytes: int = SLICE) -> httpx.Response:
    """Send every byte from where the server stands; returns the last answer: the receipt, or a HEAD without a body."""
    place = f"/sync/blobs/{ident}"
    answer = http.head(place, headers=TUS)
    while answer.is_success and int(answer.headers["Upload-Offset"]) < len(data):
        offset = int(answer.headers["Upload-Offset"])
        words = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        answer = http.patch(place, content=data[offset : offset + slice_bytes], headers=TUS | words)
    return answer


def bring(
    http: httpx.Client, ident: str, data: bytes, mime: str, *, job: str | None = None, **more: object
) -> dict[str, Any]:
    """Announce and upload one photo and return its receipt. Raises AssertionError with the server's words."""
    for answer in (announce(http, ident, data, mime, job=job, **more), begin(http, ident, data, mime)):
        assert answer.status_code in (200, 201), answer.text
    answer = send(http, ident, data)
    assert answer.status_code == 200, (answer.status_code, answer.text)
    if not answer.content:  # another request brought the last byte: the receipt is asked for, as phones do
        answer = http.get(f"/sync/items/{ident}")
    receipt: dict[str, Any] = answer.json()
    assert receipt["state"] == "stored", receipt
    return receipt
