"""A stand-in for CuPy that needs no GPU: the device ``"strict"``.

It computes with NumPy, behind an array class that mixes with nothing else.  What CuPy would refuse, it
refuses; what CuPy would allow at the price of waiting for the GPU (``float(x)``, ``if x:``, ``x.item()``)
and what minigrad's rules do without (methods of arrays) it refuses as well.  So what runs on it

- never hands a host array or a NumPy scalar to a function of the device, nor the other way round,
- uses only names that CuPy has, called as CuPy's signature allows (``recorded/cupy_names.json``),
- never copies to the host, except through ``to_host``, which is counted and can be forbidden.

:func:`register` makes the device known to minigrad; ``conftest.py`` does so for all tests.
"""

from __future__ import annotations

import functools
import inspect
import json
import operator
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import EllipsisType
from typing import Any

import numpy as np
import strict_kernels

from minigrad.backend import Backend, kernels, register_backend

RECORD = json.loads(
    (Path(__file__).parent / "recorded" / "cupy_names.json").read_text(encoding="utf-8")
)
NAMES: dict[str, str | None] = RECORD["names"]


class HiddenTransfer(AssertionError):
    """Something was copied to the host where a test forbids it."""


class Transfers:
    """Counts the copies between the host and the device.

    Attributes
    ----------
    to_host, from_host : int
        How many there were.
    """

    def __init__(self) -> None:
        self.to_host = 0
        self.from_host = 0
        self._forbidden = 0

    @contextmanager
    def forbidden(self) -> Iterator[None]:
        """Within this block a copy to the host raises :class:`HiddenTransfer`."""
        self._forbidden += 1
        try:
            yield
        finally:
            self._forbidden -= 1

    def copied_to_host(self) -> None:
        """Count one; called by the backend."""
        if kernels.comparing():  # once in a process
            return
        if self._forbidden:
            raise HiddenTransfer("an array was copied to the host, which waits for the device")
        self.to_host += 1


transfers = Transfers()


def _refused(what: str) -> Callable[..., Any]:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"strict array: {what} would copy it to the host and wait for the device")

    return refuse


class StrictArray:
    """An array of the device ``"strict"``.  Made by functions of :data:`namespace`, not by hand.

    Attributes
    ----------
    base : StrictArray or None
        The array whose memory this one looks at; ``None`` if it has its own.
    """

    __slots__ = ("__weakref__", "_host", "base")
    __array_ufunc__ = None  # NumPy leaves ``ndarray * strict`` to __rmul__ below, which refuses
    __hash__ = None  # type: ignore[assignment]

    _host: np.ndarray
    base: StrictArray | None

    def __init__(self, host: np.ndarray, base: StrictArray | None = None) -> None:
        assert type(host) is np.ndarray, type(host)
        self._host = host
        self.base = base

    shape = property(lambda self: self._host.shape)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    dtype = property(lambda self: self._host.dtype)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    strides = property(lambda self: self._host.strides)
    T = property(lambda self: _wrapped(self._host.T, (self,)))

    @property
    def flags(self) -> dict[str, bool]:
        """The flags that CuPy's arrays have."""
        flags = self._host.flags
        return {
            "C_CONTIGUOUS": flags.c_contiguous,
            "F_CONTIGUOUS": flags.f_contiguous,
            "OWNDATA": self.base is None,
        }

    def __len__(self) -> int:
        return len(self._host)

    def __repr__(self) -> str:
        return f"<strict array {self.shape} {self.dtype}>"

    def __copy__(self) -> StrictArray:
        return StrictArray(self._host.copy())

    def __deepcopy__(self, memo: dict[int, Any]) -> StrictArray:
        return StrictArray(self._host.copy())

    def __getitem__(self, index: Any) -> StrictArray:
        raw, basic = _index(index)
        # The dots make NumPy return a view of shape () where it would return a scalar.
        if basic and Ellipsis not in raw:
            raw = (*raw, Ellipsis)
        return _wrapped(self._host[raw], (self,))

    def __setitem__(self, index: Any, value: Any) -> None:
        self._host[_index(index)[0]] = _operand(value, "[]=")

    __float__ = _refused("float()")
    __int__ = _refused("int()")
    __complex__ = _refused("complex()")
    __index__ = _refused("use as an index")
    __bool__ = _refused("bool(), or 'if', or 'in'")
    __iter__ = _refused("iterating over it")
    __contains__ = _refused("'in'")
    __array__ = _refused("conversion to a NumPy array")
    __reduce_ex__ = _refused("pickling")
    __round__ = _refused("round()")
    item = _refused("item()")
    tolist = _refused("tolist()")


def _operand(value: Any, symbol: str) -> Any:
    """Return the other operand of an operator as NumPy takes it.

    Raises
    ------
    TypeError
        If it is an array of the host.
    """
    if type(value) is StrictArray:
        return value._host
    if type(value) in (float, int, bool):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        raise TypeError(
            f"strict array: {symbol} with a {type(value).__name__} of the host; move it with from_host"
        )
    return NotImplemented


def _define_operators() -> None:
    """Give :class:`StrictArray` the operators of arithmetic, comparison and bits."""

    def binary(function: Callable[[Any, Any], Any], symbol: str, reflected: bool) -> Any:
        def method(self: StrictArray, other: Any) -> Any:
            raw = _operand(other, symbol)
            if raw is NotImplemented:
                return NotImplemented
            return _wrapped(function(raw, self._host) if reflected else function(self._host, raw))

        return method

    def in_place(function: Callable[[Any, Any], Any], symbol: str) -> Any:
        def method(self: StrictArray, other: Any) -> Any:
            raw = _operand(other, symbol)
            if raw is NotImplemented:
                return NotImplemented
            function(self._host, raw)
            return self

        return method

    def unary(function: Callable[[Any], Any]) -> Any:
        return lambda self: _wrapped(function(self._host))

    for name in "add sub mul truediv floordiv mod pow matmul and or xor".split():
        function = getattr(operator, f"__{name}__")
        setattr(StrictArray, f"__{name}__", binary(function, name, False))
        setattr(StrictArray, f"__r{name}__", binary(function, name, True))
        setattr(StrictArray, f"__i{name}__", in_place(getattr(operator, f"__i{name}__"), name))
    for name in "eq ne lt le gt ge".split():
        setattr(StrictArray, f"__{name}__", binary(getattr(operator, name), name, False))
    for name in "neg pos abs invert".split():
        setattr(StrictArray, f"__{name}__", unary(getattr(operator, name)))


_define_operators()


def _index(index: Any) -> tuple[tuple[Any, ...], bool]:
    """Return an index as NumPy takes it, and whether it is basic (the result is a view).

    Raises
    ------
    TypeError
        If something in it is neither a Python integer, a slice of these, ``None``, ``...``, nor an
        integer or boolean array of the device.
    """
    raw: list[Any] = []
    basic = True
    for part in index if isinstance(index, tuple) else (index,):
        if type(part) is StrictArray:
            if part.dtype.kind not in "biu":
                raise IndexError(f"strict array: an index has to be integer or bool, not {part}")
            raw.append(part._host)
            basic = False
        elif isinstance(part, slice):
            for one in (part.start, part.stop, part.step):
                if one is not None and type(one) is not int:
                    raise TypeError(f"strict array: {type(one).__name__} in a slice")
            raw.append(part)
        elif part is None or isinstance(part, EllipsisType) or type(part) is int:
            raw.append(part)
        else:
            raise TypeError(f"strict array: an index cannot be a {type(part).__name__}")
    return tuple(raw), basic


def _raw(value: Any, found: list[StrictArray], name: str) -> Any:
    """Return an argument as NumPy takes it; append the arrays in it to ``found``.

    Raises
    ------
    TypeError
        If it is, or holds, an array of the host.
    """
    if type(value) is StrictArray:
        found.append(value)
        return value._host
    if isinstance(value, (np.ndarray, np.generic)):
        raise TypeError(
            f"strict.{name} was given a {type(value).__name__} of the host; move it with from_host"
        )
    if isinstance(value, (list, tuple)):
        return type(value)([_raw(part, found, name) for part in value])
    return value


def _wrapped(result: Any, sources: Iterable[StrictArray] = ()) -> Any:
    """Return a result of NumPy as an array of the device; 0-d ones stay arrays.

    A result that looks at the memory of one of ``sources`` gets it as its base.
    """
    if isinstance(result, np.generic):
        return StrictArray(np.asarray(result))
    if isinstance(result, np.ndarray):
        for source in sources:
            if result is source._host:
                return source
        for source in sources:
            if np.may_share_memory(result, source._host):
                return StrictArray(result, source if source.base is None else source.base)
        # An array without elements shares no memory; a copy is not read-only like a broadcast one.
        return StrictArray(result if result.size else result.copy())
    if isinstance(result, (tuple, list)):
        return tuple(_wrapped(part, sources) for part in result)
    return result


def parameters_of(text: str) -> inspect.Signature:
    """Return a recorded signature as an object that arguments can be bound to."""
    scope: dict[str, Any] = {}
    exec(f"def function{text}: pass", scope)  # our own file
    return inspect.signature(scope["function"])


# Without an array among their arguments, these make one; all others compute with arrays.
_FROM_NOTHING = frozenset(
    "arange array asarray broadcast_shapes can_cast empty eye full identity indices linspace ones "
    "promote_types result_type tri zeros".split()
)
# NumPy returns a Python or NumPy number, CuPy an array of shape ().
_SCALARS_OF_NUMPY = frozenset("allclose array_equal array_equiv count_nonzero".split())


def _check_solve(a: np.ndarray, b: np.ndarray) -> None:
    if b.ndim > 1 and a.shape[:-1] != b.shape[:-1]:
        raise ValueError("CuPy's solve does not broadcast: a (..., M, M) needs b (..., M, K)")


def _check_sort(a: np.ndarray, axis: Any = -1, kind: Any = None) -> None:
    if kind not in (None, "stable"):
        raise ValueError("CuPy sorts with kind=None or 'stable' only")


def _check_add_at(a: np.ndarray, indices: Any, b: Any = None) -> None:
    allowed = "int32 float16 float32 float64 uint32 uint64".split()
    if a.dtype.name not in allowed:
        raise TypeError(f"CuPy's add.at takes {', '.join(allowed)}, not {a.dtype}")


def _check_where(condition: Any, x: Any = None, y: Any = None) -> None:
    if not isinstance(condition, np.ndarray) or x is None or y is None:
        raise TypeError("strict.where: expected an array as condition, and two alternatives")


def _check_arrays(arrays: Any, axis: Any = 0, *args: Any, **kwargs: Any) -> None:
    if not all(isinstance(one, np.ndarray) for one in arrays):
        raise TypeError("CuPy joins arrays only")


# What CuPy asks beyond its signatures.
_CHECKS: dict[str, Callable[..., None]] = {
    "linalg.solve": _check_solve,
    "argsort": _check_sort,
    "sort": _check_sort,
    "add.at": _check_add_at,
    "where": _check_where,
    "concatenate": _check_arrays,
    "stack": _check_arrays,
}


class _Function:
    """A function of the namespace: checked against CuPy's signature, computed by NumPy's."""

    def __init__(self, name: str, text: str) -> None:
        self.__name__ = name
        self._signature = parameters_of(text)
        self._check = _CHECKS.get(name)
        self._compute = functools.reduce(getattr, name.split("."), np)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = self.__name__
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"strict.{name}: {error}; CuPy has {name}{self._signature}") from None
        found: list[StrictArray] = []
        raw = [_raw(value, found, name) for value in args]
        named = {key: _raw(value, found, name) for key, value in kwargs.items()}
        if not found and name not in _FROM_NOTHING:
            raise TypeError(f"strict.{name} was given no array of the device: {args}")
        if self._check is not None:
            self._check(*raw, **named)
        result = self._compute(*raw, **named)
        if name in _SCALARS_OF_NUMPY:
            result = np.asarray(result)
        return _wrapped(result, found)

    @property
    def at(self) -> Any:
        """The ufunc's ``at``, if CuPy has it."""
        return _function(f"{self.__name__}.at")


@functools.cache
def _function(name: str) -> Any:
    """Return what the namespace has under a name.

    Raises
    ------
    AttributeError
        If CuPy does not have it.
    """
    if name not in NAMES:
        raise AttributeError(
            f"CuPy {RECORD['cupy']} and NumPy {RECORD['numpy']} do not both have {name!r} "
            "(see tests/recorded/cupy_names.json)"
        )
    text = NAMES[name]
    return getattr(np, name) if text is None else _Function(name, text)


class Namespace:
    """What stands for the module ``cupy``: the recorded names and no others."""

    ndarray = StrictArray

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = _function(self._prefix + name)
        setattr(self, name, value)
        return value


namespace = Namespace()
namespace.linalg = Namespace("linalg.")
namespace.ElementwiseKernel = strict_kernels.ElementwiseKernel
namespace.ReductionKernel = strict_kernels.ReductionKernel
strict_kernels._Kernel.array = StrictArray


def from_host(host: np.ndarray, index: int | None = None) -> StrictArray:
    """Copy a NumPy array to the device."""
    transfers.from_host += not kernels.comparing()
    return StrictArray(np.array(host, subok=False))


def to_host(array: StrictArray) -> np.ndarray:
    """Copy an array of the device to the host; counted."""
    transfers.copied_to_host()
    return np.array(array._host)


def register() -> None:
    """Make the device ``"strict"`` known to minigrad."""
    register_backend(
        "strict",
        lambda: Backend(
            name="strict",
            device_type="strict",
            xp=namespace,
            array_types=(StrictArray,),
            from_host=from_host,
            to_host=to_host,
            index_of=lambda array: None,
        ),
    )
