"""Which module owns an array, moving arrays between devices, random numbers, is there a GPU.

This is the ground floor: of minigrad it imports nothing but how names are imported on first use.
CuPy is imported only when a person asks for ``device="cuda"`` (see
:func:`minigrad.backend.devices.backend_for`).
"""

from typing import TYPE_CHECKING

from minigrad._lazy import on_first_use

if TYPE_CHECKING:  # for type checkers; at run time the table below does it
    from minigrad.backend.devices import (
        NAMESPACES as NAMESPACES,
        Backend as Backend,
        BackendUnavailable as BackendUnavailable,
        Device as Device,
        available as available,
        backend_for as backend_for,
        backend_of as backend_of,
        cuda_is_available as cuda_is_available,
        default_device as default_device,
        device_of as device_of,
        move as move,
        register_backend as register_backend,
        set_default_device as set_default_device,
        to_device as to_device,
        to_host as to_host,
        xp_of as xp_of,
    )
    from minigrad.backend.generator import Generator as Generator
    from minigrad.backend.tuning import tune as tune

if not TYPE_CHECKING:
    __all__, __getattr__, __dir__ = on_first_use(
        globals(),
        {
            "devices": (
                "NAMESPACES Backend BackendUnavailable Device available backend_for backend_of "
                "cuda_is_available default_device device_of move register_backend "
                "set_default_device to_device to_host xp_of"
            ),
            "generator": "Generator",
            "tuning": "tune",
        },
    )
