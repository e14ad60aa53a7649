"""What a normalising layer makes of its inputs (extra ``plot``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad._tensor import Tensor
from minigrad.nn.batchnorm import BatchNorm1d
from minigrad.nn.layernorm import LayerNorm
from minigrad.nn.module import Module
from minigrad.viz.plots.histograms import add_summary, common_parts, draw_histogram, finite, moments
from minigrad.viz.plots.running import evaluated, run_once, to_numpy
from minigrad.viz.plots.style import WIDE, add_heading, add_title, blank_figure, dress, look_of

__all__ = ["normalization"]

UNITS = 48
"""So many units are drawn at most."""


def normalization(
    model: Module,
    batch: Any,
    layer: Module | str | None = None,
    *,
    running: bool = False,
    title: str = "",
) -> Any:
    """Draw the distribution of what goes into a normalising layer, and of what comes out.

    Above, each unit has a bar from its mean less one standard deviation to its mean and one more (each
    sample, for a layer norm); below are all values together.

    The model runs once in evaluation mode, without recording gradients, and is left as it was.

    Parameters
    ----------
    model : Module
        The model, or the layer alone.
    batch : Tensor or array_like, or tuple of them
        What the model runs on; several inputs in a tuple.
    layer : Module or str, optional
        The layer or its name, as in ``"1"``; the first :class:`~minigrad.nn.BatchNorm1d` or
        :class:`~minigrad.nn.LayerNorm` if not given.
    running : bool, default False
        Whether batch norm takes its running statistics, as in evaluation; else those of the batch, as in
        training.
    title : str
        Text above.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no such layer, it does not run, or the batch is empty.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn, viz
    >>> model = nn.Sequential(nn.Linear(2, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU())
    >>> figure = viz.normalization(model, mg.randn(50, 2))
    >>> figure.axes[0].get_title()
    'before 1: BatchNorm1d'
    """
    label, chosen = _normalising(model, layer)
    seen = _around(model, chosen, batch, running)
    if seen is None:
        raise ValueError(f"normalization: {label} did not run")
    figure = blank_figure(WIDE, 5.0)
    places = figure.subplots(2, 2, height_ratios=(1.25, 1))
    for (units, entries), word, values in zip(places.T, ("before", "after"), seen, strict=True):
        _draw_units(units, *_groups(chosen, values))
        known, lost = finite(values)
        draw_histogram(entries, known, common_parts([known]))
        add_summary(entries, [*moments(known, "z.2f"), *lost])
        add_title(units, f"{word} {label}")
        entries.set(xlabel=f"value {word}", ylabel="entries")
        dress(units)
        dress(entries)
    add_heading(places[0, 0], title)
    return figure


def _around(
    model: Module, layer: Module, batch: Any, running: bool
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return what goes into a layer and what comes out, the first time it runs; None if it does not."""
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def keep(module: Module, args: tuple[Any, ...], named: dict[str, Any], output: Tensor) -> None:
        given, *_ = (*args, *named.values())
        seen.append((np.array(to_numpy(given)), np.array(to_numpy(output))))

    hook = layer.register_forward_hook(keep, with_kwargs=True)
    with evaluated(model), _statistics_of_the_batch(model, not running), hook:
        try:
            run_once(model, batch)
        except ValueError as error:
            if running or "more than 1" not in str(error):
                raise
            raise ValueError(
                f"normalization: {error}; with running=True batch norm takes what it has seen before"
            ) from error
    return seen[0] if seen else None


def _normalising(model: Module, layer: Module | str | None) -> tuple[str, Module]:
    """Return the layer that was asked for, and what it is called."""
    if not isinstance(layer, (Module, str, type(None))):
        raise TypeError(
            f"normalization: layer is to be a module or its name, as '1' is, got {layer!r}"
        )
    modules = dict(model.named_modules())
    known = {name: m for name, m in modules.items() if isinstance(m, (BatchNorm1d, LayerNorm))}
    if layer is not None:
        known = {name: m for name, m in known.items() if layer is m or layer == name}
    if not known:
        asked = (
            f" {layer!r}"
            if isinstance(layer, str)
            else " of that kind"
            if layer is not None
            else ""
        )
        raise ValueError(
            f"normalization: the model has no BatchNorm1d or LayerNorm{asked}; its modules are "
            f"{', '.join(repr(name) for name in modules if name) or 'none'}"
        )
    name, module = next(iter(known.items()))
    return f"{name}: {type(module).__name__}" if name else type(module).__name__, module


@contextmanager
def _statistics_of_the_batch(model: Module, wanted: bool) -> Iterator[None]:
    """Put running statistics aside, without which batch norm takes those of the batch."""
    layers = [m for m in model.modules() if isinstance(m, BatchNorm1d) and wanted]
    kept = [(layer.running_mean, layer.running_var) for layer in layers]
    try:
        for layer in layers:
            layer.running_mean = layer.running_var = None
        yield
    finally:
        for layer, (mean, var) in zip(layers, kept, strict=True):
            layer.running_mean, layer.running_var = mean, var


def _groups(layer: Module, values: np.ndarray) -> tuple[np.ndarray, str]:
    """Return a row for each group that the layer gives mean 0, and what a group is called."""
    values = values.astype(np.float64)
    if isinstance(layer, LayerNorm):
        return values.reshape(-1, int(np.prod(layer.normalized_shape))), "sample"
    if not getattr(layer, "features_first", False):
        values = np.moveaxis(values, 1, 0)
    return values.reshape(len(values), -1), "unit"


def _draw_units(ax: Any, groups: np.ndarray, what: str) -> None:
    """Draw mean and standard deviation of each group, of what is finite in it."""
    look = look_of(ax)
    shown = [finite(group)[0] for group in groups[:UNITS]]
    means, stds = np.array([(g.mean(), g.std()) if len(g) else (np.nan,) * 2 for g in shown]).T
    style = {"markersize": 4, "elinewidth": 2.2, "capsize": 0}
    ax.errorbar(np.arange(len(shown)), means, yerr=stds, fmt="o", color=look.colours[0], **style)
    ax.axhline(0, color=look.grey, linewidth=0.8, zorder=1)
    first = f"{what}, the first {UNITS} of {len(groups):,}" if len(groups) > UNITS else what
    ax.set(xlabel=first, ylabel="mean ± std")
