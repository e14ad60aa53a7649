"""Histograms of weights and gradients, a small picture for each layer (extra ``plot``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from minigrad._tensor import Tensor
from minigrad.nn.module import Module
from minigrad.viz.plots.histograms import (
    add_summary,
    common_parts,
    draw_histogram,
    finite,
    moments,
    percent,
)
from minigrad.viz.plots.running import check_sizes, to_numpy
from minigrad.viz.plots.style import add_heading, add_title, dress, small_pictures

__all__ = ["gradient_histograms", "weight_histograms"]

SIZES = 1e-150, 1e150
"""Gradients that are smaller or larger are drawn here: a logarithmic scale has no room for them."""


def weight_histograms(
    model: Module | Mapping[str, Any], *, columns: int = 2, title: str = ""
) -> Any:
    """Draw how the weights of each layer are distributed, all on one scale.

    Parameters
    ----------
    model : Module, or mapping of str to Tensor or array
        A module stands for its parameters of two axes or more (all of them, if there are none such);
        ``dict(model.named_parameters())`` for all.
    columns : int, default 2
        How many pictures in a row.
    title : str
        Text above all of them.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If it is neither a module nor a mapping.
    ValueError
        If there are no numbers in it.

    Examples
    --------
    >>> from minigrad import nn, viz
    >>> model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 2))
    >>> [ax.get_title() for ax in viz.weight_histograms(model).axes]
    ['0.weight (16, 8)', '2.weight (2, 16)']
    """
    found = {n: to_numpy(t) for n, t in _named(model, "weight_histograms").items()}
    figure, places = _panels(found, columns, title, "weight")
    weights = [finite(values) for values in found.values()]
    bins = common_parts([values for values, _ in weights])
    widest = 1.05 * float(np.abs(bins).max())
    for ax, (values, lost) in zip(places, weights, strict=True):
        draw_histogram(ax, values, bins)
        add_summary(ax, [*moments(values), *lost])
        ax.set_xlim(-widest, widest)
        ax.locator_params(axis="x", nbins=6)
        dress(ax)
    return figure


def gradient_histograms(
    model: Module | Mapping[str, Any], *, columns: int = 2, title: str = ""
) -> Any:
    """Draw how large the gradients of each layer are, after ``backward()``: all on one logarithmic scale.

    So gradients that vanish or explode from layer to layer are seen at a glance: they move to the left or
    to the right.  What is exactly 0, as behind units that are dead, has no place there and is told in words.

    Parameters
    ----------
    model : Module, or mapping of str to Tensor
        As for :func:`weight_histograms`; it is the ``.grad`` that is drawn.
    columns : int, default 2
        How many pictures in a row.
    title : str
        Text above all of them.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If it is neither a module nor a mapping of tensors.
    ValueError
        If none of them has a gradient.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn, viz
    >>> model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 2))
    >>> model(mg.ones(4, 8)).sum().backward()
    >>> viz.gradient_histograms(model).axes[0].get_xlabel()
    '|gradient|'
    """
    tensors = _named(model, "gradient_histograms")
    plain = [name for name, tensor in tensors.items() if not isinstance(tensor, Tensor)]
    if plain:
        raise TypeError(
            f"gradient_histograms: {plain[0]!r} is to be a tensor, whose .grad is drawn, got "
            f"{type(tensors[plain[0]]).__name__}"
        )
    if all(tensor._grad is None for tensor in tensors.values()):
        raise ValueError(
            "gradient_histograms: none of the parameters has a gradient; call backward() first"
        )
    shapes = {name: to_numpy(tensor) for name, tensor in tensors.items()}
    figure, places = _panels(shapes, columns, title, "|gradient|")
    told = [_sizes_and_lines(tensor._grad) for tensor in tensors.values()]
    bins = common_parts([sizes for sizes, _ in told], logarithmic=True)
    from matplotlib.ticker import LogLocator, NullLocator

    for ax, (sizes, lines) in zip(places, told, strict=True):
        draw_histogram(ax, sizes, bins)
        add_summary(ax, lines, left=True)
        ax.set_xscale("log")
        ax.set_xlim(bins[0] / 2, bins[-1] * 2)
        ax.xaxis.set_major_locator(LogLocator(numticks=6))
        ax.xaxis.set_minor_locator(NullLocator())
        dress(ax)
    return figure


def _sizes_and_lines(gradient: Tensor | None) -> tuple[np.ndarray, list[str]]:
    """Return the sizes of what is not 0, and what there is to say of all."""
    if gradient is None:
        return np.zeros(0), ["no gradient"]
    values, lost = finite(to_numpy(gradient))
    sizes = np.abs(values[values != 0])
    norm = np.hypot.reduce(np.abs(values)) if len(values) else 0.0
    zeros = 1 - len(sizes) / max(len(values), 1)
    share = ["all are 0" if zeros == 1 else f"{percent(zeros)} are 0"] if zeros else []
    return np.clip(sizes, *SIZES), [f"norm {norm:.2g}", *lost, *share]


def _named(model: Any, asked: str) -> dict[str, Any]:
    """Return what is to be drawn by its names: tensors that have elements."""
    if isinstance(model, Module):
        check_sizes(model)
        parameters = dict(model.named_parameters())
        chosen = {name: p for name, p in parameters.items() if p.ndim >= 2} or parameters
    elif isinstance(model, Mapping):
        chosen = dict(model)
    else:
        raise TypeError(
            f"{asked}: expected a module, or a mapping of names to tensors, got {type(model).__name__}"
        )
    chosen = {name: tensor for name, tensor in chosen.items() if to_numpy(tensor).size}
    if not chosen:
        raise ValueError(f"{asked}: there are no parameters to draw")
    return chosen


def _panels(
    arrays: Mapping[str, np.ndarray], columns: int, title: str, below: str
) -> tuple[Any, list[Any]]:
    figure, places = small_pictures(len(arrays), columns, below=below)
    for ax, (name, array) in zip(places, arrays.items(), strict=True):
        add_title(ax, f"{name} {array.shape}")
    for ax in places[::columns]:
        ax.set_ylabel("entries")
    add_heading(places[0], title)
    return figure, places
