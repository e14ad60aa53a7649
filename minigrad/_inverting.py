"""Functions of square matrices: those of :mod:`minigrad.linalg` that PyTorch also has beside all others."""

from minigrad.linalg import (
    det,
    inv as inverse,
    matrix_power,
    pinv as pinverse,
    slogdet,
    svd_older as svd,
)

__all__ = ["det", "inverse", "matrix_power", "pinverse", "slogdet", "svd"]
