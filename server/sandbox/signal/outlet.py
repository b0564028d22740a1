"""How the container tells what comes: to whoever listens, or when it is asked, and once only."""

import asyncio
import json
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from server.sandbox.signal.envelopes import broken
from server.sandbox.world import Account, World


class Outlet:
    """`mode` is json-rpc, normal or native.

    In json-rpc mode what is told while nobody listens is gone, counted in `lost`; in the others it waits.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._listening: dict[str, set[asyncio.Queue[str]]] = {}
        self._waiting: dict[str, list[str]] = {}
        self._held: dict[str, str] = {}
        self.mode = "json-rpc"
        self.lost = 0

    def take(self, account: Account) -> list[str]:
        """Return what waits; it is told no second time."""
        return self._waiting.pop(account.key, [])

    def tell(self, account: Account, told: dict[str, Any]) -> None:
        """Tell whoever listens; whims put rubbish before it, tell it to the same listener twice, or swap two."""
        whims, world = self._world.whims, self._world
        frames = [json.dumps(told, ensure_ascii=False)]
        if world.lucky(whims.broken):
            frames.insert(0, broken(world, account))
        if world.lucky(whims.duplicate):
            frames.append(frames[-1])
        held = self._held.pop(account.key, None)
        if held is None and world.lucky(whims.reorder):
            self._held[account.key] = frames.pop()
            asyncio.get_running_loop().call_later(0.05, self._let_go, account)
        self._out(account, [*frames, *([held] if held else [])])

    def _let_go(self, account: Account) -> None:
        held = self._held.pop(account.key, None)
        self._out(account, [held] if held else [])

    def _out(self, account: Account, frames: list[str]) -> None:
        if self.mode != "json-rpc":
            self._waiting.setdefault(account.key, []).extend(frames)
            return
        listening = self._listening.get(account.key)
        if not listening:
            self.lost += len(frames)
        for queue in listening or ():
            for frame in frames:
                queue.put_nowait(frame)

    async def listen(self, socket: WebSocket, account: Account | None) -> None:
        """Tell one listener what comes from now on; what nobody hears is gone."""
        if self.mode != "json-rpc":
            await socket.close(1002)
            return
        await socket.accept()
        queue: asyncio.Queue[str] = asyncio.Queue()
        listening = self._listening.setdefault(account.key if account else "", set())
        listening.add(queue)
        ends = [asyncio.create_task(_tell_on(socket, queue)), asyncio.create_task(_gone(socket))]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.discard(queue)
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
        with suppress(RuntimeError):  # he may have hung up himself
            await socket.close(1001)

    def hang_up(self) -> None:
        """Break every line, as a container does that is restarted."""
        for listening in self._listening.values():
            for queue in listening:
                queue.put_nowait("")

    @property
    def listeners(self) -> int:
        return sum(len(listening) for listening in self._listening.values())


async def _tell_on(socket: WebSocket, queue: "asyncio.Queue[str]") -> None:
    """Write frames to a listener until he is gone, or an empty one says to hang up."""
    with suppress(WebSocketDisconnect, RuntimeError):
        while frame := await queue.get():
            await socket.send_text(frame)


async def _gone(socket: WebSocket) -> None:
    """Return when the listener has hung up."""
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()
