"""What the self-check of an account finds."""

from dataclasses import dataclass
from datetime import datetime


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
