"""Make a clean render look like a phone's picture and write it as a small JPEG."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

WIDE = 1280  # longer side of the picture; the render is smaller, a phone's lens is no sharper
LIMIT = 165_000  # bytes per picture: the demo company must stay light to install


def _fringed(image: Image.Image) -> Image.Image:
    """Red a little larger than green, green than blue: the colour fringes of a cheap lens."""
    width, height = image.size
    out = []
    for band, zoom in zip(image.split(), (1.0022, 1.0010, 1.0), strict=True):
        x, y = width * (1 - 1 / zoom) / 2, height * (1 - 1 / zoom) / 2
        frame = (1 / zoom, 0, x, 0, 1 / zoom, y)
        out.append(band.transform(image.size, Image.Transform.AFFINE, frame, Image.Resampling.BICUBIC))
    return Image.merge("RGB", out)


def _shaded(pixels: Any, cast: tuple[float, float, float]) -> Any:
    """Vignette and white balance."""
    rows, columns = pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    return pixels * (1 - 0.13 * (x * x + y * y) ** 1.1 / 2)[..., None] * np.array(cast)


def _grain(shape: tuple[int, int], strength: float, dice: Any) -> Any:
    """Sensor noise after the phone's own smoothing: fine in brightness, blotchy in colour."""
    fine = dice.normal(0, strength, (*shape, 1))
    small = dice.normal(0, 1, (shape[0] // 3 + 1, shape[1] // 3 + 1, 3))
    blotch = np.repeat(np.repeat(small, 3, 0), 3, 1)[: shape[0], : shape[1]] * strength * 0.45
    return fine + blotch


def develop(source: Path, target: Path, *, cast: tuple[float, float, float], noise: float, seed: int) -> int:
    """Develop one PNG into a JPEG without metadata; returns its size in bytes."""
    image = Image.open(source).convert("RGB")
    zoom = WIDE / max(image.size)
    image = _fringed(
        image.resize((round(image.width * zoom), round(image.height * zoom)), Image.Resampling.LANCZOS)
    )
    pixels = _shaded(np.asarray(image, dtype=np.float64), cast)
    light = pixels.mean(axis=-1, keepdims=True) / 255
    pixels += _grain(pixels.shape[:2], noise, np.random.default_rng(seed)) * (1.25 - light)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.UnsharpMask(radius=1.6, percent=55, threshold=2))
    for quality in range(82, 50, -3):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        if buffer.tell() <= LIMIT:
            break
    target.write_bytes(buffer.getvalue())
    return buffer.tell()
