"""The parent's side of the imaging children: one photo at a time each, killed and replaced when one misbehaves."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from server.domain.image_types import ImageType
from server.imaging.renditions import ImageError, Picture, Probe, Rendered, Rendition

_ROOT = Path(__file__).parent.parent.parent
# Two malloc arenas: each further thread would reserve 64 MB of the child's address space.
_ENVIRONMENT = {"PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}


# After these answers the child is as good as before; anything else ends it.
_REFUSALS = {"image.too_many_pixels", "image.truncated", "image.undecodable"}


@dataclass(slots=True, eq=False)
class _Child:
    process: asyncio.subprocess.Process
    photos: int = 0

    @property
    def lives(self) -> bool:
        return self.process.returncode is None

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()


class ImageBox:
    """A fixed number of children that decode; more photos than children wait their turn.

    `photos_per_child`: a child is replaced after so many, so that leaks and fragments stay small.
    `timeout_s`: wall clock for one photo; the limit for its CPU time is in the child.
    """

    def __init__(self, *, workers: int = 1, photos_per_child: int = 200, timeout_s: float = 40) -> None:
        self._photos_per_child = photos_per_child
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(workers)
        self._children: set[_Child] = set()
        self._idle: list[_Child] = []
        self._closed = False

    async def render(self, source: Path, renditions: Sequence[Rendition]) -> Rendered:
        """Return what the local file `source` is, and its pictures; no renditions: only the probe.

        Raises ImageError, whatever the file does to its decoder.
        """
        async with self._turns:
            child = await self._child()
            usable = False
            try:
                rendered = await self._ask(child, _request(source, renditions))
                usable = True
                return rendered
            except ImageError as error:
                usable = error.code in _REFUSALS
                raise
            finally:
                if usable and child.photos < self._photos_per_child and not self._closed:
                    self._idle.append(child)
                else:
                    child.kill()

    async def close(self) -> None:
        """Kill every child; a photo in hand ends as "image.stopped" and can be tried again."""
        self._closed = True
        for child in self._children:
            child.kill()
        for child in self._children:
            await child.process.wait()

    def pids(self) -> list[int]:
        """Return the process ids of the children that live."""
        return [child.process.pid for child in self._children if child.lives]

    async def _child(self) -> _Child:
        """Return a child that waits for work, or a new one."""
        self._children = {child for child in self._children if child.lives}
        while self._idle:
            if (child := self._idle.pop()).lives:
                return child
        if self._closed:
            raise ImageError("image.stopped")
        child = await _start()
        self._children.add(child)
        if self._closed:
            child.kill()
        return child

    async def _ask(self, child: _Child, request: bytes) -> Rendered:
        child.photos += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                return await _exchange(child, request)
        except TimeoutError:
            raise ImageError("image.time", f"more than {self._timeout_s} s") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._cause_of_death(child) from None

    async def _cause_of_death(self, child: _Child) -> ImageError:
        returncode = await child.process.wait()
        if self._closed:
            return ImageError("image.stopped")
        if returncode == -signal.SIGXCPU:
            return ImageError("image.time", "no CPU time left")
        return ImageError("image.crashed", f"the child ended with {returncode}")


async def _start() -> _Child:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server.imaging.child",
        str(os.getpid()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_ENVIRONMENT,
        cwd="/",
        limit=1 << 20,
    )
    return _Child(process)


def _request(source: Path, renditions: Sequence[Rendition]) -> bytes:
    fields = {"source": str(source.absolute()), "renditions": [asdict(each) for each in renditions]}
    body = json.dumps(fields).encode()
    return len(body).to_bytes(4) + body


async def _exchange(child: _Child, request: bytes) -> Rendered:
    to, back = child.process.stdin, child.process.stdout
    assert to and back
    to.write(request)
    await to.drain()
    answer = json.loads(await back.readexactly(int.from_bytes(await back.readexactly(4))))
    if "error" in answer:
        raise ImageError(answer["error"], answer["detail"])
    pictures = {}
    for each in answer["pictures"]:
        data = await back.readexactly(each["bytes"])
        pictures[each["name"]] = Picture(each["width_px"], each["height_px"], data)
    probe = answer["probe"]
    return Rendered(Probe(**{**probe, "type": ImageType(probe["type"])}), pictures)
