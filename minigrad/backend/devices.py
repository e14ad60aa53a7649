"""Devices and the array library behind each: NumPy for ``cpu``, CuPy for ``cuda``.

A *backend* is four facts about an array library: its namespace (``numpy`` or ``cupy``), the classes
of its arrays, how a host array becomes one of them, and how one of them becomes a host array.
Everything above this module writes ``xp.exp(x)`` with ``xp = xp_of(x)`` and never asks which
library it is talking to.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn, dataclass_transform

import numpy as np


class BackendUnavailable(RuntimeError):
    """The device asked for cannot be used on this machine; the message says why and what to do."""


@dataclass_transform(frozen_default=True, kw_only_default=True)  # for type checkers
class Unchanging:
    """An object that is its attributes: ``__init__`` puts them into ``vars(self)``, and they stay."""

    def __setattr__(self, name: str, value: object) -> NoReturn:
        kind = type(self).__name__.lower()
        raise AttributeError(f"a {kind} does not change: make another one to set its {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__.lower()} does not change: {name} has to stay")

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({facts})"


class Device(Unchanging):
    """Where an array lives, as in PyTorch: ``Device("cpu")``, ``Device("cuda:1")``; it never changes.

    Parameters
    ----------
    type : str
        ``"cpu"``, ``"cuda"`` or ``"cuda:N"`` (or the device type of a registered backend).
    index : int, optional
        Number of the GPU; ``None`` for the host.  ``"cuda"`` alone means GPU 0.

    Examples
    --------
    >>> Device("cuda:1").index
    1
    >>> str(Device("cpu"))
    'cpu'
    """

    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, Device):
            vars(self).update(vars(type))
            return
        kind, _, number = str(type).partition(":")
        if kind not in _LOADERS:
            known = ", ".join(sorted(repr(name) for name in _LOADERS))
            raise ValueError(f"unknown device {type!r}: expected one of {known} or 'cuda:N'")
        on_host = kind == "cpu" and (number or index is not None)
        if on_host or (number and not number.isdecimal()):
            raise ValueError(f"bad device {type!r}: the part after ':' is the number of a GPU")
        if number:
            index = int(number)
        elif kind == "cuda" and index is None:
            index = 0
        vars(self).update(type=kind, index=index)

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device({str(self)!r})"


class Backend(Unchanging):
    """What minigrad needs to know of one array library; it never changes.

    Attributes
    ----------
    name : str
        Name of the library, for messages.
    device_type : str
        The ``type`` of the devices it serves.
    xp : module
        Its NumPy-like namespace.
    array_types : tuple of type
        Every class its functions return.
    from_host : callable
        ``from_host(ndarray, index) -> array``; copies.
    to_host : callable
        ``to_host(array) -> ndarray``.
    index_of : callable
        ``index_of(array) -> int | None``, the number of the device that holds the array.
    on_device : callable
        ``on_device(index)`` -> context manager in which new arrays are made on that device; by default it
        does nothing.
    """

    name: str
    device_type: str
    xp: Any
    array_types: tuple[type, ...]
    from_host: Callable[[np.ndarray, int | None], Any]
    to_host: Callable[[Any], np.ndarray]
    index_of: Callable[[Any], int | None]
    on_device: Callable[[int | None], AbstractContextManager[Any]]

    def __init__(
        self,
        *,
        name: str,
        device_type: str,
        xp: Any,
        array_types: tuple[type, ...],
        from_host: Callable[[np.ndarray, int | None], Any],
        to_host: Callable[[Any], np.ndarray],
        index_of: Callable[[Any], int | None],
        on_device: Callable[[int | None], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        vars(self).update(
            name=name,
            device_type=device_type,
            xp=xp,
            array_types=array_types,
            from_host=from_host,
            to_host=to_host,
            index_of=index_of,
            on_device=on_device,
        )


NAMESPACES: dict[type, Any] = {}
"""Class of an array -> the namespace that computes with it (the hot path of :func:`xp_of`)."""

_BACKENDS: dict[str, Backend] = {}
_BACKEND_OF_TYPE: dict[type, Backend] = {}
_LOADERS: dict[str, Callable[[], Backend]] = {}


def register_backend(device_type: str, load: Callable[[], Backend]) -> None:
    """Make ``device_type`` known; ``load`` is called when a person first asks for it."""
    _LOADERS[device_type] = load


def backend_for(device: Device) -> Backend:
    """Return the backend that serves ``device``, loading it now if need be.

    Raises
    ------
    BackendUnavailable
        If the library or the hardware is missing.
    """
    backend = _BACKENDS.get(device.type)
    if backend is None:
        backend = _LOADERS[device.type]()
        _BACKENDS[device.type] = backend
        adopt(backend)
    return backend


def adopt(backend: Backend) -> None:
    """Make the arrays of ``backend`` known."""
    for array_type in backend.array_types:
        NAMESPACES[array_type] = backend.xp
        _BACKEND_OF_TYPE[array_type] = backend


def backend_of(array: Any) -> Backend:
    """Return the backend that owns ``array``.

    Raises
    ------
    TypeError
        If ``array`` is no array of a known library.
    """
    kind = type(array)
    backend = _BACKEND_OF_TYPE.get(kind)
    if backend is not None:
        return backend
    if kind.__module__.split(".")[0] == "cupy":
        return backend_for(Device("cuda"))
    for array_type, candidate in list(_BACKEND_OF_TYPE.items()):
        if isinstance(array, array_type):
            NAMESPACES[kind] = candidate.xp
            _BACKEND_OF_TYPE[kind] = candidate
            return candidate
    raise TypeError(f"expected an array, got {kind.__module__}.{kind.__qualname__}")


def xp_of(array: Any) -> Any:
    """Return the namespace (``numpy``, ``cupy``) that computes with ``array``."""
    return NAMESPACES.get(array.__class__) or backend_of(array).xp


def is_array(value: Any) -> bool:
    """Tell whether ``value`` is an array (or NumPy scalar) of a known library."""
    kind = value.__class__
    if kind in NAMESPACES:
        return True
    if kind.__module__ == "builtins":  # a number, a slice: what indices are mostly made of
        return False
    try:
        backend_of(value)
    except TypeError:
        return False
    return True


def device_of(array: Any) -> Device:
    """Return the device on which ``array`` lives."""
    backend = backend_of(array)
    return _device(backend.device_type, backend.index_of(array))


@functools.cache
def _device(device_type: str, index: int | None = None) -> Device:
    """Return a device, the same object each time: making one checks what is given."""
    return Device(device_type, index)


def to_host(array: Any) -> np.ndarray:
    """Return ``array`` as a NumPy array; on the host it is the same memory, not a copy."""
    return backend_of(array).to_host(array)


def to_device(host: np.ndarray, device: Device) -> Any:
    """Return a NumPy array as an array on ``device``; on the host it is the same memory."""
    if device.type == "cpu":
        return host
    return backend_for(device).from_host(host, device.index)


def move(array: Any, device: Device) -> Any:
    """Return ``array`` on ``device``: itself if it is there already, else a copy."""
    here = device_of(array)
    if here == device or (here.type == device.type and device.index is None):
        return array
    return to_device(to_host(array), device)


def available() -> list[str]:
    """Return the names of the array libraries that work on this machine.

    Asking is what makes minigrad look for CuPy; the answer costs its import once.
    """
    names = []
    for device_type in _LOADERS:
        try:
            names.append(backend_for(Device(device_type)).name)
        except BackendUnavailable:
            continue
    return names


def cuda_is_available() -> bool:
    """Tell whether ``device="cuda"`` would work: CuPy imports, sees a GPU and runs a kernel."""
    try:
        backend_for(Device("cuda"))
    except BackendUnavailable:
        return False
    return True


_default_device: Device | None = None


def default_device() -> Device:
    """Return the device of new tensors: the one set, else ``MINIGRAD_DEVICE``, else the host.

    Raises
    ------
    ValueError
        If ``MINIGRAD_DEVICE`` is no kind of device.
    """
    if _default_device is not None:
        return _default_device
    try:
        return _device(os.environ.get("MINIGRAD_DEVICE") or "cpu")
    except ValueError as error:
        raise ValueError(f"environment variable MINIGRAD_DEVICE: {error}") from None


def set_default_device(device: Any) -> None:
    """Make ``device`` the place of new tensors; ``None`` goes back to ``MINIGRAD_DEVICE``.

    Raises
    ------
    ValueError
        If there is no such kind of device.
    BackendUnavailable
        If it cannot be used here; the default then stays as it was.
    """
    global _default_device
    if device is not None:
        device = Device(device)
        backend_for(device)
    _default_device = device


def _load_numpy() -> Backend:
    scalars = tuple(np.dtype(code).type for code in "?bhilqBHILQefdgFDG")
    return Backend(
        name="numpy",
        device_type="cpu",
        xp=np,
        array_types=(np.ndarray, *scalars),
        from_host=lambda host, index: host,
        to_host=np.asarray,
        index_of=lambda array: None,
    )


def _load_cupy() -> Backend:
    """Find out in three steps whether CuPy can compute: import, count of devices, one kernel."""
    missing = (
        'device "cuda" needs CuPy, which is not installed: pip install "minigrad-autograd[gpu]" '
        '(CUDA 13) or pip install "minigrad-autograd[gpu-cuda12]"; device "cpu" works without it'
    )
    try:
        cupy = importlib.import_module("cupy")
    except ModuleNotFoundError as error:
        if error.name != "cupy":  # CuPy is there, and something that it needs is not
            raise BackendUnavailable(f"CuPy cannot be imported: {error}") from error
        raise BackendUnavailable(missing) from error
    except ImportError as error:
        raise BackendUnavailable(f"CuPy cannot be imported: {error}") from error
    if not hasattr(cupy, "ndarray"):  # a folder that happens to be called cupy imports, too
        raise BackendUnavailable(missing)
    advice = 'use device "cpu", or check the driver with nvidia-smi'
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except RuntimeError as error:
        raise BackendUnavailable(
            f"CuPy {cupy.__version__} is installed but no usable NVIDIA GPU was found "
            f"({error}); {advice}"
        ) from error
    if count == 0:
        raise BackendUnavailable(
            f"CuPy {cupy.__version__} is installed but this machine has no NVIDIA GPU; {advice}"
        )
    try:
        (cupy.arange(2) + 1).sum().item()
    except Exception as error:
        raise BackendUnavailable(
            f"CuPy {cupy.__version__} sees {count} GPU(s) but cannot run a kernel ({error}); "
            'the CUDA libraries may be missing: pip install "cupy-cuda13x[ctk]"'
        ) from error

    def from_host(host: np.ndarray, index: int | None) -> Any:
        if index is not None and index >= count:
            raise BackendUnavailable(f"there is no GPU {index}: this machine has {count}")
        with cupy.cuda.Device(index or 0):
            return cupy.asarray(host)

    return Backend(
        name="cupy",
        device_type="cuda",
        xp=cupy,
        array_types=(cupy.ndarray,),
        from_host=from_host,
        to_host=cupy.asnumpy,
        index_of=lambda array: array.device.id,
        on_device=lambda index: cupy.cuda.Device(index or 0),
    )


register_backend("cpu", _load_numpy)
register_backend("cuda", _load_cupy)
backend_for(Device("cpu"))
