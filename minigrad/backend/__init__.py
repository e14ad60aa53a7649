"""Which module owns an array, moving arrays between devices, random numbers, is there a GPU.

This is the ground floor: it imports NumPy and nothing of minigrad.  CuPy is imported only when a
person asks for ``device="cuda"`` (see :func:`minigrad.backend.devices.backend_for`).
"""

from minigrad.backend.devices import (
    NAMESPACES,
    Backend,
    BackendUnavailable,
    Device,
    available,
    backend_for,
    backend_of,
    cuda_is_available,
    default_device,
    device_of,
    move,
    register_backend,
    set_default_device,
    to_device,
    to_host,
    xp_of,
)
from minigrad.backend.generator import Generator
from minigrad.backend.tuning import tune

__all__ = [
    "NAMESPACES",
    "Backend",
    "BackendUnavailable",
    "Device",
    "Generator",
    "available",
    "backend_for",
    "backend_of",
    "cuda_is_available",
    "default_device",
    "device_of",
    "move",
    "register_backend",
    "set_default_device",
    "to_device",
    "to_host",
    "tune",
    "xp_of",
]
