"""Contracts by the day, documents by their first bytes, and business cards that hold what they must."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import Invalid
from server.domain.gate import Contract
from server.domain.partners import (
    FILE_MAX,
    ContractDraft,
    ContractKind,
    Partner,
    PartnerContract,
    check_file,
    standing,
)
from server.domain.vcards import Card, written

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TODAY = AT.date()
PARTNER = Partner(UUID(int=1), UUID(int=2), "Elektro Blitz", "die Elektrik", "", "", AT, None, 1)


def contract(signed: int, ends: int | None, *, revoked: bool = False) -> PartnerContract:
    """Return a contract with days counted from today."""
    return PartnerContract(
        UUID(int=3),
        UUID(int=2),
        PARTNER.id,
        ContractKind.PROCESSOR,
        TODAY + timedelta(days=signed),
        None if ends is None else TODAY + timedelta(days=ends),
        "",
        "",
        "",
        UUID(int=4),
        AT,
        AT if revoked else None,
    )


@pytest.mark.parametrize(
    ("contracts", "wanted"),
    [
        ([], Contract.NONE),
        ([contract(-9, None)], Contract.VALID),
        ([contract(0, 0)], Contract.VALID),  # its first day is its last, and it counts
        ([contract(-9, -1)], Contract.ENDED),
        ([contract(1, None)], Contract.ENDED),
        ([contract(-9, None, revoked=True)], Contract.ENDED),
        ([contract(-9, -1), contract(-1, 9)], Contract.VALID),
    ],
)
def test_what_is_on_file_today(contracts: list[PartnerContract], wanted: Contract) -> None:
    assert standing(PARTNER, contracts, TODAY) is wanted
    away = standing(replace(PARTNER, archived_at=AT), contracts, TODAY)
    assert away is (Contract.NONE if not contracts else Contract.ENDED)
    assert standing(None, contracts, TODAY) is Contract.NONE


@given(st.integers(-400, 400), st.none() | st.integers(-400, 400), st.integers(-400, 400))
def test_a_contract_holds_from_its_first_to_its_last_day(signed: int, ends: int | None, day: int) -> None:
    holds = contract(signed, ends).valid_on(TODAY + timedelta(days=day))
    assert holds is (signed <= day and (ends is None or day <= ends))


def test_days_that_cannot_be() -> None:
    ContractDraft(ContractKind.PROCESSOR, TODAY, TODAY).checked(TODAY)
    for signed, ends, field in (
        (TODAY + timedelta(days=1), None, "signed_on"),
        (TODAY, date(2026, 11, 22), "ends_on"),
    ):
        with pytest.raises(Invalid) as refused:
            ContractDraft(ContractKind.PROCESSOR, signed, ends).checked(TODAY)
        assert refused.value.field == field


def test_documents_are_told_by_their_first_bytes() -> None:
    assert check_file(b"%PDF-1.7 x") == ("application/pdf", "pdf")
    assert check_file(b"\xff\xd8\xff\xe0") == ("image/jpeg", "jpg")
    for data, code in (
        (b"<html>", "contract.file_kind"),
        (b" %PDF-1.7", "contract.file_kind"),
        (b"", "contract.file_kind"),
        (b"%PDF-" + bytes(FILE_MAX), "contract.file_too_large"),
    ):
        with pytest.raises(Invalid) as refused:
            check_file(data)
        assert refused.value.code == code


@given(st.text(max_size=200), st.text(max_size=60))
def test_no_name_breaks_a_card(name: str, note: str) -> None:
    """Whatever a name holds: lines of at most 75 octets, one card, nothing but our own properties."""
    text = written([Card("1", name, "", "+4915123456789", "", note)])
    physical = text.encode().split(b"\r\n")
    assert physical[-1] == b"" and all(len(line) <= 75 for line in physical)
    unfolded = text.replace("\r\n ", "").split("\r\n")[:-1]
    properties = [line.partition(":")[0].partition(";")[0] for line in unfolded]
    assert properties.count("BEGIN") == properties.count("END") == 1
    assert set(properties) <= {"BEGIN", "VERSION", "UID", "FN", "N", "TEL", "NOTE", "END"}
