"""An exported chat on its way into jobs: uploaded, shown, decided about, and what came of it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from server.actions import imports
from server.db import customers, jobs, users
from server.db import imports as imports_db
from server.domain.customers import Contact
from server.domain.errors import Invalid, TooLarge
from server.domain.imports.chat_import import ChatImport, ImportState
from server.domain.imports.export import FILE_MAX, Order
from server.domain.imports.plan import RANGES, Person, Plan, Span, likely
from server.domain.imports.preview import PEOPLE_MAX, Preview
from server.domain.jobs import SHOWN
from server.domain.users import Actor
from server.ids import parse_id
from server.storage.disk import failure
from server.web import access, forms
from server.web.guests import files
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

CHUNK = 256 * 1024
# Beside the file a form has its own lines.
BODY_MAX = FILE_MAX + 1_000_000
PEOPLE_SHOWN = 40
# More choices than this make a page nobody's phone likes: then only those are offered who may be meant.
CHOICES_MAX = 5000
JOBS_SHOWN = 300


@dataclass(frozen=True, slots=True)
class ListQuery:
    job: UUID | None = forms.choice_id(default=None)
    before: str = forms.text(max=40, default="")


@dataclass(frozen=True, slots=True)
class OrderForm:
    order: Order = forms.one_of(Order)


@dataclass(frozen=True, slots=True)
class PlanForm:
    """Who is who, in the order of the preview; and up to four spans of days with their jobs.

    `order` is how the dates were read that the page showed; without one (a page of before) as they are read now.
    """

    order: Order | None = forms.one_of(Order, default=None)
    person: tuple[str, ...] = forms.texts(max=PEOPLE_MAX, length=60)
    job1: UUID | None = forms.choice_id(default=None)
    from1: date | None = forms.day(default=None)
    until1: date | None = forms.day(default=None)
    job2: UUID | None = forms.choice_id(default=None)
    from2: date | None = forms.day(default=None)
    until2: date | None = forms.day(default=None)
    job3: UUID | None = forms.choice_id(default=None)
    from3: date | None = forms.day(default=None)
    until3: date | None = forms.day(default=None)
    job4: UUID | None = forms.choice_id(default=None)
    from4: date | None = forms.day(default=None)
    until4: date | None = forms.day(default=None)


@dataclass(frozen=True, slots=True)
class RemovalForm:
    photos: bool = forms.flag()


async def index(request: Request) -> Response:
    return await _index(request, forms.read_query(request, ListQuery), None)


async def create(request: Request) -> Response:
    """Take the file, piece by piece; a file that is no chat is refused here and not kept."""
    try:
        return await _create(request)
    except OSError as error:
        # The form lies in a temporary file while it comes; where that disk is full, it is said as everywhere.
        raise failure(error) from error


async def _create(request: Request) -> Response:
    actor, at = access.actor(request), services(request).clock()
    async with request.form(max_files=1, max_fields=5) as data:
        query = ListQuery(job=parse_id(str(data.get("job", ""))), before="")
        chosen = files(data.getlist("file"))
        try:
            if not chosen:
                raise Invalid("import.no_file", field="file")
            name = chosen[0].filename or ""
            chat = await imports.receive(services(request), actor, name, _pieces(chosen[0]), at=at)
        except Invalid as refused:
            return await _index(request, query, refused)
    query_of_job = f"?job={query.job}" if query.job else ""
    return see_other(
        request,
        f"/imports/{chat.id}{query_of_job}",
        flash="import.known" if chat.created_at < at else None,
    )


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(CHUNK):
        yield piece


async def _index(request: Request, query: ListQuery, refused: Invalid | None) -> Response:
    found = await imports_db.of_company(access.actor(request).company_id, before=query.before)
    job = await jobs.by_id(access.actor(request).company_id, query.job) if query.job else None
    status = 413 if isinstance(refused, TooLarge) else 422 if refused else 200
    return await page(
        request,
        "imports/index.html",
        nav="imports",
        status=status,
        found=found,
        job=job,
        refused=refused,
        limit_mb=FILE_MAX // 1_000_000,
    )


async def show(request: Request) -> Response:
    """Show what is in the file and ask, or what is happening, or what came of it."""
    chat = await access.chat_import(request)
    if chat.state is ImportState.READ:
        return await _decide(request, chat, forms.blank(await _first_guess(request, chat)))
    return await _result(request, chat)


async def turn(request: Request) -> Response:
    chat, form = await access.chat_import(request), await forms.read(request, OrderForm)
    await imports.turn(services(request), access.actor(request), chat, form.data.order)
    return see_other(request, f"/imports/{chat.id}", flash="import.turned")


async def decide(request: Request) -> Response:
    chat, actor = await access.chat_import(request), access.actor(request)
    form = await forms.read(request, PlanForm)
    try:
        if form.data.order not in (None, chat.preview.order):
            return await _decide(request, chat, _turned(chat, form), status=422)
        await imports.begin(actor, chat, _plan(chat.preview, form.data), at=services(request).clock())
    except Invalid as refused:
        return await _decide(request, chat, form.refused(refused), status=422)
    return see_other(request, f"/imports/{chat.id}", flash="import.begun")


async def remove(request: Request) -> Response:
    """Throw away what nothing came of, or take back what came."""
    chat, actor, at = await access.chat_import(request), access.actor(request), services(request).clock()
    if chat.state is ImportState.READ:
        await imports.discard(services(request), actor, chat, at=at)
        return see_other(request, "/imports", flash="import.discarded")
    with_photos = (await forms.read(request, RemovalForm)).data.photos
    await imports.take_back(actor, chat, with_photos=with_photos, at=at)
    return see_other(request, f"/imports/{chat.id}", flash="import.taken_back")


def _turned(chat: ChatImport, form: forms.Form[PlanForm]) -> forms.Form[Any]:
    """Return the form again for dates that were turned round since: people and jobs as typed, the days as they are now."""
    first, last = _days(chat.preview)
    days = {f"{name}{number}": "" for name in ("from", "until") for number in range(2, RANGES + 1)}
    again = forms.blank({**form.typed, **days, "from1": str(first), "until1": str(last)})
    return again.refused(Invalid("import.turned_meanwhile"))


def _plan(shown: Preview, typed: PlanForm) -> Plan:
    """Return what was decided; a span without days is the whole chat."""
    first, last = _days(shown)
    people = (_person(str(name), value) for (name, _), value in zip(shown.people, typed.person, strict=False))
    spans = []
    for number in range(1, RANGES + 1):
        job_id = getattr(typed, f"job{number}")
        start, end = getattr(typed, f"from{number}"), getattr(typed, f"until{number}")
        if job_id:
            spans.append(Span(start or first, end or last, job_id))
    return Plan(tuple(people), tuple(spans))


def _person(name: str, value: str) -> Person:
    kind, _, ident = value.partition(":")
    known = parse_id(ident)
    return Person(name, known if kind == "user" else None, known if kind == "contact" else None)


async def _first_guess(request: Request, chat: ChatImport) -> dict[str, Any]:
    """Return what the form begins with: the whole chat for the job one came from, and who is probably who."""
    first, last = _days(chat.preview)
    job = request.query_params.get("job", "")
    return {"job1": job, "from1": str(first), "until1": str(last)}


async def _decide(
    request: Request, chat: ChatImport, form: forms.Form[Any], *, status: int = 200
) -> Response:
    actor, shown = access.actor(request), chat.preview
    names = [str(name) for name, _ in shown.people][:PEOPLE_SHOWN]
    staff = [(f"user:{one.id}", one.name) for one in await users.active(actor.company_id)]
    people = await customers.contacts(actor.company_id)
    guesses = _guesses(names, staff, people)
    offered = _offered(people, guesses, len(names))
    return await page(
        request,
        "imports/decide.html",
        status=status,
        nav="imports",
        chat=chat,
        shown=shown,
        first=_moment(shown.first),
        last=_moment(shown.last),
        pauses=[(_moment(one), _moment(two)) for one, two in shown.pauses],
        sample=[(_moment(at), sender, text) for at, sender, text in shown.sample],
        earlier=await _earlier(chat),
        form=form,
        people=list(zip(names, (number for _, number in shown.people), strict=False)),
        chosen=form.get("person") or [guesses.get(name, "skip") for name in names],
        staff=staff,
        contacts=[(f"contact:{one.id}", f"{one.name} ({customer})") for one, customer in offered],
        jobs=await _jobs(actor),
        ranges=range(1, RANGES + 1),
        unshown=max(0, len(shown.people) - PEOPLE_SHOWN),
    )


def _guesses(
    names: Sequence[str], staff: Sequence[tuple[str, str]], people: Sequence[tuple[Contact, str]]
) -> dict[str, str]:
    """Return who a name probably is, as the form's value; of two who fit none is guessed."""
    known = [(value, name, "") for value, name in staff]
    known += [(f"contact:{one.id}", one.name, one.phone) for one, _ in people]
    found = ((name, likely(name, known)) for name in names)
    return {name: value for name, value in found if value}


def _offered(
    people: Sequence[tuple[Contact, str]], guesses: dict[str, str], number: int
) -> Sequence[tuple[Contact, str]]:
    if number * len(people) <= CHOICES_MAX:
        return people
    meant = set(guesses.values())
    return [one for one in people if f"contact:{one[0].id}" in meant] + list(people[: CHOICES_MAX // number])


async def _earlier(chat: ChatImport) -> ChatImport | None:
    found = await imports_db.of_file(chat.company_id, chat.sha256, but=chat.id)
    return found if found and found.state is not ImportState.READ else None


async def _jobs(actor: Actor) -> list[tuple[str, str]]:
    found = await jobs.search(actor.company_id, states=SHOWN, limit=JOBS_SHOWN)
    return [(str(one.id), f"{one.number} · {one.title}") for one in found.items]


async def _result(request: Request, chat: ChatImport) -> Response:
    by_job = await imports_db.number_of_messages(chat.company_id, chat.id)
    plan = chat.plan
    ids = {*by_job, *(span.job_id for span in plan.spans)} if plan else set(by_job)
    people = [one for one in plan.people if one.wanted] if plan else []
    return await page(
        request,
        "imports/show.html",
        nav="imports",
        chat=chat,
        plan=plan,
        people=people,
        names=await _names(chat.company_id, people),
        by_job=by_job,
        titles=await imports_db.job_titles(chat.company_id, list(ids)),
        number=sum(by_job.values()),
        photos=len(await imports_db.photos_of(chat.company_id, chat.id)),
    )


async def _names(company_id: UUID, people: Sequence[Person]) -> dict[UUID, str]:
    found = await users.names(company_id, {one.user_id for one in people if one.user_id})
    for one in people:
        contact = await customers.contact_by_id(company_id, one.contact_id) if one.contact_id else None
        if contact:
            found[contact.id] = contact.name
    return found


def _days(shown: Preview) -> tuple[date, date]:
    first, last = _moment(shown.first), _moment(shown.last)
    return first.date(), last.date()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_ONE = "/imports/{import_id:uuid}"
routes = [
    route("/imports", index, who=Who.OFFICE),
    route("/imports", create, who=Who.OFFICE, methods=["POST"], max_body_size=BODY_MAX),
    route(_ONE, show, who=Who.OFFICE),
    route(f"{_ONE}/order", turn, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/decision", decide, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/removal", remove, who=Who.OFFICE, methods=["POST"]),
]
