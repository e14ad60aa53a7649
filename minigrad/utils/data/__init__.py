""":mod:`minigrad.data` where PyTorch has it: ``from minigrad.utils.data import DataLoader``."""

from minigrad.data import *  # noqa: F403
from minigrad.data import __all__ as __all__
from minigrad.utils.data import dataloader, dataset, sampler  # noqa: F401
