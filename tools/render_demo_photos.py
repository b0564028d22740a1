"""Render the demo company's site photos (server/demo/photos/*.jpg).

Needs Blender as a module and is no part of any installation or CI:

    python3.11 -m venv ../bpyenv && ../bpyenv/bin/pip install bpy==5.0.1 pillow numpy
    ../bpyenv/bin/python tools/render_demo_photos.py                 # all, about a minute each
    ../bpyenv/bin/python tools/render_demo_photos.py --draft bad-fliesen-wand --out ../look
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from demo_photos import darkroom, scenes_finish, scenes_shell, scenes_wet, stage
from demo_photos.shots import SHOTS, Shot

SCENES = (scenes_finish, scenes_shell, scenes_wet)  # importing them fills SHOTS
PHOTOS = Path(__file__).parent.parent / "server" / "demo" / "photos"


def photograph(shot: Shot, folder: Path, *, draft: bool) -> int:
    """Build, render and develop one picture; returns the JPEG's bytes."""
    width, height, samples = (512, 384, 4) if draft else (960, 720, 7)
    stage.clear()
    shot.build()
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "raw.png"
        stage.render(str(raw), (height, width) if shot.upright else (width, height), samples, shot.exposure)
        seed = zlib.crc32(shot.name.encode())
        return darkroom.develop(raw, folder / f"{shot.name}.jpg", cast=shot.cast, noise=shot.noise, seed=seed)


def main() -> None:
    """Render the named pictures, or all."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("names", nargs="*", metavar="NAME", help="pictures to render (default: all)")
    words.add_argument("--out", type=Path, default=PHOTOS)
    words.add_argument("--draft", action="store_true", help="small and grainy, a few seconds each")
    asked = words.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for name in asked.names or SHOTS:
        start = time.monotonic()
        size = photograph(SHOTS[name], asked.out, draft=asked.draft)
        print(f"{name}: {size / 1000:.0f} kB, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
