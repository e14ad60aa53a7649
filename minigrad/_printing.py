"""How tensors look as text: the same, character for character, as PyTorch's.

The functions here know NumPy arrays only; a tensor on another device is copied to the host first.
:func:`tensor_text` works in three steps:

1. *choose* what is shown: a large array keeps the first and last few items of each axis;
2. *write* each number that is left, all in one notation and padded to one width;
3. *arrange* them in brackets and lines, and add what the numbers do not tell (``dtype=``, ...).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np


class _Options(NamedTuple):
    """The options of printing; never changed, only replaced."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=math.inf),
}

# For each numeric option: the type it has to have, that type in words, and its smallest value.
_ALLOWED: dict[str, tuple[Any, str, int]] = {
    "precision": (Integral, "an integer", 0),
    "threshold": (Real, "a number", 0),
    "edgeitems": (Integral, "an integer", 0),
    "linewidth": (Integral, "an integer", 1),
}

_options = _PROFILES["default"]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed; what is not given stays as it is, except ``sci_mode``.

    Parameters
    ----------
    precision : int, optional
        Digits after the decimal point (4 at the start).
    threshold : float, optional
        Tensors of more elements than this are summarised (1000); ``math.inf`` for never.
    edgeitems : int, optional
        Items shown at the beginning and at the end of each axis in a summary (3).
    linewidth : int, optional
        Characters in a line (80).
    profile : {"default", "short", "full"}, optional
        Sets the four options above together; those given as well override it.
    sci_mode : bool, optional
        Whether floats are printed in scientific notation.  None, which is also what leaving it out
        means, chooses it for each tensor by the magnitude of its elements.

    Raises
    ------
    TypeError, ValueError
        If an option is not valid; then none is changed.

    Examples
    --------
    >>> set_printoptions(precision=2)
    >>> get_printoptions()["precision"]
    2
    >>> set_printoptions(profile="default")
    """
    global _options
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"profile has to be one of {', '.join(_PROFILES)}, got {profile!r}")
    if sci_mode is not None and not isinstance(sci_mode, bool):
        raise TypeError(f"sci_mode has to be True, False or None, got {sci_mode!r}")
    numeric = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    given: dict[str, Any] = {
        name: _checked(name, value) for name, value in numeric.items() if value is not None
    }
    start = _options if profile is None else _PROFILES[profile]
    _options = start._replace(sci_mode=sci_mode, **given)


def get_printoptions() -> dict[str, Any]:
    """Return the options of printing, such that ``set_printoptions(**options)`` restores them.

    Returns
    -------
    dict
        The options by name.
    """
    return _options._asdict()


def _checked(name: str, value: Any) -> int | float:
    """Return the value of a numeric option as a Python number, or raise if it is not valid."""
    kind, wording, least = _ALLOWED[name]
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{name} has to be {wording}, got {value!r}")
    if not value >= least:  # and not "<", which nan would pass
        raise ValueError(f"{name} has to be at least {least}, got {value!r}")
    return int(value) if isinstance(value, Integral) else float(value)


def tensor_text(
    array: np.ndarray,
    *,
    dtype: np.dtype,
    default_dtype: np.dtype,
    requires_grad: bool = False,
    grad_fn: str | None = None,
    device: str | None = None,
    prefix: str = "tensor(",
) -> str:
    """Return the text of a tensor, which is what ``repr`` gives for one in PyTorch.

    Parameters
    ----------
    array : numpy.ndarray
        The elements of the tensor.
    dtype : numpy.dtype
        The dtype of the tensor, named in the text unless the elements tell it.
    default_dtype : numpy.dtype
        The floating dtype that is not named.
    requires_grad : bool, default False
        Whether to say ``requires_grad=True``.
    grad_fn : str, optional
        Name of the operation that made the tensor; it stands instead of ``requires_grad=True``.
    device : str, optional
        Name of the device, if it is worth saying.
    prefix : str, default "tensor("
        What the text begins with; it may have several lines.

    Returns
    -------
    str
        The text, without a newline at its end.

    Examples
    --------
    >>> a = np.array([[1, 2.5], [-3, np.inf]])
    >>> print(tensor_text(a, dtype=a.dtype, default_dtype=np.dtype("float32")))
    tensor([[ 1.0000,  2.5000],
            [-3.0000,     inf]], dtype=float64)
    """
    options = _options  # read once: another thread may replace them while this one prints
    notes = []
    if device is not None:
        notes.append(f"device='{device}'")
    notes += _shape_and_dtype_notes(array, dtype, default_dtype, options)
    if grad_fn is not None:
        notes.append(f"grad_fn=<{grad_fn}>")
    elif requires_grad:
        notes.append("requires_grad=True")
    indent = _last_line_length(prefix)
    text = prefix + _elements_text(array, indent, options)
    return _append_notes(text, notes, indent, options.linewidth) + ")"


def _shape_and_dtype_notes(
    array: np.ndarray, dtype: np.dtype, default_dtype: np.dtype, options: _Options
) -> list[str]:
    """Return ``size=`` and ``dtype=``, each only if the elements shown do not tell it."""
    if array.size == 0:
        show_size = array.ndim != 1  # [] looks like shape (0,)
        implied = [default_dtype]
    else:
        show_size = options.edgeitems == 0  # a summary would show no element at all
        implied = [default_dtype, np.dtype(np.int64), np.dtype(np.bool_)]
    notes = []
    if show_size:
        notes.append(f"size={array.shape}")
    if dtype not in implied:
        notes.append(f"dtype={dtype.name}")
    return notes


def _elements_text(array: np.ndarray, indent: int, options: _Options) -> str:
    """Return the elements in brackets, for a text that begins ``indent`` characters into a line."""
    if array.size == 0:
        return "[]"
    cut = [False] * array.ndim
    if array.size > options.threshold:
        cut = [size > 2 * options.edgeitems for size in array.shape]
        array = _corners(array, cut, options.edgeitems)
    cells, width = _cells(array, options)
    # The innermost rows stand behind all the brackets, so each has room for as many cells.
    room = options.linewidth - (indent + array.ndim - 1)
    per_line = max(1, room // (width + len(", ")))
    nested = np.array(cells, dtype=object).reshape(array.shape).tolist()
    return _bracketed(nested, cut, indent, per_line)


def _corners(array: np.ndarray, cut: Sequence[bool], edgeitems: int) -> np.ndarray:
    """Return ``array`` without the middle of those axes that are ``cut``."""
    for axis, is_cut in enumerate(cut):
        if is_cut:
            middle = slice(edgeitems, array.shape[axis] - edgeitems)
            array = np.delete(array, middle, axis)
    return array


def _cells(array: np.ndarray, options: _Options) -> tuple[list[str], int]:
    """Return the text of each element, padded to one width, and that width."""
    numbers = array.ravel().tolist()
    write: Callable[[Any], str] = str
    measured = numbers
    if array.dtype.kind == "f":
        # Zeros, nan and inf affect neither notation nor width; they may stick out of their cells.
        measured = [number for number in numbers if number != 0 and math.isfinite(number)]
        write = _float_writer(measured, options)
    width = max((len(write(number)) for number in measured), default=1)
    return [write(number).rjust(width) for number in numbers], width


def _float_writer(numbers: Sequence[float], options: _Options) -> Callable[[float], str]:
    """Return the function that writes floats in the notation that suits ``numbers``.

    Parameters
    ----------
    numbers : sequence of float
        Those of the numbers to be written that are neither zero, nor nan, nor infinite.
    options : _Options
        The options of printing.

    Returns
    -------
    callable
        One for scientific notation (``1.5000e+10``), for whole numbers (``3.``) or for decimal
        fractions (``0.2500``).
    """
    if numbers and _is_scientific(numbers, options.sci_mode):
        return f"{{:.{options.precision}e}}".format
    if all(number.is_integer() for number in numbers):
        return _whole_float
    return f"{{:.{options.precision}f}}".format


def _is_scientific(numbers: Sequence[float], sci_mode: bool | None) -> bool:
    """Return whether to use scientific notation: as set, or by the magnitudes of ``numbers``."""
    if sci_mode is not None:
        return sci_mode
    magnitudes = [abs(number) for number in numbers]
    smallest, largest = min(magnitudes), max(magnitudes)
    return largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4


def _whole_float(number: float) -> str:
    """Return a float without its digits after the point; the point shows that it is a float."""
    return f"{number:.0f}." if math.isfinite(number) else str(number)


def _bracketed(nested: Any, cut: Sequence[bool], indent: int, per_line: int) -> str:
    """Return nested lists of cells in brackets, broken into lines.

    Parameters
    ----------
    nested : str or list
        The cells: lists in lists, as deep as there are axes.
    cut : sequence of bool
        For each axis, whether items were left out in its middle; there go the dots.
    indent : int
        Characters before the opening bracket, in its line.
    per_line : int
        Cells in a line of an innermost row.
    """
    if not cut:
        return nested
    if len(cut) == 1:
        return _row(nested, cut[0], indent, per_line)
    items = [_bracketed(item, cut[1:], indent + 1, per_line) for item in nested]
    if cut[0]:
        items.insert(len(items) // 2, "...")
    newlines = "\n" * (len(cut) - 1)  # an empty line between matrices, two between stacks of them
    return "[" + f",{newlines}{' ' * (indent + 1)}".join(items) + "]"


def _row(cells: Sequence[str], is_cut: bool, indent: int, per_line: int) -> str:
    """Return the cells of the innermost axis in brackets, ``per_line`` of them in each line."""
    items = list(cells)
    if is_cut:  # PyTorch puts two spaces before these dots
        items.insert(len(items) // 2, " ..." if items else "...")
    starts = range(0, len(items), per_line)
    lines = [", ".join(items[start : start + per_line]) for start in starts]
    return "[" + f",\n{' ' * (indent + 1)}".join(lines) + "]"


def _append_notes(text: str, notes: Sequence[str], indent: int, linewidth: int) -> str:
    """Return ``text`` with the notes after it, each in a new line if it does not fit."""
    # Two more than there are: PyTorch counts so, and this decides where its lines break.
    used = _last_line_length(text) + 2
    for note in notes:
        if used + len(", ") + len(note) > linewidth:
            text += ",\n" + " " * indent + note
            used = indent + len(note)
        else:
            text += ", " + note
            used += len(", ") + len(note)
    return text


def _last_line_length(text: str) -> int:
    """Return the number of characters after the last newline."""
    return len(text) - (text.rfind("\n") + 1)
