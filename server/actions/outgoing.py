"""Making a released question ready to leave: copies from pixels, its link, the calls that say it."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid5

from server.actions import conversations, drafting, introductions, templates, ways
from server.actions import questions as actions
from server.actions.channels import open_channel
from server.actions.copies import pictures_of
from server.actions.introductions import Reach
from server.channels.handoff import clipboard_text
from server.db import accounts, answer_links, customers, messages, questions, tasks
from server.db.unit import atomic
from server.domain.accounts import LINK_LIVES, Account, AnswerLink, by_hand
from server.domain.channels import Blocked, Draft, Picture, Step, steps_at_most
from server.domain.choices import Choice
from server.domain.customers import Contact
from server.domain.identities import Identity
from server.domain.messages import Direction, Message, MessageState
from server.domain.questions import Question, QuestionState
from server.domain.routing import Need, Verdict
from server.domain.tasks import Later
from server.domain.templates import KnownTemplate, variables_of
from server.domain.users import system
from server.imaging.renditions import ImageError
from server.services import Services

_NOTHING = Need()
ACCOUNT_DOWN_S = 300.0


async def prepare(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Turn a released question into messages that wait to leave; again is harmless.

    Raises StorageError, and ImageError when another try may help.
    """
    question = await questions.by_id(company_id, UUID(str(payload["question"])))
    if (
        question is None
        or question.state is not QuestionState.QUEUED
        or str(payload["rev"]) != str(question.rev)
    ):
        return
    at = services.clock()
    if question.send_after and question.send_after > at:
        raise Later((question.send_after - at).total_seconds(), "quiet hours")
    try:
        pictures = await pictures_of(services, company_id, question.photo_ids, question.job_id)
    except ImageError as error:
        if error.again:
            raise
        await _block(question, Blocked("question.photo_undecodable"), at=at)
        return
    await _plan(services, question, pictures, run=str(payload["rev"]), at=at)


def answer_token(services: Services, link_id: UUID) -> str:
    """Return the secret of an answer link: 192 bits that only this installation can derive, never stored."""
    return base64.urlsafe_b64encode(services.secrets.derive("answer", str(link_id))[:24]).decode()


def answer_url(services: Services, link_id: UUID) -> str:
    return f"{services.settings.base_url}/a/{answer_token(services, link_id)}"


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@atomic
async def _plan(
    services: Services, question: Question, pictures: Sequence[Picture], *, run: str, at: datetime
) -> None:
    """Write the messages and the task for the first one, if the question still waits for them.

    `run` names this release, so that twice is once.
    """
    if question.contact_id is not None:
        await conversations.hold(question.company_id, question.contact_id, at=at)
    await questions.lock(question.company_id, question.id)
    current = await questions.by_id(question.company_id, question.id)
    if current is None or current.state is not QuestionState.QUEUED or str(current.rev) != run:
        return
    if not await actions.photos_still_released(current):
        await _block(question, Blocked("question.photo_unreleased"), at=at)
        return
    link = await _link(services, question, at=at)
    url = answer_url(services, link.id)
    count = steps_at_most(len(pictures))
    ids = tuple(uuid5(question.id, f"{run}:{place}") for place in range(count))
    if await messages.by_id(question.company_id, ids[0]):
        return
    if by_hand(question.channel):
        await _hand_off(question, pictures, url, ids[0], at=at)
    else:
        await _send(services, question, pictures, url, ids, at=at)


async def _send(
    services: Services,
    question: Question,
    pictures: Sequence[Picture],
    url: str,
    ids: tuple[UUID, ...],
    *,
    at: datetime,
) -> None:
    """Write one message for every call the channel plans; the first one's task lets the others follow."""
    found = await _sender(question)
    identity = await _identity(question)
    if isinstance(found, Blocked) or identity is None or question.contact_id is None:
        await _block(question, found if isinstance(found, Blocked) else Blocked("contact.no_address"), at=at)
        return
    account = found
    spare = await templates.named_by(account)
    draft = Draft(
        intent_ids=ids,
        text=question.text,
        pictures=tuple(pictures),
        choices=tuple(Choice(f"{question.id}:{choice.id}", choice.title) for choice in question.choices),
        answer_link=url,
        template=spare.template if spare and not spare.gone_at else None,
        subject=await drafting.subject(question.company_id, question.job_id),
        thread=await drafting.thread(question.company_id, question.contact_id, question.channel),
    )
    until = await ways.window(account, question.contact_id)
    reach = Reach(open_channel(services, account), identity, at, until)
    intent = uuid5(ids[0], "introduction")
    planned = await introductions.plan(reach, account, question.contact_id, draft, intent=intent)
    if isinstance(planned, Blocked):
        gone = planned.code == "window.closed" and bool(account.settings.get("template_name"))
        await _block(question, Blocked("template.missing") if gone else planned, at=at)
        return
    for place, step in enumerate(planned.steps):
        extra = {"template": str(spare.id)} if spare and step.kind == templates.TEMPLATE else {}
        message = _message(question, account, identity, step, place=place, at=at, extra=extra)
        introduces = planned.introduces and place == 0
        await conversations.keep(replace(message, run_id=ids[0], introduces=introduces))
    dedup, first = f"message.send:{ids[0]}:0", str(planned.steps[0].intent_id)
    await tasks.insert_task(question.company_id, "message.send", {"message": first}, at=at, dedup=dedup)


async def _sender(question: Question) -> Account | Blocked:
    """Return the account a question leaves by, or why it cannot. Raises Later while that one stands still."""
    found = question.contact_id and await ways.sender(
        question.company_id, question.contact_id, question.channel
    )
    if not found:
        return Blocked("channel.unavailable")
    if found.account.disabled_at:
        return Blocked(found.down, found.values)
    if not found.account.usable:
        raise Later(ACCOUNT_DOWN_S, "the account stands still")
    return found.account


async def _hand_off(
    question: Question, pictures: Sequence[Picture], url: str, message_id: UUID, *, at: datetime
) -> None:
    """Write the package. Its step keeps the words without the introduction: through another messenger it may differ."""
    text = clipboard_text(question.text, question.choices, url)
    first = (
        await introductions.unsaid(question.company_id, question.contact_id, question.channel, at=at)
        if question.contact_id
        else ""
    )
    shown = Step("handoff", message_id, {"pictures": [picture.ref for picture in pictures]}, text)
    names = {"names": [picture.name for picture in pictures]}
    identity = await _identity(question)
    message = _message(
        question, None, identity, shown, place=0, at=at, state=MessageState.PREPARED, extra=names
    )
    await conversations.keep(replace(message, text=introductions.before(first, text), introduces=bool(first)))
    actions.tell(question)


def _message(
    question: Question,
    account: Account | None,
    identity: Identity | None,
    step: Step,
    *,
    place: int,
    at: datetime,
    state: MessageState = MessageState.QUEUED,
    extra: Mapping[str, object] | None = None,
) -> Message:
    return Message(
        id=step.intent_id,
        company_id=question.company_id,
        contact_id=question.contact_id,
        job_id=question.job_id,
        question_id=question.id,
        account_id=account.id if account else None,
        photo_id=None,
        channel=question.channel,
        direction=Direction.OUT,
        kind=step.kind,
        text=step.text,
        step={**step.to_json(), **(extra or {})},
        place=place,
        recipient=identity,
        state=state,
        author_id=question.author_id,
        at=at,
        created_at=at,
        changed_at=at,
    )


async def _link(services: Services, question: Question, *, at: datetime) -> AnswerLink:
    known = await answer_links.of_question(question.company_id, question.id)
    if known and known.alive(at) and known.contact_id == question.contact_id:
        return known
    link_id = uuid5(question.id, f"link:{at.isoformat()}:{question.contact_id}")
    link = AnswerLink(
        link_id, question.company_id, question.id, question.contact_id, at + LINK_LIVES, None, None
    )
    token = answer_token(services, link_id)
    await answer_links.insert_link(question.company_id, link, token_hash=hash_of(token), at=at)
    return link


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would happen to a question to this person now; `closed` is the code that stands against it, "" = nothing.

    `values` fill its sentence; `account` names the account it leaves by where there are several.

    `free_until` is the end of the platform's window, None when it is shut or the channel knows none. `offers` are
    all ways, the best first; each that is closed has its own sentence. `text` is the template that would carry it where
    `template` says that only one can, "" = none that is approved was chosen for questions.
    """

    channel: str
    contact: Contact | None
    closed: str
    ground: str
    free_until: datetime | None
    template: bool = False
    costs: bool = False
    offers: tuple[Verdict, ...] = ()
    text: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    account: str = ""


async def outlook(
    company_id: UUID, contact_id: UUID | None, *, need: Need = _NOTHING, at: datetime
) -> Outlook:
    """Return channel, consent and window as they stand, so that they can be shown before sending."""
    found = await ways.best(company_id, contact_id, need=need, at=at)
    contact = await customers.contact_by_id(company_id, contact_id) if contact_id else None
    chosen = found.chosen
    leaving = chosen.account_id if chosen.template else None
    account = await accounts.by_id(company_id, leaving) if leaving else None
    named = await templates.named_by(account) if account else None
    return Outlook(
        channel=chosen.channel,
        contact=contact,
        closed=chosen.code,
        ground=chosen.ground,
        free_until=chosen.free_until,
        template=chosen.template,
        costs=chosen.costs,
        offers=found.offers,
        text=named.template.name if named and _carries(named) else "",
        values=chosen.values,
        account=chosen.account,
    )


def _carries(named: KnownTemplate) -> bool:
    """Say whether a question can stand in the only gap of a template."""
    return not named.refusal and len(variables_of(named.template)) == 1


async def _identity(question: Question) -> Identity | None:
    if question.contact_id is None:
        return None
    contact = await customers.contact_by_id(question.company_id, question.contact_id)
    caps = ways.caps_of(question.channel)
    return await ways.name_of(contact, question.channel, caps) if contact else None


async def _block(question: Question, why: Blocked, *, at: datetime) -> None:
    await actions.block(system(question.company_id), question, why.code, why.values, at=at)
