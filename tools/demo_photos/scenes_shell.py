"""Shell and power: roof, window, concrete floor, chased walls, distribution board."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np

from . import materials as m
from . import props, stage
from .shapes import box, cable, clouds, conduit, crumbs, lathe, lump, relief, rod
from .shots import COOL, PLAIN, WARM, shot


def _brickwork(rows: int, columns: int, cell: float) -> tuple[Any, Any]:
    """Height and colour of a raw brick wall in running bond."""
    z, x = np.mgrid[0:rows, 0:columns] * cell
    course = np.floor(z / 0.083).astype(int)
    along = x / 0.25 + (course % 2) * 0.5
    brick = np.floor(along).astype(int)
    grain = clouds((rows, columns), 40, 1)
    edge = np.minimum.reduce([(along % 1) * 0.25, (1 - along % 1) * 0.25, z % 0.083, 0.083 - z % 0.083])
    mask = np.clip((edge - 0.005 + (grain - 0.5) * 0.005) / 0.003, 0, 1)
    tone = np.random.default_rng(5).random((course.max() + 1, brick.max() + 1))[course, brick]
    face = m.paint("#8e4a30") * (1 - tone[..., None]) + m.paint("#b8694a") * tone[..., None]
    face = face * (0.7 + 0.6 * clouds((rows, columns), 18, 2)[..., None])
    mortar = m.paint("#a29b8f") * (0.75 + 0.5 * grain[..., None])
    colour = mortar * (1 - mask[..., None]) + face * mask[..., None]
    return mask * 0.006 + clouds((rows, columns), 6, 3) * 0.003, colour


def _core(points: list[tuple[float, float, float]], colour: str, radius: float = 0.0016) -> None:
    cable(points, radius, m.plastic("Ader " + colour, colour, 0.35))


@shot("elektro-schlitze-dosen", cast=WARM, exposure=0.4, noise=5)
def chased_wall() -> None:
    """Brick wall with chases, three flush boxes and cable ends, plaster dabs, rule on the wall."""
    cell, rows, columns = 0.003, 440, 620
    height, colour = _brickwork(rows, columns, cell)
    z, x = np.mgrid[0:rows, 0:columns] * cell
    ragged = (clouds((rows, columns), 12, 7) - 0.5) * 0.022
    slots = [(0.62, 0.45, 9.0), (1.12, 0.45, 9.0)]
    cut = np.zeros((rows, columns))
    for centre, low, high in slots:
        cut = np.maximum(cut, ((abs(x - centre) + ragged < 0.026) & (z > low) & (z < high)).astype(float))
    cut = np.maximum(cut, ((abs(z - 0.46) + ragged < 0.024) & (x > 0.6) & (x < 1.3)).astype(float))
    raw = m.paint("#c9866a") * (0.6 + 0.7 * clouds((rows, columns), 9, 8)[..., None])
    boxes = [(1.12, 0.46), (1.191, 0.46), (1.262, 0.46), (0.62, 0.46), (0.62, 0.95)]
    for bx, bz in boxes:
        away = np.hypot(x - bx, z - bz) + ragged * 0.8
        dab = away < 0.056
        height = np.where(dab, 0.006 + clouds((rows, columns), 10, 9) * 0.004, height)
        white = m.paint("#cfccc4") * (0.8 + 0.3 * clouds((rows, columns), 20, 10)[..., None])
        colour = np.where(dab[..., None], white, colour)
        hole = np.hypot(x - bx, z - bz) < 0.034
        height = np.where(hole, -0.05, height)
        cut = np.where(dab, 0, cut)
    height = np.where(cut > 0, height - 0.034 - clouds((rows, columns), 8, 11) * 0.008, height)
    colour = np.where((cut > 0)[..., None], raw, colour)
    relief((0, 0, 0), cell, height, colour, m.painted("Ziegel"))
    orange, black = m.plastic("Dose", "#d8601c", 0.45), m.plastic("Dose schwarz", "#222326", 0.5)
    for i, (bx, bz) in enumerate(boxes):
        shell = orange if i != 4 else black
        lathe(
            [
                (0, 0.045),
                (0.03, 0.045),
                (0.0335, 0),
                (0.0335, -0.004),
                (0.031, -0.004),
                (0.029, 0.044),
                (0, 0.044),
            ],
            (bx, -0.008, bz),
            shell,
            turn=(-90, 0, 0),
        )
    sheath = m.plastic("Mantelleitung", "#a9acae", 0.5)
    for sx, ends in ((0.62, (0.95, 0.46)), (1.12, (0.46, 0.46))):
        for k, dx in enumerate((-0.009, 0.006)):
            bottom = ends[k]
            cable(
                [
                    (sx + dx, 0.012, 1.4),
                    (sx + dx + 0.004, 0.006, 1.15),
                    (sx + dx - 0.003, 0.012, 0.8 + 0.2 * k),
                    (sx + dx, 0.01, bottom + 0.09),
                    (sx + dx * 0.6, 0.012, bottom + 0.036),
                    (sx, -0.008, bottom + 0.015),
                ],
                0.0052,
                sheath,
            )
    cable(
        [(0.64, 0.008, 0.46), (0.8, 0.014, 0.457), (0.95, 0.006, 0.463), (1.09, 0.008, 0.46)], 0.0052, sheath
    )
    dice = random.Random(3)
    for bx, bz in boxes:
        for n, tint in enumerate(("#6b3f22", "#2b62b8", "#7fa22a", "#1c1c1e")[: 3 + (bx > 1.1)]):
            a = -1.9 + n * 0.75 + dice.uniform(-0.3, 0.3)
            tip = (bx + 0.05 * math.cos(a), -0.07 - 0.02 * dice.random(), bz + 0.055 * math.sin(a))
            _core([(bx, 0.0, bz + 0.012), (bx + 0.012 * math.cos(a), -0.03, bz), tip], tint)
            rod(
                tip,
                [t + d for t, d in zip(tip, (0.004 * math.cos(a), -0.008, 0.004 * math.sin(a)), strict=True)],
                0.0009,
                m.metal("Kupfer blank", "#a8532a", "#e59a68", 0.2),
            )
    nail = m.metal("Nagel", "#55585b", "#8a8d90", 0.35)
    for sx, nz in ((0.6, 0.72), (0.645, 1.08), (1.1, 0.7), (1.145, 0.98)):
        rod((sx, 0.01, nz), (sx + 0.012, -0.02, nz + 0.004), 0.0018, nail)
    props.folding_rule((1.345, -0.011, 0.24), [90, 90, 90], tilt=90)
    stage.ambient("#cfd8e6", 0.12)
    stage.lamp((-0.2, -1.1, 1.6), (0.9, 0, 0.7), 17, size=0.14, colour="#ffe0b8")
    stage.lamp((2.6, -1.8, 1.0), (0.9, 0, 0.6), 26, size=1.0, colour="#dfe9ff")
    stage.camera((0.86, -0.92, 0.79), (0.93, 0, 0.65), lens=28, roll=1.5, aperture=4)


@shot("elektro-unterverteilung", upright=True, cast=COOL, exposure=0.4, noise=4)
def distribution_board() -> None:
    """Open distribution board: three rails with breakers, wired from above."""
    box(
        (0, 0.06, 0.6),
        (3, 0.1, 3),
        m.surface("Putz grau", "#aaa69d", "#c7c3b9", scale=2, bump=0.0015, grain=60),
    )
    shell, inner = m.plastic("Gehäuse", "#dfe1e0", 0.35), m.plastic("Rückwand", "#c4c7c8", 0.45)
    for at, size in (
        ((0, -0.03, 1.02), (0.5, 0.098, 0.02)),
        ((0, -0.03, 0.2), (0.5, 0.098, 0.02)),
        ((-0.24, -0.03, 0.61), (0.0202, 0.1, 0.8404)),
        ((0.24, -0.03, 0.61), (0.0202, 0.1, 0.8404)),
    ):
        box(at, size, shell, bevel=0.003)
    box((0, 0.005, 0.61), (0.48, 0.01, 0.82), inner)
    zinc, module = m.metal("Zink", "#8b9195", "#bfc5c8", 0.38), m.plastic("Automat", "#d5d7d6", 0.38)
    dark, label = m.plastic("Knebel", "#202327", 0.35), m.plastic("Schild", "#f4f4f0", 0.5)
    tints = ("#6b3f22", "#1c1c1e", "#7d8287", "#6b3f22", "#1c1c1e", "#6b3f22")
    dice = random.Random(8)
    for rail, z in enumerate((0.82, 0.6, 0.38)):
        box((0, -0.002, z), (0.46, 0.008, 0.035), zinc)
        count = (12, 12, 9)[rail]
        for i in range(count):
            x = -0.2 + i * 0.0182
            wide = rail == 0 and i < 4
            box((x + dice.gauss(0, 0.0002), -0.032, z), (0.0176, 0.05, 0.085), module, bevel=0.001)
            box((x, -0.062, z), (0.0172, 0.014, 0.045), module, bevel=0.001)
            if not wide or i == 1:
                up = -1 if (rail, i) == (1, 7) else 1
                box(
                    (x, -0.072, z + 0.006 * up),
                    (0.011, 0.012, 0.016),
                    m.plastic("Knebel blau", "#2a5ca8") if wide else dark,
                    turn=(25 * up, 0, 0),
                    bevel=0.001,
                )
            box((x, -0.0695, z - 0.014), (0.013, 0.0006, 0.008), label)
            for end in (1, -1):
                rod((x, -0.03, z + 0.036 * end), (x, -0.0575, z + 0.036 * end), 0.0032, zinc)
            sag = dice.gauss(0, 0.006)
            _core(
                [
                    (x, -0.04, z + 0.041),
                    (x, -0.046, z + 0.065),
                    (x + sag, -0.03, z + 0.1),
                    (0.14 + 0.008 * (i % 8), -0.022 - 0.004 * (i % 4), z + 0.105 + 0.003 * (i % 5)),
                    (0.2 + 0.003 * (i % 6), -0.03, z + 0.14),
                    (0.2 + 0.003 * (i % 6), -0.03, 1.0),
                ],
                tints[(i + rail) % 6],
                0.0018,
            )
    for k, (tint, z) in enumerate((("#2b62b8", 0.952), ("#7fa22a", 0.27))):
        box((-0.02, -0.015, z), (0.36, 0.03, 0.018), m.plastic("Schiene " + tint, tint, 0.35), bevel=0.002)
        for i in range(20):
            x = -0.185 + i * 0.0172
            rod((x, -0.03, z), (x, -0.033, z), 0.0034, zinc)
            if i % 3 != 2:
                drift = dice.gauss(0, 0.012)
                _core(
                    [
                        (x, -0.024, z + 0.008),
                        (x + drift, -0.035, z + 0.035),
                        (x + drift, -0.02, min(z + 0.07, 0.995)),
                        (-0.213 + 0.002 * (i % 7), -0.02, min(z + 0.12, 1.0)),
                        (-0.213 + 0.002 * (i % 7), -0.02, 1.01),
                    ]
                    if k
                    else [(x, -0.024, z + 0.008), (x + drift, -0.03, z + 0.03), (x + drift, -0.02, 1.02)],
                    tint,
                    0.0018,
                )
    sheath = m.plastic("Mantelleitung", "#a9acae", 0.5)
    for i in range(13):
        x = -0.2 + i * 0.033
        cable(
            [
                (x, -0.02, 0.985),
                (x, -0.018, 1.1),
                (x + dice.gauss(0, 0.006), 0.0, 1.35),
                (x * 0.9, -0.004, 1.7),
            ],
            0.0055 if i else 0.009,
            sheath,
        )
        rod((x, -0.02, 1.008), (x, -0.02, 1.035), 0.009, m.plastic("Tülle", "#4a4d50"))
    clip = m.plastic("Sammelhalter", "#8f9396", 0.5)
    box((0, -0.008, 1.42), (0.46, 0.03, 0.02), clip, bevel=0.003)
    box(
        (0.16, -0.045, 0.385),
        (0.09, 0.003, 0.05),
        m.surface("Papier", "#d9d6cb", "#efece2", bump=0.0004),
        turn=(4, 3, 0),
    )
    stage.ambient("#dfe6f0", 0.22)
    stage.lamp((0.7, -1.2, 1.6), (0, 0, 0.6), 15, size=0.25, colour="#fff1dc")
    stage.lamp((-1.6, -1.5, 1.2), (0, 0, 0.6), 20, size=1.0, colour="#dfe9ff")
    stage.camera((0.1, -0.98, 0.82), (0.0, 0, 0.7), lens=29, roll=-1.2, aperture=4)


def _pantile(material: Any) -> Any:
    """Mesh of one interlocking tile lying in x/y, 0.30 × 0.42 m."""
    columns, rows = 26, 4
    vertices, faces = [], []
    for shell in (0, -0.014):
        for k in range(rows):
            for i in range(columns):
                u = i / (columns - 1)
                z = (
                    0.034 * math.exp(-(((u - 0.86) / 0.11) ** 2))
                    + 0.016 * math.exp(-((u / 0.06) ** 2))
                    - 0.006 * math.sin(math.pi * u)
                )
                vertices.append((u * 0.315, k / (rows - 1) * 0.42, z + shell))
    size = rows * columns
    for k in range(rows - 1):
        for i in range(columns - 1):
            a = k * columns + i
            faces.append((a, a + 1, a + columns + 1, a + columns))
            faces.append((size + a, size + a + columns, size + a + columns + 1, size + a + 1))
    for i in range(columns - 1):
        faces.append((i, size + i, size + i + 1, i + 1))
    import bpy

    mesh = bpy.data.meshes.new("tile")
    mesh.from_pydata(vertices, [], faces)
    mesh.materials.append(material)
    mesh.shade_smooth()
    return mesh


@shot("dach-lattung-ziegel", cast=PLAIN, exposure=-0.1, noise=3)
def roof() -> None:
    """Roof slope with membrane, counter battens and battens; the lower rows are tiled."""
    import bpy

    slope = bpy.data.objects.new("slope", None)
    bpy.context.scene.collection.objects.link(slope)
    slope.rotation_euler = (math.radians(32), 0, 0)
    clay = m.surface(
        "Dachziegel", "#8a3f26", "#b5603c", scale=5, rough=(0.55, 0.8), bump=0.0008, grain=120, vary=0.16
    )
    membrane = m.surface(
        "Unterspannbahn", "#5c666e", "#727c84", scale=3, rough=(0.5, 0.7), bump=0.006, grain=5
    )
    batten = m.wood("Dachlatte", "#a87c44", "#d9b57d")
    dice = random.Random(12)
    parts = [box((0, 2.0, -0.075), (8, 8.6, 0.02), membrane)]
    for i in range(-3, 4):
        parts.append(
            box(
                (i * 0.72 + 0.2, 2.0, -0.05),
                (0.05, 8.4, 0.03),
                batten,
                turn=(0, 0, dice.gauss(0, 0.12)),
                bevel=0.002,
            )
        )
    for k in range(24):
        parts.append(
            box(
                (dice.gauss(0, 0.05), -1.9 + k * 0.345, -0.018),
                (7.6, 0.05, 0.03),
                batten,
                turn=(0, 0, dice.gauss(0, 0.08)),
                bevel=0.002,
            )
        )
    tile = _pantile(clay)
    for k in range(15):
        reach = 11 if k < 5 else max(0, 11 - (k - 4) * 2)
        for i in range(-12, reach - 3):
            item = bpy.data.objects.new("tile", tile)
            item.location = (
                i * 0.292 + dice.gauss(0, 0.0015),
                -1.95 + k * 0.345 + dice.gauss(0, 0.002),
                0.022 + dice.random() * 0.003,
            )
            item.rotation_euler = (
                math.radians(-3.2 + dice.gauss(0, 0.15)),
                0,
                math.radians(dice.gauss(0, 0.3)),
            )
            bpy.context.scene.collection.objects.link(item)
            parts.append(item)
    for n in range(6):
        item = bpy.data.objects.new("stack", tile)
        item.location, item.rotation_euler = (
            (1.35 + 0.008 * n, 1.15, 0.03 + n * 0.034),
            (0, 0, math.radians(2 + 2 * dice.random())),
        )
        bpy.context.scene.collection.objects.link(item)
        parts.append(item)
    for part in parts:
        part.parent = slope
    before = set(bpy.data.objects)
    props.folding_rule((0.55, 0.46, 0.0), [4, 5, 7, 96])
    for item in set(bpy.data.objects) - before:
        item.parent = slope
    far = m.surface("Wald", "#1f2d1a", "#3a4c2b", scale=0.08, bump=0.0)
    for i in range(60):
        lump(
            (-70 + i * 2.6, 75 + dice.random() * 12, -6 + dice.random() * 1.5),
            (7, 7, 9 + 3 * dice.random()),
            far,
            seed=i,
            rough=0.5,
            detail=3,
        )
    stage.cloudy_sky(0.85)
    stage.sun((48, 12, 35), 3.6)
    stage.camera((0.35, -1.45, 1.0), (0.3, 2.6, 1.75), lens=23, roll=-1.8, aperture=8, focus=(0.4, 0.8, 0.6))


@shot("fenster-einbau-band", cast=COOL, exposure=0.3, noise=4)
def window_fitting() -> None:
    """New window in a brick reveal with sealing tape, foam, wedges; the sky is blown out."""
    cell, rows, columns = 0.004, 500, 620
    height, colour = _brickwork(rows, columns, cell)
    z, x = np.mgrid[0:rows, 0:columns] * cell
    hole = (x > 0.62) & (x < 1.9) & (z > 0.42) & (z < 1.72)
    spread = (clouds((rows, columns), 70, 21) - 0.5) * 0.3
    plaster = (np.maximum(abs(x - 1.26) - 0.64, abs(z - 1.07) - 0.65) + spread * 0.25 < 0.09) & ~hole
    grey = m.paint("#b4b0a7") * (0.8 + 0.35 * clouds((rows, columns), 30, 22)[..., None])
    colour = np.where(plaster[..., None], grey, colour)
    height = np.where(plaster, 0.009 + clouds((rows, columns), 14, 23) * 0.002, height)
    height = np.where(hole, -0.2, height)
    reveal = relief((0, 0, 0), cell, height, colour, m.painted("Ziegel"))
    import bmesh

    shape = bmesh.new()
    shape.from_mesh(reveal.data)
    gone = [f for f in shape.faces if all(v.co.y > 0.19 for v in f.verts)]
    bmesh.ops.delete(shape, geom=gone, context="FACES")
    shape.to_mesh(reveal.data)
    shape.free()
    frame = m.plastic("Kunststofffenster", "#eceeee", 0.25)
    outer = (
        (1.26, 0.475, 1.2, 0.075),
        (1.26, 1.665, 1.2, 0.075),
        (0.697, 1.07, 0.075, 1.26),
        (1.823, 1.07, 0.075, 1.26),
    )
    for cx, cz, w, h in outer:
        box((cx, 0.13, cz), (w, 0.08 - 0.001 * (w > h), h), frame, bevel=0.003)
    for cx, cz, w, h in (
        (1.26, 0.54, 1.08, 0.075),
        (1.26, 1.6, 1.08, 0.075),
        (0.765, 1.07, 0.075, 1.13),
        (1.755, 1.07, 0.075, 1.13),
    ):
        box((cx, 0.112, cz), (w, 0.08 - 0.001 * (w > h), h), frame, bevel=0.006)
    gasket = m.plastic("Dichtung", "#1d1e20", 0.6)
    for cx, cz, w, h in (
        (1.26, 0.578, 1.0, 0.005),
        (1.26, 1.562, 1.0, 0.005),
        (0.803, 1.07, 0.005, 0.99),
        (1.717, 1.07, 0.005, 0.99),
    ):
        box((cx, 0.083, cz), (w, 0.03, h), gasket)
    box((1.26, 0.11, 1.07), (0.93, 0.01, 1.0), m.glass("Fensterglas"))
    steel = m.metal("Griff", "#b9bcbe", "#e3e5e6", 0.25)
    rod((0.765, 0.07, 1.07), (0.765, 0.03, 1.07), 0.011, steel)
    box((0.765, 0.028, 1.015), (0.02, 0.014, 0.13), steel, bevel=0.005)
    foam = m.surface("PU-Schaum", "#c9a24e", "#e6c985", scale=30, rough=(0.7, 0.9), bump=0.002, grain=80)
    dice = random.Random(14)
    for i in range(26):
        lump(
            (0.64, 0.12 + dice.gauss(0, 0.006), 0.47 + i * 0.047),
            (0.05, 0.07 + dice.random() * 0.03, 0.066),
            foam,
            seed=i,
            rough=0.3,
        )
        lump(
            (0.68 + i * 0.047, 0.12 + dice.gauss(0, 0.006), 1.712),
            (0.066, 0.07 + dice.random() * 0.03, 0.04),
            foam,
            seed=i + 40,
            rough=0.3,
        )
    tape = m.surface("Fensterband", "#2c5fae", "#3f78c9", scale=9, rough=(0.35, 0.6), bump=0.0035, grain=16)
    for at, size, turn in (
        ((1.885, 0.045, 1.0), (0.004, 0.14, 1.14), (0, 0, 4)),
        ((1.3, 0.045, 0.432), (1.12, 0.14, 0.004), (3, 0, 0)),
        ((1.852, 0.088, 1.0), (0.05, 0.003, 1.14), (0, 0, 0)),
        ((1.3, 0.088, 0.452), (1.12, 0.003, 0.04), (0, 0, 0)),
    ):
        box(at, size, tape, turn=turn)
    wedge = m.wood("Keil", "#b98e55", "#e0bf8c")
    for wx in (0.9, 1.62):
        box((wx, 0.1, 0.43), (0.11, 0.07, 0.016), wedge, turn=(0, 6, 5))
    film = m.surface("Schutzfolie", "#d8e2ea", "#eef4f8", scale=6, rough=(0.1, 0.25), bump=0.002, grain=12)
    box((1.26, 0.071, 0.54), (0.5, 0.001, 0.06), film)
    props.cartridge((0.98, 0.01, 0.424), heading=8)
    box((1.26, 5.0, 1.2), (9, 0.1, 7), m.glow("Draußen", "#e9f1fb", 3.2))  # a phone exposes for the room
    stage.ambient("#dce8f8", 0.75)
    stage.lamp((1.26, 3.0, 3.2), (1.26, 0, 0.8), 260, size=2.4, colour="#eaf2ff")
    stage.lamp((0.0, -1.5, 1.9), (1.2, 0, 1.0), 20, size=0.5, colour="#ffe6c6")
    box((1.2, -1.0, 2.3), (8, 4, 0.1), m.surface("Betondecke", "#8d8a85", "#a5a29c", scale=2, bump=0.001))
    box((1.2, -3.0, 1.0), (8, 0.1, 4), m.surface("Putz", "#b9b4aa", "#cfcac0", bump=0.001))
    stage.camera((1.5, -1.32, 1.28), (1.22, 0.1, 1.06), lens=25, roll=1.3, aperture=4)


@shot("beton-leerrohre-boden", cast=PLAIN, exposure=0.35, noise=4)
def conduits_on_concrete() -> None:
    """Raw concrete slab with bundled empty conduits, an underfloor duct, dust and chalk line."""
    cell, rows, columns = 0.008, 560, 520
    big, small = clouds((rows, columns), 130, 31), clouds((rows, columns), 14, 32)
    height = (big - 0.5) * 0.008 + (small - 0.5) * 0.004
    wet = np.clip((clouds((rows, columns), 90, 33) - 0.52) * 9, 0, 1)[..., None]
    colour = m.paint("#928f89") * (0.72 + 0.5 * small[..., None]) * (1 - 0.38 * wet)
    relief(
        (-2.1, -0.6, 0),
        cell,
        height,
        colour,
        m.painted("Beton", rough=0.8, bump=0.001, grain=120),
        wall=False,
    )
    tints = {"grau": "#7b7f83", "schwarz": "#232427", "orange": "#c9601d", "grün": "#3d7a3a"}
    dice = random.Random(15)
    for lane, name in enumerate(("grau", "grau", "orange", "schwarz", "grau", "grün")):
        x = -0.52 + lane * 0.034
        stuff = m.surface("Leerrohr " + name, tints[name], tints[name], rough=(0.4, 0.6), bump=0.0)
        bow = [dice.gauss(0, 0.008) for _ in range(6)]
        end = (1.5 - 0.24 * lane, 3.62) if lane > 2 else (-0.62 + lane * 0.034, 3.7)
        middle = [(x + bow[k], -0.5 + k * 0.5, 0.02) for k in range(5)]
        middle += [
            (x + 0.02 + (0.3 if lane > 2 else 0), 2.2 + 0.05 * lane, 0.03),
            ((x + end[0]) / 2 + (0.2 if lane > 2 else 0), 2.85, 0.024),
            (end[0], end[1] - 0.25, 0.022),
            (end[0], end[1], 0.1),
            (end[0], end[1] + 0.02, 0.9),
        ]
        conduit(middle, 0.0135, stuff)
    band = m.metal("Lochband", "#9da2a6", "#cfd3d6", 0.3)
    for y in (0.35, 1.25, 2.0):
        box((-0.435, y, 0.038), (0.27, 0.018, 0.0015), band, turn=(0, 0, dice.gauss(0, 3)))
        for dx in (-0.135, 0.135):
            box((-0.435 + dx, y, 0.018), (0.0015, 0.018, 0.04), band)
            rod((-0.435 + dx * 1.1, y, 0.002), (-0.435 + dx * 1.1, y, 0.008), 0.007, band)
    zinc = m.metal("Zink", "#8b9195", "#bfc5c8", 0.38)
    box((0.38, 1.5, 0.006), (0.3, 4.2, 0.004), zinc)
    for dx in (-0.15, 0.15):
        box((0.38 + dx, 1.5, 0.028), (0.003, 4.2, 0.055), zinc)
    for y, length in ((2.75, 1.7), (-0.35, 0.5)):
        box((0.38, y, 0.058), (0.306, length, 0.004), zinc, turn=(0, 0, 0.2))
    box((0.66, 0.85, 0.012), (0.306, 0.8, 0.004), zinc, turn=(0, 1.5, 9))
    sheath, data = m.plastic("Mantelleitung", "#a9acae", 0.5), m.plastic("Datenkabel", "#2d6fae", 0.45)
    for i in range(5):
        x = 0.29 + i * 0.042
        cable(
            [(x + dice.gauss(0, 0.008), -0.6 + k * 0.45, 0.016) for k in range(8)],
            0.0055,
            data if i > 2 else sheath,
        )
    box((0.38, 1.62, 0.045), (0.26, 0.26, 0.08), m.plastic("Bodendose", "#54585b", 0.45), bevel=0.006)
    box((0.38, 1.62, 0.086), (0.21, 0.21, 0.004), m.plastic("Blende", "#d88b1e", 0.45))
    wall = m.surface("Betonwand", "#8b8985", "#a6a39d", scale=1.2, bump=0.0015, grain=25)
    box((0, 3.75, 1.3), (6, 0.1, 2.7), wall)
    box((-2.1, 1.5, 1.3), (0.1, 6, 2.7), wall)
    box((2.05, 1.5, 1.3), (0.1, 6, 2.7), wall)
    for i in range(-2, 3):
        box((i * 1.0, 3.697, 1.3), (0.006, 0.004, 2.7), m.surface("Schalfuge", "#6c6a66", "#7c7a75"))
        for zz in (0.5, 1.6):
            rod(
                (i * 1.0 + 0.4, 3.71, zz),
                (i * 1.0 + 0.4, 3.697, zz),
                0.014,
                m.plastic("Ankerloch", "#2a2a2a", 0.8),
            )
    crumbs((-1.6, -0.4, 1.6, 2.4), 0.001, 420, m.surface("Bauschutt", "#8b8882", "#c0bcb4", bump=0.0))
    props.folding_rule((-0.28, 0.62, 0.006), [78, 80, 176, 174])
    box(
        (-1.15, 1.1, 0.002),
        (0.004, 3.6, 0.001),
        m.surface("Schlagschnur", "#2f55a0", "#5f83c4", scale=30),
        turn=(0, 0, -1),
    )
    props.tape_roll((-0.95, 0.85, 0.004), "#1d1d1f")
    box((0, 1.5, 2.75), (6, 6, 0.1), wall)
    stage.ambient("#dfe6f0", 0.22)
    stage.lamp((1.7, 1.0, 1.9), (-0.4, 1.0, 0), 70, size=1.3, colour="#e8f1ff")
    stage.lamp((-1.5, 3.2, 1.9), (0, 0.8, 0), 30, size=0.15, colour="#ffe9c8")
    stage.camera((-0.12, -0.75, 1.3), (-0.02, 1.2, 0.1), lens=24, roll=1.5, aperture=4)
