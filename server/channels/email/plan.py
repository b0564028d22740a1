"""From a draft to mails, and from a mail's call to its bytes (RFC 5322, 2045, 3834; all of it pure)."""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from server.channels.base_plan import unfit
from server.channels.email.settings import Mailbox
from server.domain.capabilities import Capabilities
from server.domain.channels import Blocked, Draft, Picture, Step
from server.domain.choices import numbered
from server.domain.identities import Identity, IdentityKind
from server.domain.mail import answer_token, ascii_address, foreign_message_id, message_id, plus_address

CAPS = Capabilities(
    key="email",
    can_initiate="free",
    window=None,
    human_window=None,
    buttons=0,
    button_title_max=0,
    choice_fallback="link",
    max_text=20_000,
    text_unit="chars",
    max_caption=20_000,
    max_image_bytes=10_000_000,
    image_mimes=frozenset({"image/jpeg", "image/png"}),
    receipts=frozenset(),
    inbound="poll",
    echoes=False,
    costs=False,
)
MAX_SUBJECT = 150
# Some clients cut long chains; the first and the newest are what threads hang on (RFC 5322 3.6.4).
MAX_REFERENCES = 10
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_SIGNATURE = "\n-- \n"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def steps(draft: Draft, identity: Identity, box: Mailbox) -> list[Step] | Blocked:
    """Return one mail with words and photos; more photos than one mail may hold follow in mails of their own.

    The first says everything, so that nothing hangs on the order in which mail arrives; the others are "2 von 3".
    """
    to = ascii_address(identity.value) if identity.kind is IdentityKind.EMAIL else ""
    refused = _refusal(draft, box) if to else Blocked("mail.address_unusable")
    if refused:
        return refused
    words = clean(_words(draft))
    if len(words) > CAPS.max_text:
        return Blocked("text.too_long", {"limit": str(CAPS.max_text)})
    loads = _loads(draft.pictures, box.limit_bytes)
    subject = _subject(draft, box)
    before = [known for known in map(foreign_message_id, (*draft.thread, draft.quote or "")) if known]
    made = []
    for place, load in enumerate(loads):
        part = f" ({place + 1} von {len(loads)})" if len(loads) > 1 else ""
        text = words if place == 0 else f"Weitere Fotos{part}."
        intent = draft.intent_ids[place]
        call = _call(to, intent, box, subject + part, text, load, before, automatic=draft.automatic)
        made.append(Step("email", intent, call, text=text, picture=load[0] if load else None))
        before = [*before, message_id(intent, box.address)]
    return made


def message(call: Mapping[str, Any], box: Mailbox, files: Sequence[bytes], *, at: datetime) -> bytes:
    """Return the mail as it goes over the line: ASCII, lines of at most 998 octets, CRLF.

    Our own header lines are written here and not by the library: it would fold and encode long Message-IDs.
    """
    lines = {
        "Date": format_datetime(at),
        "From": _named(box.sender_name, box.address),
        "To": call["to"],
        "Reply-To": call["reply_to"],
        "Subject": _encoded(call["subject"]),
        "Message-ID": call["message_id"],
        "In-Reply-To": call["references"][-1] if call["references"] else "",
        "References": "\r\n ".join(call["references"]),
        # RFC 3834: whoever answers by machine sees that a machine asked.
        "Auto-Submitted": "auto-generated" if call["automatic"] else "",
        "X-Auto-Response-Suppress": "All" if call["automatic"] else "",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return head.encode("ascii") + _body(call, files).as_bytes(policy=SMTP)


def html_of(text: str) -> str:
    """Return the words as a page: escaped, paragraphs and line breaks kept, nothing but web addresses made links."""
    parts = []
    end = 0
    for link in _LINK.finditer(text):
        address = html.escape(link[0])
        parts += [html.escape(text[end : link.start()]), f'<a href="{address}">{address}</a>']
        end = link.end()
    parts.append(html.escape(text[end:]))
    body = "".join(parts).replace("\n\n", "</p>\n<p>").replace("\n", "<br>\n")
    return f'<!doctype html>\n<html lang="de"><meta charset="utf-8"><body>\n<p>{body}</p>\n</body></html>\n'


def clean(text: str) -> str:
    """Return the text with plain line ends and without control characters or half surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def one_line(text: str) -> str:
    """Return what may stand in a header: without any line end or control character, blanks single."""
    return re.sub(r"\s+", " ", clean(text)).strip()


def _refusal(draft: Draft, box: Mailbox) -> Blocked | None:
    if not draft.text and not draft.pictures:
        return Blocked("draft.empty")
    if draft.choices and not draft.text:
        return Blocked("text.missing")
    return unfit(draft.pictures, CAPS.image_mimes, box.limit_bytes)


def _words(draft: Draft) -> str:
    """Return the words with choices and link, both before the signature that the text may bring (RFC 3676 4.3)."""
    said, line, signature = draft.text.partition(_SIGNATURE)
    return numbered(said, draft.choices, draft.answer_link) + line + signature


def _loads(pictures: Sequence[Picture], limit_bytes: int) -> list[list[Picture]]:
    """Part the photos, in their order, into as few mails as their order allows; there is always a first mail."""
    loads: list[list[Picture]] = [[]]
    for picture in pictures:
        if sum(one.size_bytes for one in loads[-1]) + picture.size_bytes > limit_bytes:
            loads.append([])
        loads[-1].append(picture)
    return loads


def _subject(draft: Draft, box: Mailbox) -> str:
    subject = one_line(draft.subject)[:MAX_SUBJECT] or f"Nachricht von {box.sender_name or box.address}"
    again = re.match(r"(re|aw|antw)\s*:", subject, re.I)
    return f"Re: {subject}" if draft.quote and not again else subject


def _call(
    to: str,
    intent: UUID,
    box: Mailbox,
    subject: str,
    text: str,
    load: Sequence[Picture],
    before: Sequence[str],
    *,
    automatic: bool,
) -> dict[str, Any]:
    seen = list(dict.fromkeys(before))
    return {
        "to": to,
        "subject": one_line(subject),
        "text": text,
        "message_id": message_id(intent, box.address),
        "references": seen if len(seen) <= MAX_REFERENCES else [seen[0], *seen[1 - MAX_REFERENCES :]],
        "reply_to": plus_address(box.address, answer_token(intent)) if box.plus else "",
        "automatic": automatic,
        "pictures": [
            {"ref": one.ref, "name": one_line(one.name), "mime": one.mime, "sha256": one.sha256}
            for one in load
        ],
    }


def _body(call: Mapping[str, Any], files: Sequence[bytes]) -> EmailMessage:
    body = EmailMessage(policy=SMTP)
    body.set_content(call["text"], cte="quoted-printable")
    body.add_alternative(html_of(call["text"]), subtype="html", cte="quoted-printable")
    for picture, data in zip(call["pictures"], files, strict=True):
        main, _, sub = picture["mime"].partition("/")
        body.add_attachment(data, maintype=main, subtype=sub, filename=picture["name"])
    return body


def _encoded(text: str) -> str:
    """Return header words in ASCII, folded, each encoded word within its 75 characters (RFC 2047)."""
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    return Header(text, charset, maxlinelen=70, header_name="Subject").encode(linesep="\r\n")


def _named(name: str, address: str) -> str:
    """Return an address with the name people see, quoted or encoded so that the name cannot be an address."""
    shown = one_line(name)
    if not shown:
        return address
    if shown.isascii() and "=?" not in shown:
        quoted = re.sub(r'(["\\])', r"\\\1", shown)
        return f'"{quoted}" <{address}>'
    return f"{_encoded(shown)} <{address}>"
