"""What arguments and results are made of: tensors, numbers, and tuples, lists and dictionaries of such."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minigrad._tensor import Tensor
from minigrad.compiling.closed import NotClosed

PLAIN = frozenset({bool, int, str, bytes, type(None), type(...)})


def structure(value: Any, tensors: list[Any], arrays: bool = True) -> Any:
    """Return what a program depends on in arguments, beside the numbers; note the tensors in them.

    If ``arrays`` is false, no more of a tensor than its shape and dtype.  What no program can depend on is
    told by a :class:`NotClosed`, in the place of a key.
    """
    kind = value.__class__
    if kind is Tensor:
        array = value.array
        tensors.append(value)
        if not arrays:
            return kind, array.shape, array.dtype
        return array.__class__, array.shape, array.strides, array.dtype
    if kind in PLAIN or isinstance(value, np.dtype):
        return kind, value
    if kind is float:
        return kind, repr(value)  # 0.0 and -0.0 are equal, and nan is not
    if kind is tuple or kind is list:
        parts = [structure(one, tensors, arrays) for one in value]
    elif kind is dict:
        if not PLAIN.issuperset(map(type, value)):
            return NotClosed(
                "an argument is a dictionary with a name that is no word or whole number"
            )
        parts = [structure(one, tensors, arrays) for one in value.values()]
        kind = (dict, *value, *map(type, value))  # 1 and True are equal
    else:
        return NotClosed(f"an argument is a {kind.__name__}, and no tensor or number")
    return next((one for one in parts if isinstance(one, NotClosed)), (kind, *parts))


def rebuilt(value: Any, tensors: Iterator[Any]) -> Any:
    """Return arguments, or results, with other tensors, in the order in which these were noted."""
    if value.__class__ is Tensor:
        return next(tensors)
    if value.__class__ is tuple or value.__class__ is list:
        return value.__class__([rebuilt(one, tensors) for one in value])
    if value.__class__ is dict:
        return {name: rebuilt(one, tensors) for name, one in value.items()}
    return value


def is_made_of(value: Any, known: Any) -> bool:
    """Tell whether something is made of the same objects as what was rebuilt of it before."""
    if value.__class__ is dict and known.__class__ is dict:
        return list(value) == list(known) and is_made_of([*value.values()], [*known.values()])
    if value.__class__ in (tuple, list) and value.__class__ is known.__class__:
        return len(value) == len(known) and all(map(is_made_of, value, known))
    return value is known
