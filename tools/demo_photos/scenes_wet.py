"""Water and heat: bathroom, pipes in the wall, boiler room, floor heating."""

from __future__ import annotations

import math
import random

from . import materials as m
from . import props, stage
from .shapes import box, cable, crumbs, lathe, lump, rod, tube
from .shots import COOL, GREEN, PLAIN, WARM, shot


def _screed() -> object:
    return m.surface("Estrich", "#77736c", "#a8a39a", scale=3.5, rough=(0.75, 0.95), bump=0.0015, grain=70)


def _adhesive() -> object:
    return m.surface("Fliesenkleber", "#8b8984", "#a9a7a1", scale=12, bump=0.004, grain=45)


def _tiles_on_wall(
    columns: range, rows: range, size: tuple[float, float], gap: float, skip: set[tuple[int, int]]
) -> None:
    """Tiles on the wall y=0, each a hair off its place as a tired hand lays it."""
    dice, tile = (
        random.Random(4),
        m.surface(
            "Wandfliese",
            "#d9d6cf",
            "#efece6",
            scale=2,
            rough=(0.12, 0.24),
            bump=0.00012,
            grain=6,
            vary=0.03,
            clear=0.3,
        ),
    )
    for row in rows:
        for column in columns:
            if (column, row) in skip:
                continue
            at = (
                (column + 0.5) * (size[0] + gap) + dice.gauss(0, 0.0004),
                -0.006 - dice.random() * 0.0012,
                (row + 0.5) * (size[1] + gap) + dice.gauss(0, 0.0004),
            )
            turn = (dice.gauss(0, 0.15), dice.gauss(0, 0.06), dice.gauss(0, 0.15))
            box(at, (size[0], 0.009, size[1]), tile, turn=turn, bevel=0.0012)


@shot("bad-fliesen-wand", upright=True, cast=WARM, exposure=0.55)
def tiled_wall() -> None:
    """Wall half tiled, joints open, combed adhesive, water outlets, level and rule."""
    size, gap = (0.6, 0.3), 0.003
    board = m.surface("GK imprägniert", "#7d9a86", "#94ad9c", scale=2.5, bump=0.0004, grain=160)
    box((1.2, 0.03, 1.3), (3.4, 0.05, 2.6), board)
    skip = {(c, r) for c in range(-1, 4) for r in range(4, 9)} - {(-1, 4), (0, 4), (0, 5), (-1, 5)}
    _tiles_on_wall(range(-1, 4), range(0, 9), size, gap, skip)
    box((1.2, -0.002, 0.6), (3.4, 0.004, 1.2), m.surface("Fuge", "#55534f", "#6d6a65", bump=0.001))
    grey = _adhesive()
    box((1.0, 0.0022, 1.52), (0.82, 0.006, 0.6), grey)
    dice = random.Random(2)
    for i in range(58):
        z = 1.225 + i * 0.0098
        end = 1.38 + dice.gauss(0, 0.014)
        tube(
            [(0.61, -0.0015, z), (0.95, -0.0025, z + dice.gauss(0, 0.0015)), (end, -0.0005, z)],
            0.0032,
            grey,
            bend=0,
        )
    for i in range(14):
        lump(
            (dice.uniform(0.62, 1.75), -0.001, dice.uniform(1.25, 2.1)),
            (0.03, 0.006, 0.014),
            grey,
            seed=i,
            rough=0.6,
        )
    for c in range(-1, 4):
        for r in range(0, 5):
            for dx in (-0.2, 0.2):
                x, z = (c + 0.5) * 0.603 + dx, r * 0.303 - 0.0015
                if dice.random() < 0.55 and r > 2:
                    box(
                        (x, -0.014, z),
                        (0.003, 0.014, 0.022),
                        m.plastic("Fliesenkreuz", "#d6392c"),
                        bevel=0.0005,
                    )
    brass, blue = m.metal("Messing", "#8f6f2c", "#d9b45a", 0.25), m.plastic("Stopfen", "#2c62b8")
    for x, plug in ((1.52, blue), (1.67, m.plastic("Stopfen rot", "#c22c22"))):
        rod((x, 0.02, 1.62), (x, -0.02, 1.62), 0.024, brass)
        rod((x, -0.02, 1.62), (x, -0.045, 1.62), 0.013, plug)
    props.spirit_level((0.72, -0.026, 1.243), length=0.8, turn=(0, -0.3, 0))
    box((1.0, -1, -0.02), (6, 4, 0.04), _screed())
    props.bucket((1.35, -0.28, 0))
    wall = m.surface("Putz", "#b9b4aa", "#cfcac0", bump=0.001)
    box((-1.0, -1.5, 1.3), (0.1, 4, 2.6), wall)
    box((1.0, -3.2, 1.3), (6, 0.1, 2.6), wall)
    box((1.0, -1.5, 2.65), (6, 4, 0.1), wall)
    stage.ambient("#cfd8e6", 0.12)
    stage.lamp((2.9, -1.4, 1.6), (0.6, 0, 1.2), 38, size=1.1, colour="#dfe9ff")
    stage.lamp((-0.3, -1.6, 2.3), (0.9, 0, 1.0), 26, size=0.16, colour="#ffd9a8")
    stage.camera((1.28, -2.0, 1.45), (0.98, 0, 1.2), lens=25, roll=-1.4, focus=(0.9, 0, 1.3))


def _shower_room(wall: object, floor: object) -> None:
    box((0, -1.0, -0.05), (3.0, 2.2, 0.1), floor)
    box((0, 0.05, 1.3), (3.0, 0.1, 2.8), wall)
    box((-1.05, -1.0, 1.3), (0.1, 2.2, 2.8), wall)
    plain = m.surface("Putz", "#b9b4aa", "#cfcac0", bump=0.001)
    box((0, -3.1, 1.3), (4.0, 0.1, 2.8), plain)
    box((0, -1.5, 2.7), (4.0, 3.4, 0.1), plain)
    stage.ambient("#cfd8e6", 0.15)


def _shower_camera() -> None:
    stage.camera((0.75, -2.15, 1.55), (-0.35, -0.25, 0.72), lens=23, roll=1.2, aperture=8)


@shot("bad-dusche-vorher", upright=True, cast=GREEN, exposure=0.55, noise=5)
def bare_shower() -> None:
    """Corner before: bare plaster, screed, drain, capped water outlets."""
    plaster = m.surface(
        "Zementputz", "#7e7b75", "#a39f97", scale=2.2, spread=(0.25, 0.75), bump=0.0022, grain=60
    )
    _shower_room(plaster, _screed())
    seal = m.surface("Dichtschlämme", "#3f5f86", "#54769d", scale=5, bump=0.0012, grain=60, rough=(0.5, 0.75))
    box((-0.5, -0.002, 0.1), (1.1, 0.008, 0.2), seal)
    box((-0.998, -0.6, 0.1), (0.008, 1.25, 0.2), seal)
    steel, black = m.metal("Stahl", "#8d9094", "#d4d6d8", 0.25), m.plastic("Dichtmanschette", "#2b2d30", 0.6)
    box((-0.5, -0.5, 0.001), (0.34, 0.34, 0.004), black, turn=(0, 0, 2))
    box((-0.5, -0.5, 0.006), (0.15, 0.15, 0.008), steel, bevel=0.002)
    for i in range(5):
        box((-0.5, -0.548 + i * 0.024, 0.0105), (0.12, 0.008, 0.003), black)
    brass = m.metal("Messing", "#8f6f2c", "#d9b45a", 0.25)
    for x, colour in ((-0.575, "#c22c22"), (-0.425, "#2c62b8")):
        rod((x, 0.0, 1.12), (x, -0.03, 1.12), 0.03, brass)
        rod((x, -0.03, 1.12), (x, -0.07, 1.12), 0.012, m.plastic("Stopfen " + colour, colour))
    rod((-0.5, 0, 2.05), (-0.5, -0.03, 2.05), 0.026, brass)
    props.folding_rule((-0.2, -0.95, 0.0), [12, 14, 100, 98])
    props.bucket((0.35, -0.3, 0))
    box((-0.05, -0.09, 0.62), (0.09, 0.024, 1.3), m.wood("Latte", "#a97f4c", "#d8b583"), turn=(7, 3, 0))
    crumbs((-0.95, -1.5, 0.7, -0.05), 0.0, 160, _adhesive())
    stage.lamp((1.5, -1.6, 1.9), (-0.6, -0.2, 0.6), 42, size=0.9, colour="#e4ecff")
    stage.lamp((0.9, -0.3, 2.2), (-0.6, -0.5, 0.2), 14, size=0.12, colour="#fff0d6")
    _shower_camera()


@shot("bad-dusche-nachher", upright=True, cast=PLAIN, exposure=0.3, noise=3)
def finished_shower() -> None:
    """The same corner tiled, with fitting, hand shower and glass."""
    _shower_room(m.surface("Fuge hell", "#a5a29b", "#b7b4ad"), m.surface("Fuge Boden", "#6c6964", "#7d7a74"))
    dice = random.Random(9)
    large = m.surface(
        "Fliese groß",
        "#cfcac1",
        "#e6e2da",
        scale=1.6,
        spread=(0.2, 0.8),
        rough=(0.18, 0.34),
        bump=0.0001,
        grain=8,
        vary=0.02,
    )
    stone = m.surface(
        "Fliese Boden", "#4d4a47", "#6a6662", scale=5, rough=(0.4, 0.6), bump=0.0003, grain=90, vary=0.1
    )
    for i in range(-2, 4):
        for k in range(8):
            wobble = (dice.gauss(0, 0.12), 0, dice.gauss(0, 0.12))
            box(
                (-0.97 + 0.603 * (i + 0.5), -0.005, 0.303 * (k + 0.5)),
                (0.6, 0.01, 0.3),
                large,
                turn=wobble,
                bevel=0.001,
            )
            box(
                (-0.995, -0.02 - 0.603 * (i + 0.5), 0.303 * (k + 0.5)),
                (0.01, 0.6, 0.3),
                large,
                turn=wobble,
                bevel=0.001,
            )
    for i in range(14):
        for k in range(16):
            x, y = -0.92 + i * 0.153, -0.09 - k * 0.153
            if (i, k) != (3, 3):
                box(
                    (x, y, 0.004),
                    (0.149, 0.149, 0.008),
                    stone,
                    turn=(dice.gauss(0, 0.1), dice.gauss(0, 0.1), 0),
                    bevel=0.001,
                )
    chrome, dark = m.metal("Chrom", "#c4c8cc", "#eef1f3", 0.08), m.plastic("Schatten", "#131313")
    box((-0.461, -0.549, 0.005), (0.146, 0.146, 0.008), chrome, bevel=0.001)
    for i in range(5):
        box((-0.461, -0.597 + i * 0.024, 0.0095), (0.115, 0.007, 0.001), dark)
    rod((-0.62, -0.06, 1.12), (-0.38, -0.06, 1.12), 0.021, chrome)
    for x in (-0.575, -0.425):
        rod((x, -0.005, 1.12), (x, -0.06, 1.12), 0.016, chrome)
        rod((x, -0.009, 1.12), (x, -0.016, 1.12), 0.034, chrome)
    rod((-0.64, -0.06, 1.12), (-0.67, -0.06, 1.12), 0.024, chrome)
    rod((-0.36, -0.06, 1.12), (-0.33, -0.06, 1.12), 0.024, chrome)
    tube([(-0.5, -0.05, 1.14), (-0.5, -0.05, 2.2), (-0.5, -0.38, 2.22)], 0.011, chrome, bend=0.08)
    lathe([(0, 0.02), (0.02, 0.02), (0.12, 0.008), (0.12, 0), (0, 0)], (-0.5, -0.39, 2.19), chrome)
    cable(
        [
            (-0.44, -0.06, 1.1),
            (-0.36, -0.1, 0.75),
            (-0.3, -0.1, 0.8),
            (-0.31, -0.06, 1.3),
            (-0.32, -0.06, 1.52),
        ],
        0.007,
        chrome,
    )
    rod((-0.32, -0.055, 1.45), (-0.32, -0.09, 1.68), 0.012, chrome)
    lathe([(0, 0), (0.05, 0.004), (0.05, 0.016), (0, 0.024)], (-0.32, -0.1, 1.69), chrome, turn=(70, 0, 0))
    box((0.22, -0.5, 1.02), (0.008, 1.0, 2.0), m.glass("Duschglas"))
    box((0.22, -0.5, 2.02), (0.012, 1.0, 0.012), chrome)
    box((0.22, -0.5, 0.014), (0.02, 1.0, 0.018), chrome)
    stage.lamp((0.2, -1.2, 2.6), (0.1, -1.0, 0), 26, size=0.5, colour="#fff3e2")
    stage.lamp((1.8, -1.8, 1.7), (-0.6, -0.2, 0.8), 32, size=1.0, colour="#edf3ff")
    _shower_camera()


@shot("vorwand-rohre-offen", cast=COOL, exposure=0.6, noise=5)
def open_stud_wall() -> None:
    """Metal studs with water pipes, waste pipe and cistern frame; one board is already up."""
    zinc = m.metal("Zink", "#8b9195", "#bfc5c8", 0.38)
    back = m.surface("Kalksandstein", "#a8a49b", "#c4c0b6", scale=3, bump=0.002, grain=60)
    for row in range(9):
        for column in range(-6, 8):
            x = column * 0.25 + (row % 2) * 0.125
            box((x, 0.2, 0.12 + row * 0.25), (0.243, 0.1, 0.243), back, bevel=0.004)
    box((0, 0.16, 1.2), (4.2, 0.1, 2.6), m.surface("Mörtelfuge", "#858179", "#99958c", bump=0.002))
    for x in (-1.25, -0.625, 0.0, 0.625, 1.25):
        box((x, 0.05, 1.25), (0.003, 0.075, 2.5), zinc)
        for y in (0.013, 0.087):
            box((x + 0.022, y, 1.25), (0.046, 0.0025, 2.5), zinc)
        for z in (0.5, 1.1, 1.7):
            rod((x - 0.0035, 0.05, z), (x + 0.001, 0.05, z), 0.022, m.plastic("Loch", "#222426"))
    for z, y in ((0.003, 0.05), (2.35, 0.05)):
        box((0, y, z), (3.6, 0.08, 0.006), zinc)
    board = m.surface("Gipskarton", "#b3ada0", "#c9c3b6", scale=1.5, bump=0.0003, grain=140)
    green = m.surface("GK imprägniert", "#7d9a86", "#94ad9c", scale=2.5, bump=0.0004, grain=160)
    box((1.3, -0.004, 1.25), (1.3, 0.0125, 2.5), green, bevel=0.001)
    box((1.262, -0.018, 0.6), (1.22, 0.0125, 1.2), board, bevel=0.001)
    screw = m.metal("Schraube", "#222222", "#4a4a4a", 0.4)
    for z in range(1, 10):
        for x in (0.672, 1.25):
            rod((x, -0.009, z * 0.25), (x, -0.0115, z * 0.25), 0.0045, screw)
    wool = m.surface(
        "Mineralwolle",
        "#a58a3a",
        "#d3b95f",
        scale=26,
        spread=(0.35, 0.65),
        bump=0.012,
        grain=60,
        stretch=(1, 1, 5),
    )
    for i in range(9):
        lump((-0.93, 0.075, 0.14 + i * 0.27), (0.72, 0.14, 0.33), wool, seed=i, rough=0.14, detail=5)
    white = m.plastic("Verbundrohr", "#e6e8e8", 0.35)
    red, blue = m.plastic("Dämmung rot", "#b8322a", 0.7), m.plastic("Dämmung blau", "#2f5fa6", 0.7)
    tube(
        [(-0.32, 0.06, 0), (-0.32, 0.06, 1.1), (0.18, 0.045, 1.12), (0.18, 0.02, 1.12)], 0.017, red, bend=0.07
    )
    tube(
        [(-0.44, 0.06, 0), (-0.44, 0.06, 1.22), (-0.1, 0.06, 1.24), (0.33, 0.045, 1.12), (0.33, 0.02, 1.12)],
        0.017,
        blue,
        bend=0.07,
    )
    tube([(-0.44, 0.075, 1.15), (-0.44, 0.075, 2.4)], 0.009, white)
    copper = m.metal("Kupfer", "#9a4a22", "#e08a55", 0.24)
    tube([(-0.2, 0.08, 0), (-0.2, 0.08, 2.4)], 0.011, copper)
    for z in (0.45, 1.55):
        rod((-0.2, 0.08, z), (-0.2, 0.08, z + 0.04), 0.0135, copper)
    brass = m.metal("Messing", "#8f6f2c", "#d9b45a", 0.25)
    for x in (0.18, 0.33):
        rod((x, 0.05, 1.12), (x, -0.02, 1.12), 0.019, brass)
        rod((x, -0.02, 1.12), (x, -0.045, 1.12), 0.012, m.plastic("Bauschutz", "#1c1c1e"))
    box((0.25, 0.066, 1.12), (0.36, 0.004, 0.07), zinc)
    waste = m.surface("HT-Rohr", "#7c8084", "#8d9296", scale=3, rough=(0.4, 0.6), bump=0.0002)
    tube(
        [(0.26, 0.09, 0), (0.26, 0.09, 0.68), (0.26, 0.02, 0.75), (0.26, -0.03, 0.75)],
        0.025,
        waste,
        bend=0.09,
    )
    rod((0.26, 0.09, 0.3), (0.26, 0.09, 0.36), 0.031, waste)
    rod((0.26, -0.035, 0.75), (0.26, 0.01, 0.75), 0.031, waste)
    orange = m.plastic("Mantelleitung", "#a9abad", 0.5)
    cable(
        [
            (0.5, 0.05, 2.4),
            (0.47, 0.04, 1.9),
            (0.53, 0.05, 1.5),
            (0.44, 0.03, 1.46),
            (0.36, 0.0, 1.55),
            (0.42, -0.05, 1.42),
        ],
        0.0055,
        orange,
    )
    box((0, -0.8, -0.03), (5, 2.4, 0.06), _screed())
    crumbs((-1.2, -0.6, 1.2, -0.05), 0, 120, board)
    props.folding_rule((-0.02, 0.008, 0.93), [0, 0, 0], tilt=90)
    wall = m.surface("Putz", "#b9b4aa", "#cfcac0", bump=0.001)
    box((0, -3.2, 1.3), (6, 0.1, 2.8), wall)
    box((0, -1.5, 2.7), (6, 4, 0.1), wall)
    stage.ambient("#cfd8e6", 0.2)
    stage.lamp((-2.2, -1.8, 1.7), (0.2, 0, 1.0), 45, size=1.0, colour="#dce8ff")
    stage.lamp((0.8, -1.3, 2.2), (0, 0.1, 0.9), 22, size=0.14, colour="#fff1dc")
    stage.camera((-0.15, -1.55, 1.35), (0.1, 0, 1.02), lens=25, roll=1.1)


def _valve(x: float, z: float, y: float, colour: str) -> None:
    """Ball valve with thermometer handle on a vertical pipe."""
    brass = m.metal("Messing", "#8f6f2c", "#d9b45a", 0.25)
    rod((x, y, z - 0.04), (x, y, z + 0.04), 0.021, brass)
    rod((x, y, z), (x, y - 0.05, z), 0.012, brass)
    box((x + 0.02, y - 0.052, z), (0.09, 0.008, 0.018), m.plastic("Hebel " + colour, colour), bevel=0.003)


@shot("heizung-verteiler-pumpen", upright=True, cast=WARM, exposure=0.55, noise=5)
def boiler_room() -> None:
    """Distributor with pump groups, insulated and bare copper pipes, expansion vessel."""
    box(
        (0, 0.05, 1.3),
        (4, 0.1, 2.7),
        m.surface("Kellerwand", "#b8b4aa", "#d6d2c8", scale=1.6, bump=0.003, grain=35),
    )
    box(
        (0, -1, -0.05),
        (4, 3, 0.1),
        m.surface("Bodenfarbe", "#6d6f70", "#8b8d8c", scale=2.2, rough=(0.3, 0.6), bump=0.0006),
    )
    foam = m.surface("Rohrdämmung", "#3a3c3e", "#57595b", scale=10, rough=(0.75, 0.9), bump=0.0008, grain=110)
    copper = m.metal("Kupfer", "#9a4a22", "#e08a55", 0.24)
    zinc = m.metal("Zink", "#8b9195", "#bfc5c8", 0.38)
    black = m.surface("EPP", "#1c1d1f", "#2c2d30", scale=30, bump=0.001, grain=220)
    box((0.05, -0.12, 0.78), (1.15, 0.15, 0.16), black, bevel=0.012)
    for i, x in enumerate((-0.36, 0.05, 0.46)):
        for dx, colour in ((-0.0625, "#c5261d"), (0.0625, "#2458a8")):
            px = x + dx
            rod((px, -0.12, 0.86), (px, -0.12, 1.0), 0.014, copper)
            _valve(px, 0.95, -0.12, colour)
            rod((px, -0.12, 1.0), (px, -0.12, 1.42), 0.013, copper)
            dial = m.plastic("Zifferblatt", "#eef0ee", 0.3)
            rod((px, -0.13, 1.36), (px, -0.2, 1.36), 0.026, m.plastic("Thermometer " + colour, colour))
            rod((px, -0.2, 1.36), (px, -0.203, 1.36), 0.022, dial)
            box((px, -0.204, 1.366), (0.002, 0.001, 0.022), black, turn=(0, 40 - 30 * i + 300 * dx, 0))
            tube(
                [(px, -0.12, 1.42), (px, -0.12, 1.75 + 0.12 * i + dx), (px, -0.07, 2.5)]
                if i == 1
                else [
                    (px, -0.12, 1.42),
                    (px, -0.12, 1.8 + dx),
                    (px + (0.5 if i else -0.7), -0.12, 1.84 + dx),
                ],
                0.031,
                foam,
                bend=0.07,
            )
        green = m.plastic("Pumpe", "#1e6d3d" if i != 1 else "#8e1f1c", 0.35)
        rod((x + 0.0625, -0.12, 1.13), (x + 0.0625, -0.2, 1.13), 0.052, green)
        box((x + 0.0625, -0.235, 1.13), (0.095, 0.07, 0.09), black, bevel=0.012)
        box((x + 0.0625, -0.271, 1.14), (0.04, 0.002, 0.014), m.glow("Anzeige", "#66ff88", 1.5))
        rod((x + 0.0625, -0.12, 1.05), (x + 0.0625, -0.12, 1.075), 0.026, zinc)
        rod((x + 0.0625, -0.12, 1.185), (x + 0.0625, -0.12, 1.21), 0.026, zinc)
        cable(
            [
                (x + 0.1, -0.24, 1.13),
                (x + 0.15, -0.2, 1.0),
                (x + 0.17, -0.06, 0.95),
                (x + 0.17, -0.02, 1.5),
                (x + 0.12, -0.015, 2.5),
            ],
            0.004,
            black,
        )
    for px in (-0.28, 0.38):
        tube([(px, -0.12, 0.7), (px, -0.12, 0.32), (px - 0.9, -0.12, 0.3 + px * 0.2)], 0.036, foam, bend=0.09)
    vessel = m.surface("Ausdehnungsgefäß", "#a31d17", "#c22a22", scale=3, rough=(0.25, 0.45), bump=0.0003)
    profile = [
        (0, 0),
        (0.1, 0.01),
        (0.17, 0.05),
        (0.19, 0.1),
        (0.192, 0.19),
        (0.197, 0.2),
        (0.192, 0.21),
        (0.19, 0.3),
        (0.17, 0.36),
        (0.1, 0.395),
        (0, 0.4),
    ]
    lathe(profile, (0.86, -0.25, 0.12), vessel)
    for a in (0.4, 2.5, 4.6):
        rod(
            (0.86 + 0.14 * math.cos(a), -0.25 + 0.14 * math.sin(a), 0),
            (0.86 + 0.14 * math.cos(a), -0.25 + 0.14 * math.sin(a), 0.2),
            0.012,
            black,
        )
    tube(
        [(0.86, -0.25, 0.5), (0.86, -0.25, 0.62), (0.86, -0.12, 0.64), (0.62, -0.12, 0.78)],
        0.01,
        copper,
        bend=0.05,
    )
    rod((0.7, -0.12, 0.86), (0.7, -0.12, 0.9), 0.008, copper)
    rod((0.7, -0.1, 0.93), (0.7, -0.14, 0.93), 0.036, black)
    rod((0.7, -0.14, 0.93), (0.7, -0.143, 0.93), 0.031, m.plastic("Zifferblatt", "#eef0ee", 0.3))
    cabinet = m.surface("Kessel", "#d8dadb", "#e9ebec", scale=2, rough=(0.25, 0.4), bump=0.0001)
    box((-1.05, -0.32, 0.85), (0.55, 0.6, 1.7), cabinet, bevel=0.02)
    box((-1.05, -0.623, 1.42), (0.3, 0.006, 0.12), black, bevel=0.004)
    box((-1.05, -0.628, 1.44), (0.14, 0.002, 0.05), m.glow("Display", "#9fd0ff", 1.6))
    tube([(-0.95, -0.3, 1.7), (-0.95, -0.3, 2.5)], 0.06, m.metal("Abgasrohr", "#b5b8ba", "#e0e2e3", 0.3))
    box(
        (0.3, -0.5, 0.02),
        (0.22, 0.14, 0.035),
        m.surface("Pappkarton", "#8a6a42", "#b08d5e", bump=0.0005),
        turn=(0, 0, 24),
    )
    props.folding_rule((-0.3, -0.7, 0), [15, 13, 160])
    wall = m.surface("Putz", "#b9b4aa", "#cfcac0", bump=0.001)
    box((0, -3.0, 1.3), (4, 0.1, 2.8), wall)
    box((0, -1.4, 2.6), (4, 3.4, 0.1), wall)
    box((1.6, -1, 1.3), (0.1, 4, 2.7), wall)
    stage.ambient("#ffffff", 0.08)
    stage.lamp((0.1, -1.2, 2.5), (0, -0.6, 0), 34, size=0.9, colour="#fff0d0")
    stage.lamp((1.0, -1.9, 1.5), (0, 0, 1.0), 12, size=0.1, colour="#ffffff")
    stage.camera((0.45, -1.95, 1.5), (0.0, -0.1, 1.05), lens=25, roll=-1.0)


@shot("fussbodenheizung-verlegt", cast=PLAIN, exposure=0.5, noise=4)
def floor_heating() -> None:
    """Red pipe in bends on foil-faced insulation with grid, edge strip and manifold."""
    foil_panel = m.surface(
        "Folie", "#9a9da0", "#c9cccf", scale=2.0, rough=(0.25, 0.45), bump=0.004, grain=7, metal=0.65
    )
    dice = random.Random(6)
    for i in range(-2, 3):
        box(
            (i * 1.0, 1.6, -0.015 + dice.gauss(0, 0.0006)),
            (0.997, 6.0, 0.03),
            foil_panel,
            turn=(0, dice.gauss(0, 0.1), 0),
        )
    ink = m.plastic("Raster", "#3c4a63", 0.6)
    for i in range(-24, 25):
        box((i * 0.1, 1.6, 0.0012), (0.0016, 6, 0.0006), ink)
        box((0, i * 0.1 + 1.6, 0.0012), (5, 0.0016, 0.0006), ink)
    pipe = m.surface("PE-Xa", "#a8261c", "#c93a2c", scale=8, rough=(0.28, 0.45), bump=0.0001)
    path: list[tuple[float, float, float]] = []
    for lane in range(26):
        x = -1.75 + lane * 0.135
        ends = ((0.28, 3.45), (3.45, 0.28))[lane % 2]
        for y in (ends[0], (ends[0] * 2 + ends[1]) / 3, (ends[0] + ends[1] * 2) / 3, ends[1]):
            wave = 0.0 if y in ends else dice.gauss(0, 0.006)
            path.append((x + wave, y + dice.gauss(0, 0.006), 0.011))
    tube(path, 0.0085, pipe, bend=0.067)
    clip = m.plastic("Tackernadel", "#1b1b1d")
    for lane in range(26):
        for k in range(8):
            x, y = -1.75 + lane * 0.135, 0.4 + k * 0.42 + dice.gauss(0, 0.03)
            tube(
                [(x - 0.011, y, 0), (x - 0.011, y, 0.022), (x + 0.011, y, 0.022), (x + 0.011, y, 0)],
                0.0018,
                clip,
                bend=0.01,
            )
    wall = m.surface("Putz weiß", "#c9c5bc", "#dedad2", bump=0.0012)
    strip = m.plastic("Randstreifen", "#cfd9e4", 0.7)
    box((0, 3.72, 1.3), (6, 0.1, 2.8), wall)
    box((-2.05, 1.6, 1.3), (0.1, 6, 2.8), wall)
    box((0, 3.66, 0.07), (6, 0.01, 0.17), strip)
    box((-1.995, 1.6, 0.07), (0.01, 6, 0.17), strip)
    steel, white = m.metal("Stahl", "#8d9094", "#d4d6d8", 0.25), m.plastic("Kasten", "#e2e4e4", 0.3)
    box((0.7, 3.63, 0.62), (0.95, 0.06, 0.72), white, bevel=0.004)
    box((0.7, 3.598, 0.63), (0.87, 0.01, 0.62), m.plastic("Kasten innen", "#8b8f92", 0.4))
    for z, colour in ((0.78, "#c5261d"), (0.52, "#2458a8")):
        rod((0.33, 3.57, z), (1.05, 3.57, z), 0.019, steel)
        for i in range(7):
            x = 0.42 + i * 0.09
            rod((x, 3.57, z), (x, 3.54, z + 0.045), 0.013, m.plastic("Kappe " + colour, colour))
            tube(
                [(x, 3.57, z), (x, 3.555, z - 0.1), (x - 0.03, 3.5, 0.1), (x - 0.05, 3.3, 0.012)],
                0.008,
                pipe,
                bend=0.06,
            )
    box((-1.1, 3.68, 1.75), (1.2, 0.08, 1.3), m.plastic("Fensterrahmen", "#f0f0ee"), bevel=0.01)
    box((-1.1, 3.63, 1.75), (1.05, 0.01, 1.15), m.glow("Draußen", "#e8f1ff", 7))
    coil = [
        (
            1.15 + (0.26 - 0.003 * (i % 9)) * math.cos(i * 0.3),
            1.25 + (0.26 - 0.003 * (i % 9)) * math.sin(i * 0.3),
            0.03 + i * 0.0009,
        )
        for i in range(170)
    ]
    tube(coil, 0.0085, pipe, bend=0)
    props.folding_rule((-0.55, 0.62, 0.02), [25, 24, 27, 142, 140])
    props.tape_roll((0.25, 0.85, 0), "#2b63a8")
    box((0, 1.5, 2.6), (6, 6, 0.1), wall)
    stage.ambient("#dfe6f0", 0.25)
    stage.lamp((-1.1, 3.5, 1.8), (0.3, 0.8, 0), 40, size=1.0, colour="#e8f1ff")
    stage.lamp((2.2, -0.8, 2.2), (0, 1.5, 0), 45, size=1.2, colour="#ffeeda")
    stage.camera((0.25, -0.55, 1.5), (0.05, 1.75, 0.1), lens=24, roll=-1.6, aperture=4)
