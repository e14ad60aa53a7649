"""Compiling training steps and functions: recorded once, then replayed; see :mod:`.compiled`."""

from minigrad.compiling.compiled import compile
from minigrad.compiling.functions import CompiledFunction
from minigrad.compiling.steps import CompiledStep

__all__ = ["CompiledFunction", "CompiledStep", "compile"]
