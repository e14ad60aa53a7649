"""The GPU under the name that covers all kinds of them: ``mg.accelerator.is_available()``.

::

    where = mg.accelerator.current_accelerator() if mg.accelerator.is_available() else "cpu"

The environment variable ``MINIGRAD_GPU_KERNELS=0`` switches off the kernels that take the place of longer
formulas there, see :mod:`minigrad.backend.kernels`.
"""

from __future__ import annotations

from minigrad.backend.devices import Device, cuda_is_available
from minigrad.cuda import device_count, synchronize

__all__ = ["current_accelerator", "device_count", "is_available", "synchronize"]


def is_available() -> bool:
    """Tell whether there is a GPU that minigrad can compute on."""
    return cuda_is_available()


def current_accelerator() -> Device | None:
    """Return the device to compute on, ``None`` if there is only the host."""
    return Device("cuda") if cuda_is_available() else None
