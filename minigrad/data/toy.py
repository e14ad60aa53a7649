"""Small data made of formulas, for examples and tests."""

from __future__ import annotations

import numpy as np

from minigrad._creation import tensor
from minigrad._tensor import Tensor
from minigrad.backend.generator import Generator, default_generator


def moons(
    n: int = 200, noise: float = 0.1, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    r"""Return points on two half circles that reach into each other.

    Class 0 is the upper half of the unit circle around (0, 0), :math:`(\cos t, \sin t)`; class 1 the lower
    half around (1, 0.5), :math:`(1 - \cos t, \tfrac12 - \sin t)`, with :math:`t` at equal steps from 0 to
    :math:`\pi`.

    Parameters
    ----------
    n : int, default 200
        Number of points; class 0 gets one more if it is odd.
    noise : float, default 0.1
        Standard deviation of the normal noise added to each coordinate.
    generator : Generator, optional
        Where the noise and the order of the points are drawn; the default generator if not given.

    Returns
    -------
    points : Tensor, shape (n, 2), float32
        In random order.
    labels : Tensor, shape (n,), int64
        0 or 1.

    Raises
    ------
    ValueError
        If ``n`` or ``noise`` is negative.

    Examples
    --------
    >>> import minigrad as mg
    >>> points, labels = mg.data.moons(100)
    >>> points.shape, labels.sum()
    (Size([100, 2]), tensor(50))
    """
    if n < 0 or noise < 0:
        raise ValueError(f"moons: n and noise cannot be negative, got n={n}, noise={noise}")
    source = generator or default_generator
    upper, lower = np.linspace(0, np.pi, n - n // 2), np.linspace(0, np.pi, n // 2)
    x = np.concatenate([np.cos(upper), 1 - np.cos(lower)])
    y = np.concatenate([np.sin(upper), 0.5 - np.sin(lower)])
    points = np.stack([x, y], axis=1) + noise * source.normal((n, 2), np.float64)
    labels = np.repeat([0, 1], [upper.size, lower.size])
    order = source.permutation(n)
    return tensor(points[order].astype(np.float32)), tensor(labels[order].astype(np.int64))
