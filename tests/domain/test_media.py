"""Clips and voice notes by their first bytes; what is announced decides only where a container can be both."""

import pytest

from server.domain import media
from server.domain.errors import Invalid
from server.domain.media import FileType, Medium, check_duration, file_type
from tests.imaging.test_image_types import ftyp

EBML = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84"


@pytest.mark.parametrize(
    ("head", "promised", "found"),
    [
        (ftyp(b"isom", b"mp41"), Medium.VIDEO, media.MP4),
        (ftyp(b"mp42", b"isom"), Medium.VIDEO, media.MP4),
        (ftyp(b"iso5"), Medium.AUDIO, media.M4A),
        (ftyp(b"M4A "), Medium.VIDEO, media.M4A),
        (ftyp(b"qt  "), Medium.VIDEO, media.MOV),
        (ftyp(b"qt  "), Medium.IMAGE, media.MOV),
        (EBML + b"webm", Medium.VIDEO, media.WEBM),
        (EBML + b"webm", Medium.AUDIO, media.WEBA),
        (EBML + b"matroska", Medium.VIDEO, media.MKV),
        (b"OggS\0\x02", Medium.AUDIO, media.OGG),
        (b"RIFF....WAVEfmt ", Medium.AUDIO, media.WAV),
        (b"ID3\x04\0", Medium.AUDIO, media.MP3),
        (b"\xff\xfb\x90\x64", Medium.AUDIO, media.MP3),
        (b"\xff\xf1\x50\x80", Medium.AUDIO, media.AAC),
        (b"\xff\xd8\xff\xe0....JFIF", Medium.VIDEO, media.JPEG),
    ],
)
def test_the_bytes_decide(head: bytes, promised: Medium, found: FileType) -> None:
    assert file_type(head, len(head), promised=promised) == found


@pytest.mark.parametrize(
    ("head", "promised", "code"),
    [
        (b"", Medium.VIDEO, "photo.empty"),
        (b"<html><script>", Medium.VIDEO, "clip.not_a_clip"),
        (b"%PDF-1.7", Medium.AUDIO, "voice.not_a_voice"),
        (b"\xff\xff\xff\xff", Medium.AUDIO, "voice.not_a_voice"),
        (b"\xff\xfb\x90\x64", Medium.IMAGE, "photo.not_an_image"),
        (b"<svg xmlns='x'>", Medium.IMAGE, "photo.svg"),
        (ftyp(b"crx "), Medium.VIDEO, "clip.not_a_clip"),
    ],
)
def test_what_is_neither_is_refused_by_name(head: bytes, promised: Medium, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        file_type(head, len(head), promised=promised)
    assert refused.value.code == code


def test_a_clip_has_its_length() -> None:
    assert check_duration(60_900, Medium.VIDEO) == 60_900
    assert check_duration(0, Medium.AUDIO) is None
    with pytest.raises(Invalid):
        check_duration(70_000, Medium.VIDEO)
    assert check_duration(170_000, Medium.AUDIO) == 170_000
    with pytest.raises(Invalid):
        check_duration(200_000, Medium.AUDIO)
