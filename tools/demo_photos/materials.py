"""Procedural surfaces: every colour and bump is computed, no picture from outside is used."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

Colour = str | tuple[float, float, float]


def linear(colour: Colour) -> tuple[float, float, float, float]:
    """Turn '#rrggbb' (sRGB) or a linear triple into Blender's linear RGBA."""
    if not isinstance(colour, str):
        return (*colour, 1.0)
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return (red, green, blue, 1.0)


def paint(colour: Colour) -> Any:
    """Return a colour as a linear (3,) array, to be mixed pixel by pixel."""
    return np.array(linear(colour)[:3])


class Graph:
    """A node tree that is written top down: `add` makes a node and wires or sets its inputs."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree
        tree.nodes.clear()

    def add(self, kind: str, inputs: dict[str, Any] | None = None, **attributes: Any) -> Any:
        """Create node `kind`; input values may be sockets (linked) or plain values (set)."""
        node = self.tree.nodes.new(kind)
        for key, value in attributes.items():
            setattr(node, key, value)
        for key, value in (inputs or {}).items():
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, node.inputs[key])
            else:
                node.inputs[key].default_value = value
        return node


def _empty(name: str) -> tuple[Any, Graph]:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    return material, Graph(material.node_tree)


def _finish(graph: Graph, inputs: dict[str, Any]) -> None:
    shader = graph.add("ShaderNodeBsdfPrincipled", inputs)
    graph.add("ShaderNodeOutputMaterial", {"Surface": shader.outputs[0]})


def _coordinates(graph: Graph, stretch: tuple[float, float, float]) -> tuple[Any, Any]:
    """Object coordinates shifted per object, so that no two planks or tiles look the same."""
    random = graph.add("ShaderNodeObjectInfo").outputs["Random"]
    shift = graph.add("ShaderNodeMath", {0: random, 1: 37.0}, operation="MULTIPLY").outputs[0]
    place = graph.add("ShaderNodeTexCoord").outputs["Object"]
    mapped = graph.add("ShaderNodeMapping", {"Vector": place, "Location": shift, "Scale": stretch})
    return mapped.outputs[0], random


def _bump(graph: Graph, place: Any, scale: float, depth: float) -> Any:
    fine = graph.add("ShaderNodeTexNoise", {"Vector": place, "Scale": scale, "Detail": 2.0}).outputs[0]
    return graph.add("ShaderNodeBump", {"Height": fine, "Strength": 1.0, "Distance": depth}).outputs[0]


def surface(
    name: str,
    dark: Colour,
    light: Colour,
    *,
    scale: float = 6.0,
    spread: tuple[float, float] = (0.3, 0.7),
    rough: tuple[float, float] = (0.6, 0.9),
    bump: float = 0.001,
    grain: float = 90.0,
    metal: float = 0.0,
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0),
    vary: float = 0.0,
    clear: float = 0.0,
) -> Any:
    """Mottled material between two colours; `bump` is metres deep, `vary` the brightness per object."""
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    material, graph = _empty(name)
    place, random = _coordinates(graph, stretch)
    noise = graph.add(
        "ShaderNodeTexNoise", {"Vector": place, "Scale": scale, "Detail": 4.0, "Roughness": 0.66}
    ).outputs[0]
    ramp = graph.add("ShaderNodeValToRGB", {"Fac": noise})
    for stop, at, colour in zip(ramp.color_ramp.elements, spread, (dark, light), strict=True):
        stop.position, stop.color = at, linear(colour)
    value = graph.add(
        "ShaderNodeMapRange", {"Value": random, "To Min": 1 - vary, "To Max": 1 + vary}
    ).outputs[0]
    tinted = graph.add("ShaderNodeHueSaturation", {"Color": ramp.outputs[0], "Value": value}).outputs[0]
    shine = graph.add("ShaderNodeMapRange", {"Value": noise, "To Min": rough[0], "To Max": rough[1]}).outputs[
        0
    ]
    inputs: dict[str, Any] = {
        "Base Color": tinted,
        "Roughness": shine,
        "Metallic": metal,
        "Coat Weight": clear,
    }
    if bump:
        inputs["Normal"] = _bump(graph, place, grain, bump)
    _finish(graph, inputs)
    return material


def painted(name: str, *, rough: float = 0.85, bump: float = 0.0006, grain: float = 250.0) -> Any:
    """Material of a relief: its colour comes from the mesh's own attribute 'paint'."""
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    material, graph = _empty(name)
    place, _ = _coordinates(graph, (1, 1, 1))
    paint = graph.add("ShaderNodeAttribute", attribute_name="paint").outputs["Color"]
    _finish(graph, {"Base Color": paint, "Roughness": rough, "Normal": _bump(graph, place, grain, bump)})
    return material


def plastic(name: str, colour: Colour, rough: float = 0.4) -> Any:
    """Moulded plastic or enamel, faintly uneven and handled."""
    base = linear(colour)[:3]
    worn = tuple(c * 0.82 for c in base)
    return surface(name, worn, base, scale=14, rough=(rough - 0.08, rough + 0.18), bump=0.0001, grain=300)


def metal(name: str, dark: Colour, light: Colour, rough: float = 0.3) -> Any:
    """Metal with fingerprints and oxide clouds."""
    return surface(
        name, dark, light, scale=9, rough=(rough - 0.12, rough + 0.2), metal=1.0, bump=0.0001, grain=60
    )


def wood(name: str, dark: Colour, light: Colour, *, rough: float = 0.55, vary: float = 0.18) -> Any:
    """Wood whose grain runs along the object's x axis."""
    return surface(
        name,
        dark,
        light,
        scale=5,
        stretch=(1.0, 14.0, 14.0),
        rough=(rough, rough + 0.2),
        bump=0.0003,
        grain=60,
        vary=vary,
    )


def glass(name: str) -> Any:
    """Clear pane or shower screen."""
    material, graph = _empty(name)
    _finish(
        graph,
        {"Base Color": (0.93, 0.97, 0.96, 1), "Roughness": 0.02, "Transmission Weight": 1.0, "IOR": 1.1},
    )
    return material


def glow(name: str, colour: Colour, strength: float) -> Any:
    """Surface that shines by itself: a display, a lamp, an overexposed sky."""
    material, graph = _empty(name)
    light = graph.add("ShaderNodeEmission", {"Color": linear(colour), "Strength": strength})
    graph.add("ShaderNodeOutputMaterial", {"Surface": light.outputs[0]})
    return material


def picture(name: str, path: str, size: tuple[float, float]) -> Any:
    """A drawing (rule, label) laid over an object of `size` metres, centred on its x/y plane."""
    material, graph = _empty(name)
    place = graph.add("ShaderNodeTexCoord").outputs["Object"]
    scale = (1 / size[0], 1 / size[1], 1.0)
    mapped = graph.add(
        "ShaderNodeMapping", {"Vector": place, "Scale": scale, "Location": (0.5, 0.5, 0)}
    ).outputs[0]
    drawn = graph.add("ShaderNodeTexImage", {"Vector": mapped}, image=bpy.data.images.load(path))
    _finish(graph, {"Base Color": drawn.outputs[0], "Roughness": 0.45})
    return material
