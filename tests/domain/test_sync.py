"""The phone's words: one canonical content, strict moments, headers read as tus wrote them."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import DomainError, Invalid
from server.domain.items import content_hash, read_moment
from server.domain.photos import check_tags, clean_mime
from server.domain.sync import read_item, skew_ms
from server.domain.uploads import read_checksum, read_metadata, read_number

ID = UUID("01a20ae3-6bce-716f-8967-edd424ddc228")
PHOTO: dict[str, Any] = {
    "kind": "photo",
    "captured_at": "2026-11-24T10:42:00+01:00",
    "sha256": "ab" * 32,
    "size": 5,
    "mime": "image/jpeg",
    "tags": ["Fuge"],
}


def test_the_hash_is_over_what_is_said_not_how() -> None:
    first = content_hash(read_item(ID, PHOTO))
    same: dict[str, Any] = {
        "refs": [],
        **PHOTO,
        "job": None,
        "sha256": "AB" * 32,
        "thumb": base64.b64encode(b"\xff\xd8\xff").decode(),
        "phase": "",
    }
    assert content_hash(read_item(ID, same)) == first
    changes: list[dict[str, Any]] = [
        {"tags": []},
        {"captured_at": "2026-11-24T09:42:00Z"},
        {"caption": "x"},
        {"size": 6},
    ]
    for change in changes:
        assert content_hash(read_item(ID, PHOTO | change)) != first


@pytest.mark.parametrize(
    "text", ["2026-11-24T10:42:00+01:00", "2026-11-24T09:42Z", "2026-11-24 09:42:00.000Z"]
)
def test_moments_with_an_offset_are_read(text: str) -> None:
    assert read_moment(text).at == datetime(2026, 11, 24, 9, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "2026-11-24T10:42:00", "2026-11-24", "2026-13-24T10:42:00Z", "9999-12-31T23:59:59-10:00"]
)
def test_moments_without_one_are_not(text: str) -> None:
    with pytest.raises(Invalid):
        read_moment(text)


def test_the_skew_is_how_far_we_are_ahead() -> None:
    at = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    assert skew_ms((at - timedelta(minutes=5)).isoformat(), at) == 300_000
    assert skew_ms(None, at) is skew_ms("gestern", at) is None


def test_tags_are_trimmed_and_single() -> None:
    assert check_tags(["  Putz  innen ", "", "Putz innen", "Decke"]) == ("Putz innen", "Decke")


def test_types_are_bare_or_unknown() -> None:
    assert clean_mime("Image/JPEG; q=1") == "image/jpeg"
    assert clean_mime("<script>") == clean_mime("") == "application/octet-stream"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*PHOTO, "position", "thumb", "refs", "job", "text", "title", "x"]), inner)))  # fmt: skip
def test_any_json_is_an_item_or_a_named_refusal(body: object) -> None:
    for kind in ("photo", "note", "question", "job", "call"):
        content = (
            {"kind": kind, "captured_at": "2026-11-24T09:42Z"} | body if isinstance(body, dict) else body
        )
        try:
            content_hash(read_item(ID, content))
        except DomainError as refused:
            assert refused.code.startswith(("item.", "photo.", "note."))


@given(st.text(max_size=200))
def test_any_header_is_read_or_refused(header: str) -> None:
    for read in (read_metadata, read_checksum, lambda text: read_number(text, "Upload-Length")):
        try:
            read(header)
        except DomainError as refused:
            assert refused.field


def test_metadata_as_clients_write_it() -> None:
    packed = {
        key: base64.b64encode(value.encode()).decode()
        for key, value in {"id": str(ID), "filename": "Grüße.jpg", "sha256": "AB" * 32}.items()
    }
    header = ", ".join(f"{key} {value}" for key, value in packed.items()) + ",is_confidential"
    found = read_metadata(header)
    assert (found.id, found.filename, found.sha256) == (ID, "Grüße.jpg", "ab" * 32)
