"""The process in which foreign images are decoded: limits first, then one photo after the other.

Reads one JSON object per photo from standard input ({"source": path, "renditions": [...]}), each after its length
in four bytes, and answers likewise; the pictures follow the answer as plain bytes.
"""

import ctypes
import json
import math
import os
import resource
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from server.imaging.renditions import ImageError, Rendered, Rendition

ADDRESS_SPACE_BYTES = 1_200_000_000
CPU_S = 20
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def main() -> None:
    """Serve until the parent closes the pipe."""
    _die_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    from server.imaging import pixels  # The decoders load under the limits, not before them.

    pixels.prepare()
    while (request := _read(sys.stdin.buffer)) is not None:
        _limit_cpu()
        renditions = [Rendition(**fields) for fields in request["renditions"]]
        try:
            _answer(pixels.render(Path(request["source"]), renditions))
        except ImageError as error:
            _refuse(error.code, str(error))
        except MemoryError:
            _refuse("image.memory", "MemoryError")
        except Exception as error:  # The outermost loop: a decoder may raise anything.
            _refuse("image.undecodable", f"{type(error).__name__}: {error}")


def _die_with_parent() -> None:
    """Linux kills this process with its parent; without prctl the closed pipe ends it after the photo in hand."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if str(os.getppid()) != sys.argv[1]:  # It died before the call above.
        sys.exit()


def _limit_cpu() -> None:
    """Allow this photo `CPU_S` more seconds; beyond them the kernel sends SIGXCPU."""
    soft = math.ceil(time.process_time()) + CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _read(pipe: BinaryIO) -> Any:
    length = pipe.read(4)
    return json.loads(pipe.read(int.from_bytes(length))) if len(length) == 4 else None


def _answer(rendered: Rendered) -> None:
    pictures = [
        {
            "name": name,
            "width_px": picture.width_px,
            "height_px": picture.height_px,
            "bytes": len(picture.data),
        }
        for name, picture in rendered.pictures.items()
    ]
    _write({"probe": asdict(rendered.probe), "pictures": pictures})
    for picture in rendered.pictures.values():
        sys.stdout.buffer.write(picture.data)
    sys.stdout.buffer.flush()


def _refuse(code: str, detail: str) -> None:
    _write({"error": code, "detail": detail[:500]})
    sys.stdout.buffer.flush()


def _write(answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    sys.stdout.buffer.write(len(body).to_bytes(4) + body)


if __name__ == "__main__":
    main()
