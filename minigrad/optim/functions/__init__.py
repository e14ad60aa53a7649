"""Functions to minimise, of which the minima are known: those of the documents, and the standard ones.

Each is an :class:`Objective`: called with a point, or with many at once, it returns the values; it knows
its minima, a window for pictures and a usual start.  :data:`ALL` has them by name::

    from minigrad.optim import functions

    f = functions.himmelblau
    f([3.0, 2.0])          # a tensor
    f.minima, f.window, f.start, f.equation, f.source
    f.plot()               # a figure

Numbers of the documents have more digits than float32: points given as Python's numbers are float64 here.
"""

from minigrad._points import as_point, values_at
from minigrad.optim.functions.curves import (
    absolute,
    convex,
    jump,
    nearly_flat,
    parabola,
    shoulder,
    sqrt_abs,
    staircase,
    trench,
    two_wells,
    two_wells_as_printed,
    wavy,
)
from minigrad.optim.functions.fitting import (
    gabor,
    linear_regression,
    underdetermined,
    underdetermined_regularized,
)
from minigrad.optim.functions.objective import Objective, Point
from minigrad.optim.functions.surfaces import (
    ackley,
    beale,
    bowl,
    bukin6,
    ellipse,
    escape,
    himmelblau,
    quadratic,
    rastrigin,
    ravine,
    ring,
    rosenbrock,
    saddle,
    tilted,
)

ALL = {
    function.name: function
    for function in (
        parabola,
        absolute,
        convex,
        jump,
        nearly_flat,
        staircase,
        sqrt_abs,
        wavy,
        trench,
        two_wells,
        two_wells_as_printed,
        shoulder,
        bowl,
        tilted,
        saddle,
        escape,
        ring,
        ravine,
        linear_regression,
        gabor,
        underdetermined,
        himmelblau,
        bukin6,
        rosenbrock,
        beale,
        rastrigin,
        ackley,
    )
}
"""All functions that have no parameters of their own, by name."""

__all__ = [
    "ALL",
    "Objective",
    "Point",
    "absolute",
    "ackley",
    "as_point",
    "beale",
    "bowl",
    "bukin6",
    "convex",
    "ellipse",
    "escape",
    "gabor",
    "himmelblau",
    "jump",
    "linear_regression",
    "nearly_flat",
    "parabola",
    "quadratic",
    "rastrigin",
    "ravine",
    "ring",
    "rosenbrock",
    "saddle",
    "shoulder",
    "sqrt_abs",
    "staircase",
    "tilted",
    "trench",
    "two_wells",
    "two_wells_as_printed",
    "underdetermined",
    "underdetermined_regularized",
    "values_at",
    "wavy",
]
