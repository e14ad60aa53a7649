"""Pictures by matplotlib (extra ``plot``): curves, sheets of images.

Functions return a figure and show nothing; ``figure.savefig(path)`` writes it.  The colours are those of
Okabe and Ito, which nearly everyone can tell apart; curves differ in their strokes too.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any

BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
STROKES = ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (PURPLE, ":"))


def loss_curves(
    curves: Mapping[str, Sequence[float]],
    *,
    title: str = "",
    xlabel: str = "epoch",
    ylabel: str = "loss",
) -> Any:
    """Plot losses on a logarithmic scale, one point an epoch.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        Name of each curve -> its values, those of the first epoch first.
    title, xlabel, ylabel : str
        Texts; the unit belongs to ``ylabel``.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    figure = new_figure(1)
    axes = figure.axes[0]
    _draw_curves(axes, curves, ylabel)
    axes.set(title=title, xlabel=xlabel, yscale="log")
    return figure


def training_curves(columns: Mapping[str, Sequence[float]]) -> Any:
    """Plot what was measured in each epoch: losses on a logarithmic scale, beside them the rest.

    Parameters
    ----------
    columns : mapping of str to sequence of float
        Those whose name ends in "loss" are losses.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    losses = {name: values for name, values in columns.items() if name.endswith("loss")}
    others = {name: values for name, values in columns.items() if name not in losses}
    figure = new_figure(2 if others else 1)
    _draw_curves(figure.axes[0], losses, "loss")
    figure.axes[0].set(xlabel="epoch", yscale="log")
    if others:
        _draw_curves(figure.axes[1], others, ", ".join(sorted(_without_validation(others))))
        figure.axes[1].set(xlabel="epoch")
    return figure


def rate_curves(curves: Mapping[str, Sequence[float]], *, title: str = "") -> Any:
    """Plot learning rates over the steps, from step 0 on.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        Name of each curve -> its values; a single one is not named.
    title : str
        Text above.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    figure = new_figure(1)
    axes = figure.axes[0]
    _draw_curves(axes, curves, "learning rate", first=0, marker="")
    axes.set(title=title, xlabel="step")
    axes.set_ylim(bottom=0)
    if len(curves) == 1:
        axes.get_legend().remove()
    return figure


def _without_validation(names: Iterable[str]) -> set[str]:
    return {name.removeprefix("validation ") for name in names}


def figure_class() -> Any:
    """Return a class of matplotlib's figures that need no window, and that notebooks show all the same.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'pictures of curves and images need matplotlib: pip install "minigrad-autograd[plot]"'
        ) from error

    class ShownFigure(Figure):
        def _repr_html_(self) -> str:
            content = io.BytesIO()
            self.savefig(content, format="png")
            encoded = base64.b64encode(content.getvalue()).decode()
            return f'<img src="data:image/png;base64,{encoded}" style="max-width: 100%">'

    return ShownFigure


def new_figure(columns: int) -> Any:
    """Return a figure with so many axes beside each other."""
    figure = figure_class()(figsize=(7 if columns == 1 else 11, 4.2), dpi=150, layout="constrained")
    figure.subplots(1, columns)
    return figure


def _draw_curves(
    axes: Any, curves: Mapping[str, Sequence[float]], ylabel: str, first: int = 1, marker: str = "."
) -> None:
    """Draw curves of one point an epoch, told apart by colour and stroke."""
    from matplotlib.ticker import MaxNLocator

    for (name, values), (colour, stroke) in zip(curves.items(), cycle(STROKES), strict=False):
        epochs = range(first, first + len(values))
        axes.plot(epochs, values, stroke, color=colour, marker=marker, linewidth=1.8, label=name)
    axes.set_ylabel(ylabel)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(which="major", color="0.88")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)


def image_sheet(
    images: Any,
    texts: Sequence[str],
    marked: Sequence[bool],
    *,
    columns: int = 10,
    title: str = "",
) -> Any:
    """Show small grey images in rows, some of them marked by a frame and a coloured text.

    Parameters
    ----------
    images : array, shape (n, height, width)
        From 0 (white) to 1 (black).
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
    """
    rows = -(-len(images) // columns)
    figure = figure_class()(
        figsize=(0.9 * columns, 1.15 * rows + 0.5), dpi=150, layout="constrained"
    )
    figure.suptitle(title)
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, image, text, mark in zip(places, images, texts, marked, strict=False):
        axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(text, fontsize=9, color=VERMILION if mark else "black")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color=VERMILION if mark else "0.85", linewidth=2.5 if mark else 0.8)
    for axes in places[len(images) :]:
        axes.set_axis_off()
    return figure
