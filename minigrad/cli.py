"""The command ``minigrad``: ``demo`` trains on digits, ``info`` tells what this machine offers."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import platform
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import minigrad as mg
from minigrad.backend.devices import BackendUnavailable, Device, backend_for

EXTRAS = {
    "matplotlib": "plot",
    "pygraphviz": "viz",
    "safetensors": "io",
    "cupy": "gpu",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 1 with one line on what went wrong."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("minigrad: stopped", file=sys.stderr)
    except (OSError, ValueError, RuntimeError) as error:
        print(f"minigrad: {error}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="minigrad", description="Reverse-mode automatic differentiation of tensors."
    )
    parser.add_argument("--version", action="version", version=f"minigrad {mg.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="train a network on handwritten digits")
    demo.add_argument("--out", type=Path, default=Path("."), help="folder of the pictures")
    demo.add_argument("--seed", type=int, default=0, help="of weights and batches (default 0)")
    demo.add_argument(
        "--epochs", type=_positive, default=20, help="passes over the data (default 20)"
    )
    demo.set_defaults(run=_demo)
    info = commands.add_parser("info", help="versions, devices, renderers, extras")
    info.set_defaults(run=_info)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"has to be at least 1, got {number}")
    return number


def _demo(options: argparse.Namespace) -> int:
    from minigrad import demo

    demo.run(options.out, options.seed, options.epochs)
    return 0


def _info(options: argparse.Namespace) -> int:
    print(f"minigrad    {mg.__version__}")
    print(f"python      {platform.python_version()} on {platform.system()} {platform.machine()}")
    print(f"numpy       {importlib.metadata.version('numpy')}")
    print("devices")
    for kind in ("cpu", "cuda"):
        print(f"  {kind:<10}{_device(kind)}")
    print("drawing")
    print(f"  {'dot':<10}{shutil.which('dot') or 'not on the PATH'}")
    print("extras")
    for module, extra in EXTRAS.items():
        print(f"  {module:<12}{_installed(module, extra)}")
    return 0


def _device(kind: str) -> str:
    try:
        backend = backend_for(Device(kind))
    except BackendUnavailable as error:
        return f"not usable: {error}"
    return f"usable, arrays by {backend.name} {getattr(backend.xp, '__version__', '')}"


def _installed(module: str, extra: str) -> str:
    if importlib.util.find_spec(module) is None:
        return f'missing: pip install "minigrad-autograd[{extra}]"'
    for distribution in importlib.metadata.packages_distributions().get(module, [module]):
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "present"
