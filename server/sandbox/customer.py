"""What a customer can do with the phone in his hand; pages and tests share it."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request

from server.domain.events import Status
from server.sandbox.platform import Platform
from server.sandbox.world import Account, Bubble, Person, World


class Customer:
    """One person in one chat."""

    def __init__(self, world: World, platform: Platform, account: Account, person: Person) -> None:
        self._world = world
        self._platform = platform
        self.account = account
        self.person = person

    @property
    def bubbles(self) -> list[Bubble]:
        return self._world.chat(self.account, self.person).bubbles

    def look(self) -> None:
        """Open the chat: what was delivered is read."""
        self._platform.seen(self.account, self.person)

    def write(self, text: str, quoted: str = "") -> Bubble:
        return self._say("text", text=text, quoted=quoted)

    def send_photo(self, data: bytes, mime: str, caption: str = "") -> Bubble:
        return self._say("image", text=caption, picture=self._platform.keep(data, mime))

    def tap(self, bubble_id: str, button_id: str) -> Bubble | None:
        """Tap a button of a message; None when there is no such button or one was tapped already."""
        asked = self._world.chat(self.account, self.person).find(bubble_id)
        title = dict(asked.buttons).get(button_id) if asked and not asked.tapped else None
        if asked is None or title is None:
            return None
        asked.tapped = button_id
        return self._say("button", text=title, tapped=button_id, quoted=asked.id)

    def block(self, *, blocked: bool) -> None:
        """Block the firm or let it in again."""
        self._platform.block(self.account, self.person, blocked=blocked)

    def _say(self, kind: str, *, text: str, picture: str = "", tapped: str = "", quoted: str = "") -> Bubble:
        bubble = Bubble(
            id=self._platform.bubble_id(),
            from_firm=False,
            at=self._world.now(),
            kind=kind,
            text=text,
            picture=picture,
            tapped=tapped,
            quoted=quoted,
            status=Status.SENT,
        )
        self._platform.say(self.account, self.person, bubble)
        return bubble


def accounts_of(world: World, person: Person) -> list[Account]:
    """Return the firm's accounts this person has a messenger for, or a chat with; the one he likes best first."""
    liked = {kind: place for place, kind in enumerate(person.apps)}
    his = [
        account
        for account in world.accounts.values()
        if not liked or account.kind in liked or world.chat(account, person).bubbles
    ]
    return sorted(his, key=lambda account: liked.get(account.kind, len(liked)))


def customer_of(request: Request, world: World, platforms: Mapping[str, Platform]) -> Customer:
    """Return the customer of the path in his chat with the account of the query, else his first; 404 without either."""
    person = world.person(request.path_params["contact"])
    named = world.accounts.get(request.query_params.get("account", ""))
    account = named or next(iter(accounts_of(world, person)), None) if person else None
    if person is None or account is None:
        raise HTTPException(404)
    return Customer(world, platforms[account.kind], account, person)
