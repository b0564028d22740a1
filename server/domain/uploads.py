"""Resumable uploads by tus 1.0.0 (tus.io/protocols/resumable-upload): its headers, read strictly, and our receipt."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from server.domain.errors import Conflict, Invalid

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "checksum", "expiration", "termination")
ALGORITHMS = {"sha1": 20, "sha256": 32}
KEPT = timedelta(days=7)
METADATA_MAX = 4_096
BAD_HASHES_MAX = 2

_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")
_NUMBER = re.compile(r"[0-9]{1,18}")
SHA256_HEX = re.compile(r"[0-9a-f]{64}")


class HashDiffers(Conflict):
    """The bytes are not those that were promised (tus status 460)."""


class Gone(Conflict):
    """The upload has been here and is no more; it has to be made again."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload under way; how far it is stands in its part file, nowhere else."""

    id: UUID
    company_id: UUID
    user_id: UUID
    size_bytes: int
    sha256: str | None
    filename: str
    created_at: datetime
    expires_at: datetime
    bad_hashes: int


@dataclass(frozen=True, slots=True)
class Metadata:
    """What `Upload-Metadata` says; `sha256` in hex."""

    id: UUID | None = None
    sha256: str | None = None
    filetype: str = ""
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Checksum:
    """The digest of one request's body; `algorithm` is one of ALGORITHMS."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof that a photo is safe. It exists only after file, folder and database are on the disk."""

    id: UUID
    size: int
    sha256: str
    rev: int
    stored_at: datetime
    state: str = "stored"


def read_metadata(header: str) -> Metadata:
    """Read "key base64,key base64,key". Raises Invalid naming the key; unknown keys are the client's own affair."""
    if len(header) > METADATA_MAX:
        raise Invalid("upload.metadata_too_long", field="Upload-Metadata", limit=METADATA_MAX)
    pairs = _pairs(header)
    ident = pairs.get("id")
    sha256 = pairs.get("sha256", "").lower()
    if sha256 and not SHA256_HEX.fullmatch(sha256):
        raise Invalid("upload.sha256", field="sha256")
    filename = pairs.get("filename", "")[:255]
    filetype = pairs.get("filetype") or pairs.get("mime") or ""
    return Metadata(_id(ident) if ident else None, sha256 or None, filetype, filename)


def _pairs(header: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else []:
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in pairs:
            raise Invalid("upload.metadata", field="Upload-Metadata")
        pairs[key] = _text(value.strip(), key)
    return pairs


def _text(value: str, key: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().replace("\x00", "")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Invalid("upload.metadata", field=key[:100]) from None


def _id(text: str) -> UUID:
    try:
        ident = UUID(text)
    except ValueError:
        raise Invalid("upload.id", field="id") from None
    if str(ident) != text.lower():
        raise Invalid("upload.id", field="id")
    return ident


def read_number(header: str | None, name: str) -> int:
    """Read a size or an offset in bytes. Raises Invalid naming the header."""
    if header is None or not _NUMBER.fullmatch(header):
        raise Invalid("upload.number", field=name)
    return int(header)


def read_checksum(header: str | None) -> Checksum | None:
    """Read "sha256 base64". Raises Invalid for another algorithm (tus: 400) or a digest of the wrong length."""
    if header is None:
        return None
    algorithm, _, text = header.strip().partition(" ")
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != ALGORITHMS.get(algorithm):
        raise Invalid("upload.checksum_header", field="Upload-Checksum", known=", ".join(ALGORITHMS))
    return Checksum(algorithm, digest)


def check_same(upload: Upload, *, size_bytes: int, sha256: str | None) -> None:
    """Refuse a second creation of the same id that promises other bytes. Raises Conflict."""
    if upload.size_bytes != size_bytes:
        raise Conflict("upload.other_size", field="Upload-Length", size=upload.size_bytes)
    if sha256 and upload.sha256 and sha256 != upload.sha256:
        raise Conflict("upload.other_hash", field="sha256")
