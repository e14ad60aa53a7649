"""Who holds a gradient's array: what may be added to in place, or handed over without a copy.

Two tensors' gradients may be the same array for a while (the derivative of ``a + b`` hands one array to
both), or views of each other.  Writing into such an array would change the other gradient, silently.
CPython knows exactly how many references hold an object, and a view holds its base: an array with one
holder, and no base, is ours alone.  Whatever else holds references (a debugger, say) only makes the
answer "no", which costs a copy.
"""

from __future__ import annotations

from sys import getrefcount
from types import SimpleNamespace
from typing import Any

import numpy as np

from minigrad.backend.devices import xp_of


def count_popped(table: dict[Any, Any]) -> int:
    """Pop the last value of ``table``; return how many references hold it."""
    _, value = table.popitem()
    return getrefcount(value)


def count_waiting(table: dict[Any, Any], key: Any) -> int:
    """Return how many references hold a value that stays in ``table``."""
    value = table[key]
    return getrefcount(value)


def count_held(holder: Any) -> int:
    """Return how many references hold the array of ``holder``, a tensor."""
    array = holder.array
    return getrefcount(array)


# What is counted below when nobody else holds the value.  Measured and not written down, because
# interpreters differ in the references they keep themselves.
_ALONE = {0: object()}
ALONE_WAITING = count_waiting(_ALONE, 0)
ALONE_POPPED = count_popped(_ALONE)
ALONE_HELD = count_held(SimpleNamespace(array=object()))


def is_held_alone(tensor: Any) -> bool:
    """Tell whether nobody but ``tensor`` holds its array, nor, if that is a view, what it looks at.

    Numbers of NumPy's are never written, so it does not matter who holds them.
    """
    array = tensor.array
    if isinstance(array, np.generic):
        return True
    base = array.base
    return getrefcount(array) <= ALONE_HELD and (base is None or getrefcount(base) <= ALONE_HELD)


def add_to(table: dict[Any, Any], source: Any, contribution: Any) -> None:
    """Add a second or later ``contribution`` to the raw gradient that waits in ``table``.

    The sum is made in place if the table alone holds the array (it is then an earlier sum, or a fresh
    result of a rule); an array that anything else can see is never written.
    """
    waiting = table[source]
    if contribution.ndim and getrefcount(waiting) <= ALONE_WAITING and waiting.base is None:
        waiting += contribution
    else:
        table[source] = waiting + contribution


def take(table: dict[Any, Any]) -> tuple[Any, Any]:
    """Pop the last item of ``table``, with its array as one that nobody else holds: itself, or a copy."""
    key, array = table.popitem()
    if getrefcount(array) <= ALONE_POPPED and array.ndim and array.base is None:
        return key, array
    # In the order that optimisers like to read.
    if isinstance(array, (np.ndarray, np.generic)):
        return key, np.array(array, order="C")  # in a third of the time of np.copy
    return key, xp_of(array).copy(array, order="C")
