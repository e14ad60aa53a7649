"""Compiling a training step: recorded once, then replayed without the engine; see :mod:`.compiled`."""

from minigrad.compiling.compiled import CompiledStep, compile

__all__ = ["CompiledStep", "compile"]
