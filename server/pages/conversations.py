"""The shared inbox: who waits for an answer, one thread per person over all messengers, and the job beside it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import inbox
from server.db import companies, conversation_messages, labels, messages, threads
from server.db import questions as questions_db
from server.domain.conversations import ConversationState, Head, Shown
from server.domain.questions import QuestionState
from server.domain.users import Actor
from server.ids import parse_id
from server.pages import standstills
from server.pages.beside import beside
from server.pages.composer import Composer, composer
from server.pages.threads import said
from server.web import access, forms
from server.web.render import fragment, page
from server.web.routing import Who, route
from server.web.state import services


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
    values = await said(request, head, older=query.older, filing=query.assign)
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
    values |= await said(request, head, older=query.older, filing=query.assign)
    values |= await beside(actor, head, wanted=query.job, at=services(request).clock())
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


async def _composer(request: Request, head: Head, job: Any, form: forms.Form[Any] | None) -> Composer | None:
    if head.conversation.contact_id is None or head.conversation.state is ConversationState.SPAM:
        return None
    return await composer(request, head.conversation.contact_id, job, form)


def _nav(request: Request) -> str:
    return "messages" if access.actor(request).at_desk else "questions"


_ONE = "/messages/{conversation_id:uuid}"
routes = [
    route("/messages", index, who=Who.WORKER),
    route("/messages/_list", listing, who=Who.WORKER),
    route(_ONE, show, who=Who.WORKER),
    route(f"{_ONE}/_thread", part, who=Who.WORKER),
]
