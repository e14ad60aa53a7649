"""What notebooks show: an image as an element of a page, and the path of a film as the film."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Base = Path
else:
    Base = type(Path())  # before Python 3.12, Path itself cannot be subclassed


def image_tag(content: bytes, kind: str) -> str:
    """Return an HTML element that holds an image."""
    encoded = base64.b64encode(content).decode()
    return f'<img src="data:image/{kind};base64,{encoded}" style="max-width: 100%">'


class FilmPath(Base):
    """The path of a film; in a notebook it shows what stands there."""

    def _repr_html_(self) -> str | None:
        try:
            return image_tag(self.read_bytes(), "gif")
        except OSError:  # it was moved
            return None
