"""Camera, lights and the render itself (Cycles on the processor, denoised)."""

from __future__ import annotations

import math
from typing import Any

import bpy
from mathutils import Vector

from .materials import Graph, linear
from .shapes import Point


def clear() -> None:
    """Start from an empty scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.world = bpy.data.worlds.new("world")


def ambient(colour: str, strength: float) -> None:
    """Even light from all sides, the little that every room has."""
    world = bpy.context.scene.world
    world.use_nodes = True
    graph = Graph(world.node_tree)
    light = graph.add("ShaderNodeBackground", {"Color": linear(colour), "Strength": strength})
    graph.add("ShaderNodeOutputWorld", {"Surface": light.outputs[0]})


def cloudy_sky(strength: float) -> None:
    """Blue sky with broken clouds, brighter to the horizon."""
    world = bpy.context.scene.world
    world.use_nodes = True
    graph = Graph(world.node_tree)
    place = graph.add("ShaderNodeTexCoord").outputs["Generated"]
    flat = graph.add("ShaderNodeMapping", {"Vector": place, "Scale": (1.0, 1.0, 2.6)}).outputs[0]
    noise = graph.add(
        "ShaderNodeTexNoise",
        {"Vector": flat, "Scale": 2.6, "Detail": 12.0, "Roughness": 0.58, "Distortion": 0.3},
    ).outputs[0]
    ramp = graph.add("ShaderNodeValToRGB", {"Fac": noise})
    for stop, at, colour in zip(ramp.color_ramp.elements, (0.44, 0.66), ("#6f9fd8", "#f4f6f8"), strict=True):
        stop.position, stop.color = at, linear(colour)
    light = graph.add("ShaderNodeBackground", {"Color": ramp.outputs[0], "Strength": strength})
    graph.add("ShaderNodeOutputWorld", {"Surface": light.outputs[0]})


def lamp(at: Point, target: Point, watts: float, *, size: float = 1.0, colour: str = "#ffffff") -> Any:
    """Area light: metres wide for a window, a hand's breadth for a work light."""
    data = bpy.data.lights.new("lamp", "AREA")
    data.energy, data.size, data.color = watts, size, linear(colour)[:3]
    item = bpy.data.objects.new("lamp", data)
    item.location = at
    item.rotation_euler = (Vector(target) - Vector(at)).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(item)
    return item


def sun(turn: Point, strength: float, colour: str = "#fff1dc") -> None:
    """Sunlight with a soft edge; `turn` in degrees."""
    data = bpy.data.lights.new("sun", "SUN")
    data.energy, data.angle, data.color = strength, math.radians(1.0), linear(colour)[:3]
    item = bpy.data.objects.new("sun", data)
    item.rotation_euler = [math.radians(a) for a in turn]
    bpy.context.scene.collection.objects.link(item)


def camera(
    at: Point,
    target: Point,
    *,
    lens: float = 26,
    roll: float = 0.0,
    aperture: float = 5.6,
    focus: Point | None = None,
) -> None:
    """Phone camera (full-frame equivalent lens in mm), `roll` degrees off the horizon."""
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width, data.sensor_fit = lens, 36, "AUTO"
    data.clip_start = 0.01
    data.dof.use_dof, data.dof.aperture_fstop = True, aperture
    data.dof.focus_distance = (Vector(focus or target) - Vector(at)).length
    item = bpy.data.objects.new("camera", data)
    item.location = at
    look = (Vector(target) - Vector(at)).to_track_quat("-Z", "Y").to_matrix().to_euler()
    item.rotation_euler = look
    item.rotation_euler.rotate_axis("Z", math.radians(roll))
    bpy.context.scene.collection.objects.link(item)
    bpy.context.scene.camera = item


def render(path: str, size: tuple[int, int], samples: int, exposure: float) -> None:
    """Write the scene as PNG."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.filepath, scene.render.image_settings.file_format = path, "PNG"
    scene.cycles.samples, scene.cycles.use_denoising = samples, True
    scene.cycles.max_bounces, scene.cycles.diffuse_bounces = 5, 2
    scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    scene.cycles.sample_clamp_indirect = 4.0
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.view_settings.exposure = exposure
    bpy.ops.render.render(write_still=True)
