"""The container's other doors: who it is, which numbers it has, who is at Signal, and what a human has to confirm."""

from collections.abc import Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.sandbox.signal.outlet import Outlet
from server.sandbox.signal.rules import Refusal
from server.sandbox.world import Account, Person


class Container:
    """`untrusted` are people (by key) whose safety number is new; `challenge` = a captcha must be solved first."""

    def __init__(
        self,
        outlet: Outlet,
        accounts: Callable[[], list[Account]],
        person_of: Callable[[str], Person | None],
    ) -> None:
        self._outlet, self._accounts, self._person_of = outlet, accounts, person_of
        self.challenge = ""
        self.untrusted: set[str] = set()
        self.unregistered: set[str] = set()

    async def about(self, request: Request) -> Response:
        about = {
            "versions": ["v1", "v2"],
            "build": 2,
            "mode": self._outlet.mode,
            "version": "0.99",
            "capabilities": {"v2/send": ["quotes", "mentions"]},
        }
        return JSONResponse(about)

    async def accounts(self, request: Request) -> Response:
        return JSONResponse([one.display for one in self._accounts()])

    async def search(self, request: Request) -> Response:
        numbers = request.query_params.getlist("numbers")
        people = {number: self._person_of(number) for number in numbers}
        return JSONResponse(
            [
                {"number": number, "registered": person is not None and person.key not in self.unregistered}
                for number, person in people.items()
            ]
        )

    async def trust(self, request: Request) -> Response:
        person = self._person_of(request.path_params["person"])
        if person:
            self.untrusted.discard(person.key)
        return Response(status_code=204)

    async def captcha(self, request: Request) -> Response:
        """Take a solved captcha; it has to name the token of the refusal."""
        with suppress(ValueError):
            given = await request.json()
            solved = str(given.get("captcha", "")).startswith("signalcaptcha://")
            if solved and self.challenge and given.get("challenge_token") == self.challenge:
                self.challenge = ""
                return Response(status_code=204)
        return Refusal(400, "Couldn't process request - invalid challenge").answer()
