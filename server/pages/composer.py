"""The composer of a conversation: what may leave by which way, seen before anything is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request

from server.actions import placeholders, templates, ways
from server.db import accounts, companies, customers, office_hours, quick_replies
from server.db import photos as photos_db
from server.domain.capabilities import Capabilities
from server.domain.customers import Contact
from server.domain.errors import Invalid
from server.domain.hours import OfficeHours
from server.domain.jobs import Job
from server.domain.media import Medium
from server.domain.photos import Photo, PhotoState
from server.domain.quick_replies import inserted
from server.domain.routing import Need, Route, Verdict
from server.domain.users import Actor, Right
from server.ids import new_id
from server.pages.composer_texts import TextOffer, offers
from server.web import access, forms
from server.web.state import services

PHOTOS_OFFERED = 40


@dataclass(frozen=True, slots=True)
class WordsForm:
    """`intent` is made with the form: sent twice, it is said once. `day` and `clock` are local and go together.

    `way` is a button that goes over to another channel; the gaps of a template are read by composer_texts.py.
    """

    intent: UUID = forms.choice_id()
    text: str = forms.text(max=10_000, lines=True, default="")
    channel: str = forms.word(default="")
    job: UUID | None = forms.choice_id(default=None)
    photos: tuple[UUID, ...] = forms.ids()
    quote: UUID | None = forms.choice_id(default=None)
    code: bool = forms.flag()
    day: str = forms.text(max=10, default="")
    clock: str = forms.text(max=8, default="")
    at_once: bool = forms.flag()
    reply: UUID | None = forms.choice_id(default=None)
    template: UUID | None = forms.choice_id(default=None)
    way: str = forms.word(default="")


@dataclass(frozen=True, slots=True)
class Way:
    """One offer: the verdict with the platform's own limits, for the counter under the text.

    `micros` is what a free message costs there (millionths of a euro), None = nobody entered it.
    """

    verdict: Verdict
    caps: Capabilities
    micros: int | None = None

    @property
    def pictures(self) -> bool:
        return bool(self.caps.image_mimes) and not self.verdict.by_hand


@dataclass(frozen=True, slots=True)
class Composer:
    """Everything the composer shows. `quiet_until`: it is quiet now, and what is written waits until then."""

    form: forms.Form[Any]
    contact: Contact
    job: Job | None
    route: Route
    ways: tuple[Way, ...]
    photos: Sequence[Photo]
    chosen: frozenset[str]
    replies: Sequence[tuple[UUID, str, str]]
    hours: OfficeHours
    quiet_until: datetime | None
    may_send: bool
    texts: tuple[TextOffer, ...] = ()

    @property
    def way(self) -> Way:
        """Return the way that is picked, else the best that can carry words."""
        picked = (self.form.get("channel"), self.route.chosen.channel)
        writing = [one for one in self.ways if not one.verdict.by_phone]
        named = [one for channel in picked for one in writing if one.verdict.channel == channel]
        return named[0]

    @property
    def call(self) -> Verdict | None:
        """Return the telephone, None for a person without a number."""
        return next((one.verdict for one in self.ways if one.verdict.by_phone), None)

    @property
    def other(self) -> Way | None:
        """Return the next way that free words may take, None where there is no other."""
        writing = [one for one in self.ways if not (one.verdict.by_phone or one.verdict.template)]
        open_ones = [one for one in writing if one.verdict.open]
        return next((one for one in open_ones if one.verdict.channel != self.way.verdict.channel), None)


async def composer(
    request: Request, contact_id: UUID, job: Job | None, form: forms.Form[Any] | None
) -> Composer | None:
    """Return the composer for a person, about a job or none; `form` is what was typed so far."""
    actor, at = access.actor(request), services(request).clock()
    contact = await customers.contact_by_id(actor.company_id, contact_id)
    company = await companies.by_id(actor.company_id)
    if contact is None or company is None:
        return None
    hours = await office_hours.of_company(actor.company_id)
    form = form or forms.blank({"intent": str(new_id()), "code": "1" if hours.job_code and job else ""})
    text = str(form.get("text") or "")
    chosen = frozenset(str(one) for one in form.get("photos", ()) or ())
    wished = str(form.get("channel") or "")
    route = await ways.best(actor.company_id, contact_id, need=Need(text, len(chosen)), at=at, wished=wished)
    words = await placeholders.values(actor, contact, job.id if job else None, hours, at=at)
    costs = await templates.costs_of_words(actor.company_id, at=at)
    made = Composer(
        form=form,
        contact=contact,
        job=job,
        route=route,
        ways=tuple(Way(one, one.caps, costs.get(one.channel)) for one in route.offers),
        photos=await _photos(actor, job),
        chosen=chosen,
        replies=[
            (one.id, one.title, inserted(one.text, words))
            for one in await quick_replies.of_company(actor.company_id)
        ],
        hours=hours,
        quiet_until=hours.quiet_at(at, company.zone),
        may_send=actor.may(Right.SEND) or actor.may(Right.RELEASE),
    )
    verdict = made.way.verdict
    leaving = verdict.account_id if verdict.template else None
    account = await accounts.by_id(actor.company_id, leaving) if leaving else None
    return replace(made, texts=await offers(account, contact, form, words, at=at)) if account else made


async def _photos(actor: Actor, job: Job | None) -> list[Photo]:
    """Return the pictures of a job that may be seen outside, newest first."""
    if job is None:
        return []
    found = await photos_db.search(actor.company_id, job_id=job.id, review="released", limit=PHOTOS_OFFERED)
    return [
        one
        for one in found.items
        if one.shareable and one.medium is Medium.IMAGE and one.state is PhotoState.STORED
    ]


def with_reply(composer: Composer, reply_id: UUID) -> forms.Form[Any]:
    """Return the form with a ready-made text below what was typed."""
    text = next((words for one, _, words in composer.replies if one == reply_id), "")
    typed = str(composer.form.get("text") or "").rstrip()
    joined = "\n\n".join(part for part in (typed, text) if part)
    values: Mapping[str, Any] = {**composer.form.typed, "text": joined}
    return replace(composer.form, typed=values)


def moment_of(day: str, clock: str, zone: ZoneInfo) -> datetime | None:
    """Return a local day and time as UTC, None when neither was typed. Raises Invalid for half of it or nonsense."""
    if not day and not clock:
        return None
    try:
        local = datetime.fromisoformat(f"{day}T{clock}")
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):  # the year 1 ends before it has begun in Greenwich
        raise Invalid("schedule.half", field="clock") from None
