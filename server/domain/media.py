"""What a file is beyond a picture: clips and voice notes, judged by their first bytes; the promise settles only a tie.

Containers: ISO/IEC 14496-12 §4.3 (ftyp), RFC 8794 (EBML), RFC 3533 (Ogg), ISO/IEC 13818-7 (ADTS).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from server.domain.errors import Invalid
from server.domain.image_types import refusal, sniff


class Medium(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class FileType:
    """`suffix` is the end of the file's name without the dot."""

    medium: Medium
    mime: str
    suffix: str


JPEG = FileType(Medium.IMAGE, "image/jpeg", "jpg")
_VIDEO, _AUDIO = Medium.VIDEO, Medium.AUDIO
MP4, MOV = FileType(_VIDEO, "video/mp4", "mp4"), FileType(_VIDEO, "video/quicktime", "mov")
WEBM, MKV = FileType(_VIDEO, "video/webm", "webm"), FileType(_VIDEO, "video/x-matroska", "mkv")
M4A, WEBA = FileType(_AUDIO, "audio/mp4", "m4a"), FileType(_AUDIO, "audio/webm", "weba")
OGG, MP3 = FileType(_AUDIO, "audio/ogg", "ogg"), FileType(_AUDIO, "audio/mpeg", "mp3")
AAC, WAV = FileType(_AUDIO, "audio/aac", "aac"), FileType(_AUDIO, "audio/wav", "wav")
CLIPS = (MP4, MOV, WEBM, MKV, M4A, WEBA, OGG, MP3, AAC, WAV)

VIDEO_MS_MAX, VOICE_MS_MAX, SLACK_MS = 60_000, 180_000, 5_000
VIDEO_SIZE_MAX, VOICE_SIZE_MAX = 100_000_000, 50_000_000
NAME_MAX = 255
_NO_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff/\\]+")
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"F4A "}
_FOREIGN_BRANDS = {b"crx ", b"jp2 ", b"jpx ", b"jpm ", b"mjp2", b"avif", b"avis", b"heic", b"heix", b"mif1"}


def file_name(told: object) -> str:
    """Return a received file's name as it may be kept, "" for none: an odd name never costs the message.

    Without control characters, half surrogates and slashes; what is too long loses its middle and keeps its ending.
    """
    name = _NO_NAME.sub("_", told).strip() if isinstance(told, str) else ""
    stem, dot, suffix = name.rpartition(".")
    if len(name) <= NAME_MAX or not stem or len(suffix) > 20:
        return name[:NAME_MAX]
    return f"{stem[: NAME_MAX - len(suffix) - 2]}…{dot}{suffix}"


def of_mime(mime: str) -> Medium:
    """Return what a declared type promises; whatever is no clip counts as a picture."""
    kind = mime.partition("/")[0]
    return Medium(kind) if kind in (_VIDEO, _AUDIO) else Medium.IMAGE


def suffix_of(mime: str) -> str | None:
    """Return the end of a clip's file name, None for what is no clip."""
    return next((clip.suffix for clip in CLIPS if clip.mime == mime), None)


def file_type(head: bytes, size_bytes: int, *, promised: Medium) -> FileType:
    """Return what a file is, whatever it was announced as. Raises Invalid for what is neither picture nor clip.

    `promised` decides only where the container holds sound as well as pictures (MP4, WebM).
    """
    image = sniff(head)
    if image and size_bytes:
        return FileType(Medium.IMAGE, image.mime, image.suffix)
    if size_bytes and (clip := _clip(head, promised)):
        return clip
    if promised is Medium.IMAGE or size_bytes == 0:
        raise Invalid(refusal(head, size_bytes) or "photo.not_an_image")
    raise Invalid("clip.not_a_clip" if promised is _VIDEO else "voice.not_a_voice")


def check_duration(duration_ms: int, medium: Medium) -> int | None:
    """Return the length in ms, None for one nobody measured. Raises Invalid for a clip that is too long."""
    limit_ms = VIDEO_MS_MAX if medium is _VIDEO else VOICE_MS_MAX
    if not 0 <= duration_ms <= limit_ms + SLACK_MS:
        raise Invalid("clip.too_long", field="duration_ms", limit_s=limit_ms // 1000)
    return duration_ms or None


def _clip(head: bytes, promised: Medium) -> FileType | None:
    sound = promised is _AUDIO
    if head[4:8] == b"ftyp":
        return _mp4(head[8:12], sound=sound)
    if head.startswith(b"\x1aE\xdf\xa3"):
        webm = b"webm" in head[:64]
        return WEBA if sound else WEBM if webm else MKV
    if head.startswith(b"OggS"):
        return OGG
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return WAV
    if head.startswith(b"ID3"):
        return MP3
    # Two bytes of sync are a weak sign: only what was announced as sound is taken by it.
    return _frames(head) if sound else None


def _mp4(brand: bytes, *, sound: bool) -> FileType | None:
    if brand in _FOREIGN_BRANDS:
        return None
    if sound or brand in _AUDIO_BRANDS:
        return M4A
    return MOV if brand == b"qt  " else MP4


def _frames(head: bytes) -> FileType | None:
    """Read an MPEG audio or ADTS header: twelve bits of sync, then layer 0 for AAC, else a bit rate that exists."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] >> 1 & 3
    if layer == 0:
        return AAC if head[1] & 0xF0 == 0xF0 and head[2] >> 2 & 0xF < 13 else None
    version, rate, frequency = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    return MP3 if version != 1 and rate not in (0, 15) and frequency != 3 else None
