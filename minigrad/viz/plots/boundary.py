"""Which class a model gives to each place of a plane (extra ``plot``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from minigrad._creation import as_tensor
from minigrad._tensor import Tensor
from minigrad.dtypes import get_default_dtype
from minigrad.viz.plots.histograms import percent
from minigrad.viz.plots.running import as_input, evaluated, to_numpy
from minigrad.viz.plots.style import (
    MARKERS,
    Theme,
    add_bar,
    add_legend,
    add_note,
    add_title,
    axes_or_new,
    dress,
    look_of,
)
from minigrad.viz.plots.windows import Range, around, as_ranges

__all__ = ["decision_boundary"]

DEPTH = 0.55
"""How much of its colour a class has where it is certain; the rest is paper."""

AT_ONCE = 10_000
"""How many places the model is asked for at once."""


def decision_boundary(
    model: Callable[..., Any],
    points: Any,
    labels: Any,
    *,
    outputs: str = "logits",
    window: Any = None,
    classes: Sequence[str] | None = None,
    symbols: tuple[str, str] = ("x₁", "x₂"),
    resolution: int = 201,
    title: str = "",
    ax: Any = None,
) -> Any:
    r"""Draw which class a model gives to each place of a plane, and how sure it is.

    The colour is that of the likeliest class, and the deeper, the larger its probability; lines are where
    two classes are equally likely.  The model runs in evaluation mode without recording gradients, and is
    left as it was.

    Parameters
    ----------
    model : Module or callable
        Takes points (n, 2), for a module in the dtype of its parameters, else in that of ``points``.  It
        gives one number for each, (n,) or (n, 1), of which the sigmoid is the probability of class 1; or K
        for each, (n, K), of which the softmax are the probabilities.
    points : Tensor or array_like, shape (n, 2)
        The data.
    labels : Tensor or array_like, shape (n,) or (n, 1)
        Their classes, whole numbers from 0 on.
    outputs : {"logits", "probabilities"}
        What the model gives; of probabilities, no sigmoid or softmax is taken.
    window : tuple of (float, float), optional
        The part of the plane to draw, a range for each number; around all points if not given.
    classes : sequence of str, optional
        What the classes are called; "class 0", ... if not given.  From the thirteenth on, colours repeat
        with other markers.
    symbols : tuple of str
        What the two numbers are called.
    resolution : int, default 201
        In how many places the model is asked along each axis.
    title : str
        Text above.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given, with a bar that tells the probability.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the points have not two numbers, or the model does not take such; if labels, outputs or the window
        do not fit; if there are no points, or some are not finite.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import data, nn, viz
    >>> points, labels = data.moons(100, noise=0.1)
    >>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    >>> figure = viz.decision_boundary(model, points, labels)
    >>> figure.axes[0].get_xlabel()
    'x₁'
    """
    places = _checked_points(points)
    if resolution < 2:
        raise ValueError(f"decision_boundary: resolution = {resolution}, expected at least 2")
    if window is None:
        ranges = [around(column, 0.1) for column in places.T]
    else:
        ranges = as_ranges(window, 2, "decision_boundary")
    like = as_tensor(points)
    like = like if like.is_floating_point() else like.to(get_default_dtype())
    count = _probabilities(model, places, like, outputs).shape[1]
    members = _checked_labels(labels, len(places), count)
    names = [f"class {k}" for k in range(count)] if classes is None else list(classes)
    if len(names) != count:
        raise ValueError(f"decision_boundary: {len(names)} names for {count} classes")
    sides = [np.linspace(low, high, resolution) for low, high in ranges]
    grid = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    field = _probabilities(model, grid, like, outputs).reshape(resolution, resolution, count)
    alone = ax is None
    ax = axes_or_new(ax, height=_height(ranges))
    _draw_field(ax, field, sides, look_of(ax))
    _draw_points(ax, places, members, names)
    if alone:
        _add_probability_bar(ax, look_of(ax), names)
        ax.figure.set_layout_engine("compressed")  # the bar is as high as the axes
    ax.set(xlim=ranges[0], ylim=ranges[1], aspect="equal" if _is_similar(ranges) else "auto")
    ax.set(xlabel=symbols[0], ylabel=symbols[1])
    ax.locator_params(nbins=6)
    add_title(ax, title)
    dress(ax, grid=False)
    add_legend(ax, below=True)
    return ax.figure


# What the model says ----------------------------------------------------------------------------------


def _probabilities(model: Any, places: np.ndarray, like: Tensor, outputs: str) -> np.ndarray:
    """Return the probability of each class (columns) at each place (rows), in float64.

    Places are given to the model as the points are, ``like``: in their dtype, on their device.
    """
    if outputs not in ("logits", "probabilities"):
        raise ValueError(
            f"decision_boundary: outputs = {outputs!r}, expected 'logits' or 'probabilities'"
        )
    with evaluated(model):
        parts = []
        for start in range(0, len(places), AT_ONCE):
            some = as_tensor(places[start : start + AT_ONCE])
            parts.append(_answer(model, some.to(like.device, like.dtype)))
    given = np.concatenate(parts).astype(np.float64)
    if outputs == "probabilities":
        _check_probabilities(given)
    if given.ndim == 1 or given.shape[1] == 1:
        one = given.reshape(-1)
        one = 0.5 * (1 + np.tanh(0.5 * one)) if outputs == "logits" else one
        return np.stack([1 - one, one], axis=1)
    if outputs == "probabilities":
        return given
    with np.errstate(invalid="ignore"):  # of what is infinite, NaN
        powers = np.exp(given - given.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _check_probabilities(given: np.ndarray) -> None:
    if given.min() < 0 or given.max() > 1:
        told = f"numbers from {given.min():.3g} to {given.max():.3g}"
    elif given.ndim == 2 and given.shape[1] > 1 and (np.abs(given.sum(axis=1) - 1) > 0.01).any():
        sums = given.sum(axis=1)
        told = f"rows whose sum is {sums[np.abs(sums - 1).argmax()]:.3g}"
    else:
        return
    raise ValueError(
        f"decision_boundary: the model gives {told}, which are no probabilities; leave outputs='logits'"
    )


def _answer(model: Any, places: Tensor) -> np.ndarray:
    try:
        given = to_numpy(model(as_input(places, model)))
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"decision_boundary: the model does not take points of two numbers: {error}"
        ) from error
    if not (given.ndim in (1, 2) and len(given) == len(places) and given.size):
        raise ValueError(
            f"decision_boundary: for {len(places)} points the model gives shape {given.shape}, expected "
            f"({len(places)},), ({len(places)}, 1) or ({len(places)}, classes)"
        )
    return given


def _checked_points(points: Any) -> np.ndarray:
    places = to_numpy(points)
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(
            f"decision_boundary: a picture has two axes, expected points of shape (n, 2), got "
            f"{places.shape}; choose two columns, and a model of two inputs"
        )
    if not len(places):
        raise ValueError("decision_boundary: there are no points")
    unknown = ~np.isfinite(places).all(axis=1)
    if unknown.any():
        raise ValueError(
            f"decision_boundary: {unknown.sum()} of {len(places)} points are NaN or infinite; leave them out"
        )
    return places.astype(np.float64)


def _checked_labels(labels: Any, count: int, classes: int) -> np.ndarray:
    members = to_numpy(labels)
    if members.shape not in ((count,), (count, 1)):
        raise ValueError(
            f"decision_boundary: {count} points have labels of shape ({count},), got {members.shape}"
        )
    members = members.reshape(-1)
    if members.dtype.kind not in "biuf":
        told = f"such as {members[0]!r}"
    elif not np.isin(members, np.arange(classes)).all():
        told = f"{members.min()} to {members.max()}"
    else:
        return members
    raise ValueError(
        f"decision_boundary: the model knows {classes} classes, so labels are whole numbers from 0 "
        f"to {classes - 1}; got {told}"
    )


# What is drawn ----------------------------------------------------------------------------------------


def _is_similar(ranges: list[Range]) -> bool:
    """Tell whether one unit can be as long on both axes."""
    return 1 / 3 < _shape(ranges) < 3


def _height(ranges: list[Range]) -> float:
    """Return the height of a figure of its own, in inches."""
    return 4.8 * min(_shape(ranges), 1.2) + 1.2 if _is_similar(ranges) else 4.8


def _shape(ranges: list[Range]) -> float:
    (left, right), (bottom, top) = ranges
    return (top - bottom) / (right - left)


def _draw_points(ax: Any, places: np.ndarray, members: np.ndarray, names: Sequence[str]) -> None:
    """Draw the data, each class with its colour and marker."""
    look = look_of(ax)
    drawn = zip(cycle(look.areas), _markers(len(names)), names, strict=False)
    for k, (colour, marker, name) in enumerate(drawn):
        ax.scatter(
            *places[members == k].T, s=20, marker=marker, color=colour, edgecolors=look.ink,
            linewidths=0.5, zorder=3, label=name,
        )  # fmt: skip


def _draw_field(ax: Any, field: np.ndarray, sides: list[np.ndarray], look: Theme) -> None:
    """Draw the colours of the classes, and lines where two are equally likely."""
    (x, y), half = sides, [(side[1] - side[0]) / 2 for side in sides]
    extent = (x[0] - half[0], x[-1] + half[0], y[0] - half[1], y[-1] + half[1])
    ax.imshow(
        _shade(field, look), extent=extent, origin="lower", interpolation="bilinear", zorder=0
    )
    for k in range(1 if field.shape[-1] == 2 else 0, field.shape[-1]):
        lead = field[..., k] - np.delete(field, k, axis=-1).max(axis=-1)
        if (lead < 0).any() and (lead > 0).any():
            ax.contour(x, y, lead, levels=[0], colors=look.ink, linewidths=1.2)
    unknown = np.isnan(field).any(axis=-1).mean()
    if unknown:
        add_note(ax, 0.02, 0.02, f"NaN at {percent(unknown)} of the places", color=look.ink)


def _shade(probabilities: np.ndarray, look: Theme) -> np.ndarray:
    """Return the colour for probabilities (..., K): paper where all are equal or none is known."""
    from matplotlib.colors import to_rgb

    count = probabilities.shape[-1]
    colours = np.array([to_rgb(c) for c, _ in zip(cycle(look.areas), range(count), strict=False)])
    paper = np.array(to_rgb(look.paper))
    known = np.nan_to_num(probabilities, nan=1 / count)
    depth = DEPTH * (known.max(axis=-1, keepdims=True) - 1 / count) / (1 - 1 / count)
    return paper + depth * (colours[known.argmax(axis=-1)] - paper)


def _markers(count: int) -> list[str]:
    """Return a marker for each class; when the colours begin again, other ones."""
    return [MARKERS[(k + k // 12) % len(MARKERS)] for k in range(count)]


def _add_probability_bar(ax: Any, look: Theme, names: Sequence[str]) -> None:
    """Tell what the depth of a colour means: of both, or of any of several."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap, Normalize, to_rgb

    if len(names) == 2:
        one = np.linspace(0, 1, 256)
        colours: Any = ListedColormap(_shade(np.stack([1 - one, one], axis=-1), look))
        low, ticks, label = 0.0, [0, 0.25, 0.5, 0.75, 1], f"probability of {names[1]}"
    else:
        paper, grey = np.array(to_rgb(look.paper)), np.array(to_rgb(look.grey))
        deepest = paper + DEPTH * (grey - paper)
        colours = LinearSegmentedColormap.from_list("depth", [look.paper, tuple(deepest)])
        low, label = 1 / len(names), "probability of the likeliest class"
        ticks = [low, *(t for t in (0.25, 0.5, 0.75, 1) if t > low + 0.1)]
    coloured = ScalarMappable(Normalize(low, 1), colours)
    add_bar(coloured, ax, label, ticks=ticks, format="%.2f")
