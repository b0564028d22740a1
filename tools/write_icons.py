"""Draw the app icon, a folding rule bent to a Z, as PNGs and as favicon.svg: python tools/write_icons.py"""

import math
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

ICONS = Path(__file__).parent.parent / "static" / "icons"
YELLOW = "#facb29"
INK = "#1c1812"
SIDE = 512
WIDTH = 84
GAP = 12
TICK = 9
SAMPLES = 4

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the rule, in units of a 512 square; its ticks stand on the left of the way."""

    start: Point
    end: Point

    def ticks(self, count: int) -> list[tuple[Point, Point]]:
        """Lines from the edge inwards, every other one long."""
        (x0, y0), (x1, y1) = self.start, self.end
        length = math.hypot(x1 - x0, y1 - y0)
        along = ((x1 - x0) / length, (y1 - y0) / length)
        across = (along[1], -along[0])
        lines: list[tuple[Point, Point]] = []
        for n in range(1, count + 1):
            at = length * n / (count + 1)
            reach = 38 if n % 2 else 24
            edge = (x0 + along[0] * at + across[0] * WIDTH / 2, y0 + along[1] * at + across[1] * WIDTH / 2)
            lines.append((edge, (edge[0] - across[0] * reach, edge[1] - across[1] * reach)))
        return lines


# From the bottom up: the upper members lie over the lower ones.
MEMBERS = (
    (Member((132, 374), (380, 374)), 5),
    (Member((132, 374), (380, 138)), 7),
    (Member((132, 138), (380, 138)), 5),
)
RIVETS = ((380, 138), (132, 374))


def shrunk(point: Point, share: float) -> Point:
    """The point drawn towards the middle, for icons that a launcher cuts to its own shape."""
    return SIDE / 2 + (point[0] - SIDE / 2) * share, SIDE / 2 + (point[1] - SIDE / 2) * share


def draw(edge_px: int, *, share: float, corner: float, fine: bool) -> Image.Image:
    """The icon; corner: radius of the ground in units, 0 = full square; fine: with ticks."""
    scale = edge_px * SAMPLES / SIDE
    image = Image.new("RGBA", (edge_px * SAMPLES, edge_px * SAMPLES), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, image.width - 1, image.height - 1), corner * scale, fill=INK)

    def at(point: Point) -> Point:
        x, y = shrunk(point, share)
        return x * scale, y * scale

    def line(start: Point, end: Point, width: float, colour: str) -> None:
        pen.line((at(start), at(end)), fill=colour, width=max(1, round(width * share * scale)))

    def dot(point: Point, radius: float, colour: str) -> None:
        x, y = at(point)
        r = radius * share * scale
        pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    for member, count in MEMBERS:
        for width, colour in ((WIDTH + 2 * GAP, INK), (WIDTH, YELLOW)):
            line(member.start, member.end, width, colour)
            dot(member.start, width / 2, colour)
            dot(member.end, width / 2, colour)
        if fine:
            for start, end in member.ticks(count):
                line(start, end, TICK, INK)
    if fine:
        for rivet in RIVETS:
            dot(rivet, 13, INK)
    return image.resize((edge_px, edge_px), Image.Resampling.LANCZOS)


def svg() -> str:
    """The coarse icon as text, for browser tabs."""
    strokes = "".join(
        f'<path d="M{m.start[0]:g} {m.start[1]:g}L{m.end[0]:g} {m.end[1]:g}" stroke="{colour}" stroke-width="{width}"/>'
        for m, _ in MEMBERS
        for width, colour in ((WIDTH + 2 * GAP, INK), (WIDTH, YELLOW))
    )
    ticks = "".join(
        f"M{start[0]:.0f} {start[1]:.0f}L{end[0]:.0f} {end[1]:.0f}"
        for m, count in MEMBERS
        for start, end in m.ticks(count // 2)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">'
        f'<rect width="{SIDE}" height="{SIDE}" rx="104" fill="{INK}"/>'
        f'<g stroke-linecap="round">{strokes}</g><path d="{ticks}" stroke="{INK}" stroke-width="20"/></svg>\n'
    )


def main() -> None:
    for edge_px in (192, 512):
        draw(edge_px, share=1, corner=104, fine=True).save(ICONS / f"app-{edge_px}.png", optimize=True)
        maskable = draw(edge_px, share=0.82, corner=0, fine=True).convert("RGB")
        maskable.save(ICONS / f"maskable-{edge_px}.png", optimize=True)
    draw(180, share=0.92, corner=0, fine=True).convert("RGB").save(
        ICONS / "apple-touch-180.png", optimize=True
    )
    draw(32, share=1.06, corner=104, fine=False).save(ICONS / "favicon-32.png", optimize=True)
    # Android shows only the coverage of a badge: the rule in white, all else empty.
    coverage = draw(96, share=1.15, corner=0, fine=False).convert("L").point(lambda level: max(0, level - 25))
    badge = Image.new("LA", coverage.size, 255)
    badge.putalpha(coverage.point(lambda level: min(255, round(level * 1.55))))
    badge.save(ICONS / "badge-96.png", optimize=True)
    (ICONS / "favicon.svg").write_text(svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
