"""From a draft to Threema's messages: texts, files with a caption, and thumbs for yes and no."""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from server.channels.base_plan import unfit
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Picture, Step
from server.domain.choices import numbered, thumbs
from server.domain.identities import Identity, IdentityKind

THREEMA_ID = re.compile(r"[0-9A-Z*][0-9A-Z]{7}")
E2E = Capabilities(
    key="threema_e2e",
    can_initiate="free",
    window=None,
    human_window=None,
    buttons=0,
    button_title_max=0,
    choice_fallback="thumbs",
    max_text=3500,
    text_unit="bytes",
    max_caption=1000,
    # A blob may have 20 MB (developer/api, upload_blob); a megabyte is left for what a MB is.
    max_image_bytes=19_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png"}),
    receipts=frozenset({"delivered", "read"}),
    inbound="webhook",
    echoes=False,
    costs=True,
)
BASIC = Capabilities(
    key="threema_basic",
    can_initiate="free",
    window=None,
    human_window=None,
    buttons=0,
    button_title_max=0,
    choice_fallback="link",
    max_text=3500,
    text_unit="bytes",
    max_caption=0,
    max_image_bytes=0,
    image_mimes=frozenset(),
    receipts=frozenset(),
    inbound="none",
    echoes=False,
    costs=True,
)
# A box has 4000 bytes at most; padding, key, blob id and name take their part.
MAX_CAPTION_JSON_BYTES = 2500
MAX_NAME = 100


def steps(draft: Draft, identity: Identity, caps: Capabilities) -> list[Step] | Blocked:
    """Return the messages in order, or why the draft cannot be said.

    End to end the last picture carries the words, so that the question stands at the bottom; words too long for a
    caption follow as a text. In basic mode pictures are seen behind the answer link only.
    """
    blocked = refusal(draft, identity, caps)
    if blocked:
        return blocked
    end_to_end = bool(caps.image_mimes)
    body = words(draft, end_to_end=end_to_end)
    if len(body.encode()) > caps.max_text:
        return Blocked("text.too_many_bytes", {"limit": str(caps.max_text)})
    pictures = list(draft.pictures) if end_to_end else []
    last = pictures.pop() if pictures and _fits_caption(body, caps) else None
    says: list[tuple[str, str, Picture | None]] = [("file", "", shown) for shown in pictures]
    if last:
        says.append(("file", body, last))
    elif body:
        says.append(("text", body, None))
    return [
        _step(draft.intent_ids[place], kind, text, identity, picture)
        for place, (kind, text, picture) in enumerate(says)
    ]


def refusal(draft: Draft, identity: Identity, caps: Capabilities) -> Blocked | None:
    """Return why no form of this draft can leave."""
    if not _usable(identity):
        return Blocked("identity.unusable")
    if not draft.text and not draft.pictures:
        return Blocked("draft.empty")
    if not draft.text and (draft.choices or not caps.image_mimes):
        return Blocked("text.missing")
    if draft.pictures and not caps.image_mimes:
        return None if draft.answer_link else Blocked("channel.text_only")
    return unfit(draft.pictures, caps.image_mimes, caps.max_image_bytes)


def words(draft: Draft, *, end_to_end: bool) -> str:
    """Return the text as it is sent: choices as a list with the link, and what a thumb means where it can be read."""
    hidden = bool(draft.pictures) and not end_to_end
    link = draft.answer_link if draft.choices or hidden else None
    meaning = thumbs(draft.choices) if end_to_end else None
    if meaning is None:
        return numbered(draft.text, draft.choices, link)
    hint = f"👍 = {meaning[0].title}, 👎 = {meaning[1].title}"
    return numbered(draft.text, draft.choices, "\n\n".join(part for part in (hint, link) if part))


def file_json(*, blob: str, key: bytes, mime: str, name: str, size_bytes: int, caption: str) -> bytes:
    """Return the payload of a file message that shows as a picture; absent keys are left out, never null.

    No thumbnail: it would cost a credit of its own, and the app makes one when it has the file.
    """
    told = {"b": blob, "k": key.hex(), "m": mime, "n": name[:MAX_NAME], "s": size_bytes, "j": 1, "i": 1}
    if caption:
        told["d"] = caption
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def address(call: Mapping[str, Any]) -> Identity:
    """Return whom a call goes to. Raises KeyError and ValueError for what is no call of ours."""
    return Identity(IdentityKind(call["to"]["kind"]), str(call["to"]["value"]))


def addressed(call: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
    return {**call, "to": {"kind": identity.kind.value, "value": identity.value}}


def _step(intent: UUID, kind: str, text: str, identity: Identity, picture: Picture | None) -> Step:
    call = addressed({"type": kind, "text": text}, identity)
    return Step(kind="image" if picture else "text", intent_id=intent, call=call, text=text, picture=picture)


def _usable(identity: Identity) -> bool:
    match identity.kind:
        case IdentityKind.THREEMA:
            return THREEMA_ID.fullmatch(identity.value) is not None
        case IdentityKind.PHONE:
            return re.fullmatch(r"\+[1-9][0-9]{6,14}", identity.value) is not None
        case IdentityKind.EMAIL:
            return re.fullmatch(r"[^@\s]+@[^@\s]+", identity.value) is not None
        case _:
            return False


def _fits_caption(body: str, caps: Capabilities) -> bool:
    written = json.dumps(body, ensure_ascii=False).encode()
    return len(body.encode()) <= caps.max_caption and len(written) <= MAX_CAPTION_JSON_BYTES
