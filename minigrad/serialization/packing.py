"""Between Python objects and what a file can hold: named arrays, and a text that describes the rest.

The text is JSON.  ``None``, bools, strings, lists, and ordinary numbers stand for themselves; all else is
an object with one member, which names the kind::

    {"betas": (0.9, 0.999), "exp_avg": Tensor, 0: inf}

    {"dict": [["betas", {"tuple": [0.9, 0.999]}],
              ["exp_avg", {"tensor": "exp_avg"}],
              [0, {"float": "inf"}]]}

A checksum over the text and all arrays tells on loading that nothing has changed.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import zlib
from collections import Counter, OrderedDict
from typing import Any

import numpy as np

from minigrad._creation import as_tensor
from minigrad._tensor import Size, Tensor
from minigrad.backend.devices import Device, to_host
from minigrad.serialization.errors import CheckpointError

FORMAT = 1
"""The number of this format; a later version that writes another one counts on."""

NUMBERS = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
"""The dtypes that files hold."""

SEQUENCES: dict[str, type] = {"tuple": tuple, "Size": Size}
MAPPINGS: dict[str, type] = {"dict": dict, "OrderedDict": OrderedDict, "Counter": Counter}
KIND_OF_CLASS = {cls: kind for kind, cls in (SEQUENCES | MAPPINGS).items()}

RESERVED = ("__metadata__", "__minigrad__")
"""Names that no array can have: where the text stands in a safetensors file, and in an archive."""

DEEPEST = 50
LONGEST_NAME = 9999
UNFIT_FOR_NAMES = re.compile(r"[\x00\\\ud800-\udfff]")
BEGINNING = '{"format": '  # of the text
NO_SUM = '"crc32": "00000000"'

Path = tuple[Any, ...]
Arrays = dict[str, np.ndarray]


# Packing ----------------------------------------------------------------------------------------------


def pack(obj: Any) -> tuple[str, Arrays]:
    """Return the text that describes ``obj``, and copies of its arrays by name.

    Raises
    ------
    TypeError
        If something in it is of a kind that a file does not hold; the message says where.
    ValueError
        If it is nested too deep, or contains itself.
    """
    arrays: Arrays = {}
    tree = _describe(obj, (), arrays)
    text = json.dumps({"format": FORMAT, "crc32": "00000000", "object": tree}, allow_nan=False)
    return text.replace(NO_SUM, f'"crc32": "{_checksum(text, arrays)}"', 1), arrays


def _describe(value: Any, path: Path, arrays: Arrays) -> Any:
    """Return ``value``, which stands at ``path``, as JSON; enter the arrays in it into ``arrays``."""
    if len(path) > DEEPEST:
        raise ValueError(
            f"save: {_dotted(path[:4])}... is nested more than {DEEPEST} deep; does it contain itself?"
        )
    cls = type(value)
    if value is None or cls is bool or cls is str:
        return value
    if cls is int:
        return value if abs(value) < 2**63 else {"int": hex(value)}
    if cls is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if cls is bytes:
        return {"bytes": _enter(np.frombuffer(value, np.uint8), path, arrays)}
    if isinstance(value, Tensor):
        return {"tensor": _enter(to_host(value.array), path, arrays)}
    if cls is np.ndarray and value.dtype.name in NUMBERS:
        return {"array": _enter(value, path, arrays)}
    if isinstance(value, np.generic) and value.dtype.name in NUMBERS:
        return {"number": [value.dtype.name, _little_endian(value).tobytes().hex()]}
    if cls is list:
        return [_describe(part, (*path, i), arrays) for i, part in enumerate(value)]
    kind = KIND_OF_CLASS.get(cls, "")
    if kind in SEQUENCES:
        return {kind: _describe(list(value), path, arrays)}
    if kind in MAPPINGS:
        return {kind: [_describe_item(key, v, path, arrays) for key, v in value.items()]}
    raise _refusal(value, path)


def _describe_item(key: Any, value: Any, path: Path, arrays: Arrays) -> list[Any]:
    if type(key) not in (str, int):
        raise TypeError(
            f"save: {_dotted(path)} has the key {key!r} of type {type(key).__name__}; keys have to be "
            "strings or integers"
        )
    return [_describe(key, path, arrays), _describe(value, (*path, key), arrays)]


def _enter(array: Any, path: Path, arrays: Arrays) -> str:
    """Keep a copy of ``array`` under a name made of its path; return that name."""
    wanted = UNFIT_FOR_NAMES.sub("_", ".".join(map(str, path)))[:LONGEST_NAME] if path else "tensor"
    name = wanted
    for number in itertools.count(2):
        if name not in arrays and name not in RESERVED:
            break
        name = f"{wanted} ({number})"
    # A copy, so that file and checksum agree even while another thread goes on training.
    arrays[name] = _little_endian(array)
    return name


def _little_endian(array: Any) -> np.ndarray:
    return np.array(array, dtype=array.dtype.newbyteorder("<"), order="C")


def _refusal(value: Any, path: Path) -> TypeError:
    """Return the error that says what ``value`` is and what can be saved in its place."""
    where, what = _dotted(path), type(value).__name__
    if isinstance(value, (np.ndarray, np.generic)):
        what = f"{what} of dtype {value.dtype}"
    if isinstance(value, type):
        advice = "a class cannot be saved"
    elif callable(getattr(value, "state_dict", None)):
        advice = "save its state_dict()"
    elif callable(getattr(value, "get_state", None)):
        advice = "save its get_state()"
    elif plain := [
        base.__name__ for base in (dict, list, tuple, str, int) if isinstance(value, base)
    ]:
        advice = f"save it as a plain {plain[0]}"
    else:
        advice = (
            "a checkpoint holds tensors, NumPy arrays, numbers, strings, bytes, None, and dicts, lists and "
            "tuples of them"
        )
    return TypeError(f"save: {where} is of type {what}; {advice}")


def _dotted(path: Path) -> str:
    return ".".join(map(str, path)) or "the object"


def _checksum(text: str, arrays: Arrays) -> str:
    """Return the CRC-32 of the text, with zeros in the checksum's own place, and of all arrays."""
    crc = zlib.crc32(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        crc = zlib.crc32(f"{name} {array.dtype.name} {array.shape}".encode(), crc)
        crc = zlib.crc32(array.data, crc)
    return f"{crc:08x}"


# Unpacking --------------------------------------------------------------------------------------------


def checked_tree(text: str, arrays: Arrays) -> Any:
    """Return the description of the object in ``text``, once it is certain that nothing changed.

    Raises
    ------
    CheckpointError
        If text and arrays do not fit the checksum, or are in a later format.
    """
    description = json.loads(text)
    if description["format"] != FORMAT:
        raise CheckpointError(
            f"is in format {description['format']}, this version of minigrad reads format {FORMAT}: "
            "update minigrad"
        )
    found = description["crc32"]
    if found != _checksum(text.replace(f'"crc32": "{found}"', NO_SUM, 1), arrays):
        raise CheckpointError("is damaged: its content does not fit its checksum")
    return description["object"]


def foreign_tree(arrays: Arrays) -> Any:
    """Return a description of a file that has none: a dict of tensors by name.

    Raises
    ------
    CheckpointError
        If an array is of a dtype that tensors do not have.
    """
    for name, array in arrays.items():
        if array.dtype.name not in NUMBERS - {"uint64"}:
            raise CheckpointError(
                f"has an array {name!r} of dtype {array.dtype}, which minigrad has no tensors of"
            )
    return {"dict": [[name, {"tensor": name}] for name in arrays]}


def restore(node: Any, arrays: Arrays, device: Device) -> Any:
    """Return what :func:`_describe` was given, with its tensors on ``device``."""
    if isinstance(node, list):
        return [restore(part, arrays, device) for part in node]
    if not isinstance(node, dict):
        return node
    ((kind, content),) = node.items()
    if kind == "tensor":
        return as_tensor(arrays[content], device=device)
    if kind == "array":
        return arrays[content]
    if kind == "bytes":
        return arrays[content].tobytes()
    if kind == "number":
        name, digits = content
        little = np.dtype(name).newbyteorder("<")
        return np.frombuffer(bytes.fromhex(digits), little)[0]
    if kind == "int":
        return int(content, 16)
    if kind == "float":
        return float(content)
    parts = restore(content, arrays, device)
    return MAPPINGS[kind](dict(parts)) if kind in MAPPINGS else SEQUENCES[kind](parts)
