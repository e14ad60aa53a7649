"""Curves over epochs and steps, and sheets of images, by matplotlib (extra ``plot``).

Functions return a figure and show nothing; ``figure.savefig(path)`` writes it.  Colours and strokes are
those of :mod:`minigrad.viz.plots.style`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from minigrad.viz.plots.running import to_numpy
from minigrad.viz.plots.style import (
    FEW,
    SMALL,
    WIDTH,
    add_heading,
    add_legend,
    add_title,
    axes_or_new,
    blank_figure,
    count_in_integers,
    dress,
    look_of,
    small_pictures,
)

__all__ = ["image_sheet", "loss_curves", "rate_curves", "schedule_curves", "training_curves"]

HEIGHT = 4.2
"""Of a figure of curves, in inches."""

LABELS = {"lr": "learning rate", "seconds": "time (s)"}
"""What columns of a history are called on an axis, where it is not their name."""


def loss_curves(
    curves: Mapping[str, Any],
    *,
    title: str = "",
    xlabel: str = "epoch",
    ylabel: str = "loss",
    ax: Any = None,
) -> Any:
    """Plot losses, one point an epoch, on a logarithmic scale if all of them are above 0.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        Name of each curve -> its values, those of the first epoch first; lists, arrays or tensors.
    title, xlabel, ylabel : str
        Texts; the unit belongs to ``ylabel``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no curves.

    Examples
    --------
    >>> from minigrad import viz
    >>> figure = viz.loss_curves(
    ...     {"training": [1.2, 0.5, 0.3], "held out": [1.3, 0.7, 0.6]}, ylabel="cross entropy (nats)"
    ... )
    >>> figure.axes[0].get_yscale()
    'log'
    """
    ax = axes_or_new(ax, width=WIDTH, height=HEIGHT)
    _draw_losses(ax, _numbers(curves, "loss_curves"), ylabel)
    ax.set_xlabel(xlabel)
    add_title(ax, title)
    _finish(ax)
    return ax.figure


def training_curves(columns: Mapping[str, Any]) -> Any:
    """Plot what was measured in each epoch: losses as :func:`loss_curves` does, each other kind by itself.

    Parameters
    ----------
    columns : mapping of str to sequence of float
        Those whose name ends in "loss" are losses; "validation accuracy" goes with "accuracy".

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no columns.

    Examples
    --------
    >>> from minigrad import viz
    >>> figure = viz.training_curves({"loss": [1.2, 0.5], "accuracy": [0.6, 0.9]})
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['loss', 'accuracy']
    """
    numbers = _numbers(columns, "training_curves")
    grouped: dict[str, dict[str, np.ndarray]] = {}
    for name, values in numbers.items():
        kind = "loss" if name.endswith("loss") else name.removeprefix("validation ")
        grouped.setdefault(kind, {})[name] = values
    kinds = sorted(grouped, key=lambda kind: kind != "loss")
    figure, places = small_pictures(len(kinds), 2, height=3.2, below="epoch")
    for ax, kind in zip(places, kinds, strict=True):
        if kind == "loss":
            _draw_losses(ax, grouped[kind], kind)
        else:
            _draw_curves(ax, grouped[kind], LABELS.get(kind, kind))
        _finish(ax, named=len(grouped[kind]) > 1)
    return figure


def rate_curves(curves: Mapping[str, Any], *, title: str = "", ax: Any = None) -> Any:
    """Plot learning rates over the steps, from step 0 on.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        Name of each curve -> its values; a single one is not named.
    title : str
        Text above.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no curves.
    """
    return _drawn_rates(_numbers(curves, "rate_curves"), title, ax)


def schedule_curves(
    schedules: Mapping[str, Callable[[np.ndarray], Any]],
    steps: int,
    *,
    title: str = "",
    ax: Any = None,
) -> Any:
    """Plot schedules of the learning rate over so many steps.

    Parameters
    ----------
    schedules : mapping of str to callable
        Name of each -> the :class:`~minigrad.optim.schedules.Schedule`, or any function that turns an array
        of steps into their rates.
    steps : int
        How many steps, from 0 on.
    title : str
        Text above.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no schedules, or fewer than one step.

    Examples
    --------
    >>> from minigrad import viz
    >>> from minigrad.optim.schedules import Cosine, WarmUp
    >>> figure = viz.schedule_curves(
    ...     {"cosine": 0.1 * Cosine(100), "with a warm-up": 0.1 * WarmUp(10) * Cosine(100)}, steps=100
    ... )
    >>> figure.axes[0].get_ylabel()
    'learning rate'
    """
    if steps < 1:
        raise ValueError(f"schedule_curves: there has to be at least 1 step, got {steps}")
    _check_names(schedules, "schedule_curves")
    over = {name: schedule(np.arange(steps)) for name, schedule in schedules.items()}
    return _drawn_rates(_numbers(over, "schedule_curves"), title, ax)


def _drawn_rates(rates: Mapping[str, np.ndarray], title: str, ax: Any) -> Any:
    ax = axes_or_new(ax, width=WIDTH, height=HEIGHT)
    _draw_curves(ax, rates, "learning rate", first=0, marker="")
    ax.set_xlabel("step")
    if not any((values < 0).any() for values in rates.values()):
        ax.set_ylim(bottom=0)
    add_title(ax, title)
    _finish(ax, named=len(rates) > 1)
    return ax.figure


def _check_names(curves: Mapping[str, Any], asked: str) -> None:
    if not isinstance(curves, Mapping):
        raise TypeError(
            f"{asked}: expected a mapping of names to curves, got {type(curves).__name__}"
        )
    if not curves:
        raise ValueError(f"{asked}: there are no curves to draw")


def _numbers(curves: Mapping[str, Any], asked: str) -> dict[str, np.ndarray]:
    """Return the values of curves in NumPy's arrays of float64."""
    _check_names(curves, asked)
    return {name: _row(values, f"{asked}: {name!r}") for name, values in curves.items()}


def _row(values: Any, named: str) -> np.ndarray:
    if getattr(values, "ndim", 1) != 1:
        raise ValueError(f"{named} is to be one row of numbers, got shape {tuple(values.shape)}")
    try:
        return np.array([float(value) for value in values])
    except (TypeError, ValueError) as error:
        raise TypeError(f"{named} is to be a sequence of numbers: {error}") from error


def _draw_losses(ax: Any, curves: Mapping[str, np.ndarray], ylabel: str) -> None:
    _draw_curves(ax, curves, ylabel)
    if all((values[np.isfinite(values)] > 0).all() for values in curves.values()):
        ax.set_yscale("log")


def _draw_curves(
    ax: Any, curves: Mapping[str, np.ndarray], ylabel: str, first: int = 1, marker: str = "."
) -> None:
    """Draw curves of one point an epoch or step, told apart by colour and stroke."""
    for (name, values), (colour, stroke) in zip(
        curves.items(), cycle(look_of(ax).strokes), strict=False
    ):
        at = range(first, first + len(values))
        each = marker if len(values) <= FEW else ""
        ax.plot(at, values, linestyle=stroke, color=colour, marker=each, linewidth=1.8, label=name)
    ax.set_ylabel(ylabel)
    count_in_integers(ax.xaxis)


def _finish(ax: Any, named: bool = True) -> None:
    dress(ax)
    if named:
        add_legend(ax)


def image_sheet(
    images: Any,
    texts: Sequence[str],
    marked: Sequence[bool],
    *,
    columns: int = 10,
    title: str = "",
) -> Any:
    """Show small grey images in rows, some of them marked by a frame and a bold text.

    Parameters
    ----------
    images : Tensor or array_like, shape (n, height, width)
        From 0, the colour of the paper, to 1, that of the ink.
    texts : sequence of str
        What stands above each.
    marked : sequence of bool
        Which ones to mark.
    columns : int, default 10
        How many in a row.
    title : str
        Text above all of them.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no images, or not as many texts and marks; if there is less than one column.
    """
    images = to_numpy(images)
    if not len(images):
        raise ValueError("image_sheet: there are no images")
    if images.ndim != 3:
        raise ValueError(
            f"image_sheet: expected images of shape (n, height, width), got {images.shape}"
        )
    if not len(images) == len(texts) == len(marked):
        raise ValueError(
            f"image_sheet: {len(images)} images have as many texts and marks, got {len(texts)} texts and "
            f"{len(marked)} marks"
        )
    if columns < 1:
        raise ValueError(f"image_sheet: there has to be at least 1 column, got {columns}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    figure = blank_figure(0.9 * columns, 1.15 * rows + 0.5)
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    add_heading(places[0], title)
    for ax, image, text, mark in zip(places, images, texts, marked, strict=False):
        _draw_image(ax, image, text, mark)
    for ax in places[len(images) :]:
        ax.set_axis_off()
    return figure


def _draw_image(ax: Any, image: np.ndarray, text: str, mark: bool) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    look = look_of(ax)
    greys = LinearSegmentedColormap.from_list("greys", [look.paper, look.ink])
    ax.imshow(image, cmap=greys, vmin=0, vmax=1)
    add_title(ax, text, size=SMALL)
    ax.title.set_fontweight("bold" if mark else "normal")
    ax.set(xticks=[], yticks=[])
    frame = look.colours[1] if mark else look.faint
    ax.spines[:].set(color=frame, linewidth=2.5 if mark else 0.8)
