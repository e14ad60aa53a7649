"""What stands in the boxes and at the arrows, as text: shapes, sizes of arrays, arguments, formulas."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from reprlib import Repr
from textwrap import indent
from typing import Any

import numpy as np

from minigrad.backend.devices import is_array, to_host
from minigrad.engine import GRADIENT, Node
from minigrad.explaining import explain
from minigrad.viz.graphs.reading import Reading, numbers

TELLING = ("axis", "axes", "index", "subscripts")
"""The keywords without which one does not understand an operation."""

SYMMETRIC = ("add", "mul", "maximum", "minimum", "hypot")
"""The operations of several inputs whose order is of no account."""

WHOLE = 1e7
"""Up to here whole numbers are written out."""

TINY = 1e-280
"""Smaller sums of squares may have lost something."""

NUMBERED = 8
"""Up to so many inputs have numbers: more would not be readable."""


# Arrays -----------------------------------------------------------------------------------------------


def describe(shape: Any, dtype: Any) -> str:
    """Return ``(32, 64) float32``, for each output if there are several."""
    if isinstance(dtype, tuple):
        return ", ".join(map(describe, shape, dtype))
    return f"{tuple(shape)} {dtype}"


def flow(reading: Reading, source: Node, value: Node) -> str:
    """Return the shape of a result, and its dtype where that changed."""
    before = [operand.value.dtype for operand in reading.sources[source]]
    return str(tuple(value.shape)) if value.dtype in before else describe(value.shape, value.dtype)


def size(array: Any, what: str) -> str:
    """Return how large the numbers of an array are: ``data 3``, or their norm, ``‖data‖ 3.46``.

    What is not finite is counted.  Whole numbers and truth values have no size.
    """
    host = None if array is None else host_of(array)
    if host is None:
        return ""
    if host.size == 1:
        number = host.item()
        whole = number.is_integer() and abs(number) < WHOLE
        return f"{what} {number:.0f}" if whole else f"{what} {number:.4g}"
    length = norm(host)
    broken = "" if math.isfinite(length) else count_broken(host)
    return f"{what} {broken}" if broken else f"‖{what}‖ {length:.3g}"


def size_together(arrays: Iterable[Any], what: str = "grad") -> str:
    """Return the norm of the gradients of several tensors, end to end; nothing if none is known."""
    hosts = [host_of(array) for array in arrays if array is not None]
    norms = [norm(host) for host in hosts if host is not None]
    return f"‖{what}‖ {math.hypot(*norms):.3g}" if norms else ""


def norm(host: np.ndarray) -> float:
    """Return the Euclidean norm, which is finite for finite numbers even if their squares are not."""
    numbers = host.ravel().astype(np.float64)
    with np.errstate(all="ignore"):
        squares = float(np.dot(numbers, numbers))
    if TINY < squares < math.inf:
        return math.sqrt(squares)
    largest = float(np.abs(numbers).max())
    if not 0 < largest < math.inf:
        return largest
    return largest * float(np.linalg.norm(numbers / largest))


def count_broken(host: np.ndarray) -> str:
    """Return ``3 NaN, 1 inf``; nothing if all numbers are finite."""
    counts = (("NaN", np.isnan(host).sum()), ("inf", np.isinf(host).sum()))
    return ", ".join(f"{count:,} {name}" for name, count in counts if count)


def is_broken(array: Any) -> bool:
    """Tell whether there are NaN or infinite numbers in an array, or in one of several."""
    if isinstance(array, tuple):
        return any(map(is_broken, array))
    host = None if array is None else host_of(array)
    return host is not None and not np.isfinite(host).all()


def host_of(array: Any) -> np.ndarray | None:
    """Return an array of real numbers as NumPy's; ``None`` for any other array."""
    return to_host(array) if array.dtype.kind == "f" and array.size else None


def counted(count: int, one: str, many: str = "") -> str:
    """Return ``3 operations``; nothing for none."""
    return f"{count:,} {one if count == 1 else many or one + 's'}" if count else ""


def bytes_text(count: int) -> str:
    """Return a number of bytes in the unit that fits."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.3g} {unit}"


# Operations -------------------------------------------------------------------------------------------


def argument_lines(node: Node) -> list[str]:
    """Return the numbers that an operation was given, ``(·, 2)``, and its telling keywords."""
    known = numbers(node)
    shown = [f"{known[i]:g}" if i in known else "·" for i in range(len(node.inputs))]
    lines = [f"({', '.join(shown)})"] if known else []
    lines += [
        f"{name} = {argument(node.params[name])}"
        for name in TELLING
        if node.params.get(name) is not None
    ]
    return lines


def order_matters(node: Node) -> bool:
    """Tell whether the inputs of ``node`` would be mixed up without a number each.

    Names of more than a letter, like ``weight``, stand at the boxes and tell; and so do targets.
    """
    names = getattr(node.plan.op, "input_names", ())
    telling = len(names) == len(node.inputs) and any(len(name) > 1 for name in names)
    mixed = node.op_name not in SYMMETRIC and not is_loss(node.op_name)
    return mixed and not telling and len(node.inputs) <= NUMBERED


_short = Repr()
_short.maxother = _short.maxstring = 40


def argument(value: Any) -> str:
    """Return a keyword argument in a few characters; an index as between the brackets."""
    if isinstance(value, tuple) and value:
        return ", ".join(map(argument, value)) if len(value) < 7 else f"{len(value)} values"
    if isinstance(value, slice):
        ends = ("" if end is None else str(end) for end in (value.start, value.stop))
        return ":".join(ends) + (f":{value.step}" if value.step is not None else "")
    if is_array(value) and value.ndim:
        return describe(value.shape, value.dtype)
    return "..." if value is Ellipsis else _short.repr(value)


def operation_hint(node: Node, order: int) -> str:
    """Return what the mouse shows: the result, the arguments, the derivative, where it was computed.

    The line of the person's code is known in anomaly mode only: to look for it at every operation
    would make all computing several times slower.
    """
    op = node.plan.op
    usual = getattr(op, "defaults", {})
    lines = [f"{node.op_name} → {describe(node.shape, node.dtype)}"]
    lines += [
        f"{name} = {argument(value)}"
        for name, value in node.params.items()
        if value is not usual.get(name)
    ]
    inputs = getattr(op, "input_names", ())
    wanted = {op.input_name(position) for position in node.plan.wanted} if inputs else set()
    for names, text in rules(op):
        if not wanted or not wanted.isdisjoint(names.split(", ")):
            lines.append(text)
    if order:
        lines.append(f"recorded by a sweep, for the derivative of order {order}")
    modules = [name for name in node.scope if name != GRADIENT]
    if modules:
        lines.append("in " + " / ".join(modules))
    if node.trace:
        lines.append(f"at {node.trace}")
    return "\n".join(lines)


@lru_cache(maxsize=512)
def rules(op: Any) -> list[tuple[str, str]]:
    """Return for each rule of an operation the inputs it is for, and its text."""
    return [
        (names, f"gradient of {names}:\n{indent(rule, '  ')}")
        if "\n" in rule
        else (names, f"gradient of {names} += {rule}")
        for names, rule in explain(op).derivatives.items()
    ]


def role(leaf: Node, users: list[Node]) -> str:
    """Return what its operation calls a leaf: ``weight``, ``bias``; the usual x and y say nothing."""
    for user in users[:1]:
        names = getattr(user.plan.op, "input_names", ())
        if len(names) == len(user.inputs) and leaf in user.inputs:
            name = names[user.inputs.index(leaf)]
            return name if len(name) > 1 else ""
    return ""


def is_loss(name: str) -> bool:
    """Tell whether an operation or a module compares with targets: losses are called so."""
    return any(word in name.lower() for word in ("loss", "entropy"))
