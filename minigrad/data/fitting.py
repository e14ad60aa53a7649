"""Pairs (x, y) to fit a model to: made of formulas, and those of a textbook."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad._creation import tensor
from minigrad._tensor import Tensor
from minigrad.backend.generator import Generator, default_generator
from minigrad.data.toy import floats_on_host, refuse_negative
from minigrad.dtypes import get_default_dtype


def linear(
    n: int = 200,
    weight: Sequence[float] | Any = (2.0, -3.4),
    bias: float = 4.2,
    noise: float = 0.01,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Return points and a linear function of them, with noise: what linear regression is to find.

    .. math:: y = X w + b + \sigma \varepsilon

    with standard normal :math:`X` and :math:`\varepsilon`.

    Parameters
    ----------
    n : int, default 200
        Number of points.
    weight : array_like of shape (features,) or (features, outputs), default (2.0, -3.4)
        The weights :math:`w`.
    bias : float or array_like of shape (outputs,), default 4.2
        The bias :math:`b`.
    noise : float, default 0.01
        Standard deviation :math:`\sigma` of the noise.
    generator : Generator, optional
        Where :math:`X`, then the noise, are drawn; the default generator if not given.

    Returns
    -------
    x : Tensor, shape (n, features), default dtype
    y : Tensor, shape (n,) or (n, outputs), default dtype
        A layer ``Linear(features, 1)`` has outputs of shape (n, 1): give it
        ``weight=[[2.0], [-3.4]]``.

    Raises
    ------
    ValueError
        If ``n`` or ``noise`` is negative, or ``weight`` has another number of dimensions.

    References
    ----------
    A. Zhang, Z. Lipton, M. Li, A. Smola, "Dive into Deep Learning" (2023), section 3.3, has the default
    values.

    Examples
    --------
    >>> import minigrad as mg
    >>> x, y = mg.data.linear(100, noise=0.0)
    >>> mg.allclose(y, x @ mg.tensor([2.0, -3.4]) + 4.2)
    True
    """
    refuse_negative("linear", n=n, noise=noise)
    source, dtype = generator or default_generator, get_default_dtype()
    w = floats_on_host(weight)
    if w.ndim not in (1, 2):
        raise ValueError(
            f"linear: weight has to have shape (features,) or (features, outputs), got {w.shape}"
        )
    x = source.normal((n, len(w)), dtype)
    y = x.astype(np.float64) @ w + floats_on_host(bias)
    y = y + noise * source.normal(y.shape, dtype)
    return tensor(x), tensor(y, dtype=dtype)


def gabor(
    n: int = 30,
    phi0: float = 0.0,
    phi1: float = 16.6,
    noise: float = 0.15,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Return noisy points on a Gabor function: a wave that dies away on both sides.

    .. math:: y = \sin(u)\, e^{-u^2/32} + \sigma\varepsilon, \qquad u = \phi_0 + 0.06\,\phi_1 x

    with :math:`x` uniform from -15 to 15 and standard normal :math:`\varepsilon`.  The sum of squares has
    many minima in :math:`\phi_0` and :math:`\phi_1`, and saddles between them.

    Parameters
    ----------
    n : int, default 30
        Number of points.
    phi0, phi1 : float, default 0.0 and 16.6
        Offset and frequency.
    noise : float, default 0.15
        Standard deviation :math:`\sigma` of the noise.
    generator : Generator, optional
        Where the :math:`x`, then the noise, are drawn; the default generator if not given.

    Returns
    -------
    x, y : Tensor, shape (n,), default dtype

    Raises
    ------
    ValueError
        If ``n`` or ``noise`` is negative.

    References
    ----------
    S. J. D. Prince, "Understanding Deep Learning" (MIT Press 2023), section 6.1.2.  Its own data are
    :func:`load_gabor`.

    Examples
    --------
    >>> import minigrad as mg
    >>> x, y = mg.data.gabor(100)
    >>> x.shape, y.shape
    (Size([100]), Size([100]))
    """
    refuse_negative("gabor", n=n, noise=noise)
    source, dtype = generator or default_generator, get_default_dtype()
    x = source.uniform((n,), dtype, -15.0, 15.0)
    u = phi0 + 0.06 * phi1 * x.astype(np.float64)
    y = np.sin(u) * np.exp(-u * u / 32) + noise * source.normal((n,), dtype)
    return tensor(x), tensor(y, dtype=dtype)


def load_line() -> tuple[Tensor, Tensor]:
    r"""Return the 12 pairs to which the textbook fits a line, :math:`y = \phi_0 + \phi_1 x`.

    The sum of squares is least at :math:`\phi = (0.825950, 0.522226)`, where it is 0.199866.

    Returns
    -------
    x, y : Tensor, shape (12,), default dtype

    References
    ----------
    S. J. D. Prince, "Understanding Deep Learning" (MIT Press 2023), notebook 6.2, MIT licence.

    Examples
    --------
    >>> import minigrad as mg
    >>> x, y = mg.data.load_line()
    >>> ((0.6 - 0.2 * x - y) ** 2).sum()
    tensor(12.3669)
    """
    return _load("line.csv")


def load_gabor() -> tuple[Tensor, Tensor]:
    r"""Return the 30 pairs to which the textbook fits the Gabor model.

    The model is :math:`\sin(u)\,e^{-u^2/32}` with :math:`u = \phi_0 + 0.06\,\phi_1 x`.  Between -10 and 10
    in :math:`\phi_0`, 2.5 and 22.5 in :math:`\phi_1`, the sum of squares is least at (0.0038, 16.0263),
    where it is 0.6457; it has other minima, where gradient descent may end.

    Returns
    -------
    x, y : Tensor, shape (30,), default dtype

    References
    ----------
    S. J. D. Prince, "Understanding Deep Learning" (MIT Press 2023), notebook 6.3, MIT licence.

    Examples
    --------
    >>> import minigrad as mg
    >>> x, y = mg.data.load_gabor()
    >>> u = 0.0 + 0.06 * 16.6 * x
    >>> ((mg.sin(u) * mg.exp(-u * u / 32) - y) ** 2).sum()
    tensor(0.6799)
    """
    return _load("gabor.csv")


def _load(name: str) -> tuple[Tensor, Tensor]:
    x, y = read_pairs(name)
    return tensor(x, dtype=get_default_dtype()), tensor(y, dtype=get_default_dtype())


def read_pairs(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns ``x`` and ``y`` of a bundled file, in float64."""
    # Imported here, because it takes longer than all of minigrad.data.
    from importlib import resources

    text = (resources.files("minigrad") / "data" / "_files" / name).read_text(encoding="utf-8")
    x, y = np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1).T
    return x, y
