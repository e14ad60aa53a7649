"""Pictures of what was computed: graphs of computations, and plots of functions, training and models.

- :mod:`minigrad.viz.graphs`: :func:`draw` turns a tensor into the graph that leads to it, by Graphviz;
- :mod:`minigrad.viz.plots`: everything else, by matplotlib (extra ``plot``).

Both are looked for when a picture is asked for, never at import.
"""

from minigrad.viz.graphs.drawing import draw
from minigrad.viz.graphs.graph import Graph
from minigrad.viz.graphs.renderers import RendererMissing
from minigrad.viz.plots.activity import (
    ActivationRecorder,
    activation_histograms,
    activation_statistics,
)
from minigrad.viz.plots.boundary import decision_boundary
from minigrad.viz.plots.descent import compare, landscape, path, side_by_side
from minigrad.viz.plots.distributions import gradient_histograms, weight_histograms
from minigrad.viz.plots.flipbook import Flipbook
from minigrad.viz.plots.normalizing import normalization
from minigrad.viz.plots.pictures import (
    image_sheet,
    loss_curves,
    rate_curves,
    schedule_curves,
    training_curves,
)
from minigrad.viz.plots.racing import animate, race
from minigrad.viz.plots.style import style_sheet, theme
from minigrad.viz.plots.surfaces import surface

__all__ = [
    "ActivationRecorder",
    "Flipbook",
    "Graph",
    "RendererMissing",
    "activation_histograms",
    "activation_statistics",
    "animate",
    "compare",
    "decision_boundary",
    "draw",
    "gradient_histograms",
    "image_sheet",
    "landscape",
    "loss_curves",
    "normalization",
    "path",
    "race",
    "rate_curves",
    "schedule_curves",
    "side_by_side",
    "style_sheet",
    "surface",
    "theme",
    "training_curves",
    "weight_histograms",
]
