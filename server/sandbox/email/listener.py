"""What listens on the loopback for a mail server's door: one task a connection, all of them ended when it is closed."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """Lets `talk` speak with everybody who connects."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        assert self._server is not None, "the door is closed"
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def open_lines(self) -> int:
        """Return how many clients are connected."""
        return len(self._talks)

    async def open(self, *, limit: int, context: ssl.SSLContext | None) -> None:
        """Listen; a line may have `limit` bytes."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0, limit=limit, ssl=context)

    async def close(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._server is not None:
            self._server.close()
            for talk in list(self._talks):
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)
            await self._server.wait_closed()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            pass  # The client hung up, or we on it.
        except asyncio.CancelledError:
            pass  # The door is being closed; nobody else cancels a talk.
        finally:
            self._talks.discard(task)
            writer.close()
