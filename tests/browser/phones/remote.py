"""What Firefox and WebKit have in common: the commands of W3C WebDriver, over two wires."""

import base64
import json
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from tests.browser.phones import ScriptError

# Inside the driver; the wire to it waits longer than any of them.
SCRIPT_MS, PAGE_MS, FIND_MS = 90_000, 60_000, 30_000
PATIENCE_S = 120.0
# Nothing was tapped: it is hidden, drawn anew or behind something at this moment.
NOT_YET = ("element not interactable", "stale element reference", "element click intercepted")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C WebDriver, "web element identifier"
# Our name → Marionette's command, WebDriver's method and path.
COMMANDS = {
    "navigate": ("WebDriver:Navigate", "POST", "/url"),
    "back": ("WebDriver:Back", "POST", "/back"),
    "call": ("WebDriver:ExecuteAsyncScript", "POST", "/execute/async"),
    "find": ("WebDriver:FindElement", "POST", "/element"),
    "tap": ("WebDriver:ElementClick", "POST", "/element/{id}/click"),
    "type": ("WebDriver:ElementSendKeys", "POST", "/element/{id}/value"),
    "windows": ("WebDriver:GetWindowHandles", "GET", "/window/handles"),
    "new": ("WebDriver:NewWindow", "POST", "/window/new"),
    "switch": ("WebDriver:SwitchToWindow", "POST", "/window"),
    "shut": ("WebDriver:CloseWindow", "DELETE", "/window"),
    "picture": ("WebDriver:TakeScreenshot", "GET", "/screenshot"),
    "timeouts": ("WebDriver:SetTimeouts", "POST", "/timeouts"),
}
# The answer travels as text: engines differ in what they do with undefined, dates and long lists.
CALL = """const [given, done] = arguments;
(async () => (%s)(...given))().then(
  (value) => done(JSON.stringify({ value: value === undefined ? null : value })),
  (error) => done(JSON.stringify({ error: String(error) })));"""


class Refused(Exception):
    """The driver did not do it: WebDriver's error code and its words."""


class Wire(ABC):
    """One way to a driver."""

    @abstractmethod
    def ask(self, name: str, **words: object) -> Any:
        """Send one of COMMANDS and return its value. Raises Refused."""

    @abstractmethod
    def end(self) -> None:
        """Let go of the connection."""


class MarionetteWire(Wire):
    """Firefox's own protocol: `length:[0, id, command, words]` and back `length:[1, id, error, result]`."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._number = 0
        self._read()
        self.send("WebDriver:NewSession", {"unhandledPromptBehavior": "accept", "pageLoadStrategy": "normal"})

    def ask(self, name: str, **words: object) -> Any:
        return self.send(COMMANDS[name][0], words)

    def send(self, command: str, words: dict[str, Any]) -> Any:
        """Send any command of Marionette."""
        self._number += 1
        body = json.dumps([0, self._number, command, words]).encode()
        try:
            self._socket.sendall(b"%d:%s" % (len(body), body))
            _, _, error, result = self._read()
        except OSError as gone:
            raise Refused(str(gone)) from gone
        if error:
            raise Refused(f"{error['error']}: {error['message']}")
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def _read(self) -> Any:
        head = b""
        while not head.endswith(b":"):
            head += self._some(1)
        body = b""
        while len(body) < int(head[:-1]):
            body += self._some(int(head[:-1]) - len(body))
        return json.loads(body)

    def _some(self, number: int) -> bytes:
        part = self._socket.recv(number)
        if not part:
            raise ConnectionResetError("the browser has gone")
        return part

    def end(self) -> None:
        self._socket.close()


class HttpWire(Wire):
    """W3C WebDriver."""

    def __init__(self, port: int, capabilities: dict[str, Any]) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S)
        found = self._value("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self.session = f"/session/{found['sessionId']}"

    def ask(self, name: str, **words: object) -> Any:
        _, method, path = COMMANDS[name]
        return self._value(method, self.session + path.format(**words), words)

    def _value(self, method: str, path: str, words: dict[str, Any]) -> Any:
        try:
            answer = self._http.request(method, path, json=words if method == "POST" else None).json()
        except (httpx.TransportError, ValueError) as gone:
            raise Refused(str(gone)) from gone
        value = answer["value"]
        if isinstance(value, dict) and "error" in value:
            raise Refused(f"{value['error']}: {value.get('message', '')}")
        return value

    def end(self) -> None:
        with suppress(Refused):
            self._value("DELETE", self.session, {})
        self._http.close()


class RemotePhone(ABC):
    """A phone that is driven over a wire; the engines say how it starts and how it dies."""

    engine: str

    def __init__(self, profile: Path) -> None:
        self.profile = profile
        self._wire: Wire | None = None
        self._tabs: list[str] = []

    @property
    def wire(self) -> Wire:
        assert self._wire is not None, "the phone is off"
        return self._wire

    def open(self, url: str) -> None:
        with suppress(Refused):
            self.wire.ask("navigate", url=url)

    def tab(self, url: str) -> None:
        handle = self.wire.ask("new", type="tab")["handle"]
        self._tabs.append(handle)
        self.wire.ask("switch", handle=handle)
        self.open(url)

    def front(self, place: int) -> None:
        self.wire.ask("switch", handle=self._tabs[place])

    def close_tab(self) -> None:
        left = self.wire.ask("shut")
        self._tabs = [handle for handle in self._tabs if handle in left]
        self.front(0)

    def back(self) -> None:
        self.wire.ask("back")

    def evaluate(self, function: str, *given: object) -> Any:
        try:
            told = self.wire.ask("call", script=CALL % function, args=[list(given)])
        except Refused as refused:
            raise ScriptError(str(refused)) from refused
        if told is None:
            # CALL always tells a text; Marionette says nothing for a page that left in between.
            raise ScriptError("the page is gone")
        answer = json.loads(told)
        if "error" in answer:
            raise ScriptError(answer["error"])
        return answer["value"]

    def click(self, place: str) -> None:
        """Tap as soon as a finger could, as Playwright does in Chromium: what is hidden yet may come a moment later."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.wire.ask("tap", id=self._find(place))
                return
            except Refused as refused:
                if time.monotonic() > until or not str(refused).startswith(NOT_YET):
                    raise
            time.sleep(0.05)

    def fill(self, place: str, text: str) -> None:
        self.wire.ask("type", id=self._find(place), text=text)

    def give(self, place: str, files: Sequence[Path]) -> None:
        self.wire.ask("type", id=self._find(place), text="\n".join(str(file) for file in files))

    def picture(self, to: Path) -> None:
        to.write_bytes(base64.b64decode(self.wire.ask("picture")))

    def _find(self, place: str) -> str:
        using = "xpath" if place.startswith("//") else "css selector"
        found: str = self.wire.ask("find", using=using, value=place)[ELEMENT]
        return found

    def _begin(self, wire: Wire) -> None:
        self._wire = wire
        wire.ask("timeouts", script=SCRIPT_MS, pageLoad=PAGE_MS, implicit=FIND_MS)
        self._tabs = list(wire.ask("windows"))

    def _let_go(self) -> None:
        if self._wire is not None:
            self._wire.end()
        self._wire, self._tabs = None, []
