"""Things that lie about on a site: rule, bucket, level, cartridge, tape."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from functools import cache
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from . import materials as m
from .shapes import Point, box, lathe, lump, rod, tube

LINK = 0.2  # metres between two joints of a folding rule


@cache
def _rule_drawing(first: int) -> str:
    """Draw one link with millimetre ticks; centimetres start at `first`."""
    image = Image.new("RGB", (1410, 96), "#f2c200")
    draw, small, big = ImageDraw.Draw(image), ImageFont.load_default(36), ImageFont.load_default(44)
    for mm in range(0, 201):
        x = 105 + mm * 6
        length = 34 if mm % 10 == 0 else 26 if mm % 5 == 0 else 18
        draw.line((x, 0, x, length), fill="#1a1a1a", width=2)
        draw.line((x, 96 - length, x, 96), fill="#1a1a1a", width=2)
        if mm % 10 == 0 and 0 < mm < 200:
            cm = first + mm // 10
            font, ink = (big, "#c01818") if cm % 10 == 0 else (small, "#1a1a1a")
            draw.text((x, 48), str(cm), fill=ink, font=font, anchor="mm")
    path = tempfile.mkstemp(suffix=".png")[1]
    image.save(path)
    return path


def folding_rule(start: Point, headings: Sequence[float], *, tilt: float = 0.0) -> None:
    """Yellow folding rule from `start` on, one link per heading (degrees); `tilt` 90 lies on a wall."""
    steel = m.metal("Stahl", "#8d9094", "#d4d6d8", 0.25)
    up = (0.0, -math.sin(math.radians(tilt)), math.cos(math.radians(tilt)))
    x, y, z = start
    for number, heading in enumerate(headings):
        a = math.radians(heading)
        step = (
            math.cos(a),
            math.sin(a) * math.cos(math.radians(tilt)),
            math.sin(a) * math.sin(math.radians(tilt)),
        )
        lift = 0.002 + 0.0034 * (number % 2)
        mid = [p + s * LINK / 2 + u * lift for p, s, u in zip((x, y, z), step, up, strict=True)]
        ink = m.picture(f"Zollstock {number}", _rule_drawing(20 * number), (0.235, 0.016))
        link = box(mid, (0.235, 0.016, 0.0033), ink, bevel=0.0006)
        link.rotation_mode = "XYZ"
        link.rotation_euler = (math.radians(tilt), 0, 0)
        link.rotation_euler.rotate_axis("Z", a)
        x, y, z = (p + s * LINK for p, s in zip((x, y, z), step, strict=True))
        joint = [p + u * 0.0075 for p, u in zip((x, y, z), up, strict=True)]
        rod([p + u * 0.001 for p, u in zip((x, y, z), up, strict=True)], joint, 0.0052, steel)


def bucket(at: Point, *, filling: str | None = "#8c8a86") -> None:
    """Black mortar bucket with splashes, a wire handle and perhaps mortar in it."""
    shell = m.surface(
        "Eimer", "#151515", "#3a3a3a", scale=9, spread=(0.45, 0.8), rough=(0.45, 0.8), bump=0.0006
    )
    profile = [
        (0, 0),
        (0.115, 0),
        (0.118, 0.01),
        (0.148, 0.25),
        (0.156, 0.25),
        (0.156, 0.262),
        (0.143, 0.262),
        (0.112, 0.01),
    ]
    lathe(profile, at, shell)
    x, y, z = at
    wire = m.metal("Stahl", "#8d9094", "#d4d6d8", 0.25)
    arc = [
        (x + 0.157 * math.cos(t), y - 0.12 * math.sin(t), z + 0.23 - 0.09 * math.sin(t))
        for t in (i * math.pi / 16 for i in range(17))
    ]
    tube(arc, 0.0025, wire, bend=0)
    if filling:
        mortar = m.surface("Mörtel " + filling, filling, "#b5b2ac", scale=20, bump=0.004, grain=40)
        lump((x, y, z + 0.17), (0.23, 0.23, 0.06), mortar, seed=3, rough=0.3, detail=5)
        rod((x, y, z + 0.15), (x, y, z + 0.17), 0.131, mortar)


def spirit_level(at: Point, *, turn: Point = (0, 0, 0), length: float = 0.8) -> None:
    """Box level, body along x, lying or leaning as `turn` says."""
    body = m.surface("Wasserwaage", "#b8a800", "#e4cf10", scale=6, rough=(0.3, 0.5), bump=0.0002)
    cap, vial = m.plastic("Kappe", "#18191b"), m.plastic("Libelle", "#b9e23a", 0.15)
    base = box(at, (length, 0.022, 0.055), body, turn=turn, bevel=0.002)
    parts = [box((s * length / 2, 0, 0), (0.014, 0.026, 0.06), cap, bevel=0.003) for s in (-1, 1)]
    parts += [box((0, -0.002, 0.012), (0.085, 0.021, 0.032), cap, bevel=0.002)]
    parts += [rod((-0.028, -0.008, 0.014), (0.028, -0.008, 0.014), 0.0085, vial)]
    for part in parts:
        part.parent = base


def cartridge(at: Point, *, heading: float = 0.0, colour: str = "#e9ecee") -> None:
    """Sealant cartridge lying on the floor, nozzle along +x before turning."""
    shell, tip = m.plastic("Kartusche " + colour, colour, 0.3), m.plastic("Düse", "#f2f2ee", 0.35)
    label = m.plastic("Etikett", "#1f5fa8", 0.3)
    x, y, z = at
    body = lathe(
        [(0, 0), (0.025, 0), (0.025, 0.215), (0.008, 0.222), (0.008, 0.235)],
        (x, y, z + 0.025),
        shell,
        turn=(0, 90, heading),
    )
    nozzle = lathe([(0.013, 0.228), (0.011, 0.25), (0.003, 0.33), (0, 0.33)], (0, 0, 0), tip)
    band = lathe([(0.0252, 0.05), (0.0252, 0.15)], (0, 0, 0), label)
    nozzle.parent = band.parent = body


def tape_roll(at: Point, colour: str, *, turn: Point = (0, 0, 0)) -> Any:
    """Roll of adhesive tape."""
    core = m.surface("Pappe", "#7d6647", "#a98d66", scale=30)
    rim = m.plastic("Band " + colour, colour, 0.4)
    roll = lathe([(0.038, 0), (0.055, 0), (0.055, 0.05), (0.038, 0.05)], at, rim, turn=turn)
    lathe([(0.038, 0.05), (0.038, 0)], (0, 0, 0), core).parent = roll
    return roll
