"""Figures that follow each other, as a film (extra ``plot``), written as GIF by Pillow."""

from __future__ import annotations

import io
from typing import Any

from minigrad.viz.plots.animation import Animation
from minigrad.viz.plots.style import require_matplotlib

__all__ = ["Flipbook"]


class Flipbook(Animation):
    """Collects figures, all of one size, and makes a film of them.

    A figure becomes an image when it is added; then it may change or go.  ``save("learning.gif")`` writes the
    film; a notebook shows it.

    Parameters
    ----------
    fps : float, default 10
        How many figures a second, 0.1 to 50; GIF counts in hundredths of a second.
    dpi : float, default 100
        Dots an inch of each.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are not so many, or ``dpi`` is not above 0.

    Examples
    --------
    >>> from minigrad import viz
    >>> book = viz.Flipbook(fps=5)
    >>> for steps in (2, 3, 4):
    ...     book.add(viz.loss_curves({"training": [0.5**k for k in range(steps)]}))
    >>> len(book)
    3
    """

    def __init__(self, *, fps: float = 10, dpi: float = 100) -> None:
        require_matplotlib()
        super().__init__(fps)
        if not dpi > 0:
            raise ValueError(f"Flipbook: dpi = {dpi} has to be above 0")
        self.dpi = dpi
        self._added: list[Any] = []

    def add(self, figure: Any) -> None:
        """Add a figure as it is now.

        Raises
        ------
        ValueError
            If it is not as large as the first one.
        """
        from PIL import Image

        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=self.dpi)
        image = Image.open(content).convert("RGB")
        if self._added and image.size != self._added[0].size:
            raise ValueError(
                f"Flipbook: the figure has {image.size} dots, the first one has {self._added[0].size}"
            )
        self._added.append(image)

    def __len__(self) -> int:
        return len(self._added)

    def _images(self) -> list[Any]:
        if not self._added:
            raise ValueError("Flipbook: there are no figures; add() them first")
        return self._added

    def _repr_html_(self) -> str | None:
        return super()._repr_html_() if self._added else None
