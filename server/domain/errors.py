"""What can go wrong by the rules of the trade. Codes, not sentences: the words are in the templates."""


class DomainError(Exception):
    """A request that the rules refuse.

    `code` names the reason ("photo.too_large"), `field` the form or JSON field it belongs to,
    `values` fills the sentence that is shown for the code.
    """

    def __init__(self, code: str, *, field: str | None = None, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.values = values


class NotFound(DomainError):
    """The thing does not exist, or not for this company or person."""


class Forbidden(DomainError):
    """The thing exists and may be known, but this role may not do that."""


class Locked(Forbidden):
    """The office locked this phone: it may still send what it holds, and nothing else."""


class SignedOut(DomainError):
    """Nobody is signed in, or no longer."""


class Invalid(DomainError):
    """A field does not hold what it must; nothing was stored."""


class TooLarge(Invalid):
    """More bytes, pixels or items than the stated limit."""


class Conflict(DomainError):
    """The same id with other content, a wrong offset, or a state that has moved on."""


class NoConsent(DomainError):
    """The gate to the customer is closed; `values` say why and what opens it."""


MERGED = {"job": "job.merged", "contact": "contact.merged", "conversation": "conversation.merged"}


class Merged(Conflict):
    """A job, contact or conversation has become part of another one; `into` is that one's id, reading goes on there."""

    def __init__(self, into: object, *, noun: str = "job") -> None:
        super().__init__(MERGED[noun], field=noun)
        self.into = into


class TooManyTries(DomainError):
    """Slow down; `values["retry_after_s"]` says for how long."""


class Outdated(DomainError):
    """The phone's app speaks a language this server no longer knows; it keeps everything and updates (HTTP 426)."""
