"""What programs ask about GPUs, under PyTorch's names: ``mg.cuda.is_available()``."""

from __future__ import annotations

from typing import Any

from minigrad.backend.devices import Device, backend_for, cuda_is_available

__all__ = ["device_count", "is_available", "synchronize"]


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
