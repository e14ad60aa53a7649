"""Random tensors, the same as PyTorch's on the CPU for the same seed.

Numbers are drawn on the host and moved, so that a seed gives the same ones on every device.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad._creation import _finish, _floating
from minigrad._functions.arguments import also_named, as_size
from minigrad._tensor import Tensor
from minigrad.backend.devices import to_host
from minigrad.backend.generator import Generator, default_generator


def manual_seed(seed: int) -> Generator:
    """Start the default generator again from ``seed``; return it."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the default generator from a number nobody can foresee; return that number."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed the default generator was last started from."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """Return the state of the default generator, uint8."""
    return _finish(default_generator.get_state(), "cpu", False)


def set_rng_state(state: Tensor) -> None:
    """Put the default generator back into a state from :func:`get_rng_state`."""
    default_generator.set_state(to_host(state.array))


@also_named("size")
def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return numbers uniform in [0, 1), of shape ``size``.

    Examples
    --------
    >>> import minigrad as mg
    >>> _ = mg.manual_seed(0)
    >>> mg.rand(3)
    tensor([0.4963, 0.7682, 0.0885])
    """
    source = generator or default_generator
    return _finish(source.uniform(as_size(size), _floating(dtype)), device, requires_grad)


@also_named("size")
def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return normal numbers of mean 0 and standard deviation 1, of shape ``size``."""
    source = generator or default_generator
    return _finish(source.normal(as_size(size), _floating(dtype)), device, requires_grad)


def randint(
    low: Any = 0,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = dtypes.int64,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return integers uniform in [low, high): ``randint(low, high, size)`` or ``randint(high, size)``.

    Raises
    ------
    TypeError
        If there is no size.
    RuntimeError
        If there is no integer in the range.
    """
    if size is None:
        low, high, size = 0, low, high
    if size is None:
        raise TypeError(
            "randint: there is no size; write randint(high, size), as in randint(5, (2, 3))"
        )
    if high is None:
        low, high = 0, low
    shape = as_size(size if isinstance(size, (tuple, list)) else (size,))
    drawn = (generator or default_generator).integers(low, high, shape)
    return _finish(np.asarray(drawn).astype(dtypes.as_dtype(dtype)), device, requires_grad)


def randperm(
    n: int, *, generator: Generator | None = None, dtype: Any = dtypes.int64, device: Any = None
) -> Tensor:
    """Return the integers from 0 to ``n - 1`` in random order."""
    drawn = (generator or default_generator).permutation(n)
    return _finish(drawn.astype(dtypes.as_dtype(dtype)), device, False)


def rand_like(input: Tensor, *, generator: Generator | None = None, **options: Any) -> Tensor:
    """Return uniform numbers in the shape, dtype and device of ``input``."""
    return rand(*input.shape, generator=generator, **_alike(input, options))


def randn_like(input: Tensor, *, generator: Generator | None = None, **options: Any) -> Tensor:
    """Return normal numbers in the shape, dtype and device of ``input``."""
    return randn(*input.shape, generator=generator, **_alike(input, options))


def randint_like(input: Tensor, low: int, high: int | None = None, **options: Any) -> Tensor:
    """Return integers uniform in [low, high), or [0, low), in the shape, dtype and device of ``input``."""
    bounds = (0, low) if high is None else (low, high)
    return randint(*bounds, tuple(input.shape), **_alike(input, options))


def _alike(input: Tensor, options: dict[str, Any]) -> dict[str, Any]:
    return {"dtype": input.dtype, "device": input.device, **options}


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    **options: Any,
) -> Tensor:
    """Return normal numbers.

    Parameters
    ----------
    mean, std : number or Tensor
        A number for all elements, or one for each.
    size : sequence of int, optional
        The shape, when both are numbers.
    generator : Generator, optional
        Where they are drawn.
    **options
        ``dtype``, ``device``, ``requires_grad``.

    Raises
    ------
    RuntimeError
        If a standard deviation is negative.
    """
    source = generator or default_generator
    tensors = [one for one in (mean, std) if isinstance(one, Tensor)]
    device = options.get("device", tensors[0].device if tensors else None)
    requires_grad = options.get("requires_grad", False)
    if tensors:
        host = [np.asarray(to_host(o.array)) if isinstance(o, Tensor) else o for o in (mean, std)]
        return _finish(source.normal_of(*host), device, requires_grad)
    drawn = source.normal(as_size((size or (),)), _floating(options.get("dtype")), mean, std)
    return _finish(drawn, device, requires_grad)


def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Return 1 with the probability in each element of ``input``, else 0."""
    drawn = (generator or default_generator).bernoulli(np.asarray(to_host(input.array)))
    return _finish(np.asarray(drawn, dtype=input.dtype), input.device, False)


def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Return indices drawn with the probabilities in ``input``, a vector or a matrix of rows.

    Raises
    ------
    RuntimeError
        If a probability is negative, all are 0, or more are wanted than there are without replacement.
    """
    drawn = (generator or default_generator).multinomial(
        to_host(input.array), num_samples, replacement
    )
    return _finish(drawn, input.device, False)
