"""The two kinds of files: safetensors, and npz, the archive of arrays that NumPy writes."""

from __future__ import annotations

import io
import json
import pickletools
import zipfile
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from minigrad.serialization.errors import CheckpointError
from minigrad.serialization.packing import BEGINNING, Arrays

TEXT_ENTRY = "__minigrad__"  # in an npz archive: the text, as bytes
TEXT_KEY = "minigrad"  # in the metadata of a safetensors file
LONGEST_HEADER = 100_000_000  # what the package safetensors is willing to read

A_PICKLE = (
    "is a pickle, or has one in it, which can run any program when it is opened: minigrad opens none. If you "
    "trust it and have PyTorch, convert it: safetensors.torch.save_file(torch.load(old), new)"
)


def write_npz(file: BinaryIO, text: str, arrays: Arrays) -> None:
    """Write an archive that ``numpy.load`` opens, too; the same content gives the same bytes."""
    described = np.frombuffer(text.encode(), np.uint8)
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in {TEXT_ENTRY: described, **arrays}.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(entry, "w", force_zip64=True) as place:
                npy.write_array(place, array, allow_pickle=False)


def write_safetensors(file: BinaryIO, text: str, arrays: Arrays) -> None:
    """Write a file that every reader of safetensors opens.

    Raises
    ------
    ImportError
        If the package is not installed.
    ValueError
        If the text is longer than such a file can hold.
    """
    content = _safetensors().numpy.save(arrays, metadata={TEXT_KEY: text})
    header = int.from_bytes(content[:8], "little")
    if header > LONGEST_HEADER:
        raise ValueError(
            f"save: names and Python values take {header} bytes, a safetensors file has room for "
            f"{LONGEST_HEADER}; make long lists of numbers tensors, or save as .npz"
        )
    file.write(content)


WRITERS = {"safetensors": write_safetensors, "npz": write_npz}


def read(content: bytes) -> tuple[str | None, Arrays]:
    """Return text and arrays of a file; the text is ``None`` if minigrad did not write it.

    Raises
    ------
    CheckpointError
        If it is of another kind; the message lacks its beginning, the name of the file.
    Exception
        Of many kinds, if it is damaged.
    """
    if content[8:9] == b"{" and int.from_bytes(content[:8], "little") <= LONGEST_HEADER:
        return _read_safetensors(content)
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _read_npz(content)
    if not content:
        raise CheckpointError("is empty, or was read to its end before (seek(0) goes back)")
    if _is_pickle(content):
        raise CheckpointError(A_PICKLE)
    raise CheckpointError(
        f"is neither a safetensors file nor an npz archive: it begins with {content[:12]!r}"
    )


def _is_pickle(content: bytes) -> bool:
    """Tell whether ``content`` is a pickle, without opening it: read its list of commands."""
    if content[0] == 0x80 and content[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return True
    try:
        for _ in pickletools.genops(content):
            pass
    except Exception:  # whatever trips over what is no command
        return False
    return True


def _read_npz(content: bytes) -> tuple[str | None, Arrays]:
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if any(name.split("/")[-1] == "data.pkl" for name in names):
            raise CheckpointError(A_PICKLE)
        for name in names:
            if not name.endswith(".npy"):
                raise CheckpointError(f"is a zip archive of other things than arrays: {name!r}")
            entry = io.BytesIO(archive.read(name))  # all of it, which checks the archive's own sum
            try:
                array = npy.read_array(entry, allow_pickle=False)
            except ValueError as error:
                raise CheckpointError(
                    f"has an array {name!r} that cannot be read: {error}"
                ) from None
            arrays[name.removesuffix(".npy")] = array
    text = arrays.pop(TEXT_ENTRY, None)
    return None if text is None else text.tobytes().decode(), arrays


DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}
"""The names of dtypes in a safetensors file, and in NumPy."""


def _read_safetensors(content: bytes) -> tuple[str | None, Arrays]:
    found = dict(_safetensors().deserialize(content))
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    metadata = header.pop("__metadata__", None) or {}
    arrays = {name: _array_of(name, found[name]) for name in header}  # in the order of the file
    # The text is known by its key or by its beginning: one of them may be damaged.
    texts = [
        text for key, text in metadata.items() if key == TEXT_KEY or text.startswith(BEGINNING)
    ]
    return texts[0] if texts else None, arrays


def _array_of(name: str, found: dict[str, Any]) -> np.ndarray:
    code, data, shape = found["dtype"], found["data"], found["shape"]
    if code == "BF16":  # the upper half of a float32
        upper = np.frombuffer(data, "<u2").astype("<u4")
        return (upper << 16).view("<f4").reshape(shape)
    if code not in DTYPES:
        raise CheckpointError(
            f"has a tensor {name!r} in {code}, which NumPy does not have; convert it to float32 where it "
            "was made"
        )
    return np.require(np.frombuffer(data, DTYPES[code]).reshape(shape), requirements="W")


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ModuleNotFoundError:
        raise ImportError(
            "safetensors files need the package safetensors, which is not installed: "
            'pip install "minigrad-autograd[io]"; .npz files need nothing'
        ) from None
    return safetensors
