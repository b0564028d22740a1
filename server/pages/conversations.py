"""The shared inbox: who waits for an answer, one thread per person over all messengers, and the job beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import inbox, quiet, renames, ways
from server.db import companies, conversation_messages, internal_notes, labels, messages, threads
from server.db import customers as customers_db
from server.db import jobs as jobs_db
from server.db import questions as questions_db
from server.db import users as users_db
from server.domain.conversations import NOTHING, ConversationState, Head, Shown, Stretch, stretches, suggested
from server.domain.gaps import Hole
from server.domain.internal_notes import InternalNote
from server.domain.jobs import SHOWN
from server.domain.messages import Message, MessageState
from server.domain.paging import Page
from server.domain.questions import QuestionState
from server.domain.users import Actor
from server.ids import parse_id
from server.pages import gaps, standstills
from server.pages.composer import Composer, composer
from server.web import access, forms
from server.web.render import fragment, page
from server.web.routing import Who, route
from server.web.state import services

THREAD = 60
JOBS_BESIDE = 8


@dataclass(frozen=True, slots=True)
class ListQuery:
    """`show` without a word: who waits; with a search, everybody. `assign`: the thread is there to be filed."""

    show: Shown | None = forms.one_of(Shown, default=None)
    q: str = forms.text(max=200, default="")
    label: UUID | None = forms.choice_id(default=None)
    before: str = forms.text(max=40, default="")
    older: str = forms.text(max=40, default="")
    assign: bool = forms.flag()
    job: UUID | None = forms.choice_id(default=None)

    @property
    def shown(self) -> Shown:
        return self.show or (Shown.ALL if self.q or self.label else Shown.UNANSWERED)

    @property
    def tail(self) -> str:
        """Return the query that keeps the list as it is while threads are opened beside it."""
        words = {"show": self.show or "", "q": self.q, "label": str(self.label or ""), "before": self.before}
        return urlencode({name: value for name, value in words.items() if value})

    @property
    def pager(self) -> str:
        """Return the query of this list up to the cursor of its next page."""
        words = {"show": self.shown.value, "q": self.q, "label": str(self.label or "")}
        return f"{urlencode({name: value for name, value in words.items() if value})}&before="


@dataclass(frozen=True, slots=True)
class Said:
    """One thing in the thread: a message of either side, a note among colleagues, or where something may be missing."""

    at: datetime
    message: Message | None = None
    note: InternalNote | None = None
    gap: Hole | None = None


async def index(request: Request) -> Response:
    query = forms.read_query(request, ListQuery)
    return await page(request, "conversations/index.html", nav=_nav(request), **await listed(request, query))


async def listing(request: Request) -> Response:
    """Give the list alone, for the page that is open when something arrives."""
    query = forms.read_query(request, ListQuery)
    open_id = str(parse_id(request.query_params.get("open", "")) or "")
    values = await listed(request, query)
    company = await companies.by_id(access.actor(request).company_id)
    return fragment(request, "conversations/_list.html", company=company, **values | {"open_id": open_id})


async def show(request: Request) -> Response:
    head, actor = await access.conversation_head(request), access.actor(request)
    query = forms.read_query(request, ListQuery)
    # Before the page is drawn: what comes while it is may not stand on it.
    unseen = (
        await conversation_messages.unseen_in(actor.company_id, head.conversation.id) if actor.at_desk else []
    )
    answer = await thread_page(request, head, query)
    if unseen:  # this once they still stood there as new
        await inbox.mark_seen(actor, unseen, at=services(request).clock())
    return answer


async def part(request: Request) -> Response:
    """Give the thread alone, for the page that is open when something is said."""
    head, query = await access.conversation_head(request), forms.read_query(request, ListQuery)
    company = await companies.by_id(head.conversation.company_id)
    values = await said(request, head, query)
    return fragment(request, "conversations/_thread.html", company=company, query=query, head=head, **values)


async def thread_page(
    request: Request,
    head: Head,
    query: ListQuery,
    *,
    form: forms.Form[Any] | None = None,
    note: forms.Form[Any] | None = None,
    status: int = 200,
) -> Response:
    """Answer the page of one conversation; with `form` the composer as it was sent, and what is wrong with it."""
    actor = access.actor(request)
    values = await listed(request, query, open_head=head)
    values |= await said(request, head, query)
    values |= await beside(actor, head, query, at=services(request).clock())
    values["composer"] = await _composer(request, head, values["job"], form)
    return await page(
        request,
        "conversations/show.html",
        status=status,
        nav=_nav(request),
        note=note or forms.blank(),
        **values,
    )


async def listed(request: Request, query: ListQuery, *, open_head: Head | None = None) -> dict[str, Any]:
    """Return what the list needs; the number of statements does not grow with it."""
    actor = access.actor(request)
    desk = actor.at_desk
    found = await threads.heads(
        actor.company_id,
        shown=query.shown if desk else Shown.ALL,
        user_id=actor.id,
        worker=access.only_own(actor),
        label_id=query.label,
        text=query.q,
        before=str(parse_id(query.before) or "") or None,
    )
    return {
        "query": query,
        "found": found,
        "numbers": await threads.counts(actor.company_id, actor.id) if desk else {},
        "labels": await labels.of_company(actor.company_id) if desk else [],
        "doubts": await _doubts(actor) if desk else [],
        "still": await standstills.of_company(actor.company_id),
        "head": open_head,
        "open_id": str(open_head.conversation.id) if open_head else "",
    }


async def _doubts(actor: Actor) -> list[tuple[str, str]]:
    """Return (address, words) of everything that may or may not have arrived."""
    asked = await questions_db.of_company(actor.company_id, states=(QuestionState.UNCLEAR,))
    free = [one for one in await messages.in_doubt(actor.company_id) if one.question_id is None]
    return [
        *(
            (f"/messages/{one.conversation_id}#message-{one.id}", one.text)
            for one in free
            if one.conversation_id
        ),
        *((f"/questions/{one.id}", one.text) for one in asked.items),
    ]


async def said(request: Request, head: Head, query: ListQuery) -> dict[str, Any]:
    """Return the thread, oldest first: messages of all channels and, apart, the notes among colleagues."""
    actor, conversation = access.actor(request), head.conversation
    cursor = str(parse_id(query.older) or "") or None
    # First of all: what comes while the rest is read is not counted as seen.
    heard = (
        await conversation_messages.last_heard(actor.company_id, conversation.id) if actor.at_desk else None
    )
    found = await conversation_messages.of_conversation(
        actor.company_id, conversation.id, before=cursor, limit=THREAD
    )
    places = await jobs_db.by_ids(
        actor.company_id,
        sorted({one.job_id for one in found.items if one.job_id}),
        visible_to=access.only_own(actor),
    )
    visible = {job.id for job in places}
    shown = [one for one in found.items if actor.at_desk or one.job_id is None or one.job_id in visible]
    shown.sort(key=lambda one: (one.at, one.created_at, one.place, one.id))
    notes = await internal_notes.of_conversation(actor.company_id, conversation.id)
    holes = await gaps.in_thread(conversation, shown, cursor=cursor, more=bool(found.next))
    people = {one.author_id for one in shown} | {one.asked_by for one in holes}
    names = await users_db.names(actor.company_id, {one for one in people if one})
    offers: dict[UUID, Stretch] = stretches(shown, suggested(shown, visible)) if actor.at_desk else {}
    return {
        "lines": _together(shown, notes, holes, found),
        "jobs_of": {job.id: job for job in places},
        "authors": names,
        "offers": offers,
        "heard": heard or NOTHING,
        "shut": await _shut(shown, at=services(request).clock()),
        "older": found.next,
        "quiet_until": await quiet.until(actor.company_id, at=services(request).clock()),
        "still": await standstills.of_company(actor.company_id),
        "quotable": {one.foreign_id: one for one in shown if one.foreign_id},
        "all_jobs": await _open_jobs(actor, head) if query.assign and actor.at_desk else [],
    }


async def _shut(shown: Sequence[Message], *, at: datetime) -> dict[UUID, str]:
    """Return why what was prepared to be sent by hand must not go any more, by message."""
    waiting = [one for one in shown if one.kind == "handoff" and one.question_id is None]
    waiting = [one for one in waiting if one.state in (MessageState.PREPARED, MessageState.OPENED)]
    codes = {one.id: await ways.closed(one.company_id, one.contact_id, one.channel, at=at) for one in waiting}
    return {message_id: code for message_id, code in codes.items() if code}


def _together(
    shown: Sequence[Message], notes: Sequence[InternalNote], holes: Sequence[Hole], found: Page[Message]
) -> list[Said]:
    """Return all in one row of time; notes from before this page of messages stand on theirs."""
    lines = [Said(one.at, message=one) for one in shown]
    since = lines[0].at if lines and found.next else None
    lines += [Said(one.created_at, note=one) for one in notes if since is None or one.created_at >= since]
    lines += [Said(one.since, gap=one) for one in holes]
    return sorted(lines, key=lambda one: one.at)


async def beside(actor: Actor, head: Head, query: ListQuery, *, at: datetime) -> dict[str, Any]:
    """Return what stands beside the thread: the person, his jobs, the one that is spoken of.

    `proposed` is the channel that may become his preferred one, "" = none.
    """
    company_id, conversation = actor.company_id, head.conversation
    contact = (
        await customers_db.contact_by_id(company_id, conversation.contact_id)
        if conversation.contact_id
        else None
    )
    eyes = access.only_own(actor)
    jobs = (
        list(
            (
                await jobs_db.search(
                    company_id,
                    customer_id=contact.customer_id,
                    states=SHOWN,
                    visible_to=eyes,
                    limit=JOBS_BESIDE,
                )
            ).items
        )
        if contact
        else []
    )
    wanted = query.job or head.job_id
    job = await jobs_db.by_id(company_id, wanted, visible_to=eyes) if wanted else None
    if job is None and contact:
        job = next((one for one in jobs if one.contact_id == contact.id), None) or next(iter(jobs), None)
    desk = actor.at_desk
    people = await customers_db.contacts(company_id) if desk and conversation.stranger else []
    proposals = await renames.of_contacts(company_id, [contact.id]) if contact and desk else {}
    return {
        "proposal": proposals.get(contact.id) if contact else None,
        "contact": contact,
        "proposed": await ways.proposed(contact, at=at) if contact and desk else "",
        "jobs": jobs,
        "job": job,
        "badges": await jobs_db.badges(company_id, [one.id for one in jobs]),
        "carried": await labels.of_conversation(company_id, conversation.id) if desk else set(),
        "colleagues": await users_db.active(company_id) if desk else [],
        "people": [(one.id, f"{one.name} · {customer}") for one, customer in people],
    }


async def _composer(request: Request, head: Head, job: Any, form: forms.Form[Any] | None) -> Composer | None:
    if head.conversation.contact_id is None or head.conversation.state is ConversationState.SPAM:
        return None
    return await composer(request, head.conversation.contact_id, job, form)


async def _open_jobs(actor: Actor, head: Head) -> list[tuple[UUID, str]]:
    """Return the jobs a stretch may be filed with, this customer's first."""
    contact_id = head.conversation.contact_id
    contact = await customers_db.contact_by_id(actor.company_id, contact_id) if contact_id else None
    found = (await jobs_db.search(actor.company_id, limit=200)).items
    ours = contact.customer_id if contact else None
    return [
        (one.id, f"{one.number} · {one.title}")
        for one in sorted(found, key=lambda one: ours is None or one.customer_id != ours)
    ]


def _nav(request: Request) -> str:
    return "messages" if access.actor(request).at_desk else "questions"


_ONE = "/messages/{conversation_id:uuid}"
routes = [
    route("/messages", index, who=Who.WORKER),
    route("/messages/_list", listing, who=Who.WORKER),
    route(_ONE, show, who=Who.WORKER),
    route(f"{_ONE}/_thread", part, who=Who.WORKER),
]
