"""Functions of square matrices: those of :mod:`minigrad.linalg` that PyTorch also has beside all others."""

from minigrad.linalg import det, matrix_power, slogdet
from minigrad.linalg import inv as inverse
from minigrad.linalg import pinv as pinverse
from minigrad.linalg import svd_older as svd

__all__ = ["det", "inverse", "matrix_power", "pinverse", "slogdet", "svd"]
