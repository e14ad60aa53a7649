"""``draw`` and the :class:`Graph` it returns, which notebooks show and ``save`` writes."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from minigrad import engine
from minigrad.viz import renderers
from minigrad.viz.dot import DIRECTIONS, to_dot
from minigrad.viz.picture import Picture
from minigrad.viz.tensor_view import place_of, tensor_view
from minigrad.viz.text import to_text

RENDERED = ("svg", "png", "pdf")
WRITTEN = ("gv", "dot", "txt")
PNG_DPI = 192  # twice a screen's


def draw(
    outputs: Any,
    *,
    params: Any = None,
    names: Mapping[str, Any] | None = None,
    direction: str = "TB",
    max_nodes: int | None = 200,
) -> Graph:
    """Draw the graph of what was computed to get ``outputs``.

    Operations are yellow; boxes are tensors: inputs and targets green, parameters (whatever requires
    gradients) blue, constants grey, outputs red.  Results in between are arrows with their shape.  Each
    call of a module has a frame.  Works before and after ``backward()``.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
        What was computed.
    params : Module or mapping of str to Tensor, optional
        Names for parameters: a module, or ``dict(model.named_parameters())``.
    names : mapping of str to Tensor, optional
        Names for any tensors; ``locals()`` will do, as what is no tensor is passed over.
    direction : {"TB", "LR", "BT", "RL"}
        Where the computation runs: from top to bottom, from left to right, ...
    max_nodes : int or None, default 200
        If there are more operations and leaves, modules are closed to one box each, innermost first;
        if that is not enough, only the last ones are drawn.  The picture says so.  ``None``: draw all.

    Returns
    -------
    Graph
        A snapshot in text: it keeps no tensor alive.

    Raises
    ------
    TypeError
        If something else than tensors is to be drawn or named.
    ValueError
        If there is nothing to draw, no such direction, or ``max_nodes`` is less than 2.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, 2.0])
    >>> w = mg.tensor([3.0, 4.0], requires_grad=True)
    >>> print(mg.draw((w * x).sum(), names={"x": x, "w": w}))
    n0 = parameter w  (2,) float32
    n1 = input x      (2,) float32
    n2 = mul(n0, n1)  (2,)
    n3 = sum(n2)
    n4 = output: n3   () float32  11
    """
    tensors = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    for tensor in tensors:
        if not isinstance(tensor, engine.Tensor):
            raise TypeError(f"draw: expected a Tensor or several, got {type(tensor).__name__}")
    if not tensors:
        raise ValueError("draw: there is no tensor to draw")
    if direction not in DIRECTIONS:
        raise ValueError(f"draw: direction has to be one of {tuple(DIRECTIONS)}, got {direction!r}")
    if max_nodes is not None and max_nodes < 2:
        raise ValueError(f"draw: max_nodes has to be at least 2, or None; got {max_nodes}")
    known = {**named(params, "params"), **named(names, "names")}
    return Graph(tensor_view(tensors, known, max_nodes), direction)


def named(tensors: Any, argument: str) -> dict[Any, str]:
    """Return the names by node and by place in memory, the two ways in which a graph holds a tensor."""
    if tensors is None:
        return {}
    if hasattr(tensors, "named_parameters"):
        tensors = dict(tensors.named_parameters())
    if not isinstance(tensors, Mapping):
        raise TypeError(
            f"draw: {argument} has to be a dict of names and tensors"
            f"{' or a Module' if argument == 'params' else ''}, got {type(tensors).__name__}"
        )
    known: dict[Any, str] = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, engine.Tensor):
            known[place_of(tensor.array)] = str(name)
            if tensor.node is not None:
                known[tensor.node] = str(name)
    return known


class Graph:
    """The picture of a computation.  A notebook shows it; ``save`` writes it; ``print`` lists it.

    Made by :func:`draw`.  To show it never raises: without Graphviz it is shown as text.
    """

    def __init__(self, picture: Picture, direction: str = "TB") -> None:
        self._picture = picture
        self._direction = direction

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
            If there is no Graphviz and the file is no text.  Nothing is written then.
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
    return svg.replace("<svg ", '<svg role="img" style="max-width:100%;height:auto" ', 1)
