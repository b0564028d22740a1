"""Finishing trades and defects: door, parquet, damp wall, cracks."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from . import materials as m
from . import props, stage
from .shapes import box, clouds, crumbs, lump, relief, rod
from .shots import COOL, GREEN, PLAIN, WARM, shot


def _crack(z: Any, x: Any, points: list[tuple[float, float]], seed: int, width: float) -> Any:
    """Depth 0…1 of a jagged crack from bottom to top through (x, z) points."""
    heights, places = [p[1] for p in points], [p[0] for p in points]
    column = np.interp(z[:, 0], heights, places)
    jitter = (clouds((len(column), 1), 22, seed, 6)[:, 0] - 0.5) * 0.07
    inside = (z[:, 0] > heights[0]) & (z[:, 0] < heights[-1])
    taper = np.interp(z[:, 0], heights, np.linspace(0.4, 1.0, len(heights))) * width
    away = abs(x - (column + jitter)[:, None]) / taper[:, None]
    return np.clip(1.3 - away, 0, 1) * inside[:, None]


@shot("fassade-putz-riss", upright=True, cast=PLAIN, exposure=0.2, noise=3)
def cracked_render() -> None:
    """Facade render with a branching crack below a window sill, rule as scale."""
    cell, rows, columns = 0.002, 900, 740
    z, x = np.mgrid[0:rows, 0:columns] * cell - 0.25
    grain = clouds((rows, columns), 3, 41, 2)
    dirt = clouds((rows, columns), 160, 42)
    main = _crack(z, x, [(0.62, 0.05), (0.5, 0.4), (0.46, 0.7), (0.3, 1.05)], 43, 0.0042)
    branch = _crack(z, x, [(0.485, 0.52), (0.6, 0.7), (0.66, 0.88)], 44, 0.0024)
    depth = np.maximum(main, branch)
    streak = np.clip((clouds((1, columns), 60, 45)[0] - 0.5) * 3, 0, 1)[None, :] * np.clip(
        (z - 0.45) * 1.3, 0, 1
    )
    colour = (
        m.paint("#d0c39f") * (0.78 + 0.22 * grain + 0.2 * dirt)[..., None] * (1 - 0.35 * streak)[..., None]
    )
    halo = np.clip(clouds((rows, columns), 30, 46) * 1.6 - 0.5, 0, 1) * np.clip(
        _crack(z, x, [(0.62, 0.05), (0.5, 0.4), (0.46, 0.7), (0.3, 1.05)], 43, 0.05), 0, 1
    )
    colour = colour * (1 - 0.28 * halo[..., None]) * (1 - 0.9 * depth[..., None])
    relief(
        (-0.25, 0, -0.25),
        cell,
        grain * 0.0035 - depth * 0.012,
        colour,
        m.painted("Außenputz", rough=0.95, bump=0.0008, grain=500),
    )
    sill = m.metal("Fensterblech", "#6f7478", "#9aa0a4", 0.4)
    box((0.3, -0.04, 1.13), (0.9, 0.14, 0.012), sill, turn=(6, 0, 0), bevel=0.002)
    box((0.3, -0.108, 1.112), (0.9, 0.003, 0.03), sill)
    props.folding_rule((0.66, -0.006, 0.28), [97, 97, 97], tilt=90)
    stage.ambient("#c9dcf5", 0.8)
    stage.sun((58, 0, -48), 2.6)
    stage.camera((0.44, -0.98, 0.66), (0.47, 0, 0.62), lens=27, roll=1.6, aperture=4)


def _damp_room() -> None:
    floor = m.wood("Laminat", "#6e4a2b", "#9c7046", rough=0.35)
    for i in range(8):
        box((1.0, -0.1 - i * 0.19, -0.01), (5, 0.188, 0.02), floor)
    white = m.surface("Wand weiß", "#cfccc5", "#dedbd4", bump=0.0006)
    box((-0.05, -1.5, 1.2), (0.1, 3, 2.6), white)
    box((1.0, -3.0, 1.2), (6, 0.1, 2.6), white)
    box((1.0, -1.5, 2.55), (6, 3.2, 0.1), white)
    stage.ambient("#dbe4f0", 0.16)
    stage.lamp((2.9, -1.6, 1.5), (0.4, 0, 0.5), 42, size=1.1, colour="#e6efff")
    stage.lamp((0.3, -1.8, 2.3), (0.6, 0, 0.6), 9, size=0.2, colour="#ffe2bd")


def _skirting(colour: str) -> None:
    board = m.surface("Sockelleiste " + colour, colour, colour, rough=(0.3, 0.45), bump=0.0001)
    box((1.2, -0.012, 0.035), (2.4, 0.016, 0.07), board, bevel=0.003)
    box((0.012, -1.2, 0.035), (0.016, 2.4, 0.07), board, bevel=0.003)


def _damp_camera() -> None:
    stage.camera((1.05, -1.42, 1.05), (0.52, 0, 0.52), lens=26, roll=-1.3, aperture=5)


@shot("wand-feucht-vorher", cast=GREEN, exposure=0.35, noise=5)
def damp_wall() -> None:
    """Damp stain with efflorescence, peeling paint, mould dots and a crack in the corner."""
    cell, rows, columns = 0.004, 500, 560
    z, x = np.mgrid[0:rows, 0:columns] * cell
    wave, fine = clouds((rows, columns), 120, 51), clouds((rows, columns), 16, 52)
    reach = 0.85 * np.exp(-((x - 0.25) ** 2) / 0.5) * (0.55 + 0.9 * wave) + 0.12 * fine
    wet = np.clip((reach - z) / 0.11, 0, 1)
    edge = np.exp(-(((reach - z - 0.01) / 0.03) ** 2))
    peel = (
        np.clip(reach - z, 0, 1) * (0.5 + fine) + (clouds((rows, columns), 40, 53) - 0.5) * 0.9 > 0.44
    ).astype(float)
    mould = (
        np.clip((clouds((rows, columns), 9, 54, 3) - 0.6) * 9, 0, 1)
        * np.clip((clouds((rows, columns), 80, 55) - 0.42) * 5, 0, 1)
        * wet
    )
    colour = m.paint("#d8d4ca") * (0.93 + 0.1 * fine)[..., None]
    colour = colour * (1 - wet[..., None] * (1 - m.paint("#c2ab82") / m.paint("#dedad0")))
    colour = colour * (1 - 0.42 * edge[..., None] * (1 - m.paint("#8f6f3c")))
    colour = np.where(peel[..., None] > 0, m.paint("#9a8d78") * (0.6 + 0.7 * fine)[..., None], colour)
    crack = _crack(z, x, [(0.95, 0.62), (0.86, 1.0), (0.98, 1.5), (0.9, 1.95)], 56, 0.007)
    colour = colour * (1 - 0.8 * mould[..., None]) * (1 - 0.8 * crack[..., None])
    bloom = np.clip((clouds((rows, columns), 12, 57) - 0.58) * 7, 0, 1) * edge
    colour = colour * (1 - bloom[..., None]) + 0.85 * bloom[..., None]
    height = -0.0035 * peel + 0.004 * bloom * fine - 0.01 * crack + fine * 0.0012
    relief((0, 0, 0), cell, height, colour, m.painted("Feuchte Wand", rough=0.8))
    _damp_room()
    _skirting("#b9b2a4")
    crumbs((0.04, -0.22, 1.0, -0.03), 0.0, 130, m.surface("Putzbrösel", "#b5ab98", "#ded8cb", bump=0.0))
    props.folding_rule((0.62, -0.03, 0.004), [90, 90, 90, 90], tilt=88)
    _damp_camera()


@shot("wand-feucht-nachher", cast=PLAIN, exposure=0.35, noise=3)
def restored_wall() -> None:
    """The same corner, replastered and painted, new skirting."""
    cell, rows, columns = 0.004, 500, 560
    fine, wave = clouds((rows, columns), 10, 61), clouds((rows, columns), 150, 62)
    colour = m.paint("#e6e3dc") * (0.95 + 0.04 * wave + 0.02 * fine)[..., None]
    relief((0, 0, 0), cell, fine * 0.0012 + wave * 0.003, colour, m.painted("Neue Wand", rough=0.85))
    _damp_room()
    _skirting("#ecebe7")
    socket = m.plastic("Steckdose", "#eeeeea", 0.25)
    box((0.95, -0.006, 0.3), (0.081, 0.012, 0.081), socket, bevel=0.004)
    rod((0.95, -0.0125, 0.3), (0.95, -0.0135, 0.3), 0.021, m.plastic("Steckdose innen", "#c9c9c4", 0.3))
    for dx in (-0.0095, 0.0095):
        rod((0.95 + dx, -0.013, 0.3), (0.95 + dx, -0.0142, 0.3), 0.0026, m.plastic("Kontakt", "#1a1a1a"))
    _damp_camera()


@shot("parkett-verlegung", cast=WARM, exposure=0.35, noise=4)
def parquet() -> None:
    """Oak planks half laid over grey underlay, wedges at the wall, knocking block, rule."""
    dice = random.Random(21)
    box(
        (0, 1.5, -0.02),
        (6, 6, 0.02),
        m.surface("Estrich", "#77736c", "#a8a39a", scale=3.5, bump=0.0015, grain=70),
    )
    felt = m.surface("Unterlage", "#4d6256", "#5f7568", scale=30, rough=(0.8, 0.95), bump=0.0012, grain=200)
    box((0, 2.1, -0.006), (6, 3.4, 0.006), felt)
    oak = m.wood("Eiche", "#8f6238", "#c79a66", rough=0.34, vary=0.22)
    width, length = 0.13, 1.2
    for row in range(20):
        y = 3.42 - (row + 0.5) * width
        shift = (row * 0.43) % 1 * length
        last = 3 if row < 11 else 3 - (row - 10) * 0.75
        for k in range(-3, 4):
            x = k * length + shift
            if x + length / 2 < last - 1.6 or (row < 11 and x < 3):
                box(
                    (x, y + dice.gauss(0, 0.0003), 0.0065 + dice.random() * 0.0004),
                    (length - 0.0008, width - 0.0008, 0.013),
                    oak,
                    turn=(dice.gauss(0, 0.05), 0, 0),
                    bevel=0.0009,
                )
    for k, (px, py, angle) in enumerate(((0.75, 0.72, 7), (0.82, 0.86, 9), (0.78, 0.79, 6))):
        box(
            (px, py, 0.008 + 0.0132 * (k == 2)),
            (length, width - 0.001, 0.013),
            oak,
            turn=(0, 0, angle),
            bevel=0.0009,
        )
    wall = m.surface("Wand weiß", "#cfccc5", "#dedbd4", bump=0.0006)
    box((0, 3.48, 1.3), (6, 0.1, 2.7), wall)
    box((-2.0, 1.5, 1.3), (0.1, 6, 2.7), wall)
    wedge = m.wood("Keil", "#b98e55", "#e0bf8c")
    for i in range(9):
        box((-1.8 + i * 0.42, 3.42, 0.02), (0.03, 0.02, 0.05), wedge, turn=(8, 0, dice.gauss(0, 6)))
    block = m.plastic("Schlagklotz", "#c4471d", 0.5)
    box((-0.35, 1.28, 0.028), (0.3, 0.07, 0.045), block, turn=(0, 0, -14), bevel=0.006)
    rod((-0.62, 0.98, 0.022), (-0.36, 1.12, 0.022), 0.015, m.wood("Griff", "#7a4a22", "#b9834a"))
    rod((-0.4, 1.05, 0.03), (-0.32, 1.19, 0.03), 0.03, m.surface("Gummi", "#161617", "#242425"))
    box((1.25, 3.42, 1.35), (0.9, 0.06, 2.2), m.plastic("Fensterrahmen", "#f0f0ee"), bevel=0.01)
    box((1.25, 3.385, 1.4), (0.76, 0.01, 2.0), m.glow("Draußen", "#e8f1ff", 6))
    props.folding_rule((0.0, 0.85, 0.001), [62, 60, 61, 170])
    crumbs((-1.2, 0.3, 1.2, 1.5), 0.0, 260, m.surface("Sägespäne", "#b98e55", "#e6c794", bump=0.0))
    box((0, 1.5, 2.7), (6, 6, 0.1), wall)
    stage.ambient("#e6ebf2", 0.2)
    stage.lamp((1.25, 3.3, 1.5), (0, 1.2, 0), 45, size=1.0, colour="#eef4ff")
    stage.lamp((-1.6, -0.6, 2.1), (0, 1.4, 0), 32, size=0.5, colour="#ffe8cc")
    stage.camera((-0.25, -0.35, 1.35), (0.02, 1.55, 0.08), lens=25, roll=1.2, aperture=4)


@shot("tuer-zarge-schaum", upright=True, cast=WARM, exposure=0.4, noise=4)
def door_frame() -> None:
    """New white door frame in a plastered opening, foam in the gap, spreader bars."""
    plaster = m.surface("Gipsputz", "#aaa59b", "#c8c3b9", scale=1.8, bump=0.0012, grain=50)
    for at, size in (
        ((-1.2, 0, 1.3), (1.46, 0.13, 2.7)),
        ((1.2, 0, 1.3), (1.46, 0.13, 2.7)),
        ((0, 0, 2.4), (0.9398, 0.1298, 0.6)),
    ):
        box(at, size, plaster)
    frame = m.surface("Zarge weiß", "#dcdcd8", "#ebebe8", rough=(0.25, 0.4), bump=0.0001)
    for s in (-1, 1):
        box((s * 0.437, -0.005, 1.01), (0.03, 0.17, 2.02), frame, bevel=0.003)
        box((s * 0.425, 0.075, 1.01), (0.09, 0.014, 2.05), frame, bevel=0.004)
    box((0, -0.005, 2.035), (0.904, 0.17, 0.03), frame, bevel=0.003)
    foam = m.surface("PU-Schaum", "#c9a24e", "#e6c985", scale=30, rough=(0.7, 0.9), bump=0.002, grain=80)
    dice = random.Random(31)
    for i in range(44):
        z = 0.1 + i * 0.046
        for s in (-1, 1):
            if (0.15 < z < 0.62 or 0.85 < z < 1.35 or z > 1.55) or dice.random() < 0.12:
                lump(
                    (s * 0.463, -0.062 - dice.random() * 0.012, z),
                    (0.042 + dice.random() * 0.018, 0.06, 0.062),
                    foam,
                    seed=i * 2 + s + 1,
                    rough=0.32,
                )
    for i in range(20):
        lump(
            (-0.44 + i * 0.046, -0.06 - dice.random() * 0.01, 2.072),
            (0.06, 0.06, 0.05),
            foam,
            seed=i + 90,
            rough=0.32,
        )
    batten, wedge = m.wood("Spreize", "#a97f4c", "#d8b583"), m.wood("Keil", "#b98e55", "#e0bf8c")
    for z in (0.32, 1.05, 1.78):
        box((0, -0.03, z), (0.842, 0.06, 0.035), batten, turn=(0, dice.gauss(0, 0.3), 0), bevel=0.002)
        for s in (-1, 1):
            box((s * 0.413, -0.065, z + 0.002), (0.012, 0.06, 0.06), wedge)
    for s in (-1, 1):
        box((s * 0.44, -0.1, 2.06), (0.06, 0.09, 0.02), wedge, turn=(0, 8 * s, 5))
    box((-0.452, -0.092, 1.4), (0.012, 0.0008, 0.9), m.plastic("Malerband", "#d9c27a", 0.6))
    screed = m.surface("Estrich", "#77736c", "#a8a39a", scale=3.5, bump=0.0015, grain=70)
    box((0, 1.0, -0.05), (5, 7, 0.1), screed)
    light = m.surface("Putz hell", "#c9c5bc", "#dedad2", bump=0.001)
    box((0, 3.6, 1.3), (5, 0.1, 2.7), light)
    box((-1.9, 2.0, 1.3), (0.1, 4, 2.7), light)
    box((1.9, 2.0, 1.3), (0.1, 4, 2.7), light)
    box((0, 1.0, 2.75), (5, 7, 0.1), light)
    box((0, -2.9, 1.3), (5, 0.1, 2.7), light)
    box((0.25, 3.54, 1.5), (1.0, 0.03, 1.2), m.plastic("Fensterrahmen", "#f0f0ee"), bevel=0.01)
    box((0.25, 3.52, 1.5), (0.88, 0.01, 1.08), m.glow("Draußen", "#e8f1ff", 7))
    props.bucket((-0.55, 2.2, 0), filling=None)
    props.cartridge((0.12, -0.42, 0), heading=150, colour="#e8b52c")
    props.spirit_level((0.62, -0.16, 0.4), turn=(0, 82, 0), length=0.8)
    props.folding_rule((-0.3, -0.35, 0), [20, 22, 168])
    crumbs((-0.9, -0.8, 0.9, 0.3), 0.0, 160, foam)
    stage.ambient("#dfe6f0", 0.12)
    stage.lamp((0.25, 3.4, 1.6), (0, 0.5, 0.5), 40, size=0.9, colour="#e8f1ff")
    stage.lamp((1.1, -1.9, 2.2), (-0.2, 0, 0.9), 26, size=0.2, colour="#ffe6c6")
    stage.camera((0.28, -1.95, 1.45), (-0.02, 0, 1.02), lens=24, roll=1.0, aperture=4, focus=(0, -0.05, 1.1))


@shot("fliese-gesprungen", cast=COOL, exposure=0.3, noise=4)
def cracked_tile() -> None:
    """Floor tile broken across the corner, a chip missing, pencil cross beside it."""
    cell, rows, columns = 0.0015, 1100, 1320
    y, x = np.mgrid[0:rows, 0:columns] * cell - 0.42
    fine, wave = clouds((rows, columns), 8, 71), clouds((rows, columns), 120, 72)
    gap = np.minimum(abs((x + 0.13) % 0.4 - 0.2), abs((y + 0.29) % 0.4 - 0.2))
    joint = gap < 0.002 + (fine - 0.5) * 0.0008
    vein = np.clip(1 - abs(clouds((rows, columns), 130, 73) - 0.5) * 16, 0, 1)
    colour = m.paint("#a39d93") * (0.82 + 0.3 * wave + 0.08 * fine)[..., None] * (1 - 0.13 * vein[..., None])
    crack = np.maximum(
        _crack(y, x, [(0.56, 0.31), (0.65, 0.5), (0.61, 0.71)], 74, 0.0022),
        _crack(y, x, [(0.65, 0.5), (0.76, 0.55), (0.87, 0.62)], 75, 0.0017),
    )
    chip = np.hypot(x - 0.655, y - 0.5) + (clouds((rows, columns), 26, 76) - 0.5) * 0.05 < 0.016
    colour = np.where(joint[..., None], m.paint("#6b675f") * (0.7 + 0.5 * fine)[..., None], colour)
    colour = np.where(
        chip[..., None],
        m.paint("#b08a68") * (0.6 + 0.7 * fine)[..., None],
        colour * (1 - 0.88 * crack[..., None]),
    )
    dust = np.clip((clouds((rows, columns), 60, 77) - 0.45) * 1.6, 0, 0.35)[..., None]
    colour = colour * (1 - dust) + m.paint("#c9c4b8") * dust
    height = np.where(joint, -0.002, 0.0) - 0.003 * crack - np.where(chip, 0.003 + 0.002 * fine, 0)
    relief(
        (-0.42, -0.42, 0), cell, height, colour, m.painted("Bodenfliese", rough=0.38, bump=0.0001), wall=False
    )
    crumbs((0.5, 0.36, 0.8, 0.64), 0.0, 40, m.surface("Scherben", "#a8876a", "#cbb59d", bump=0.0))
    props.folding_rule((0.36, 0.19, 0.0), [24, 23, 25], tilt=0)
    ink = m.surface("Markierung", "#b3231b", "#c9382c", bump=0.0)
    for turn in (42, -47):
        box((1.0, 0.56, 0.0006), (0.1, 0.005, 0.0006), ink, turn=(0, 0, turn), bevel=0.0002)
    lump(
        (0.7, 0.46, 0.003),
        (0.022, 0.014, 0.007),
        m.surface("Scherbe", "#a39d93", "#b5afa5"),
        seed=4,
        rough=0.5,
        detail=2,
    )
    stage.ambient("#dbe6f5", 0.35)
    stage.lamp((-0.7, 1.6, 1.1), (0.5, 0.4, 0), 14, size=0.9, colour="#e8f1ff")
    stage.lamp((1.4, 0.0, 0.8), (0.5, 0.4, 0), 2.5, size=0.08, colour="#ffe6c6")
    stage.camera((0.62, 0.0, 0.6), (0.64, 0.44, 0), lens=27, roll=-2.2, aperture=2.8)
