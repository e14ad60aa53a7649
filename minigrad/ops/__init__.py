"""The operations: each a forward on raw arrays with its derivative beside it, in NumPy's words.

One file a subject; :mod:`minigrad.ops.declare` says how an operation is declared and
:mod:`minigrad.ops.namespace` holds the names that rules may use.
"""

from minigrad import engine
from minigrad.ops import (
    activations,
    arithmetic,
    comparison,
    elementary,
    fused,
    indexing,
    linalg,
    losses,
    namespace,
    products,
    reductions,
    shapes,
)
from minigrad.ops.declare import REGISTRY, Op, op, register

engine.tensor_namespace = namespace

__all__ = [
    "REGISTRY",
    "Op",
    "activations",
    "arithmetic",
    "comparison",
    "elementary",
    "fused",
    "indexing",
    "linalg",
    "losses",
    "namespace",
    "op",
    "products",
    "reductions",
    "register",
    "shapes",
]
