"""What the firm says through a messenger: frozen types and the rules that hold on every platform."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from server.domain.capabilities import Capabilities, length
from server.domain.choices import Choice, fit_buttons, numbered
from server.domain.identities import Identity


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
