"""Matplotlib's figures as the pictures use them; importing this needs matplotlib."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure

from minigrad.viz.notebooks import image_tag


class ShownFigure(Figure):
    """A figure that needs no window, that notebooks show all the same, and whose paper is written too."""

    def _repr_html_(self) -> str:
        content = io.BytesIO()
        self.savefig(content, format="png")
        return image_tag(content.getvalue(), "png")

    def savefig(self, *args: Any, **named: Any) -> None:
        """Write the figure, on its own paper."""
        super().savefig(*args, **{"facecolor": "auto", **named})

    def add_subplot(self, *args: Any, **named: Any) -> Any:
        """Add axes on the paper of the figure."""
        return super().add_subplot(*args, **{"facecolor": self.get_facecolor(), **named})
