"""Optimisers: algorithms that change parameters by their gradients, with PyTorch's interface.

Each class is its equation (``update``); what optimisers have in common is in
:mod:`minigrad.optim.optimizer`, and how their rules are run fast in :mod:`minigrad.optim.bundles`.
:mod:`minigrad.optim.schedules` has learning rates as functions of the step, and
:mod:`minigrad.optim.lr_scheduler` what makes an optimizer follow them.
"""

from minigrad.optim import lr_scheduler, schedules
from minigrad.optim.adadelta import Adadelta
from minigrad.optim.adagrad import Adagrad
from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.adamax import Adamax
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.radam import RAdam
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
    "schedules",
]
