"""Images that follow each other as a GIF, by Pillow."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

PLACES = np.array([65536, 256, 1], np.int32)
"""Red, green and blue in one number."""

COLOURS = 255
"""So many; Pillow takes one more, for what does not change from frame to frame."""

NEAR = 4
"""Where there are more, those as near as that, of red, green and blue up to 255, are one."""

SLOWEST, FASTEST = 0.1, 50
"""How many frames a second a GIF may have: more than 50, and browsers show it slowly."""


def gif_of(images: Sequence[Any], durations: Sequence[int]) -> bytes:
    """Return a film that begins again after its end.

    All images have one palette, so that nothing flickers.  It holds every colour of all of them, if there are
    at most 255.

    Parameters
    ----------
    images : sequence of PIL.Image.Image
        In RGB, all of one size.
    durations : sequence of int
        How long each is shown, in milliseconds; GIF counts in hundredths of a second.
    """
    from PIL import Image

    codes = [np.asarray(image).astype(np.int32) @ PLACES for image in images]
    seen = _seen_most_first(codes)
    palette = _palette(seen)
    nearest = _nearest(seen, palette)

    def painted(code: np.ndarray) -> Any:
        image = Image.fromarray(nearest[code])
        image.putpalette(palette.astype(np.uint8).tobytes())
        return image

    first, *others = map(painted, codes)
    content = io.BytesIO()
    first.save(
        content, format="GIF", save_all=True, append_images=others, duration=list(durations), loop=0
    )
    return content.getvalue()


def _seen_most_first(codes: Sequence[np.ndarray]) -> np.ndarray:
    """Return the colours of all images, as numbers: those that are seen most often first."""
    each = [np.unique(code, return_counts=True) for code in codes]
    found, where = np.unique(np.concatenate([code for code, _ in each]), return_inverse=True)
    counts = np.bincount(where.reshape(-1), np.concatenate([count for _, count in each]))
    return found[np.argsort(-counts, kind="stable")]


def _palette(seen: np.ndarray) -> np.ndarray:
    """Return some colours: all if there are few, else those seen most often, of near ones the first.

    So a small mark keeps its colour beside large areas, and these keep theirs exactly.
    """
    left = _colours(seen)
    if len(left) <= COLOURS:
        return left
    chosen: list[np.ndarray] = []
    while len(left) and len(chosen) < COLOURS:
        chosen.append(left[0])
        left = left[((left - left[0]) ** 2).sum(axis=1) > NEAR**2]
    return np.array(chosen)


def _nearest(seen: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return, at the place of each colour that occurs, which of the palette is the nearest."""
    table = np.zeros(256**3, np.uint8)
    red, green, blue = ((_colours(seen)[:, None, i] - palette[:, i]) ** 2 for i in range(3))
    table[seen] = (red + green + blue).argmin(axis=1)
    return table


def _colours(codes: np.ndarray) -> np.ndarray:
    """Return red, green and blue of colours that are one number each."""
    return codes[:, None] // PLACES % 256


def gif_path(path: str | os.PathLike[str]) -> Path:
    """Return where a film is to be written.

    Raises
    ------
    ValueError
        If the name does not end in ".gif".
    """
    path = Path(path)
    if path.suffix.lower() != ".gif":
        raise ValueError(f"cannot write a film as {path.name!r}: the name has to end in .gif")
    return path


def pause_of(fps: float) -> int:
    """Return how long a frame is shown, in milliseconds: whole hundredths of a second, as GIF has them.

    Raises
    ------
    ValueError
        If there are not 0.1 to 50 frames a second.
    """
    if not SLOWEST <= fps <= FASTEST:
        raise ValueError(f"a film has {SLOWEST} to {FASTEST} frames a second, got fps = {fps}")
    return 10 * round(100 / fps)
