"""Pictures by matplotlib (extra ``plot``): curves, sheets of images.

Functions return a figure and show nothing; ``figure.savefig(path)`` writes it.  The colours are those of
Okabe and Ito, which nearly everyone can tell apart; curves differ in their strokes too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(7, 4.2), dpi=150, layout="constrained")
    axes = figure.subplots()
    for (name, values), (colour, stroke) in zip(curves.items(), cycle(STROKES), strict=False):
        epochs = range(1, len(values) + 1)
        axes.plot(epochs, values, stroke, color=colour, marker=".", linewidth=1.8, label=name)
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel, yscale="log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(which="major", color="0.88")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


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
    from matplotlib.figure import Figure

    rows = -(-len(images) // columns)
    figure = Figure(figsize=(0.9 * columns, 1.15 * rows + 0.5), dpi=150, layout="constrained")
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
