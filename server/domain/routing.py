"""By which messenger to say something to a person: each way judged, each refusal a sentence, by hand at the very last.

After all that writes stands the telephone: offered, never chosen by itself, for nobody's hand can be forced to dial.

The order of the questions: connected, known there, consent, window, capability; among the ways that are open the
person's own wish comes first, then free words before an approved text, buttons before a list, free before paid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from server.domain.accounts import consent_channel
from server.domain.capabilities import WINDOW_MARGIN, Capabilities, length, window_open
from server.domain.gate import Closed, Open
from server.domain.identities import Identity, IdentityKind


@dataclass(frozen=True, slots=True)
class Way:
    """One channel as it stands for one person. `down` is the code why nothing leaves by it at all, "" = connected.

    `last_in_at` is his last message to this account: it opens the platform's window. `nameless`: by hand, and whom it
    goes to is chosen in the app. `account` is the account's name where there are several of the kind, "" else.
    """

    channel: str
    label: str
    caps: Capabilities
    gate: Open | Closed
    identity: Identity | None
    last_in_at: datetime | None = None
    down: str = ""
    nameless: bool = False
    account_id: UUID | None = None
    account: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """What is to be said, as far as it matters for the way. `linked`: its pictures stand behind an answer link, too."""

    text: str = ""
    pictures: int = 0
    choices: int = 0
    linked: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What speaks for or against one way. `code` has a sentence, "" = it can go; `ground` is why it may.

    `free_until` is when the window for free words ends as far as we use it, None = none open or none needed;
    `shut_at` is since when nothing free goes any more, None = it does, or never did. `template`: only a text the
    platform has approved can go. `address`: the number to dial, or whom the messenger is opened for, "" = nobody
    we could name. `account_id` is the account it leaves by, `account` its name where there are several of the kind.
    """

    channel: str
    label: str
    caps: Capabilities
    code: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    ground: str = ""
    free_until: datetime | None = None
    shut_at: datetime | None = None
    template: bool = False
    costs: bool = False
    by_hand: bool = False
    by_phone: bool = False
    address: str = ""
    account_id: UUID | None = None
    account: str = ""

    @property
    def open(self) -> bool:
        return not self.code

    @property
    def by_itself(self) -> bool:
        """Say whether a platform carries it, without anybody's hands."""
        return not (self.by_hand or self.by_phone)


@dataclass(frozen=True, slots=True)
class Route:
    """`chosen` is how it leaves if nobody says otherwise; `offers` are all ways, the best first.

    What a person wants stands in front where it is open; else the platforms, by hand, and last the telephone.
    """

    chosen: Verdict
    offers: tuple[Verdict, ...]

    @property
    def refused(self) -> tuple[Verdict, ...]:
        """Return the ways that were considered before the chosen one, or all, with why they are closed."""
        return tuple(one for one in self.offers if not one.open)

    def of(self, channel: str) -> Verdict | None:
        return next((one for one in self.offers if one.channel == channel), None)


def route(ways: Sequence[Way], *, preferred: str, need: Need, now: datetime) -> Route:
    """Choose a way; `ways` are in the order they were connected, one by hand among them at least.

    Nothing is handed to a person by itself while a platform is connected: then the most telling platform's refusal
    stands, and "by hand" is offered. The telephone is never chosen: what is written cannot leave by it.
    """
    judged = [(judge(way, need, now), way, place) for place, way in enumerate(ways)]
    ranked = sorted(judged, key=lambda one: _rank(*one, preferred=preferred, need=need))
    offers = tuple(verdict for verdict, _, _ in ranked)
    writing = [one for one in offers if not one.by_phone]
    open_ones = [one for one in writing if one.open]
    connected = any(not way.down and verdict.by_itself for verdict, way, _ in ranked)
    telling = sorted(judged, key=lambda one: _says(*one, preferred=preferred)) if connected else []
    refusals = [verdict for verdict, _, _ in telling if verdict.by_itself]
    wished = [one for one in open_ones if one.channel == preferred]
    machines = [one for one in open_ones if one.by_itself]
    hands = [one for one in writing if one.by_hand]
    chosen = next(iter([*wished, *machines, *refusals, *open_ones, *hands, *writing]))
    return Route(chosen, offers)


def judge(way: Way, need: Need, now: datetime) -> Verdict:
    """Return what speaks against a way, the first reason only, or that it is open."""
    until = way.last_in_at + way.caps.window if way.last_in_at and way.caps.window else None
    free, reach = window_open(now, until), _reach(way)
    code, values = _refusal(way, need, now)
    return Verdict(
        channel=way.channel,
        label=way.label,
        caps=way.caps,
        code=code,
        values=values,
        ground=way.gate.ground if isinstance(way.gate, Open) else "",
        free_until=until - WINDOW_MARGIN if until and free else None,
        shut_at=reach - WINDOW_MARGIN if reach and not window_open(now, reach) else None,
        template=way.caps.can_initiate == "template" and not free,
        costs=way.caps.costs,
        by_hand=way.caps.can_initiate == "by_hand",
        by_phone=way.caps.can_initiate == "by_phone",
        address=way.identity.value if way.identity else "",
        account_id=way.account_id,
        account=way.account,
    )


def _reach(way: Way) -> datetime | None:
    """Return until when a human's words may follow his last message, None where there is no such end."""
    span = way.caps.human_window or way.caps.window
    return way.last_in_at + span if way.last_in_at and span else None


def _refusal(way: Way, need: Need, now: datetime) -> tuple[str, Mapping[str, str]]:
    caps = way.caps
    if way.down:
        return way.down, {"account": way.account} if way.account else {}
    if way.identity is None and not way.nameless:
        return ("contact.not_there" if caps.can_initiate == "after_contact" else "contact.no_address"), {}
    if isinstance(way.gate, Closed):
        return way.gate.code, {}
    if caps.can_initiate == "by_phone":
        return "", {}  # whatever is to be said can be said
    if caps.window and caps.can_initiate == "after_contact" and not window_open(now, _reach(way)):
        return "window.closed", {}
    if length(need.text, caps) > caps.max_text > 0:
        unit = "text.too_many_bytes" if caps.text_unit == "bytes" else "text.too_long"
        return unit, {"limit": str(caps.max_text)}
    behind_link = need.linked and caps.choice_fallback == "link"
    if need.pictures and not caps.image_mimes and not behind_link:
        return "picture.impossible", {}
    return "", {}


def _rank(
    verdict: Verdict, way: Way, place: int, *, preferred: str, need: Need
) -> tuple[bool, int, bool, bool, bool, bool, bool, int]:
    return (
        not (verdict.open and verdict.channel == preferred),
        2 if verdict.by_phone else int(verdict.by_hand),
        not verdict.open,
        # Who likes Telegram likes it by hand, too, where none is connected.
        consent_channel(verdict.channel) != consent_channel(preferred),
        verdict.template,
        bool(need.choices) and way.caps.buttons < need.choices,
        verdict.costs,
        place,
    )


def _says(verdict: Verdict, way: Way, place: int, *, preferred: str) -> tuple[bool, bool, bool, int]:
    """Order refusals by what their remedy brings: that somebody is not there at all comes last."""
    absent = way.identity is None and not way.nameless
    return (absent, verdict.channel != preferred, bool(way.down), place)


def book_name(caps: Capabilities, *, phone: str, email: str) -> Identity | None:
    """Return how a person in our book can be addressed where he has never written: by number, or by mail.

    Where a platform lets nobody begin, the book is of no use.
    """
    if caps.can_initiate == "after_contact":
        return None
    if caps.key == IdentityKind.EMAIL:
        return Identity(IdentityKind.EMAIL, email) if email else None
    return Identity(IdentityKind.PHONE, phone) if phone else None
