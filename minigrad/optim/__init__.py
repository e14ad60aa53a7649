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

from typing import TYPE_CHECKING

from minigrad._lazy import on_first_use

if TYPE_CHECKING:  # for type checkers; at run time the table below does it
    from minigrad.optim import (
        documents as documents,
        functions as functions,
        line_search as line_search,
        lr_scheduler as lr_scheduler,
        schedules as schedules,
        search as search,
        surrogate as surrogate,
        transforms as transforms,
        tune as tune,
    )
    from minigrad.optim.adadelta import Adadelta as Adadelta
    from minigrad.optim.adagrad import Adagrad as Adagrad
    from minigrad.optim.adam import Adam as Adam, AdamW as AdamW
    from minigrad.optim.adamax import Adamax as Adamax
    from minigrad.optim.along_lines import LineSearchGD as LineSearchGD
    from minigrad.optim.analysis import (
        CriticalPoint as CriticalPoint,
        classify_critical_point as classify_critical_point,
        crossing_chord as crossing_chord,
        directional_derivative as directional_derivative,
        effective_window as effective_window,
        is_convex_on as is_convex_on,
        numerical_grad as numerical_grad,
        taylor as taylor,
    )
    from minigrad.optim.evolution import ES as ES
    from minigrad.optim.halving import HalveOnNoDecrease as HalveOnNoDecrease
    from minigrad.optim.kfac import KFAC as KFAC
    from minigrad.optim.lbfgs import LBFGS as LBFGS
    from minigrad.optim.least_squares import LevenbergMarquardt as LevenbergMarquardt
    from minigrad.optim.minimizing import minimize as minimize
    from minigrad.optim.momentum import Momentum as Momentum, Nesterov as Nesterov
    from minigrad.optim.muon import Muon as Muon
    from minigrad.optim.nadam import NAdam as NAdam
    from minigrad.optim.newton import Newton as Newton, NewtonCG as NewtonCG
    from minigrad.optim.normalized import NormalizedGD as NormalizedGD
    from minigrad.optim.optimizer import Optimizer as Optimizer
    from minigrad.optim.radam import RAdam as RAdam
    from minigrad.optim.random_search import SPSA as SPSA, RandomSearch as RandomSearch
    from minigrad.optim.regimes import (
        federated_round as federated_round,
        minibatches as minibatches,
        sharded_gradients as sharded_gradients,
        shards_of as shards_of,
        weighted_average as weighted_average,
    )
    from minigrad.optim.regularization import regularized as regularized
    from minigrad.optim.rmsprop import RMSprop as RMSprop
    from minigrad.optim.sam import SAM as SAM
    from minigrad.optim.sgd import SGD as SGD
    from minigrad.optim.sign import Lion as Lion, Rprop as Rprop, SignDescent as SignDescent
    from minigrad.optim.svrg import SVRG as SVRG
    from minigrad.optim.trajectory import Trajectory as Trajectory

if not TYPE_CHECKING:
    __all__, __getattr__, __dir__ = on_first_use(
        globals(),
        {
            "adadelta": "Adadelta",
            "adagrad": "Adagrad",
            "adam": "Adam AdamW",
            "adamax": "Adamax",
            "along_lines": "LineSearchGD",
            "analysis": (
                "CriticalPoint classify_critical_point crossing_chord directional_derivative "
                "effective_window is_convex_on numerical_grad taylor"
            ),
            "evolution": "ES",
            "halving": "HalveOnNoDecrease",
            "kfac": "KFAC",
            "lbfgs": "LBFGS",
            "least_squares": "LevenbergMarquardt",
            "minimizing": "minimize",
            "momentum": "Momentum Nesterov",
            "muon": "Muon",
            "nadam": "NAdam",
            "newton": "Newton NewtonCG",
            "normalized": "NormalizedGD",
            "optimizer": "Optimizer",
            "radam": "RAdam",
            "random_search": "SPSA RandomSearch",
            "regimes": "federated_round minibatches sharded_gradients shards_of weighted_average",
            "regularization": "regularized",
            "rmsprop": "RMSprop",
            "sam": "SAM",
            "sgd": "SGD",
            "sign": "Lion Rprop SignDescent",
            "svrg": "SVRG",
            "trajectory": "Trajectory",
        },
        modules=(
            "documents functions line_search lr_scheduler schedules search surrogate transforms tune"
        ),
    )
