"""The promise to a worker in the sun: text ≥ 7:1, borders of controls ≥ 3:1, by day and by night."""

import math
import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parent.parent / "static" / "css" / "tokens.css"
TOKEN = re.compile(r"--([\w-]+):\s*(oklch\([^;]+\)|var\(--[\w-]+\))\s*;")
SCHEMES = ("light", "dark")

# (what stands, on what): the pairs that occur; docs/look.md tells builders to use no others.
TEXT = [
    *[(ink, ground) for ink in ("ink", "ink-2") for ground in ("paper", "card", "sunk")],
    *[(tone, f"{tone}-bg") for tone in ("ok", "warn", "bad", "cust")],
    *[(f"{tone}-bg", tone) for tone in ("ok", "warn", "bad", "cust")],
    *[(tone, ground) for tone in ("ok", "warn", "bad", "cust") for ground in ("paper", "card")],
    *[("ink", f"{tone}-bg") for tone in ("ok", "warn", "bad", "cust")],
    ("intern", "intern-bg"),
    ("ink", "intern-bg"),
    ("bad", "cust-bg"),
    ("rule-ink", "rule"),
    ("top-ink", "top"),
    ("top-ink", "top-well"),
    ("on-ink", "on"),
    ("fill-ink", "cust-fill"),
    ("fill-ink", "bad-fill"),
]
CONTROLS = [
    *[("edge", ground) for ground in ("paper", "card", "sunk")],
    *[("on", ground) for ground in ("paper", "card")],
    *[(fill, ground) for fill in ("cust-fill", "bad-fill") for ground in ("paper", "card")],
    ("rule-deep", "paper"),
    ("rule-deep", "card"),
    ("tick", "top"),
]


def colours(scheme: str) -> dict[str, str]:
    """Token name → value as written; the night overrides the day."""
    day, night = TOKENS.read_text(encoding="utf-8").split("@media (prefers-color-scheme: dark)")
    found = dict(TOKEN.findall(day))
    if scheme == "dark":
        found |= dict(TOKEN.findall(night))
    return found


def linear_rgb(value: str, tokens: dict[str, str]) -> tuple[float, float, float]:
    """OKLCH → linear sRGB, clipped to what a screen shows. Matrices: CSS Color 4, sample code."""
    if value.startswith("var("):
        return linear_rgb(tokens[value[6:-1]], tokens)
    lightness, chroma, hue = map(float, value[6:-1].split("/")[0].split())
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    return clip(red), clip(green), clip(blue)


def clip(part: float) -> float:
    return min(1.0, max(0.0, part))


def luminance(name: str, tokens: dict[str, str]) -> float:
    red, green, blue = linear_rgb(tokens[name], tokens)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str, scheme: str) -> float:
    """WCAG 2.2 contrast ratio, 1 to 21."""
    tokens = colours(scheme)
    dark, light = sorted((luminance(one, tokens), luminance(other, tokens)))
    return (light + 0.05) / (dark + 0.05)


def test_ruler_itself_measures_right() -> None:
    tokens = {"black": "oklch(0 0 0)", "white": "oklch(1 0 0)", "red": "oklch(0.62796 0.25768 29.234)"}
    assert luminance("white", tokens) == pytest.approx(1, abs=1e-3)
    assert luminance("black", tokens) == 0
    assert luminance("red", tokens) == pytest.approx(0.2126, abs=1e-3)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_is_legible_in_the_sun(ink: str, ground: str, scheme: str) -> None:
    assert contrast(ink, ground, scheme) >= 7


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("border", "ground"), CONTROLS)
def test_controls_can_be_told_from_their_ground(border: str, ground: str, scheme: str) -> None:
    assert contrast(border, ground, scheme) >= 3
