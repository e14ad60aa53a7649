"""Gradients: ``grad`` and ``backward``, modes, custom functions, and checks of derivatives."""

import importlib
from typing import Any

from minigrad._backward import backward, grad
from minigrad.autograd.anomaly import detect_anomaly, set_detect_anomaly
from minigrad.autograd.function import Function
from minigrad.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from minigrad.autograd.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.autograd.variable import Variable

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def __getattr__(name: str) -> Any:
    """Import :mod:`minigrad.autograd.functional` on first use."""
    if name == "functional":
        return importlib.import_module("minigrad.autograd.functional")
    raise AttributeError(f"module 'minigrad.autograd' has no attribute {name!r}")
