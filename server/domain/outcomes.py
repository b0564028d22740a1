"""What one call at a platform can come to: the only words in which a channel answers `send`.

No platform offers an idempotency key, so a step whose fate is unknown is `Unclear` and never sent again by itself.
"""

from dataclasses import dataclass

from server.domain.identities import Identity


@dataclass(frozen=True, slots=True)
class Accepted:
    """The platform has taken it. With `sent` no status will ever tell more; else the truth comes by `StatusUpdate`."""

    foreign_id: str
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Retry:
    """Certainly not taken, may be tried again; `after_s` None = the usual back-off."""

    after_s: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Certainly not taken: too much at once, to this person or at all; `after_s` None = the usual back-off."""

    after_s: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Permanent:
    """Refused for good; `code` has a sentence, `detail` is the platform's own words for the log."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """Certainly not taken: the same person has another name at this platform now. Tried once more under it."""

    to: Identity
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NeedsTemplate:
    """The window is closed, whatever our clock says. Certainly not taken.

    `again_after_s`: this platform is known to err; where our own clock still leaves an hour, the same step may be tried
    once more after that time, and only once (W/messages/send-messages, "known issue"). None = believe it at once.
    """

    detail: str = ""
    again_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class OptedOut:
    """The customer has told the platform to stop us: the consent gate closes."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reauth:
    """Token, registration or permission is gone: stop the channel, keep the outbox, tell the admin.

    `code` has a sentence for the channel's page, "" = the plain one.
    """

    detail: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Paused:
    """The platform restricts the account (spam, payment, country): pause the channel, tell the admin.

    `code` has a sentence for the channel's page, "" = the plain one.
    """

    detail: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class MediaFix:
    """The picture was refused: make it new once, then give up."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may have been taken. Only a status or a human decides; never sent again by itself."""

    detail: str = ""


Outcome = (
    Accepted
    | Retry
    | Throttled
    | Moved
    | Permanent
    | NeedsTemplate
    | OptedOut
    | Reauth
    | Paused
    | MediaFix
    | Unclear
)  # fmt: skip
