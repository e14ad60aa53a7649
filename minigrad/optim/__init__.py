"""Optimisers: algorithms that change parameters by their gradients, with PyTorch's interface.

Each class is its equation (``update``); what optimisers have in common is in
:mod:`minigrad.optim.optimizer`, and how their rules are run fast in :mod:`minigrad.optim.bundles`.
"""

from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
