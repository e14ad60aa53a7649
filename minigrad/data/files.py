"""Files of data sets that are not in the package, in a folder that a person names."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

VARIABLE = "MINIGRAD_DATA"
_GZIP = b"\x1f\x8b"  # what every gzip file starts with


def read_file(
    name: str, folder: str | os.PathLike[str] | None, subfolders: tuple[str, ...]
) -> tuple[Path, bytes]:
    """Return where a file lies, and what is in it; unpacked, if it is a gzip file.

    Parameters
    ----------
    name : str
        Of the file; ``name.gz`` will do, too.
    folder : path or None
        Where to look; ``None``: where the environment variable ``MINIGRAD_DATA`` says.
    subfolders : tuple of str
        Where to look within the folder, besides the folder itself.

    Raises
    ------
    FileNotFoundError
        If no folder is given, or it has no such file.
    ValueError
        If the file is a damaged gzip file.
    """
    given = folder or os.environ.get(VARIABLE)
    if not given:
        raise FileNotFoundError(
            f"no folder to look for {name} in: give its folder, or set the environment variable "
            f"{VARIABLE} to it (nothing is downloaded)"
        )
    places = [Path(given), *(Path(given, part) for part in subfolders)]
    for path in (place / file for place in places for file in (name, f"{name}.gz")):
        if path.is_file():
            return path, _unpacked(path)
    raise FileNotFoundError(
        f"no file {name} or {name}.gz in {' or '.join(map(str, places))}: put it there, or name another "
        f"folder by the argument folder or the environment variable {VARIABLE} (nothing is downloaded)"
    )


def read_lines(
    name: str, folder: str | os.PathLike[str] | None, subfolders: tuple[str, ...]
) -> tuple[Path, list[str]]:
    """Return where a text file in UTF-8 lies, and its lines; raise as :func:`read_file` does."""
    path, content = read_file(name, folder, subfolders)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text in UTF-8 ({error})") from None
    # Not splitlines(), for which other characters end a line, too.
    lines = text.replace("\r\n", "\n").split("\n")
    return path, lines[:-1] if lines[-1] == "" else lines


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: damaged gzip file ({error})") from None
