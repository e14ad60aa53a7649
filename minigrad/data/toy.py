"""Points in classes made of formulas, for examples and tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad._creation import tensor
from minigrad._tensor import Tensor
from minigrad.backend.devices import to_host
from minigrad.backend.generator import Generator, default_generator
from minigrad.dtypes import get_default_dtype


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
    points : Tensor, shape (n, 2), default dtype
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
    refuse_negative("moons", n=n, noise=noise)
    upper, lower = (np.linspace(0, np.pi, size) for size in _sizes(n, 2))
    x = np.concatenate([np.cos(upper), 1 - np.cos(lower)])
    y = np.concatenate([np.sin(upper), 0.5 - np.sin(lower)])
    return _noisy_and_mixed(x, y, [upper.size, lower.size], noise, generator)


def circles(
    n: int = 200, noise: float = 0.05, factor: float = 0.5, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    r"""Return points on two circles, one within the other.

    Class 0 is the unit circle, :math:`(\cos t, \sin t)`; class 1 the circle with the radius :math:`f` of
    ``factor``, :math:`(f\cos t, f\sin t)`; with :math:`t` at equal steps around.

    Parameters
    ----------
    n : int, default 200
        Number of points; class 0 gets one more if it is odd.
    noise : float, default 0.05
        Standard deviation of the normal noise added to each coordinate.
    factor : float, default 0.5
        Radius of the inner circle; from 0 to 1.
    generator : Generator, optional
        Where the noise and the order of the points are drawn; the default generator if not given.

    Returns
    -------
    points : Tensor, shape (n, 2), default dtype
        In random order.
    labels : Tensor, shape (n,), int64
        0 or 1.

    Raises
    ------
    ValueError
        If ``n`` or ``noise`` is negative, or ``factor`` is not between 0 and 1.

    Examples
    --------
    >>> import minigrad as mg
    >>> points, labels = mg.data.circles(100, noise=0.0)
    >>> (points[labels == 1] ** 2).sum(1).sqrt().mean()
    tensor(0.5000)
    """
    refuse_negative("circles", n=n, noise=noise)
    if not 0 <= factor <= 1:
        raise ValueError(f"circles: factor has to lie between 0 and 1, got {factor}")
    sizes = _sizes(n, 2)
    t = np.concatenate([np.linspace(0, 2 * np.pi, size, endpoint=False) for size in sizes])
    radius = np.repeat([1.0, factor], sizes)
    return _noisy_and_mixed(radius * np.cos(t), radius * np.sin(t), sizes, noise, generator)


def spirals(
    n: int = 300,
    arms: int = 3,
    noise: float = 0.2,
    turn: float = 4.0,
    spacing: float | None = None,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Return points on spirals that start in one point and wind around each other.

    The points of arm :math:`j`, its class, are

    .. math:: (r \sin t, r \cos t), \qquad t = j \delta + r \tau + \varepsilon

    with the radius :math:`r` at equal steps from 0 to 1, and the noise :math:`\varepsilon` in the angle.

    Parameters
    ----------
    n : int, default 300
        Number of points; if they cannot be divided evenly, the first arms get one more.
    arms : int, default 3
        Number of spirals.
    noise : float, default 0.2
        Standard deviation of the normal noise :math:`\varepsilon`, in radians.
    turn : float, default 4.0
        How far an arm winds, :math:`\tau`, in radians.
    spacing : float, optional
        Angle from one arm to the next, :math:`\delta`; :math:`2\pi` over the number of arms if not given.
        The spirals of the lecture CS231n have ``spacing=4.0``.
    generator : Generator, optional
        Where the noise and the order of the points are drawn; the default generator if not given.

    Returns
    -------
    points : Tensor, shape (n, 2), default dtype
        In random order.
    labels : Tensor, shape (n,), int64
        From 0 to ``arms - 1``.

    Raises
    ------
    ValueError
        If ``n`` or ``noise`` is negative, or ``arms`` is not positive.

    References
    ----------
    A. Karpathy, "Putting it together: Minimal Neural Network Case Study", notes of the lecture CS231n,
    Stanford (2015).

    Examples
    --------
    >>> import minigrad as mg
    >>> points, labels = mg.data.spirals(300)
    >>> points.shape, [(labels == arm).sum().item() for arm in range(3)]
    (Size([300, 2]), [100, 100, 100])
    """
    refuse_negative("spirals", n=n, noise=noise)
    if arms < 1:
        raise ValueError(f"spirals: arms has to be positive, got {arms}")
    source = generator or default_generator
    sizes = _sizes(n, arms)
    r = np.concatenate([np.linspace(0, 1, size) for size in sizes])
    start = np.repeat(np.arange(arms) * (2 * np.pi / arms if spacing is None else spacing), sizes)
    t = start + r * turn + noise * source.normal((n,), np.float64)
    return _mixed(np.stack([r * np.sin(t), r * np.cos(t)], axis=1), sizes, source)


def blobs(
    n: int = 200,
    centers: Any = 3,
    cluster_std: Any = 1.0,
    features: int = 2,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Return points scattered around centres, one class around each.

    A point of class :math:`k` is :math:`c_k + \sigma_k \varepsilon` with standard normal
    :math:`\varepsilon`.

    Parameters
    ----------
    n : int, default 200
        Number of points; if they cannot be divided evenly, the first classes get one more.
    centers : int or array_like of shape (classes, features), default 3
        The centres :math:`c_k`; or how many, drawn uniformly from -10 to 10 in each coordinate.
    cluster_std : float or sequence of float, default 1.0
        The standard deviation :math:`\sigma_k` of all classes, or of each.
    features : int, default 2
        Number of coordinates, if the centres are drawn.
    generator : Generator, optional
        Where the centres, the points and their order are drawn; the default generator if not given.

    Returns
    -------
    points : Tensor, shape (n, features), default dtype
        In random order.
    labels : Tensor, shape (n,), int64
        Which centre each belongs to.

    Raises
    ------
    ValueError
        If ``n`` or a standard deviation is negative, there is no centre or no coordinate, or there is
        another number of standard deviations than of centres.

    Examples
    --------
    >>> import minigrad as mg
    >>> points, labels = mg.data.blobs(100, centers=[[0.0, 0.0], [5.0, 5.0]], cluster_std=0.1)
    >>> points[labels == 1].mean(0).round()
    tensor([5., 5.])
    """
    source = generator or default_generator
    if isinstance(centers, (int, np.integer)):
        if centers < 1 or features < 1:
            raise ValueError(
                f"blobs: centers and features have to be positive, got {centers} and {features}"
            )
        middle = source.uniform((int(centers), features), np.float64, -10.0, 10.0)
    else:
        middle = floats_on_host(centers)
        if middle.ndim != 2 or 0 in middle.shape:
            raise ValueError(
                f"blobs: centers has to have shape (classes, features), got {middle.shape}"
            )
    spread = floats_on_host(cluster_std)
    if spread.shape not in ((), middle.shape[:1]):
        raise ValueError(
            f"blobs: cluster_std has to be one number or {len(middle)}, got shape {spread.shape}"
        )
    refuse_negative("blobs", n=n, cluster_std=spread.min())
    sizes = _sizes(n, len(middle))
    which = np.repeat(np.arange(len(middle)), sizes)
    spread = np.broadcast_to(spread, middle.shape[:1])[which, None]
    points = middle[which] + spread * source.normal((n, middle.shape[1]), np.float64)
    return _mixed(points, sizes, source)


def xor(
    n: int = 4, noise: float = 0.0, generator: Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Return the truth table of "either, or": what no single linear layer can tell apart.

    The points (0, 0), (0, 1), (1, 0), (1, 1) have the labels 0, 1, 1, 0.

    Parameters
    ----------
    n : int, default 4
        Number of points: the table from its start, over and over.
    noise : float, default 0.0
        Standard deviation of the normal noise added to each coordinate.
    generator : Generator, optional
        Where the noise is drawn; the default generator if not given.

    Returns
    -------
    points : Tensor, shape (n, 2), default dtype
        In the order of the table.
    labels : Tensor, shape (n,), int64
        0 or 1.

    Raises
    ------
    ValueError
        If ``n`` or ``noise`` is negative.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.data.xor()
    (tensor([[0., 0.],
            [0., 1.],
            [1., 0.],
            [1., 1.]]), tensor([0, 1, 1, 0]))
    """
    refuse_negative("xor", n=n, noise=noise)
    row = np.arange(n) % 4
    table = np.stack([row // 2, row % 2], axis=1)
    points = table + noise * (generator or default_generator).normal((n, 2), np.float64)
    return tensor(points, dtype=get_default_dtype()), tensor(table[:, 0] ^ table[:, 1])


def _noisy_and_mixed(
    x: np.ndarray,
    y: np.ndarray,
    sizes: list[int],
    noise: float,
    generator: Generator | None,
) -> tuple[Tensor, Tensor]:
    """Return the points (x, y), class after class, with noise and in random order."""
    source = generator or default_generator
    points = np.stack([x, y], axis=1) + noise * source.normal((len(x), 2), np.float64)
    return _mixed(points, sizes, source)


def _mixed(points: np.ndarray, sizes: list[int], source: Generator) -> tuple[Tensor, Tensor]:
    """Return points, class after class, in random order, and their classes."""
    order = source.permutation(len(points))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return tensor(points[order], dtype=get_default_dtype()), tensor(labels[order])


def _sizes(n: int, classes: int) -> list[int]:
    """Return how many of ``n`` points each class gets."""
    return [n // classes + (i < n % classes) for i in range(classes)]


def floats_on_host(numbers: Any) -> np.ndarray:
    """Return a number, nested lists, an array or a tensor as a float64 array."""
    host = to_host(numbers.array) if isinstance(numbers, Tensor) else numbers
    return np.asarray(host, dtype=np.float64)


def refuse_negative(who: str, **numbers: float) -> None:
    """Raise :exc:`ValueError` if one of the arguments is negative."""
    if any(number < 0 for number in numbers.values()):
        given = ", ".join(f"{name}={number}" for name, number in numbers.items())
        raise ValueError(f"{who}: {' and '.join(numbers)} cannot be negative, got {given}")
