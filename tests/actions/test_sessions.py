import asyncio
from datetime import timedelta

import pytest

from server.actions import sessions, users
from server.actions.sessions import hash_token
from server.db import logbook, tries
from server.db import sessions as sessions_db
from server.db.connect import Database
from server.db.tables import LoginTryRow
from server.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooManyTries
from server.domain.sessions import PAIRING_LASTS
from server.domain.users import Role, system
from tests import factories
from tests.factories import PASSWORD, START, Clock, acting

pytestmark = pytest.mark.usefixtures("database")


async def try_in(login: str, password: str, clock: Clock, address: str = "10.0.0.1") -> str:
    """Return what became of a try: the code of its refusal, or "in"."""
    try:
        await sessions.sign_in(login, password, address=address, device="Testbrowser", at=clock())
    except (Invalid, TooManyTries) as refused:
        return refused.code
    return "in"


async def with_password(role: Role = Role.OFFICE, login: str = "sabine") -> None:
    company = await factories.company()
    user = await factories.user(company, role, "Sabine Koch", login)
    await users.set_password(system(company.id), user, PASSWORD, at=START)


async def test_a_right_password_opens_a_session_with_a_secret_we_do_not_keep() -> None:
    await with_password()
    opened = await sessions.sign_in(" Sabine ", PASSWORD, address="10.0.0.1", device="Mac, Safari", at=START)
    found = await sessions_db.by_token(hash_token(opened.token), at=START)
    assert found is not None and found.actor.name == "Sabine Koch"
    assert opened.session.name == "Mac, Safari" and len(opened.token) >= 43
    assert await sessions_db.by_token(opened.token, at=START) is None


async def test_wrong_password_unknown_login_and_link_only_person_get_the_same_answer() -> None:
    await with_password()
    await factories.user(await factories.company("Zweite"), login="ohne")
    clock = Clock()
    answers = {await try_in(login, "falsch", clock) for login in ("sabine", "niemand", "ohne")}
    assert answers == {"sign_in.wrong"}


async def test_a_thousand_guesses_at_one_account_are_looked_at_twenty_times_at_most() -> None:
    await with_password()
    clock, looked_at = Clock(), 0
    for number in range(1000):
        answer = await try_in("sabine", f"guess {number}", clock, f"10.0.{number // 250}.{number % 250}")
        looked_at += answer == "sign_in.wrong"
        clock.go(seconds=0.1)
    assert looked_at <= 20


async def test_a_thousand_guesses_from_one_address_are_looked_at_twenty_times_at_most() -> None:
    clock, looked_at = Clock(), 0
    for number in range(1000):
        looked_at += await try_in(f"person{number}", "guess", clock) == "sign_in.wrong"
        clock.go(seconds=0.1)
    assert looked_at <= 20


async def test_guesses_at_the_same_moment_do_not_overtake_the_count() -> None:
    await with_password()
    clock = Clock()
    answers = await asyncio.gather(*[try_in("sabine", f"guess {number}", clock) for number in range(30)])
    assert answers.count("sign_in.wrong") == 5


async def test_nobody_is_locked_out_for_good_and_success_starts_over() -> None:
    await with_password()
    clock = Clock()
    for _ in range(40):
        await try_in("sabine", "falsch", clock)
        clock.go(seconds=61)
    assert await try_in("sabine", PASSWORD, clock) == "in"
    assert [await try_in("sabine", "falsch", clock, "10.9.9.9") for _ in range(5)] == ["sign_in.wrong"] * 5


async def test_an_own_account_does_not_wash_an_address_clean() -> None:
    await with_password()
    clock, looked_at = Clock(), 0
    for number in range(200):
        looked_at += await try_in(f"person{number}", "guess", clock) == "sign_in.wrong"
        await try_in("sabine", PASSWORD, clock)
        clock.go(seconds=0.1)
    assert looked_at <= 20


async def test_old_counts_are_forgotten() -> None:
    clock = Clock()
    await try_in("niemand", "falsch", clock)
    assert await tries.delete_older(before=clock.go(hours=25)) == 2
    assert not await LoginTryRow.all().exists()


async def test_a_link_works_once_for_whoever_is_first() -> None:
    company = await factories.company()
    ali = await factories.user(company)
    token = await sessions.make_link(system(company.id), ali, at=START)
    for _ in range(10):
        link, user = await sessions.look_up_link(token, at=START)
        assert link.redeemed_at is None and user == ali

    async def redeem() -> str:
        try:
            return (await sessions.redeem(token, device="iPhone, Safari", at=START)).token
        except NotFound as gone:
            return gone.code

    answers = await asyncio.gather(*[redeem() for _ in range(8)])
    assert answers.count("link.gone") == 7
    signed_in = next(answer for answer in answers if answer != "link.gone")
    assert await sessions_db.by_token(hash_token(signed_in), at=START) is not None
    assert len(await sessions_db.of_user(company.id, ali.id, at=START)) == 1


async def test_a_link_ends_with_its_time_and_with_its_person() -> None:
    company = await factories.company()
    ali = await factories.user(company)
    late = await sessions.make_link(system(company.id), ali, lasts=PAIRING_LASTS, at=START)
    with pytest.raises(NotFound):
        await sessions.redeem(late, device="", at=START + PAIRING_LASTS)
    other = await sessions.make_link(system(company.id), ali, at=START)
    await users.disable(system(company.id), ali, at=START)
    with pytest.raises(NotFound):
        await sessions.redeem(other, device="", at=START)


async def test_the_office_cannot_become_the_head_by_a_link() -> None:
    company = await factories.company()
    head = await factories.user(company, Role.ADMIN, "Karl Berger")
    office = await factories.actor(company, Role.OFFICE)
    worker = await factories.actor(company, Role.WORKER)
    for attempt in (
        sessions.make_link(office, head, at=START),
        sessions.make_token(office, head, "Skript", at=START),
        users.set_password(office, head, PASSWORD, at=START),
        users.invite(office, login="neu", name="Neu", role=Role.ADMIN, at=START),
        users.invite(worker, login="neu", name="Neu", role=Role.WORKER, at=START),
        sessions.make_link(worker, head, at=START),
    ):
        with pytest.raises(Forbidden):
            await attempt


async def test_a_new_password_signs_every_other_device_out() -> None:
    company = await factories.company()
    ali = await factories.user(company)
    here, there = await factories.token(ali), await factories.token(ali)
    at_work = await sessions_db.by_token(hash_token(here), at=START)
    assert at_work is not None
    await users.change_own_password(at_work.actor, ali, current="", password=PASSWORD, at=START)
    assert await sessions_db.by_token(hash_token(here), at=START) is not None
    assert await sessions_db.by_token(hash_token(there), at=START) is None
    with pytest.raises(Invalid, match=r"password\.wrong"):
        await users.change_own_password(at_work.actor, ali, current="x", password=PASSWORD + "!", at=START)


async def test_the_last_head_of_a_company_stays() -> None:
    company = await factories.company()
    head = await factories.user(company, Role.ADMIN)
    with pytest.raises(Conflict, match="last_admin"):
        await users.change(system(company.id), head, name=head.name, role=Role.OFFICE, at=START)
    with pytest.raises(Conflict, match="last_admin"):
        await users.disable(system(company.id), head, at=START)
    await factories.user(company, Role.ADMIN, "Zweite")
    await users.disable(system(company.id), head, at=START)


async def test_two_heads_that_dismiss_each_other_leave_one() -> None:
    for _ in range(10):
        company = await factories.company()
        heads = [await factories.user(company, Role.ADMIN, name) for name in ("Erste", "Zweite")]
        dismissals = [
            users.disable(acting(heads[0]), heads[1], at=START),
            users.disable(acting(heads[1]), heads[0], at=START),
        ]
        ended = await asyncio.gather(*dismissals, return_exceptions=True)
        assert [type(end) for end in ended if end] == [Conflict]


async def test_the_same_login_twice_at_once_is_taken_for_one() -> None:
    company = await factories.company()
    head = acting(await factories.user(company, Role.ADMIN, "Sabine Koch"))
    for number in range(10):
        invitations = [
            users.invite(head, login=f"ali{number}", name="Ali", role=Role.WORKER, at=START) for _ in range(3)
        ]
        ended = await asyncio.gather(*invitations, return_exceptions=True)
        assert [str(end) for end in ended if isinstance(end, Exception)] == ["user.login_taken"] * 2


async def test_a_new_password_ends_the_open_links_too() -> None:
    """Who sets a new password because a device was stolen must not leave the thief a way in."""
    company = await factories.company()
    ali = await factories.user(company)
    link = await sessions.make_link(system(company.id), ali, at=START)
    await users.set_password(system(company.id), ali, PASSWORD, at=START)
    with pytest.raises(NotFound, match=r"link\.gone"):
        await sessions.redeem(link, device="", at=START)


async def test_a_disabled_person_is_out_everywhere_and_cannot_sign_in() -> None:
    await with_password(Role.WORKER, "ali")
    opened = await sessions.sign_in("ali", PASSWORD, address="a", device="", at=START)
    company_system = system(opened.user.company_id)
    await users.disable(company_system, opened.user, at=START)
    assert await sessions_db.by_token(hash_token(opened.token), at=START) is None
    assert await try_in("ali", PASSWORD, Clock()) == "sign_in.wrong"
    with pytest.raises(Conflict):
        disabled = await users.known(company_system, opened.user.id)
        await sessions.make_link(company_system, disabled, at=START)


async def test_a_login_is_unique_on_the_server(database: Database) -> None:
    first, second = await factories.company(), await factories.company("Zweite")
    await factories.user(first, login="ali")
    with pytest.raises(Invalid) as refused:
        await factories.user(second, login="ALI")
    assert (refused.value.code, refused.value.field) == ("user.login_taken", "login")


async def test_every_deed_stands_in_the_logbook() -> None:
    company = await factories.company()
    boss = system(company.id)
    ali = await factories.user(company)
    token = await sessions.make_link(boss, ali, at=START)
    opened = await sessions.redeem(token, device="iPhone, Safari", at=START)
    await sessions.sign_out(acting(ali, opened.session.id), at=START)
    script = await sessions.make_token(boss, ali, "Skript", at=START)
    await sessions.revoke(boss, ali, script.session.id, at=START + timedelta(hours=1))
    lines = await logbook.of_subject(company.id, ali.id)
    assert [line.entry.verb for line in reversed(lines.items)] == [
        "user.invited",
        "user.link_made",
        "user.signed_in",
        "user.signed_out",
        "user.token_made",
        "user.device_revoked",
    ]
    assert not any(secret in str(lines) for secret in (token, opened.token, script.token))


async def test_a_pairing_code_ends_with_its_fifteen_minutes_and_with_its_person() -> None:
    company = await factories.company()
    ali = await factories.user(company)
    made = await sessions.make_pairing(system(company.id), ali, at=START)
    over = START + PAIRING_LASTS
    for code, at in (("ABCD2345", START), (made.code, over)):
        with pytest.raises(Invalid) as refused:
            await sessions.sign_in_by_code(code, address="10.0.0.1", device="", at=at)
        assert refused.value.code == "sign_in.code"
    second = await sessions.make_pairing(system(company.id), ali, at=over)
    await users.disable(await factories.actor(company, Role.ADMIN), ali, at=over)
    with pytest.raises(Invalid):
        await sessions.sign_in_by_code(second.code, address="10.0.0.1", device="", at=over)


async def test_two_who_type_a_code_at_once_are_one_session() -> None:
    company = await factories.company()
    ali = await factories.user(company)
    made = await sessions.make_pairing(system(company.id), ali, at=START)
    tries = [
        sessions.sign_in_by_code(made.code, address=f"10.0.0.{n}", device="", at=START) for n in range(4)
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(one) for one in results if isinstance(one, BaseException)] == [Invalid] * 3
    assert len(await sessions_db.of_user(company.id, ali.id, at=START)) == 1
