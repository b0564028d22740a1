"""Partners: firms that photos may be passed on to, and the contracts that must be on file for that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from server.domain.errors import Invalid, TooLarge
from server.domain.gate import Contract
from server.domain.texts import line, mail_address

FILE_MAX = 10_000_000
# By first bytes: PDF (ISO 32000-1 §7.5.2: the header within the first kilobyte, at its start in practice), JPEG.
FILE_TYPES = {b"%PDF-": ("application/pdf", "pdf"), b"\xff\xd8\xff": ("image/jpeg", "jpg")}


class ContractKind(StrEnum):
    """Article 28 GDPR: he works on our data for us; or he decides for himself what he does with it (Article 26)."""

    PROCESSOR = "processor"
    OWN_RESPONSIBILITY = "own_responsibility"


@dataclass(frozen=True, slots=True)
class PartnerDraft:
    """What can be typed about a partner; the number is checked where the numbering plans are known."""

    name: str
    trade: str = ""
    email: str = ""
    phone: str = ""

    def checked(self) -> Self:
        """Return the draft with clean fields. Raises Invalid naming the field."""
        return replace(
            self,
            name=line(self.name, "name", limit=200, required=True),
            trade=line(self.trade, "trade", limit=100),
            email=mail_address(self.email, "email"),
            phone=line(self.phone, "phone", limit=60),
        )


@dataclass(frozen=True, slots=True)
class Partner:
    id: UUID
    company_id: UUID
    name: str
    trade: str
    email: str
    phone: str
    """E.164 or empty."""
    created_at: datetime
    archived_at: datetime | None
    rev: int


@dataclass(frozen=True, slots=True)
class ContractDraft:
    """What can be typed about a contract; without an end it runs until it is revoked."""

    kind: ContractKind
    signed_on: date
    ends_on: date | None = None
    reference: str = ""

    def checked(self, today: date) -> Self:
        """Return the draft with clean fields. Raises Invalid for a signature to come or an end before it."""
        if self.signed_on > today:
            raise Invalid("contract.not_signed_yet", field="signed_on")
        if self.ends_on is not None and self.ends_on < self.signed_on:
            raise Invalid("contract.ends_before", field="ends_on")
        return replace(self, reference=line(self.reference, "reference", limit=300))


@dataclass(frozen=True, slots=True)
class PartnerContract:
    """One contract on file; `storage_key` and `sha256` (hex) are empty without a document."""

    id: UUID
    company_id: UUID
    partner_id: UUID
    kind: ContractKind
    signed_on: date
    ends_on: date | None
    reference: str
    storage_key: str
    sha256: str
    recorded_by: UUID
    created_at: datetime
    revoked_at: datetime | None

    def valid_on(self, day: date) -> bool:
        """Say whether it holds on a day of the firm's calendar; its last day still counts."""
        begun = self.signed_on <= day
        return begun and self.revoked_at is None and (self.ends_on is None or day <= self.ends_on)


def standing(partner: Partner | None, contracts: Sequence[PartnerContract], day: date) -> Contract:
    """Return what is on file with a partner on that day; one that was put away has none any more."""
    if partner is None or not contracts:
        return Contract.NONE
    valid = partner.archived_at is None and any(one.valid_on(day) for one in contracts)
    return Contract.VALID if valid else Contract.ENDED


def check_file(data: bytes) -> tuple[str, str]:
    """Return a document's type and ending by its first bytes. Raises Invalid, TooLarge."""
    if len(data) > FILE_MAX:
        raise TooLarge("contract.file_too_large", field="file", limit_mb=FILE_MAX // 1_000_000)
    for head, kind in FILE_TYPES.items():
        if data.startswith(head):
            return kind
    raise Invalid("contract.file_kind", field="file")
