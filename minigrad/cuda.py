"""What programs ask about GPUs, under PyTorch's names: ``mg.cuda.is_available()``."""

from __future__ import annotations

from typing import Any

from minigrad.backend.devices import Device, backend_for, cuda_is_available

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_name",
    "is_available",
    "manual_seed",
    "manual_seed_all",
    "synchronize",
]


def is_available() -> bool:
    """Tell whether ``device="cuda"`` works here: CuPy imports, sees a GPU and runs a kernel."""
    return cuda_is_available()


def device_count() -> int:
    """Return the number of GPUs, 0 if none can be used."""
    if not cuda_is_available():
        return 0
    return int(backend_for(Device("cuda")).xp.cuda.runtime.getDeviceCount())


def synchronize(device: Any = None) -> None:
    """Wait until the GPU has done all it was asked to; needed around measurements of time.

    Raises
    ------
    BackendUnavailable
        If there is no GPU.
    """
    where = Device("cuda" if device is None else device)
    backend_for(where).xp.cuda.Device(where.index).synchronize()


def current_device() -> int:
    """Return the number of the GPU that ``device="cuda"`` means: 0."""
    return 0


def get_device_name(device: Any = None) -> str:
    """Return the name of a GPU.

    Raises
    ------
    BackendUnavailable
        If there is none.
    """
    where = Device(f"cuda:{device}" if isinstance(device, int) else device or "cuda")
    properties = backend_for(where).xp.cuda.runtime.getDeviceProperties(where.index)
    return properties["name"].decode()


def empty_cache() -> None:
    """Give the GPU's memory that no array uses back to the system; does nothing without a GPU."""
    if cuda_is_available():
        backend_for(Device("cuda")).xp.get_default_memory_pool().free_all_blocks()


def manual_seed(seed: int) -> None:
    """Do nothing: numbers are drawn on the host for every device, from ``mg.manual_seed``."""


manual_seed_all = manual_seed
