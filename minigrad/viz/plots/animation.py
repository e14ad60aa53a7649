"""What films have in common: notebooks show them, and files keep them, as GIF by Pillow."""

from __future__ import annotations

import os
from typing import Any

from minigrad.viz.gif import gif_of, gif_path, pause_of
from minigrad.viz.notebooks import image_tag


class Animation:
    """Images that follow each other.

    Parameters
    ----------
    fps : float
        How many a second.

    Raises
    ------
    ValueError
        If there are not 0.1 to 50.
    """

    def __init__(self, fps: float) -> None:
        self.fps, self._pause = fps, pause_of(fps)

    def _images(self) -> list[Any]:
        """Return them, in RGB, all of one size."""
        raise NotImplementedError

    def _durations(self, count: int) -> list[int]:
        """Return for how many milliseconds each of so many images is shown."""
        return [self._pause] * count

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the film, which begins again after its end.

        Parameters
        ----------
        path : str or path
            Where to; the name ends in ".gif".

        Raises
        ------
        ValueError
            If it does not, or there are no images.
        """
        gif_path(path).write_bytes(self._gif(self._images()))

    def _gif(self, images: list[Any]) -> bytes:
        return gif_of(images, self._durations(len(images)))

    def _repr_html_(self) -> str | None:
        return image_tag(self._gif(self._images()), "gif")
