"""Geometry in metres: boxes, tubes, turned parts and reliefs painted with numpy."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import bpy
import numpy as np
from mathutils import Vector, noise

Point = Sequence[float]


def _place(name: str, data: Any, material: Any, at: Point, turn: Point) -> Any:
    item = bpy.data.objects.new(name, data)
    item.location, item.rotation_euler = at, [math.radians(a) for a in turn]
    if material is not None and not data.materials:
        data.materials.append(material)
    bpy.context.scene.collection.objects.link(item)
    return item


def _mesh(vertices: Any, faces: Any, smooth: bool = False) -> Any:
    mesh = bpy.data.meshes.new("mesh")
    mesh.from_pydata(vertices, [], faces)
    if smooth:
        mesh.shade_smooth()
    return mesh


def box(at: Point, size: Point, material: Any, *, turn: Point = (0, 0, 0), bevel: float = 0.0) -> Any:
    """Cuboid centred on `at`; `bevel` metres round its edges so that they catch light."""
    x, y, z = (s / 2 for s in size)
    vertices = [(a * x, b * y, c * z) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    item = _place("box", _mesh(vertices, faces), material, at, turn)
    if bevel:
        modifier = item.modifiers.new("bevel", "BEVEL")
        modifier.width, modifier.segments = bevel, 2
    return item


def lathe(
    profile: Sequence[tuple[float, float]], at: Point, material: Any, *, turn: Point = (0, 0, 0)
) -> Any:
    """Turn a profile of (radius, height) around the z axis."""
    steps = 40
    ring = [(math.cos(2 * math.pi * i / steps), math.sin(2 * math.pi * i / steps)) for i in range(steps)]
    vertices = [(r * c, r * s, z) for r, z in profile for c, s in ring]
    faces = [
        (k * steps + i, k * steps + (i + 1) % steps, (k + 1) * steps + (i + 1) % steps, (k + 1) * steps + i)
        for k in range(len(profile) - 1)
        for i in range(steps)
    ]
    item = _place("lathe", _mesh(vertices, faces, smooth=True), material, at, turn)
    modifier = item.modifiers.new("edges", "EDGE_SPLIT")
    modifier.split_angle = math.radians(40)
    return item


def rod(start: Point, end: Point, radius: float, material: Any) -> Any:
    """Closed straight cylinder between two points."""
    a, b = Vector(start), Vector(end)
    length = (b - a).length
    item = lathe([(0, 0), (radius, 0), (radius, length), (0, length)], a, material)
    item.rotation_euler = (b - a).to_track_quat("Z", "Y").to_euler()
    return item


def rounded(points: Sequence[Point], radius: float) -> list[Vector]:
    """Replace the corners of a path by bends of `radius`, as a pipe bender does."""
    path = [Vector(p) for p in points]
    out = [path[0]]
    for before, corner, after in zip(path, path[1:], path[2:], strict=False):
        reach = min(radius, (before - corner).length * 0.49, (after - corner).length * 0.49)
        a, b = corner + (before - corner).normalized() * reach, corner + (after - corner).normalized() * reach
        out += [a.lerp(corner, t).lerp(corner.lerp(b, t), t) for t in (i / 8 for i in range(9))]
    return [*out, path[-1]]


def tube(
    points: Sequence[Point], radius: float, material: Any, *, bend: float = 0.04, radii: Any = None
) -> Any:
    """Pipe along a path with rounded corners."""
    path = rounded(points, bend) if bend else [Vector(p) for p in points]
    curve = bpy.data.curves.new("tube", "CURVE")
    curve.dimensions, curve.bevel_depth, curve.bevel_resolution, curve.use_fill_caps = "3D", radius, 5, True
    spline = curve.splines.new("POLY")
    spline.points.add(len(path) - 1)
    for i, (point, spot) in enumerate(zip(spline.points, path, strict=True)):
        point.co = (*spot, 1)
        point.radius = 1.0 if radii is None else radii[i]
    spline.use_smooth = True
    return _place("tube", curve, material, (0, 0, 0), (0, 0, 0))


def _spline(points: Sequence[Point], steps: int) -> list[Vector]:
    """Catmull-Rom curve through all points."""
    path = [Vector(p) for p in (points[0], *points, points[-1])]
    out = []
    for a, b, c, d in zip(path, path[1:], path[2:], path[3:], strict=False):
        for t in (i / steps for i in range(steps)):
            out.append(
                0.5
                * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
            )
    return [*out, Vector(points[-1])]


def cable(points: Sequence[Point], radius: float, material: Any) -> Any:
    """Flexible cable that passes through all points."""
    return tube(_spline(points, 10), radius, material, bend=0)


def conduit(points: Sequence[Point], radius: float, material: Any) -> Any:
    """Corrugated empty conduit: the radius swells every four millimetres."""
    path = _spline(points, 60)
    even, walked = [path[0]], 0.0
    for a, b in pairwise(path):
        walked += (b - a).length
        if walked >= 0.0018:
            even.append(b)
            walked = 0.0
    return tube(even, radius, material, bend=0, radii=[1.0 if i % 2 else 0.86 for i in range(len(even))])


def lump(
    at: Point, size: Point, material: Any, *, seed: int = 0, rough: float = 0.25, detail: int = 4
) -> Any:
    """Irregular lump: foam, mortar, rubble."""
    import bmesh

    shape = bmesh.new()
    bmesh.ops.create_icosphere(shape, subdivisions=detail, radius=1.0)
    shift = Vector((seed * 3.7, seed * 1.3, 0))
    for vertex in shape.verts:
        swell = noise.fractal(vertex.co * 1.6 + shift, 0.8, 2.0, 4) * rough
        vertex.co = Vector(c * s / 2 for c, s in zip(vertex.co * (1 + swell), size, strict=True))
    mesh = bpy.data.meshes.new("lump")
    shape.to_mesh(mesh)
    shape.free()
    mesh.shade_smooth()
    return _place("lump", mesh, material, at, (0, 0, 0))


def crumbs(
    area: tuple[float, float, float, float], z: float, count: int, material: Any, seed: int = 1
) -> None:
    """Scatter dust and chips over (x0, y0, x1, y1)."""
    dice = random.Random(seed)
    for i in range(count):
        size = 0.0015 + 0.009 * dice.random() ** 5
        spot = (dice.uniform(area[0], area[2]), dice.uniform(area[1], area[3]), z + size / 3)
        lump(spot, (size * 1.5, size, size * 0.8), material, seed=i, rough=0.7, detail=1)


def clouds(shape: tuple[int, int], cell: float, seed: int, octaves: int = 5) -> Any:
    """Fractal value noise in 0…1 of `shape` (rows, columns); `cell` is the largest cloud in pixels."""
    dice = np.random.default_rng(seed)
    total, weight = np.zeros(shape), 0.0
    for octave in range(octaves):
        step, strength = max(cell / 2**octave, 1.0), 0.55**octave
        rows, columns = int(shape[0] / step) + 3, int(shape[1] / step) + 3
        grid = dice.random((rows, columns))
        y, x = np.arange(shape[0]) / step, np.arange(shape[1]) / step
        iy, ix = y.astype(int), x.astype(int)
        fy, fx = (f * f * (3 - 2 * f) for f in (y - iy, x - ix))
        top = grid[iy][:, ix] * (1 - fx) + grid[iy][:, ix + 1] * fx
        low = grid[iy + 1][:, ix] * (1 - fx) + grid[iy + 1][:, ix + 1] * fx
        total += strength * (top * (1 - fy)[:, None] + low * fy[:, None])
        weight += strength
    return total / weight


def relief(corner: Point, cell: float, height: Any, colour: Any, material: Any, *, wall: bool = True) -> Any:
    """Height field (rows × columns, metres) with linear colours; row 0 lies at the bottom.

    A wall spans x and z and rises towards -y (to the viewer), a floor spans x and y and rises to +z.
    """
    rows, columns = height.shape
    v, u = np.mgrid[0:rows, 0:columns] * cell
    axes = (u, -height, v) if wall else (u, v, height)
    vertices = np.stack(axes, axis=-1).reshape(-1, 3)
    index = np.arange(rows * columns).reshape(rows, columns)
    faces = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], axis=-1).reshape(-1, 4)
    mesh = bpy.data.meshes.new("relief")
    mesh.vertices.add(len(vertices))
    mesh.vertices.foreach_set("co", vertices.astype(np.float32).ravel())
    mesh.loops.add(faces.size)
    mesh.loops.foreach_set("vertex_index", faces.astype(np.int32).ravel())
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, 4, dtype=np.int32))
    paint = mesh.color_attributes.new("paint", "FLOAT_COLOR", "POINT")
    rgba = np.concatenate([colour, np.ones((rows, columns, 1))], axis=-1)
    paint.data.foreach_set("color", rgba.astype(np.float32).ravel())
    mesh.update(calc_edges=True)
    mesh.shade_smooth()
    return _place("relief", mesh, material, corner, (0, 0, 0))
