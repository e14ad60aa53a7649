"""The command ``minigrad``: ``demo`` trains on digits, ``info`` tells what this machine offers."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import minigrad as mg
from minigrad.backend.devices import BackendUnavailable, Device, backend_for

EPOCHS, QUICK_EPOCHS = 20, 3
EXTRAS = {"matplotlib": "plot", "pygraphviz": "viz", "safetensors": "io", "cupy": "gpu"}
"""What may be missing: module -> the extra that brings it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status.

    0, or 1 after one line on what went wrong, or 130 if the person stopped it, as is the custom.
    Wrong arguments end in argparse's message and status, 2.
    """
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except KeyboardInterrupt:
        print("minigrad: stopped", file=sys.stderr)
        return 130
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(f"minigrad {options.command}: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="minigrad", description="Reverse-mode automatic differentiation of tensors."
    )
    top.add_argument("--version", action="version", version=f"minigrad {mg.__version__}")
    commands = top.add_subparsers(
        title="commands", dest="command", required=True, metavar="{demo,info}"
    )
    demo = commands.add_parser(
        "demo",
        help="train a network on handwritten digits, and draw it",
        description="Train an MLP with batch norm on the bundled handwritten digits, tell its accuracy on "
        "digits it has not seen, and write digits-loss.png, digits-predictions.png and digits-graph.svg.",
    )
    demo.add_argument(
        "--out",
        type=Path,
        default=Path("."),
        metavar="DIR",
        help="folder of the pictures (default: .)",
    )
    demo.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of weights and batches (default: 0)"
    )
    length = demo.add_mutually_exclusive_group()
    length.add_argument(
        "--epochs",
        type=count,
        default=EPOCHS,
        metavar="N",
        help=f"passes over the data (default: {EPOCHS})",
    )
    length.add_argument(
        "--quick",
        action="store_const",
        const=QUICK_EPOCHS,
        dest="epochs",
        help=f"the same as --epochs {QUICK_EPOCHS}",
    )
    demo.set_defaults(run=run_demo)
    info = commands.add_parser("info", help="versions, devices, renderers, optional packages")
    info.set_defaults(run=run_info)
    return top


def count(text: str) -> int:
    """Return a number that is at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"it has to be at least 1, got {number}")
    return number


def run_demo(options: argparse.Namespace) -> None:
    """Run ``minigrad demo``."""
    from minigrad import demo

    demo.run(options.out, options.seed, options.epochs)


def run_info(options: argparse.Namespace) -> None:
    """Run ``minigrad info``."""
    for name, text in facts():
        print(f"{name:12} {text}" if text else f"\n{name}:")


def facts() -> Iterator[tuple[str, str]]:
    """Yield names and what there is to tell about them; a heading has nothing to tell."""
    from minigrad.viz.graphs import renderers

    yield "minigrad", mg.__version__
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield "numpy", importlib.metadata.version("numpy")
    yield "devices", ""
    for kind in ("cpu", "cuda"):
        yield kind, device_state(kind)
    yield "graphs are drawn by", ""
    found = renderers.available()
    for name in renderers.RENDERERS:
        yield name, "available" if name in found else "not found"
    if not found:
        yield "text", f"as there is no Graphviz: {renderers.INSTALL}"
    yield "optional packages", ""
    for module, extra in EXTRAS.items():
        yield module, package_state(module, extra)


def device_state(kind: str) -> str:
    """Return whether a device can be used, or why not."""
    try:
        backend = backend_for(Device(kind))
    except BackendUnavailable as error:
        return f"not usable: {error}"
    return f"usable: arrays of {backend.name} {getattr(backend.xp, '__version__', '')}".rstrip()


def package_state(module: str, extra: str) -> str:
    """Return the version of an optional package, or how to install it."""
    if importlib.util.find_spec(module) is None:
        return f'missing: pip install "minigrad-autograd[{extra}]"'
    # CuPy's module is in one of several packages.
    for distribution in importlib.metadata.packages_distributions().get(module, ()):
        return importlib.metadata.version(distribution)
    return "installed"
