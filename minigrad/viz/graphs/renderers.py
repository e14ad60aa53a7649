"""DOT text to SVG, PNG and PDF by the Graphviz that is there: the ``dot`` command, or ``pygraphviz``."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

INSTALL = (
    'pip install "minigrad-autograd[viz]" (it brings a Graphviz of its own), or the command dot: '
    "apt install graphviz, brew install graphviz, or graphviz.org/download"
)


class RendererMissing(RuntimeError):
    """No Graphviz can make the picture here; the message says how to get one."""


def graphviz_package() -> Any:
    """Return the package that writes DOT.

    Raises
    ------
    RendererMissing
        If it is not installed.
    """
    try:
        return importlib.import_module("graphviz")
    except ImportError as error:
        raise RendererMissing(
            f"the text of a graph is written by the package graphviz, which is not installed: {INSTALL}"
        ) from error


def dot_command() -> Callable[[str, str], bytes] | None:
    """Return the renderer that runs the ``dot`` command, if there is one."""
    if shutil.which("dot") is None or importlib.util.find_spec("graphviz") is None:
        return None
    graphviz = graphviz_package()
    return lambda source, kind: graphviz.Source(source).pipe(format=kind, quiet=True)


_lock = threading.Lock()  # Graphviz's libraries keep state of their own


def in_process() -> Callable[[str, str], bytes] | None:
    """Return the renderer that uses the libraries inside ``pygraphviz``, if it is installed."""
    try:
        pygraphviz: Any = importlib.import_module("pygraphviz")
    except ImportError:
        return None

    def render(source: str, kind: str) -> bytes:
        with _lock, silenced_stderr():
            with contextlib.closing(pygraphviz.AGraph(string=source)) as graph:
                return graph.draw(format=kind, prog="dot")

    return render


RENDERERS: dict[str, Callable[[], Callable[[str, str], bytes] | None]] = {
    "dot": dot_command,
    "pygraphviz": in_process,
}
"""Where to look, in this order: name -> a function that returns a renderer or ``None``."""


def available() -> list[str]:
    """Return the names of the renderers that are installed."""
    return [name for name, find in RENDERERS.items() if find() is not None]


def render(source: str, kind: str) -> bytes:
    """Return the picture of DOT text ``source`` as ``"svg"``, ``"png"`` or ``"pdf"``.

    Raises
    ------
    RendererMissing
        If no renderer is installed, or none of them could do it.
    """
    failures = []
    for name, find in RENDERERS.items():
        renderer = find()
        if renderer is not None:
            try:
                return renderer(source, kind)
            except Exception as error:  # a broken installation: perhaps the next one works
                failures.append(f"{name}: {type(error).__name__}: {error}")
    if failures:
        raise RendererMissing(
            f"Graphviz could not draw the graph ({'; '.join(failures)}); {INSTALL}"
        )
    raise RendererMissing(f"drawing needs Graphviz, which is not installed: {INSTALL}")


@contextlib.contextmanager
def silenced_stderr() -> Iterator[None]:
    """Keep what C libraries write to stderr away from it: Fontconfig's remarks on the system's fonts."""
    try:
        kept = os.dup(2)
    except OSError:  # there is none
        yield
        return
    try:
        with tempfile.TemporaryFile() as sink:
            os.dup2(sink.fileno(), 2)
            try:
                yield
            finally:
                os.dup2(kept, 2)
    finally:
        os.close(kept)
