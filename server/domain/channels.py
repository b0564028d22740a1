"""What the firm says through a messenger: frozen types and the rules that hold on every platform."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

WINDOW_MARGIN = timedelta(minutes=5)
MAX_CHOICES = 3


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can do. Times are spans after the customer's last message; None = no such limit."""

    key: str
    can_initiate: Literal["free", "template", "after_contact", "by_hand", "by_phone"]
    window: timedelta | None
    human_window: timedelta | None
    buttons: int
    button_title_max: int
    choice_fallback: Literal["list", "link", "thumbs"]
    max_text: int
    text_unit: Literal["chars", "bytes"]
    max_caption: int
    max_image_bytes: int
    image_mimes: frozenset[str]
    receipts: frozenset[str]
    inbound: Literal["webhook", "poll", "websocket", "manual", "none"]
    echoes: bool
    costs: bool


class IdentityKind(StrEnum):
    """How a platform names a person. Only `phone` may ever be normalised; the others are opaque, case kept."""

    PHONE = "phone"
    BSUID = "bsuid"
    USERNAME = "username"
    PSID = "psid"
    CHAT = "chat"
    THREEMA = "threema"
    UUID = "uuid"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Identity:
    """One name of one person on one platform; a phone number is E.164 with its plus."""

    kind: IdentityKind
    value: str


def same_name(one: Identity | None, other: Identity | None) -> bool:
    """Say whether both are the same name: all are exact but mail addresses, whose case nobody can rely on."""
    if one is None or other is None or one.kind is not other.kind:
        return False
    return one.value == other.value or (
        one.kind is IdentityKind.EMAIL and one.value.casefold() == other.value.casefold()
    )


_USE = {IdentityKind.PHONE: 0, IdentityKind.USERNAME: 2}


def by_use(names: Sequence[Identity]) -> list[Identity]:
    """Return a person's names with the one to write to first: his number, then what a platform made up, a username last.

    Where number and business-scoped id are both known, WhatsApp takes the number (W/business-scoped-user-ids).
    """
    return sorted(names, key=lambda name: _USE.get(name.kind, 1))


@dataclass(frozen=True, slots=True)
class Fact:
    """Something about a person that a channel must hold on to: the first value counts for ever.

    `about` is his name at the platform (so that it can be erased with him), `value` "" = must be asked for.
    """

    name: str
    about: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer offered; `id` comes back when it is tapped."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A rendered photo, ready to leave; `ref` is opaque and resolved to bytes by the media loader of `send`."""

    ref: str
    name: str
    size_bytes: int
    mime: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Template:
    """A message the platform approves, for the time when free words are not allowed.

    `body` is its text with the variables as the platform writes them, "" = not known (then it has `variables`, in
    order); `state` and `quality` are the platform's words. `button_titles` holds every button in its place, "" for one
    that is no answer (a link, a number). `needs` names what else it must be filled with and we cannot
    ("header.video", "button.url"): such a template is shown, never sent. `reason` is why it was refused.
    """

    name: str
    language: str = "de"
    header_image: bool = False
    button_titles: tuple[str, ...] = ()
    approved: bool = True
    body: str = ""
    variables: int = 1
    category: str = ""
    state: str = ""
    quality: str = ""
    needs: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What the firm wants to say, in no platform's language.

    `intent_ids`: one for each step the plan may need, `steps_at_most` of them; each step carries one to the platform
    and back (`StatusUpdate.opaque`), so it is best the id of the message's row.
    `subject` and `thread` (what was said before, by the platform's ids, oldest first) are for mail;
    `quote` is the message it answers. `values` fill the template's variables in their order; without them its only
    variable takes `text`, choices and link included.
    `automatic`: no human wrote it (greeting, away message); mail says so aloud.
    """

    intent_ids: tuple[UUID, ...]
    text: str = ""
    pictures: tuple[Picture, ...] = ()
    choices: tuple[Choice, ...] = ()
    quote: str | None = None
    template: Template | None = None
    answer_link: str | None = None
    subject: str = ""
    thread: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    automatic: bool = False


def steps_at_most(pictures: int) -> int:
    """Return how many intent ids a draft with that many pictures must bring."""
    return pictures + 1


@dataclass(frozen=True, slots=True)
class Step:
    """One call at the platform, complete but for the picture's bytes, so that it can wait in a row.

    `call` is JSON the channel alone understands; `text` and `picture` are what the chronology shows.
    """

    kind: str
    intent_id: UUID
    call: Mapping[str, Any]
    text: str = ""
    picture: Picture | None = None

    def to_json(self) -> dict[str, Any]:
        picture = self.picture
        return {
            "kind": self.kind,
            "intent_id": str(self.intent_id),
            "call": dict(self.call),
            "text": self.text,
            "picture": picture
            and {
                "ref": picture.ref,
                "name": picture.name,
                "size_bytes": picture.size_bytes,
                "mime": picture.mime,
                "sha256": picture.sha256,
            },
        }

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> "Step":
        picture = row["picture"]
        return Step(
            kind=row["kind"],
            intent_id=UUID(row["intent_id"]),
            call=row["call"],
            text=row["text"],
            picture=Picture(**picture) if picture else None,
        )


def readdressed(step: Step, old: Identity, new: Identity) -> Step:
    """Return the same call to another name of the same person: every value that is exactly the old name is the new one.

    A platform that writes names as numbers is followed in that.
    """

    def follow(value: Any) -> Any:
        if isinstance(value, str) and value == old.value:
            return new.value
        if isinstance(value, int) and not isinstance(value, bool) and str(value) == old.value:
            return int(new.value)
        if isinstance(value, Mapping):
            return {name: follow(one) for name, one in value.items()}
        return [follow(one) for one in value] if isinstance(value, list) else value

    return replace(step, call=follow(step.call))


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a draft cannot leave by this channel now; `values` fill the sentence for the code."""

    code: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a self-check found; `code` has a sentence for good and one for bad news, `detail` is the platform's word."""

    code: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Checkup:
    """The newest self-check of an account; `at` None = there was none yet."""

    at: datetime | None
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        return all(finding.ok for finding in self.findings)


def window_open(now: datetime, until: datetime | None) -> bool:
    """Return whether free words may still leave: the window's last minutes are not ours, clocks differ."""
    return until is not None and now < until - WINDOW_MARGIN


def length(text: str, caps: Capabilities) -> int:
    """Return the length of a text in the channel's own unit."""
    return len(text) if caps.text_unit == "chars" else len(text.encode())


def fit_buttons(choices: Sequence[Choice], caps: Capabilities) -> bool:
    """Return whether the choices can be buttons: few, short and told apart."""
    titles = {choice.title for choice in choices}
    return (
        len(choices) <= caps.buttons
        and len(titles) == len(choices)
        and all(0 < length(choice.title, caps) <= caps.button_title_max for choice in choices)
    )


def numbered(text: str, choices: Sequence[Choice], link: str | None) -> str:
    """Return the question with its choices as a numbered list and the answer link, for channels without buttons."""
    rows = [f"{place}) {choice.title}" for place, choice in enumerate(choices, 1)]
    return "\n\n".join(part for part in (text, "\n".join(rows), link) if part)


_YES = {"ja", "yes", "ok", "okay", "passt", "einverstanden", "stimmt", "gerne"}
_NO = {"nein", "no", "nicht"}
THUMBS = ("👍", "👎")


def thumbs(choices: Sequence[Choice]) -> tuple[Choice, Choice] | None:
    """Return (what 👍 means, what 👎 means) when exactly two choices say yes and no, else None: never guess."""
    if len(choices) != 2:
        return None
    words = [re.findall(r"\w+", choice.title.casefold()) or [""] for choice in choices]
    for yes, no in ((0, 1), (1, 0)):
        refuses = words[no][0] in _NO or words[no] == [*words[yes], "nicht"]
        if words[yes][0] in _YES and "nicht" not in words[yes] and refuses:
            return choices[yes], choices[no]
    return None


def picked(answer: str, choices: Sequence[Choice]) -> Choice | None:
    """Return the choice a typed answer names, by its number ("2", "2)", "2.") or its exact words, else None."""
    words = answer.strip().casefold()
    for place, choice in enumerate(choices, 1):
        if words in {str(place), f"{place})", f"{place}.", choice.title.casefold()}:
            return choice
    return None


def introduced(draft: Draft, words: str, caps: Capabilities) -> Draft | None:
    """Return the draft with words in front that say who writes; None where they are better a message of their own.

    That is where buttons hang on the text, or where the channel has no room for both.
    """
    if draft.choices and fit_buttons(draft.choices, caps):
        return None
    said = "\n\n".join(part for part in (words, draft.text) if part)
    whole = numbered(said, draft.choices, draft.answer_link)
    room = caps.max_caption if draft.pictures else caps.max_text
    return replace(draft, text=said) if length(whole, caps) <= room else None
