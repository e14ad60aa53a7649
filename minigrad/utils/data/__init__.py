""":mod:`minigrad.data` where PyTorch has it: ``from minigrad.utils.data import DataLoader``."""

from typing import TYPE_CHECKING

from minigrad.data import *  # noqa: F403
from minigrad.utils.data import dataloader, dataset, sampler  # noqa: F401

if not TYPE_CHECKING:  # type checkers take what the star gives
    from minigrad.data import __all__ as __all__
