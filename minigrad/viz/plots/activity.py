"""What comes out of the layers of a model (extra ``plot``)."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from minigrad._tensor import Tensor
from minigrad.nn.hooks import RemovableHandle
from minigrad.nn.module import Module
from minigrad.viz.plots.histograms import (
    add_summary,
    common_parts,
    draw_histogram,
    finite,
    lost_line,
    moments,
    percent,
)
from minigrad.viz.plots.running import evaluated, run_once, to_numpy
from minigrad.viz.plots.style import (
    SMALL,
    WIDE,
    add_heading,
    add_title,
    blank_figure,
    dress,
    look_of,
    small_pictures,
)

__all__ = [
    "ActivationRecorder",
    "LayerStatistics",
    "activation_histograms",
    "activation_statistics",
]

# Recording --------------------------------------------------------------------------------------------


class LayerStatistics(NamedTuple):
    """What there is to say of a layer's outputs.

    Attributes
    ----------
    mean, std : float
        Over all that are finite; NaN if none is.
    dead : float
        Which part of the units gave exactly 0 for every sample.
    lost : int
        How many outputs are NaN or infinite.
    """

    mean: float
    std: float
    dead: float
    lost: int


class ActivationRecorder:
    """Keeps what the layers of a model give, while a ``with`` block lasts, by hooks.

    Layers are the modules that have none within.  The hooks only look: modes, gradients and random numbers
    are what they would be.

    Parameters
    ----------
    model : Module
        What will run.

    Attributes
    ----------
    runs : dict of str to list of array
        What each layer gave, run by run, by names as ``"1: ReLU"``; on the host.

    Raises
    ------
    TypeError
        If it is no module.
    RuntimeError
        If it is entered while it records.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn, viz
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> with viz.ActivationRecorder(model) as recorder:
    ...     out = model(mg.ones(5, 2))
    >>> {name: values.shape for name, values in recorder.values.items()}
    {'0: Linear': (5, 3), '1: ReLU': (5, 3)}
    >>> recorder.statistics["1: ReLU"].dead in (0, 1 / 3, 2 / 3, 1)  # five equal samples, three units
    True
    """

    def __init__(self, model: Module) -> None:
        if not isinstance(model, Module):
            raise TypeError(f"ActivationRecorder: expected a module, got {type(model).__name__}")
        self.model = model
        self.runs: dict[str, list[np.ndarray]] = {}
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> Self:
        if self._handles:
            raise RuntimeError("ActivationRecorder: it is recording already")
        for name, module in self.model.named_modules():
            if not any(True for _ in module.children()):
                label = f"{name}: {type(module).__name__}" if name else type(module).__name__
                self._handles.append(module.register_forward_hook(self._keeper(label)))
        return self

    def __exit__(self, *exc: Any) -> None:
        while self._handles:
            self._handles.pop().remove()

    def _keeper(self, label: str) -> Any:
        def keep(module: Module, args: tuple[Any, ...], output: Any) -> None:
            if isinstance(output, Tensor) and output.is_floating_point() and output.numel():
                self.runs.setdefault(label, []).append(np.array(to_numpy(output)))

        return keep

    @property
    def values(self) -> dict[str, np.ndarray]:
        """What each layer gave, several runs below each other."""
        return {label: _below_each_other(label, runs) for label, runs in self.runs.items()}

    @property
    def statistics(self) -> dict[str, LayerStatistics]:
        """Mean, standard deviation and dead part of each layer, in a ``LayerStatistics``."""
        return {label: _statistics(runs) for label, runs in self.runs.items()}


def _below_each_other(label: str, runs: list[np.ndarray]) -> np.ndarray:
    if len({run.shape[1:] for run in runs}) > 1:
        raise ValueError(
            f"ActivationRecorder: {label} gave the shapes {', '.join(str(run.shape) for run in runs)}, which "
            "differ in more than the number of samples; record them one by one"
        )
    return np.concatenate([np.atleast_1d(run) for run in runs])


def _statistics(runs: list[np.ndarray]) -> LayerStatistics:
    values, _ = finite(np.concatenate([run.reshape(-1) for run in runs]))
    mean, std = (values.mean(), values.std()) if len(values) else (np.nan, np.nan)
    lost = sum(run.size for run in runs) - len(values)
    return LayerStatistics(float(mean), float(std), _dead_part(runs), lost)


def _dead_part(runs: list[np.ndarray]) -> float:
    """Return which part of the units gave nothing but 0; in runs of other shapes they are other units."""
    silent: dict[tuple[int, ...], Any] = {}
    for run in runs:
        run = np.atleast_1d(run)
        silent[run.shape[1:]] = silent.get(run.shape[1:], True) & (run == 0).all(axis=0)
    return float(np.concatenate([np.ravel(units) for units in silent.values()]).mean())


def _recorded(model: Any, batch: Any, asked: str) -> ActivationRecorder:
    """Return what was recorded, or what one run on the batch gives."""
    if isinstance(model, ActivationRecorder):
        if batch is not None:
            raise ValueError(f"{asked}: give a recorder alone, or a model with a batch")
        recorder = model
    else:
        if batch is None:
            raise ValueError(f"{asked}: a model needs a batch to run on")
        recorder = ActivationRecorder(model)
        with evaluated(model), recorder:
            run_once(model, batch)
    if not recorder.runs:
        raise ValueError(f"{asked}: nothing was recorded; no layer ran")
    return recorder


# Pictures ---------------------------------------------------------------------------------------------


def activation_statistics(
    model: Module | ActivationRecorder, batch: Any = None, *, title: str = ""
) -> Any:
    """Draw mean and standard deviation of what each layer gives, and how many of its units are dead.

    A unit is dead if it gives exactly 0 for every sample of the batch, as a ReLU behind negative inputs does.

    Parameters
    ----------
    model : Module or ActivationRecorder
        A model, which runs once in evaluation mode and without recording gradients, and is left as it was; or
        what was recorded of a run of your own.
    batch : Tensor or array_like, or tuple of them
        What the model runs on; several inputs in a tuple.
    title : str
        Text above.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If it is neither a module nor a recorder.
    ValueError
        If there is no batch, or an empty one; if nothing was recorded.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn, viz
    >>> model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> spread, dead = viz.activation_statistics(model, mg.randn(50, 2)).axes
    >>> [text.get_text() for text in spread.get_yticklabels()]
    ['0: Linear', '1: ReLU', '2: Linear']
    """
    layers = _recorded(model, batch, "activation_statistics").statistics
    figure = blank_figure(WIDE, 0.34 * len(layers) + 1.4)
    spread, dead = figure.subplots(1, 2, sharey=True, width_ratios=(1.6, 1))
    _draw_spread(spread, layers)
    _draw_dead(dead, layers)
    for ax in (spread, dead):
        dress(ax)
        ax.grid(axis="y", visible=False)
        ax.tick_params(axis="y", length=0)
    dead.tick_params(labelleft=False)
    add_heading(spread, title)
    return figure


def _draw_spread(ax: Any, layers: dict[str, LayerStatistics]) -> None:
    """Draw mean and standard deviation of each layer; what has none is told in words."""
    look = look_of(ax)
    rows = np.arange(len(layers))
    means, stds, _, _ = np.array(list(layers.values())).T
    style = {"markersize": 6, "elinewidth": 2.5, "capsize": 0}
    ax.errorbar(means, rows, xerr=stds, fmt="o", color=look.colours[0], **style)
    ax.axvline(0, color=look.grey, linewidth=0.8, zorder=1)
    ax.set(yticks=rows, yticklabels=list(layers), xlabel="output, mean ± standard deviation")
    ax.set_ylim(len(layers) - 0.5, -0.5)  # the first layer above
    for row, layer in enumerate(layers.values()):
        for line in lost_line(layer.lost):
            ax.annotate(
                line, (0.99, row), (0, 7), xycoords=ax.get_yaxis_transform(), ha="right", va="center",
                textcoords="offset points", fontsize=SMALL, color=look.ink,
            )  # fmt: skip


def _draw_dead(ax: Any, layers: dict[str, LayerStatistics]) -> None:
    """Draw which part of the units of each layer is dead."""
    look = look_of(ax)
    for row, layer in enumerate(layers.values()):
        part = 100 * layer.dead
        ax.barh(row, part, height=0.6, color=look.colours[1])
        ax.annotate(
            percent(layer.dead), (part, row), (4, 0), textcoords="offset points", va="center",
            fontsize=SMALL, color=look.ink,
        )  # fmt: skip
    ax.set(xlabel="dead units (%)", xlim=(0, 118), xticks=range(0, 101, 25))


def activation_histograms(
    model: Module | ActivationRecorder, batch: Any = None, *, columns: int = 2, title: str = ""
) -> Any:
    """Draw how the outputs of each layer are distributed.

    Parameters
    ----------
    model, batch, title
        As for :func:`activation_statistics`.
    columns : int, default 2
        How many pictures in a row.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If it is neither a module nor a recorder.
    ValueError
        If there is no batch, or an empty one; if nothing was recorded.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn, viz
    >>> model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> [ax.get_title() for ax in viz.activation_histograms(model, mg.randn(50, 2)).axes[:3]]
    ['0: Linear', '1: ReLU', '2: Linear']
    """
    recorder = _recorded(model, batch, "activation_histograms")
    figure, places = small_pictures(len(recorder.runs), columns, below="output")
    for ax, (label, layer) in zip(places, recorder.statistics.items(), strict=True):
        values, lost = finite(np.concatenate([run.reshape(-1) for run in recorder.runs[label]]))
        draw_histogram(ax, values, common_parts([values]))
        dead = [f"{percent(layer.dead)} dead"] if layer.dead else []
        add_summary(ax, [*moments(values), *lost, *dead])
        add_title(ax, label)
        dress(ax)
    for ax in places[::columns]:
        ax.set_ylabel("entries")
    add_heading(places[0], title)
    return figure
