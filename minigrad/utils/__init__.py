"""PyTorch's place for the loaders: ``minigrad.utils.data`` is :mod:`minigrad.data`."""

from minigrad.utils import data

__all__ = ["data"]
