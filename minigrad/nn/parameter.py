"""The tensor that a module trains; also as it is before its shape is known."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from minigrad import engine
from minigrad._creation import empty
from minigrad._tensor import Tensor
from minigrad.backend.devices import Device
from minigrad.engine import leaf_node


class Parameter(Tensor):
    """A tensor that belongs to the parameters of the module it is made an attribute of.

    Parameters
    ----------
    data : Tensor or whatever :func:`minigrad.as_tensor` takes, optional
        The numbers, none if not given; a tensor (or array) shares its memory with the parameter.
    requires_grad : bool, default True
        Whether gradients are computed for it; ``False`` freezes it.

    Raises
    ------
    TypeError
        If gradients are asked of numbers that are not floating.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.Parameter(mg.tensor([1.0, 2.0]))
    Parameter containing:
    tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        array = (empty(0) if data is None else engine.as_tensor(data)).array
        # Results without axes may be NumPy scalars, which cannot be written in place.
        self.array = np.array(array) if isinstance(array, np.generic) else array
        self.node = self._grad = None
        if requires_grad:
            self.requires_grad_()

    def __repr__(self) -> str:
        return self._text("Parameter containing:\ntensor(")


_array: Any = Tensor.__dict__[
    "array"
]  # the slot, where Uninitialized has a property in front of it


class Uninitialized(Tensor):
    """A parameter or buffer of a lazy layer, before its shape is known.

    It has a dtype, a device, a name and ``requires_grad``, which an array without elements and a node
    stand for; all else raises an error until the layer calls :meth:`materialize`.
    """

    __slots__ = ()
    becomes: ClassVar[type[Tensor]] = Tensor

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        nothing = empty(0, device=device, dtype=dtype)
        _array.__set__(self, nothing.array)
        self._grad = None
        self.node = leaf_node(nothing, requires_grad)

    @property
    def array(self) -> Any:  # type: ignore[override]
        """Not there yet.

        Raises
        ------
        RuntimeError
            Always.
        """
        raise RuntimeError(
            f"this {self._kind()} has no shape yet: its layer takes it from the first batch; call the model "
            "once, for example on zeros, before you use it"
        )

    def _kind(self) -> str:
        return "parameter" if self.becomes is Parameter else "buffer"

    @property
    def _nothing(self) -> Tensor:
        """The array without elements that tells dtype and device, as a tensor."""
        return engine.wrap(_array.__get__(self), None)

    @property
    def dtype(self) -> np.dtype:
        """Type that the elements will have."""
        return self._nothing.dtype

    @property
    def device(self) -> Device:
        """Where the elements will be."""
        return self._nothing.device

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Say whether gradients will be computed for it; return it."""
        assert self.node is not None
        self.node.requires_grad = bool(requires_grad)
        return self

    def move(self, device: Any, dtype: Any) -> None:
        """Change the device and the dtype that it will have; ``None`` leaves one as it is."""
        dtype = dtype if self.dtype.kind == "f" else None
        _array.__set__(self, self._nothing.to(device, dtype).array)

    def materialize(self, value: Tensor) -> None:
        """Become an ordinary parameter or buffer, a copy of ``value`` in its own dtype and place."""
        assert self.node is not None
        before = self.node
        copied = value.detach().to(self.device, self.dtype, copy=True)
        self.__class__ = self.becomes  # type: ignore[assignment]
        self.array = copied.array  # type: ignore[misc]
        self.node = leaf_node(self, before.requires_grad)
        self.node.name = before.name

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self.requires_grad, str(self.device), self.dtype, self.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = _rebuild(*self.__reduce__()[1])
        memo[id(self)] = copied
        return copied

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)


def _rebuild(cls: type[Any], requires_grad: bool, device: str, dtype: Any, name: str | None) -> Any:
    made = cls(requires_grad, device, dtype)
    made.name = name
    return made


class UninitializedParameter(Uninitialized, Parameter):
    """The parameter of a lazy layer, before its shape is known."""

    __slots__ = ()
    becomes = Parameter


class UninitializedBuffer(Uninitialized):
    """The buffer of a lazy layer, before its shape is known."""

    __slots__ = ()

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        super().__init__(requires_grad, device, dtype)
