"""Optimisers: algorithms that change parameters by what they see of a loss, with PyTorch's interface.

Each class is its equation (``update``, or ``step`` where the loss is asked for again).  Where to look:

* gradient: :mod:`~minigrad.optim.sgd`, :mod:`~minigrad.optim.momentum`, :mod:`~minigrad.optim.sign`,
  :mod:`~minigrad.optim.normalized`, :mod:`~minigrad.optim.adagrad`, :mod:`~minigrad.optim.rmsprop`,
  :mod:`~minigrad.optim.adam` and its kin, :mod:`~minigrad.optim.muon`;
  :mod:`~minigrad.optim.transforms` clips and regularises;
* the loss again: :mod:`~minigrad.optim.along_lines` (line searches), :mod:`~minigrad.optim.halving`,
  :mod:`~minigrad.optim.sam`, :mod:`~minigrad.optim.svrg`;
* only values: :mod:`~minigrad.optim.evolution`, :mod:`~minigrad.optim.random_search`;
* curvature: :mod:`~minigrad.optim.newton`, :mod:`~minigrad.optim.least_squares`,
  :mod:`~minigrad.optim.lbfgs`, :mod:`~minigrad.optim.kfac`;
* learning rates: :mod:`~minigrad.optim.schedules`, :mod:`~minigrad.optim.lr_scheduler`;
* descents to look at: :mod:`~minigrad.optim.minimizing`, :mod:`~minigrad.optim.trajectory`,
  :mod:`~minigrad.optim.functions`, :mod:`~minigrad.optim.analysis`;
* trials: :mod:`~minigrad.optim.search`, :mod:`~minigrad.optim.tune`; batches, shards and clients:
  :mod:`~minigrad.optim.regimes`;
* :mod:`~minigrad.optim.documents` leads from the equations of the lectures and books to all of these.

What optimisers have in common is in :mod:`minigrad.optim.optimizer`, and how their rules are run fast in
:mod:`minigrad.optim.bundles`.
"""

from typing import TYPE_CHECKING, Any

from minigrad.optim import (
    functions,
    line_search,
    lr_scheduler,
    schedules,
    search,
    surrogate,
    transforms,
    tune,
)
from minigrad.optim.adadelta import Adadelta
from minigrad.optim.adagrad import Adagrad
from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.adamax import Adamax
from minigrad.optim.along_lines import LineSearchGD
from minigrad.optim.analysis import (
    CriticalPoint,
    classify_critical_point,
    crossing_chord,
    directional_derivative,
    effective_window,
    is_convex_on,
    numerical_grad,
    taylor,
)
from minigrad.optim.evolution import ES
from minigrad.optim.halving import HalveOnNoDecrease
from minigrad.optim.kfac import KFAC
from minigrad.optim.lbfgs import LBFGS
from minigrad.optim.least_squares import LevenbergMarquardt
from minigrad.optim.minimizing import minimize
from minigrad.optim.momentum import Momentum, Nesterov
from minigrad.optim.muon import Muon
from minigrad.optim.nadam import NAdam
from minigrad.optim.newton import Newton, NewtonCG
from minigrad.optim.normalized import NormalizedGD
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.radam import RAdam
from minigrad.optim.random_search import SPSA, RandomSearch
from minigrad.optim.regimes import (
    federated_round,
    minibatches,
    sharded_gradients,
    shards_of,
    weighted_average,
)
from minigrad.optim.regularization import regularized
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.sam import SAM
from minigrad.optim.sgd import SGD
from minigrad.optim.sign import Lion, Rprop, SignDescent
from minigrad.optim.svrg import SVRG
from minigrad.optim.trajectory import Trajectory

if TYPE_CHECKING:
    from minigrad.optim import documents

__all__ = [
    "ES",
    "KFAC",
    "LBFGS",
    "SAM",
    "SGD",
    "SPSA",
    "SVRG",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "CriticalPoint",
    "HalveOnNoDecrease",
    "LevenbergMarquardt",
    "LineSearchGD",
    "Lion",
    "Momentum",
    "Muon",
    "NAdam",
    "Nesterov",
    "Newton",
    "NewtonCG",
    "NormalizedGD",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "RandomSearch",
    "Rprop",
    "SignDescent",
    "Trajectory",
    "classify_critical_point",
    "crossing_chord",
    "directional_derivative",
    "documents",
    "effective_window",
    "federated_round",
    "functions",
    "is_convex_on",
    "line_search",
    "lr_scheduler",
    "minibatches",
    "minimize",
    "numerical_grad",
    "regularized",
    "schedules",
    "search",
    "sharded_gradients",
    "shards_of",
    "surrogate",
    "taylor",
    "transforms",
    "tune",
    "weighted_average",
]


def __getattr__(name: str) -> Any:
    """Import the index on first use: it is long, and training needs none of it."""
    if name == "documents":
        import importlib

        return importlib.import_module("minigrad.optim.documents")
    raise AttributeError(f"module 'minigrad.optim' has no attribute {name!r}")
