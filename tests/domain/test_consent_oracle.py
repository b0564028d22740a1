"""The gate against an independent table of all 576 cases, and what must hold whatever the case."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from server.domain.consents import ANY, Consent, ConsentVerb, Proof, Purpose, Word, may_share, word_of
from server.domain.gate import Case, Closed, Contract, Open, Recipient, decide
from server.web.words import sentence, sentences

TABLE = Path(__file__).with_name("consent_oracle.txt")
DIMENSIONS = {
    "began": ("yes", "no"),
    "consent": ("none", "given", "withdrawn"),
    "to": ("customer", "sub", "other", "stranger"),
    "sharing": ("yes", "no"),
    "contract": ("yes", "no"),
    "purpose": ("service", "advert"),
    "person": ("open", "clear"),
    "window": ("open", "shut"),
}
RECIPIENTS = {
    "customer": Recipient.CUSTOMER,
    "sub": Recipient.PARTNER,
    "other": Recipient.OTHER,
    "stranger": Recipient.STRANGER,
}
PURPOSES = {"service": Purpose.SERVICE, "advert": Purpose.ADVERTISING}
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def _read() -> Iterator[tuple[int, dict[str, set[str]], str]]:
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            number, condition, answer, _ = (part.strip() for part in line.split("|"))
            named = (word.partition("=") for word in condition.split())
            yield int(number), {name: set(values.split(",")) for name, _, values in named}, answer


RULES = tuple(_read())
"""The table's lines: number of cases, condition, answer."""


def every_case() -> Iterator[dict[str, str]]:
    for values in itertools.product(*DIMENSIONS.values()):
        yield dict(zip(DIMENSIONS, values, strict=True))


def expected(case: Mapping[str, str]) -> list[str]:
    """Return what the lines say that this case meets; it must be one."""
    return [
        answer
        for _, condition, answer in RULES
        if all(case[name] in allowed for name, allowed in condition.items())
    ]


def as_case(case: Mapping[str, str], own: Word = Word.NONE) -> Case:
    return Case(
        recipient=RECIPIENTS[case["to"]],
        purpose=PURPOSES[case["purpose"]],
        channel=Word(case["consent"]),
        own=own,
        began=case["began"] == "yes",
        sharing=case["sharing"] == "yes",
        contract=Contract.VALID if case["contract"] == "yes" else Contract.NONE,
        person_open=case["person"] == "open",
        window_open=case["window"] == "open",
    )


def spoken(answer: Open | Closed) -> str:
    if isinstance(answer, Closed):
        return f"closed {answer.code}"
    return f"open {answer.ground}" + (" by template" if answer.template else "")


def test_the_table_is_whole_and_clear() -> None:
    known = [(number, condition) for number, condition, _ in RULES]
    for _, condition in known:
        assert all(allowed <= set(DIMENSIONS[name]) for name, allowed in condition.items()), condition
    met = Counter(
        place
        for case in every_case()
        for place, (_, condition) in enumerate(known)
        if all(case[name] in allowed for name, allowed in condition.items())
    )
    assert [met[place] for place in range(len(known))] == [number for number, _ in known]
    assert met.total() == 576 + 192
    assert all(len(expected(case)) == 1 for case in every_case())


def test_all_576_cases_with_their_reasons() -> None:
    wrong = {
        str(case): (spoken(decide(as_case(case))), expected(case))
        for case in every_case()
        if [spoken(decide(as_case(case)))] != expected(case)
    }
    assert wrong == {}
    answers = [(case["to"] == "stranger", spoken(decide(as_case(case)))) for case in every_case()]
    assert Counter((stranger, said.split()[0]) for stranger, said in answers) == {
        (False, "closed"): 576 - 28,
        (False, "open"): 28,
        (True, "closed"): 192 - 8,
        (True, "open"): 8,
    }


def test_advertising_opens_by_its_own_consent_and_by_nothing_else() -> None:
    """The same 576 cases with the consent of its own given: then advertising goes the way of service, no wider."""
    for case in every_case():
        if case["to"] == "stranger":  # whoever is meant to have agreed, it was not he
            assert case["purpose"] == "service" or isinstance(decide(as_case(case, Word.GIVEN)), Closed)
        elif case["purpose"] == "advert" and case["to"] != "other" and case["consent"] != "withdrawn":
            as_service = {**case, "purpose": "service", "consent": "given"}
            assert [spoken(decide(as_case(case, Word.GIVEN)))] == expected(as_service), case
        elif case["purpose"] == "advert":
            assert [spoken(decide(as_case(case, Word.GIVEN)))] == expected(case), case
        if case["purpose"] == "service" and case["to"] == "customer":
            withdrawn = decide(as_case(case, Word.WITHDRAWN))
            assert withdrawn == Closed("consent.withdrawn")


def test_every_reason_has_a_sentence_with_a_remedy_in_both_languages() -> None:
    codes = {answer.split()[1] for _, _, answer in RULES if answer.startswith("closed")}
    codes |= {
        "consent.unknown",
        "consent.suspended",
        "consent.no_reference",
        "contract.ended",
    }
    for code in codes:
        assert code in sentences(), code
        german, english = sentence(code, "de"), sentence(code, "en")
        assert german != english, f"{code} has no English"
        # Why, and then what helps.
        assert len(german.rstrip(".").split(". ")) >= 2, f"{code} names no remedy"


CASES = st.builds(
    Case,
    recipient=st.none() | st.sampled_from(Recipient),
    purpose=st.none() | st.sampled_from(Purpose),
    channel=st.none() | st.sampled_from(Word),
    own=st.none() | st.sampled_from(Word),
    began=st.none() | st.booleans(),
    sharing=st.none() | st.booleans(),
    contract=st.none() | st.sampled_from(Contract),
    person_open=st.none() | st.booleans(),
    window_open=st.none() | st.booleans(),
)


@given(CASES)
def test_what_is_not_known_closes(case: Case) -> None:
    if any(getattr(case, one.name) is None for one in fields(case)):
        assert decide(case) == Closed("consent.unknown")
    else:
        assert decide(case) != Closed("consent.unknown")


@given(CASES, st.sampled_from([one.name for one in fields(Case)]))
def test_taking_any_value_away_never_opens(case: Case, name: str) -> None:
    poorer: dict[str, Any] = {name: None}
    assert isinstance(decide(replace(case, **poorer)), Closed)


@given(CASES)
def test_an_open_gate_has_all_it_needs(case: Case) -> None:
    answer = decide(case)
    if isinstance(answer, Closed):
        return
    assert case.person_open is False and case.recipient is not Recipient.OTHER
    assert not {Word.WITHDRAWN, Word.SUSPENDED} & {case.channel, case.own}
    if case.purpose in (Purpose.ADVERTISING, Purpose.REFERENCE):
        assert case.own is Word.GIVEN
    if case.recipient is Recipient.PARTNER:
        assert case.sharing is True and case.contract is Contract.VALID
    elif answer.ground == "customer_wrote_first":
        assert case.began and case.purpose is Purpose.SERVICE and case.window_open and not answer.template
    else:
        assert Word.GIVEN in (case.channel, case.own)
        assert answer.template is (case.window_open is False)


@given(CASES)
def test_what_helps_never_closes(case: Case) -> None:
    """A consent more, a contract more, a flag less: what was open stays open."""
    better = [
        replace(case, person_open=False),
        replace(case, window_open=True),
        replace(case, sharing=True, contract=Contract.VALID),
        replace(case, channel=Word.GIVEN),
        replace(case, own=Word.GIVEN),
    ]
    if isinstance(decide(case), Open):
        assert all(isinstance(decide(one), Open) for one in better)


@given(CASES)
def test_a_withdrawal_always_closes(case: Case) -> None:
    for taken_back in (replace(case, channel=Word.WITHDRAWN), replace(case, own=Word.WITHDRAWN)):
        assert isinstance(decide(taken_back), Closed)


def line(number: int, **given: Any) -> Consent:
    values: dict[str, Any] = {
        "id": UUID(int=number),
        "company_id": UUID(int=1),
        "contact_id": UUID(int=2),
        "channel": "whatsapp",
        "purpose": Purpose.SERVICE,
        "verb": ConsentVerb.GRANTED,
        "wording": "",
        "wording_hash": "",
        "proof": Proof.SPOKEN,
        "proof_ref": "",
        "giver": "",
        "recorded_by": None,
        "at": AT + timedelta(minutes=number),
        "local_time": "",
    }
    return Consent(**values | given)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["whatsapp", "telegram"]), st.sampled_from(Purpose), st.sampled_from(ConsentVerb)
        )
    )
)
def test_the_newest_line_about_the_same_thing_counts_in_any_order(
    said: list[tuple[str, Purpose, ConsentVerb]],
) -> None:
    lines = [
        line(number, channel=channel, purpose=purpose, verb=verb)
        for number, (channel, purpose, verb) in enumerate(said)
    ]
    for channel, purpose in itertools.product(["whatsapp", "telegram"], Purpose):
        verbs = [one.verb for one in lines if (one.channel, one.purpose) == (channel, purpose)]
        wanted = {
            None: Word.NONE,
            ConsentVerb.GRANTED: Word.GIVEN,
            ConsentVerb.WITHDRAWN: Word.WITHDRAWN,
            ConsentVerb.SUSPENDED: Word.SUSPENDED,
        }[verbs[-1] if verbs else None]
        assert word_of(lines, channel, purpose) is wanted
        assert word_of(lines[::-1], channel, purpose) is wanted


def test_writing_afterwards_ends_a_suspension_but_brings_no_consent_back() -> None:
    lines = [line(1), line(5, verb=ConsentVerb.SUSPENDED)]
    for minute, wanted in ((4, Word.SUSPENDED), (5, Word.SUSPENDED), (6, Word.NONE)):
        wrote = AT + timedelta(minutes=minute)
        assert word_of(lines, "whatsapp", Purpose.SERVICE, wrote_at=wrote) is wanted
    withdrawn = [line(1), line(5, verb=ConsentVerb.WITHDRAWN)]
    assert word_of(withdrawn, "whatsapp", Purpose.SERVICE, wrote_at=AT + timedelta(days=1)) is Word.WITHDRAWN


def test_sharing_is_for_one_job_and_one_partner() -> None:
    job, other, firm, rival = (UUID(int=number) for number in range(10, 14))
    given_ = line(1, channel=ANY, purpose=Purpose.THIRD_PARTY, job_id=job, partner_id=firm)
    assert may_share([given_], job, firm)
    assert not may_share([given_], other, firm) and not may_share([given_], job, rival)
    assert not may_share(
        [given_, replace(given_, id=UUID(int=9), verb=ConsentVerb.WITHDRAWN, at=AT + timedelta(days=1))],
        job,
        firm,
    )
    assert not may_share([line(3)], job, firm) and not may_share([], job, firm)
