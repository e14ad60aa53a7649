"""Checkpoints: saving tensors and the state of a training run in a file, and loading them again."""

from __future__ import annotations

import io
import os
from typing import Any

from minigrad.backend.devices import Device, backend_for, default_device
from minigrad.serialization.errors import CheckpointError
from minigrad.serialization.files import replacing
from minigrad.serialization.formats import WRITERS, read
from minigrad.serialization.packing import checked_tree, foreign_tree, pack, restore

__all__ = ["CheckpointError", "load", "save"]


def save(obj: Any, f: Any, *, format: str | None = None) -> None:
    """Save tensors, and what else a training run has to remember, in one file.

    The file is replaced as a whole: a process that is killed while it saves leaves the old one as it
    was.

    Parameters
    ----------
    obj : object
        A tensor, or dicts (with strings or integers as keys), lists and tuples of tensors, NumPy
        arrays, numbers of Python and NumPy, strings, bytes and ``None``, nested as you like: what
        ``state_dict()`` returns, or several of them in a dict.
    f : str, path, or file open for writing
        A name that ends with ``.safetensors`` makes a safetensors file, which PyTorch and others read;
        it needs ``pip install "minigrad-autograd[io]"``.  Any other name, ``.npz`` or PyTorch's usual
        ``.pth``, makes an archive as NumPy's, under just that name.  An open file is written from where
        it stands.
    format : {"safetensors", "npz"}, optional
        Instead of what the name says.

    Raises
    ------
    TypeError
        If something else is in ``obj``; the message says where.  Nothing is written then.
    ValueError
        If ``obj`` contains itself, or ``format`` is unknown.
    ImportError
        If the package safetensors is needed and not installed.
    OSError
        As from ``open(f, "wb")``; the folder has to be writable, too.

    See Also
    --------
    load

    Notes
    -----
    Tensors are saved as values: not their gradients, nor how they were computed, nor whether they are
    parameters.  A tensor that stands in two places is saved twice.  Nothing is ever pickled.

    Examples
    --------
    >>> import io
    >>> import minigrad as mg
    >>> file = io.BytesIO()
    >>> mg.save({"epoch": 3, "weight": mg.ones(2)}, file)
    >>> _ = file.seek(0)
    >>> mg.load(file)
    {'epoch': 3, 'weight': tensor([1., 1.])}
    """
    kind = format or ("safetensors" if _name(f).lower().endswith(".safetensors") else "npz")
    if kind not in WRITERS:
        raise ValueError(f"save: format has to be 'safetensors' or 'npz', got {format!r}")
    if not _is_path(f) and (not hasattr(f, "write") or isinstance(f, io.TextIOBase)):
        raise TypeError(
            "save(obj, f): f has to be a path, or a file open for writing in binary mode ('wb'), got "
            f"{type(f).__name__}"
        )
    text, arrays = pack(obj)
    if _is_path(f):
        with replacing(f) as file:
            WRITERS[kind](file, text, arrays)
    else:
        WRITERS[kind](f, text, arrays)


def load(f: Any, map_location: Any = None, *, weights_only: bool | None = None) -> Any:
    """Load what :func:`save` saved, or the arrays of another safetensors or npz file.

    Parameters
    ----------
    f : str, path, or file open for reading
        Of either kind; the content tells which, not the name.
    map_location : str or Device, optional
        Where to put the tensors: ``"cpu"``, ``"cuda"``; by default the default device.
    weights_only : bool, optional
        Accepted as in PyTorch; changes nothing, as nothing but data is ever loaded.

    Returns
    -------
    object
        As it was saved: the same nesting, keys, dtypes and Python types.  Tensors are new ones that
        ask for no gradient.  Of a file that minigrad did not write, a dict of tensors by name, in
        which bfloat16 has become float32, exactly.

    Raises
    ------
    CheckpointError
        If the file is damaged, cut off, or of another kind.  A pickle, as ``torch.save`` writes, is
        refused: it could run any program.
    FileNotFoundError
        If there is no such file.
    ImportError
        If the package safetensors is needed and not installed.
    BackendUnavailable
        If the device cannot be used here.

    See Also
    --------
    save
    """
    device = default_device() if map_location is None else Device(map_location)
    backend_for(device)
    content: Any
    if _is_path(f):
        with open(f, "rb") as file:
            content = file.read()
    else:
        content = _content(f)
    if not isinstance(content, bytes):
        raise TypeError(
            "load(f): f has to be a path, or a file open for reading in binary mode ('rb'), got "
            f"{type(f).__name__}"
        )
    what = repr(_name(f)) if _name(f) else f"this {type(f).__name__}"
    try:
        text, arrays = read(content)
        tree = foreign_tree(arrays) if text is None else checked_tree(text, arrays)
    except CheckpointError as error:
        raise CheckpointError(f"load: {what} {error}") from None
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # a damaged file makes its readers raise whatever it may
        raise CheckpointError(f"load: {what} is cut off or damaged: {error}") from error
    return restore(tree, arrays, device)


def _content(file: Any) -> Any:
    """Return what a file holds, ``None`` if it cannot be read as bytes."""
    try:
        return file.read() if hasattr(file, "read") else None
    except UnicodeDecodeError:  # open in text mode
        return None


def _is_path(f: Any) -> bool:
    return isinstance(f, (str, os.PathLike))


def _name(f: Any) -> str:
    """Return the name of a file, ``""`` if it has none."""
    name = os.fspath(f) if _is_path(f) else getattr(f, "name", "")
    return name if isinstance(name, str) else ""
