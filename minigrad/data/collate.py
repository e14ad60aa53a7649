"""How samples become a batch of tensors."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from minigrad._creation import as_tensor, tensor
from minigrad._functions.shaping import stack
from minigrad._tensor import Tensor
from minigrad.backend.devices import is_array
from minigrad.dtypes import float64


def default_collate(batch: Sequence[Any]) -> Any:
    """Return a list of samples as one batch, as PyTorch does.

    Tensors and arrays are stacked along a new first dimension; Python and NumPy numbers become a tensor
    (floats in float64); tuples and lists are collated place by place, mappings key by key; strings stay
    as they are.

    Parameters
    ----------
    batch : list
        The samples, all of one kind.

    Returns
    -------
    Tensor, list or mapping
        A batch of tuples is a list (named tuples stay what they are).

    Raises
    ------
    TypeError
        If the samples are something else.
    RuntimeError
        If samples differ in length.
    ValueError
        If tensors differ in shape.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.data.default_collate([(0.5, 1), (1.5, 2)])
    [tensor([0.5000, 1.5000], dtype=float64), tensor([1, 2])]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, np.generic):
        return tensor(np.array(batch))
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, float):
        return tensor(list(batch), dtype=float64)
    if is_array(first):
        return stack([as_tensor(sample) for sample in batch])
    if isinstance(first, Mapping):
        return _alike(first, {key: default_collate([one[key] for one in batch]) for key in first})
    if isinstance(first, Sequence):
        lengths = {len(sample) for sample in batch}
        if len(lengths) > 1:
            raise RuntimeError(
                "each element in list of batch should be of equal size: the samples have lengths "
                f"{sorted(lengths)}; give the DataLoader a collate_fn that pads them"
            )
        return _alike(first, [default_collate(place) for place in zip(*batch, strict=True)])
    raise TypeError(
        f"a batch cannot be made of {type(first).__name__}: return tensors, arrays, numbers, or tuples or "
        "mappings of them, or give the DataLoader a collate_fn"
    )


def default_convert(data: Any) -> Any:
    """Return one sample with its arrays and NumPy numbers made tensors, as PyTorch does.

    What a loader without batches (``batch_size=None``) does to each sample.  Tuples become lists; all
    else stays as it is.

    Examples
    --------
    >>> import minigrad as mg
    >>> import numpy as np
    >>> mg.data.default_convert({"x": np.arange(2), "name": "a"})
    {'x': tensor([0, 1]), 'name': 'a'}
    """
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if isinstance(data, np.generic) or is_array(data):
        return data if data.dtype.kind in "SUO" else as_tensor(data)
    if isinstance(data, Mapping):
        return _alike(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence):
        return _alike(data, [default_convert(value) for value in data])
    return data


def _alike(model: Any, parts: Any) -> Any:
    """Return ``parts``, a dict or a list, in the type of ``model`` if that can be written to.

    A tuple becomes a list, as in PyTorch, which does so for the sake of old programs; a named tuple
    stays one.
    """
    if hasattr(model, "_fields"):
        return type(model)(*parts)
    if isinstance(model, tuple) or not isinstance(model, (MutableMapping, MutableSequence)):
        return parts
    # A copy keeps what the type has beyond its contents (the factory of a defaultdict).
    made: Any = copy.copy(model)
    try:
        if isinstance(model, MutableMapping):
            made.update(parts)
        else:
            made[:] = parts
    except TypeError:  # a deque
        return parts
    return made
