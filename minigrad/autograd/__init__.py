"""Gradients: ``grad`` and ``backward``, modes, custom functions, and checks of derivatives."""

from typing import TYPE_CHECKING

from minigrad._backward import backward as backward, grad as grad
from minigrad._lazy import on_first_use

# Imported at once: later, the name could stand for the module as well as for the function.
from minigrad.autograd.gradcheck import (
    GradcheckError as GradcheckError,
    gradcheck as gradcheck,
    gradgradcheck as gradgradcheck,
)

if TYPE_CHECKING:  # for type checkers; at run time the table below does it
    from minigrad.autograd import functional as functional
    from minigrad.autograd.anomaly import (
        detect_anomaly as detect_anomaly,
        set_detect_anomaly as set_detect_anomaly,
    )
    from minigrad.autograd.function import Function as Function
    from minigrad.autograd.modes import (
        enable_grad as enable_grad,
        inference_mode as inference_mode,
        is_grad_enabled as is_grad_enabled,
        no_grad as no_grad,
        set_grad_enabled as set_grad_enabled,
    )
    from minigrad.autograd.variable import Variable as Variable

if not TYPE_CHECKING:
    __all__, __getattr__, __dir__ = on_first_use(
        globals(),
        {
            "anomaly": "detect_anomaly set_detect_anomaly",
            "function": "Function",
            "modes": "enable_grad inference_mode is_grad_enabled no_grad set_grad_enabled",
            "variable": "Variable",
        },
        modules="functional",
    )
    __all__ += ["GradcheckError", "backward", "grad", "gradcheck", "gradgradcheck"]
