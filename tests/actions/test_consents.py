"""A long random life of one person's consents, against a model of a dozen lines: what holds is what was said last."""

import random
from datetime import timedelta

import pytest

from server.actions import consents, partners
from server.actions.gate import gate, partner_gate
from server.db import consents as consents_db
from server.db import partners as partners_db
from server.db.connect import Database
from server.db.unit import atomic
from server.domain.consents import ConsentVerb, Proof, Purpose, in_force
from server.domain.evidence import Evidence
from server.domain.gate import Open
from server.domain.partners import ContractKind, PartnerContract, PartnerDraft
from server.domain.wordings import Topic
from server.ids import new_id
from tests import factories
from tests.factories import START

KINDS = ("whatsapp", "telegram")
TOLD = (Purpose.SERVICE, Purpose.ADVERTISING)
SHARED, REFERENCE = ("any", Purpose.THIRD_PARTY), ("any", Purpose.REFERENCE)


class Model:
    """The newest word about each thing: "given", "taken" or "resting"."""

    def __init__(self) -> None:
        self.word: dict[tuple[str, Purpose], str] = {}

    def take(self, kind: str) -> None:
        for key in {key for key in self.word if key[0] == kind} | {(kind, Purpose.SERVICE)}:
            self.word[key] = "taken"
        for key in (SHARED, REFERENCE):
            if self.word.get(key) == "given":
                self.word[key] = "taken"

    def rest(self, kind: str) -> None:
        for key in {key for key in self.word if key[0] == kind} | {(kind, Purpose.SERVICE)}:
            if self.word.get(key) != "taken":
                self.word[key] = "resting"

    def open(self, kind: str, purpose: Purpose) -> bool:
        given = self.word.get((kind, purpose)) == "given"
        return given and self.word.get((kind, Purpose.SERVICE)) in ("given", None)


@pytest.mark.parametrize("seed", range(3))
async def test_what_holds_is_what_was_said_last(database: Database, seed: int) -> None:
    chance, model, at = random.Random(seed), Model(), START
    office = await factories.actor(await factories.company())
    customer = await factories.customer(office)
    person = await factories.contact(office, customer)
    job = await factories.job(office, "Bad", customer_id=customer.id, contact_id=person.id)
    partner = await partners.create(office, PartnerDraft("Elektro Blitz"), at=at)
    assert office.id
    await _sign(
        PartnerContract(
            new_id(), office.company_id, partner.id, ContractKind.PROCESSOR, at.date(), None, "", "", "", office.id, at, None
        )
    )  # fmt: skip
    for step in range(60):
        at += timedelta(minutes=chance.choice([-30, 0, 1, 60]))  # clocks are put back, too
        kind, act = (
            chance.choice(KINDS),
            chance.choice(["give", "give", "share", "show", "take", "one", "rest"]),
        )
        signed = Evidence(Proof.SIGNATURE)
        if act == "give":
            purpose = chance.choice(TOLD)
            await consents.grant(office, person, Topic(kind, purpose), signed, at=at)
            model.word[(kind, purpose)] = "given"
        elif act == "share":
            third = Purpose.THIRD_PARTY
            await consents.grant(office, person, Topic(kind, third, job, partner), signed, at=at)
            model.word[SHARED] = "given"
        elif act == "show":
            await consents.grant(office, person, Topic(kind, Purpose.REFERENCE), signed, at=at)
            model.word[REFERENCE] = "given"
        elif act == "take":
            await consents.withdraw(office, person, kind, Evidence(Proof.OFFICE, "Nein"), at=at)
            model.take(kind)
        elif act == "rest":
            await consents.suspend(office, person, channel=kind, why="neue Nummer", at=at)
            model.rest(kind)
        else:
            lines = in_force(await consents_db.of_contact(office.company_id, person.id))
            given = [line for line in lines if line.verb is ConsentVerb.GRANTED]
            if not given:
                continue
            line = chance.choice(given)
            await consents.withdraw_one(office, person, line, Evidence(Proof.OFFICE, "das nicht"), at=at)
            if line.purpose is Purpose.SERVICE:
                model.take(line.channel)
            else:
                model.word[(line.channel, line.purpose)] = "taken"
        for channel in KINDS:
            for purpose in TOLD:
                answer = await gate(office.company_id, person.id, channel, purpose, at=at)
                wanted = model.open(channel, purpose)
                assert isinstance(answer, Open) is wanted, (seed, step, act, channel, purpose, answer)
        passed = await partner_gate(office.company_id, job.id, partner.id, at=at + timedelta(days=1))
        assert isinstance(passed, Open) is (model.word.get(SHARED) == "given"), (seed, step, act, passed)


@atomic
async def _sign(contract: PartnerContract) -> None:
    await partners_db.insert_contract(contract.company_id, contract)
