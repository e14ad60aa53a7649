"""The :class:`Graph` that ``draw`` returns: notebooks show it, ``save`` writes it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from minigrad.viz.graphs import renderers
from minigrad.viz.graphs.dot import to_dot
from minigrad.viz.graphs.film import scenes, write_film
from minigrad.viz.graphs.picture import Picture
from minigrad.viz.graphs.script import LONGEST, Script
from minigrad.viz.graphs.text import to_text
from minigrad.viz.notebooks import FilmPath

RENDERED = ("svg", "png", "pdf")
WRITTEN = ("gv", "dot", "txt")
PNG_DPI = 192  # twice a screen's


class Graph:
    """The picture of a computation.  A notebook shows it; ``save`` writes it; ``print`` lists it.

    Made by :func:`~minigrad.draw`.  To show it never raises: without Graphviz it is shown as text.
    """

    def __init__(
        self, picture: Picture, direction: str = "TB", script: Script | None = None
    ) -> None:
        self._picture = picture
        self._direction = direction
        self._script = script

    @cached_property
    def source(self) -> str:
        """The picture as DOT, the language of Graphviz."""
        return to_dot(self._picture, self._direction)

    @property
    def text(self) -> str:
        """The picture as indented lines."""
        return to_text(self._picture)

    def svg(self) -> str:
        """Return the picture as SVG, ready to stand inside a page.

        Raises
        ------
        RendererMissing
            If there is no Graphviz.
        """
        return self._svg

    @cached_property
    def _svg(self) -> str:
        return tidy_svg(renderers.render(self.source, "svg").decode("utf-8"))

    def save(self, path: str | Path) -> Path:
        """Write the picture as ``.svg``, ``.png`` or ``.pdf``, or as text: ``.gv`` (DOT) or ``.txt``.

        Returns
        -------
        Path
            Where it was written.

        Raises
        ------
        ValueError
            If the name ends in nothing of these.
        RendererMissing
            If there is no Graphviz, which ``.txt`` does not need; ``.gv`` needs only the package
            ``graphviz``.  Nothing is written then.
        """
        path = Path(path)
        kind = path.suffix[1:].lower()
        if kind not in RENDERED + WRITTEN:
            endings = ", ".join("." + one for one in RENDERED + WRITTEN)
            raise ValueError(
                f"cannot save a graph as {path.name!r}: the name has to end in {endings}"
            )
        if kind == "svg":
            path.write_text(self.svg() + "\n", encoding="utf-8")
        elif kind in RENDERED:
            source = to_dot(self._picture, self._direction, dpi=PNG_DPI if kind == "png" else None)
            path.write_bytes(renderers.render(source, kind))
        else:
            path.write_text(self.text + "\n" if kind == "txt" else self.source, encoding="utf-8")
        return path

    # As a film ------------------------------------------------------------------------------------

    def frames(self, max_frames: int | None = 200) -> list[Graph]:
        """Return backpropagation step by step, each step a graph that shows itself, saves itself, ...

        First the values appear, in the order in which they were computed; then the gradients come back,
        in the order of the sweep.  Below stands which operation it is, and its rule.  A gradient appears
        when its last contribution has arrived.  All frames are laid out alike.  The last one is the whole.

        Parameters
        ----------
        max_frames : int or None, default 200
            How many frames there may be.

        Returns
        -------
        list of Graph

        Raises
        ------
        ValueError
            If there would be more frames, or this is a frame of a film itself.
        TypeError
            If ``max_frames`` is no whole number.

        Examples
        --------
        >>> import minigrad as mg
        >>> x = mg.tensor(0.5, requires_grad=True)
        >>> frames = mg.draw(x.tanh(), names={"x": x}).frames()
        >>> len(frames)  # the leaves, tanh, the output's gradient, tanh's rule, the end
        5
        >>> print(frames[3].caption)
        backward 1 of 1: tanh
        gradient of x += g * (1 - out * out)
        with out = 0.4621, g = 1
        """
        return [Graph(scene, self._direction) for scene in self._scenes(max_frames)]

    def animate(
        self,
        path: str | Path,
        *,
        fps: float = 1.5,
        width: int = 1200,
        max_frames: int | None = 200,
    ) -> Path:
        """Write :meth:`frames` as a film, a ``.gif`` on white that begins again after its end.

        Parameters
        ----------
        path : str or Path
            Where to.
        fps : float, default 1.5
            How many frames a second, from 0.1 to 50.
        width : int, default 1200
            How many dots wide it is at most.
        max_frames : int or None, default 200
            How many frames there may be.

        Returns
        -------
        Path
            Where it was written; a notebook shows the film.

        Raises
        ------
        ValueError
            If the name does not end in ``.gif``, ``width`` is not above 0, ``fps`` is nothing a GIF has, or
            for what :meth:`frames` raises.
        TypeError
            If one of them is no number.
        FileNotFoundError
            If there is no such folder.
        ImportError
            If Pillow is not installed.
        RendererMissing
            If there is no Graphviz.  In all these cases nothing is written.
        """
        return FilmPath(write_film(path, self._scenes(max_frames), self._direction, fps, width))

    def _scenes(self, max_frames: int | None) -> Iterator[Picture]:
        if self._script is None:
            raise ValueError(
                f"this graph has no film: it is a frame of one, or has more than {LONGEST:,} operations"
            )
        return scenes(self._picture, self._script, max_frames)

    @property
    def caption(self) -> str:
        """What stands below the picture, if anything."""
        lines = "\n".join(line.rstrip() for line in self._picture.legend).rstrip()
        return "\n".join(filter(None, (lines, self._picture.caption)))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        kinds = [box.kind for box in self._picture.boxes]
        operations = kinds.count("operation")
        return f"<Graph: {operations} operations, {len(kinds)} boxes>"

    # What a notebook asks for, none of which may raise.

    def _repr_svg_(self) -> str | None:
        try:
            return self.svg()
        except Exception:
            return None

    def _repr_html_(self) -> str:
        return self._repr_svg_() or f"<pre>{html.escape(self._fallback())}</pre>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        svg = self._repr_svg_()
        if svg is None:
            return {"text/plain": self._fallback()}
        return {"image/svg+xml": svg, "text/html": svg, "text/plain": repr(self)}

    def _fallback(self) -> str:
        """Return the text that stands for a picture, and how to get the picture."""
        try:
            self.svg()
        except Exception as error:
            return f"{self.text}\n({error})"
        return self.text


# Graphviz wraps what has a hint into a link without a target, and gives every element an id.
_LINKED = re.compile(
    r'<title>[^<]*</title>\n<g[^>]*><a xlink:title="([^"]*)">\n(.*?)</a>\n</g>\n', re.DOTALL
)
_NOISE = re.compile(
    r'<!--.*?-->\n?| id="[^"]*"|(?<=class="edge">\n)<title>[^<]*</title>\n', re.DOTALL
)


def tidy_svg(svg: str) -> str:
    """Return Graphviz's SVG for use inside a page.

    Without prolog, comments and ids, which would collide with those of the next picture; hints as
    plain titles; no wider than the page.
    """
    svg = svg[svg.index("<svg") :].strip()
    svg = _LINKED.sub(r"<title>\1</title>\n\2", svg)
    svg = _NOISE.sub("", svg)
    svg = svg.replace('fill="#fffffe"', 'fill="transparent"')  # which older Graphvizes do not know
    return svg.replace("<svg ", '<svg role="img" style="max-width:100%;height:auto" ', 1)
