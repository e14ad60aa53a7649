"""Masks in rules: a gradient that passes where something holds."""

from __future__ import annotations

import numpy as np

INTEGERS = {2: np.int16, 4: np.int32, 8: np.int64}
"""As wide as a floating number of so many bytes."""


def through(xp, g, mask):
    r"""Return ``g`` where ``mask`` holds and 0 elsewhere, also where ``g`` is infinite or nan.

    The product ``g * mask`` is nan where an infinite gradient is not to pass, as in
    :math:`\sqrt{\max(x, 0)}` for negative x.  ``where`` is right, but NumPy's asks for each number whether
    to take it, which takes many times as long.  So on the host the product is one of integers, with the bits
    of ``g``: times 1 they stay, times 0 they are those of 0.
    """
    if isinstance(mask, np.bool_) and isinstance(g, np.floating):
        return g if mask else g.dtype.type(0)
    if xp is not np or not g.ndim or g.shape != mask.shape:
        return xp.where(mask, g, 0.0)
    return (g.view(INTEGERS[g.dtype.itemsize]) * mask).view(g.dtype)
