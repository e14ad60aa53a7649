"""The tensor: an array, the node that computed it, and its gradient.  PyTorch's face.

Its methods are one of three things: an operator that calls its operation, a function of
:mod:`minigrad._functions` (which serve as ``mg.exp(x)`` and ``x.exp()`` alike), or what concerns the
tensor as an object: its gradient, its memory, its conversion to other things.
"""

from __future__ import annotations

import importlib
import operator
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad import dtypes, engine
from minigrad._backward import backward
from minigrad._conversion import as_tensor, from_python
from minigrad._functions import multiplying, picking, pointwise, reducing, shaping, statistics
from minigrad._functions.arguments import on_device
from minigrad._inplace import InPlace
from minigrad.backend.devices import (
    Device,
    backend_for,
    default_device,
    device_of,
    is_array,
    move,
    to_device,
    to_host,
    xp_of,
)
from minigrad.engine import CONSTANT, leaf_node
from minigrad.ops import arithmetic, comparison, shapes
from minigrad.ops.indexing import getitem, is_basic, split_index
from minigrad.ops.products import matmul as matmul_op
from minigrad.versions import last_written, memory_of, touch

_TYPE_NAMES = {dtype: name for name, dtype in dtypes.TENSOR_TYPES.items()}


class Size(tuple):
    """The shape of a tensor: a tuple that prints as in PyTorch and knows its number of elements."""

    __slots__ = ()

    def numel(self) -> int:
        """Return the number of elements of a tensor of this shape."""
        return int(np.prod(self, dtype=np.int64))

    def __repr__(self) -> str:
        return f"Size({list(self)})"


class Tensor(InPlace):
    """An array of numbers of one dtype on one device, which remembers how it was computed.

    Make one with :func:`minigrad.tensor`, :func:`minigrad.zeros` and their like.  The constructor is
    PyTorch's older way: ``Tensor([1, 2])`` holds the numbers in the default dtype, ``Tensor(2, 3)``
    is a tensor of that shape.

    Attributes
    ----------
    array : numpy.ndarray, NumPy scalar or cupy.ndarray
        The numbers.  Results without axes may be NumPy scalars, which compute ten times faster.
    node : Node or None
        How it was computed (:class:`minigrad.engine.Node`); ``None`` for a constant.
    """

    __slots__ = ("__weakref__", "_grad", "array", "node")
    __array_priority__ = 1000  # CuPy's way to let __rmul__ of the other operand decide
    __array_ufunc__ = None  # NumPy's way: array * tensor is tensor.__rmul__(array)
    __hash__ = object.__hash__  # by identity, as == compares elements

    array: Any
    node: engine.Node | None
    _grad: Tensor | None

    def __init__(self, *data: Any) -> None:
        default = dtypes.get_default_dtype()
        self.node = self._grad = None
        if len(data) == 1 and (isinstance(data[0], Tensor) or is_array(data[0])):
            self.array = as_tensor(data[0]).to(default).array
        elif len(data) == 1 and not isinstance(data[0], int):
            self.array = to_device(from_python(data[0], default), default_device())
        else:
            self.array = to_device(np.zeros(data or (0,), default), default_device())

    # What it is -----------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """Length of each dimension."""
        return Size(self.array.shape)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self.array.ndim

    @property
    def dtype(self) -> np.dtype:
        """Type of the elements, a NumPy dtype."""
        return self.array.dtype

    @property
    def device(self) -> Device:
        """Where the elements are."""
        return device_of(self.array)

    @property
    def is_cuda(self) -> bool:
        """Whether the elements are on a GPU."""
        return self.device.type == "cuda"

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.numel() * self.itemsize

    def size(self, dim: int | None = None) -> Any:
        """Return the shape, or the length of one dimension."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """Return the number of dimensions."""
        return self.array.ndim

    def numel(self) -> int:
        """Return the number of elements."""
        return int(self.array.size)

    nelement = numel
    ndimension = dim

    def is_floating_point(self) -> bool:
        """Tell whether the elements are real numbers, the only ones that can have gradients."""
        return self.dtype.kind == "f"

    def element_size(self) -> int:
        """Return the bytes of one element."""
        return self.itemsize

    def is_contiguous(self) -> bool:
        """Tell whether the elements lie in memory in row-major order without gaps."""
        return bool(self.array.flags["C_CONTIGUOUS"])

    def stride(self, dim: int | None = None) -> Any:
        """Return how many elements further in memory the next one along each dimension is, or along one."""
        strides = tuple(step // self.itemsize for step in self._own_array().strides)
        return strides if dim is None else strides[dim]

    def data_ptr(self) -> int:
        """Return the address of the first element; views of one tensor may share it."""
        return _address(self._own_array())

    def storage_offset(self) -> int:
        """Return how many elements of the memory it looks at come before its first one."""
        array = self._own_array()
        return (_address(array) - _address(memory_of(array))) // self.itemsize

    # Gradients ------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are computed for it.  Can be set on a leaf."""
        return self.node is not None and self.node.plan is not CONSTANT

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Start (or stop) computing gradients for this leaf; return it.

        Raises
        ------
        TypeError
            If the elements are not real numbers.
        RuntimeError
            If the tensor is not a leaf and gradients are to stop: use ``detach()``.
        """
        requires_grad = bool(requires_grad)
        if requires_grad and self.dtype.kind != "f":
            raise TypeError(
                f"only floating tensors can require gradients, this one is {self.dtype}; "
                "convert it with .float()"
            )
        if not self.is_leaf:
            if not requires_grad:
                raise RuntimeError(
                    f"requires_grad can be switched off on leaves only; this tensor is the result of "
                    f"{self.node.op_name!r}: use .detach()"  # type: ignore[union-attr]
                )
            return self
        self._own_array()
        if self.node is not None:
            self.node.requires_grad = requires_grad  # what was recorded keeps to its plan
        elif requires_grad:
            self.node = leaf_node(self, requires_grad)
        return self

    def _own_array(self) -> Any:
        """Return the elements as an array that can be written, also where they were a NumPy scalar."""
        if isinstance(self.array, np.generic):
            self.array = np.array(self.array)
        return self.array

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation computed it."""
        return self.node is None or self.node.plan.kind == "leaf"

    @property
    def grad(self) -> Tensor | None:
        """The gradient that ``backward()`` accumulated, or ``None``.  Can be set, e.g. to ``None``.

        Warns
        -----
        UserWarning
            If this is a result, which keeps no gradient, and not a leaf: see :meth:`retain_grad`.
        """
        if self._grad is None and not self.is_leaf and not self.retains_grad:
            self._warn_of_no_grad()
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f".grad has to be a Tensor or None, got {type(value).__name__}")
            if value.shape != self.shape or value.dtype != self.dtype:
                raise RuntimeError(
                    f".grad has to be {tuple(self.shape)} {self.dtype} like its tensor, got "
                    f"{tuple(value.shape)} {value.dtype}"
                )
            if xp_of(value.array) is not xp_of(self.array):
                raise RuntimeError(f".grad is on {value.device}, its tensor on {self.device}")
            if value is self:
                raise RuntimeError("a tensor cannot be its own gradient")
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    def _warn_of_no_grad(self) -> None:
        from minigrad._warning import warn  # here: most programs never need it

        warn(
            "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed: the result of "
            f"{self.node.op_name!r} keeps no gradient. "  # type: ignore[union-attr]
            "To see it, call retain_grad() on the result before backward(). A parameter that is "
            "updated stays a leaf if it is changed in place: with mg.no_grad(): w -= lr * w.grad"
        )

    @property
    def grad_fn(self) -> engine.Node | None:
        """The node of the operation that computed it; ``None`` for a leaf."""
        return None if self.is_leaf else self.node

    @property
    def name(self) -> str | None:
        """A name that drawings and errors show.  Can be set."""
        return None if self.node is None else self.node.name

    @name.setter
    def name(self, value: str | None) -> None:
        if self.node is None:
            self.node = leaf_node(self, requires_grad=False)
        self.node.name = value

    @property
    def _version(self) -> int:
        """When its memory was last written, on the clock of :mod:`minigrad.versions`."""
        return last_written(self.array)

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Compute the gradients of this tensor and add them to ``.grad`` of the leaves.

        Parameters
        ----------
        gradient : Tensor, optional
            The gradient of something with respect to this tensor, in its shape; may be left out for a
            tensor of one element (then it is 1).
        retain_graph : bool, optional
            Keep what was saved for the derivatives, for another backward; by default, what
            ``create_graph`` is.
        create_graph : bool, default False
            Record the computation of the gradients, so that they can be differentiated.  For that
            :func:`minigrad.autograd.grad` is the better way.
        inputs : Tensor or sequence of Tensor, optional
            Only these leaves get gradients.

        Raises
        ------
        RuntimeError
            If nothing here requires gradients, the graph was used already, a gradient is missing for a
            tensor of several elements, or a saved value was changed in place.  Nothing is changed then.
        """
        backward([self], [gradient], retain_graph, create_graph, inputs)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Any:
        """Call ``hook(gradient)`` whenever the gradient of this tensor has been computed.

        If it returns a tensor, that is used instead.  Returns a handle with ``remove()``.

        Raises
        ------
        RuntimeError
            If the tensor does not require gradients.
        """
        if self.node is None or not self.requires_grad:
            raise RuntimeError("register_hook: this tensor does not require gradients")
        hooks = self.node.hooks = self.node.hooks or []
        hooks.append(hook)
        return HookHandle(hooks, hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this result in ``.grad``, as leaves do.

        Raises
        ------
        RuntimeError
            If the tensor does not require gradients.
        """
        if self.is_leaf and self.requires_grad:
            return
        if not self.retains_grad:
            self.register_hook(RetainGrad(self))

    @property
    def retains_grad(self) -> bool:
        """Whether :meth:`retain_grad` was called on this result."""
        hooks = (self.node.hooks if self.node is not None else None) or []
        return any(isinstance(hook, RetainGrad) for hook in hooks)

    def detach(self) -> Tensor:
        """Return a tensor on the same memory that is cut off from the graph."""
        return engine.wrap(self._own_array(), None)

    def detach_(self) -> Tensor:
        """Cut this tensor off from the graph; return it."""
        self.node = None
        return self

    @property
    def data(self) -> Tensor:
        """A detached tensor on the same memory.  Can be set, which gives the tensor another array."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f".data has to be a Tensor, got {type(value).__name__}")
        if self.requires_grad and value.dtype.kind != "f":
            raise TypeError(
                f".data of a tensor with gradients has to be floating, got {value.dtype}"
            )
        array = value.array
        self.array = array if not isinstance(array, np.generic) else np.array(array)
        if self.node is not None and self.is_leaf:
            self.node.shape, self.node.dtype = self.array.shape, self.array.dtype
        touch(self.array)

    def alias(self) -> Tensor:
        """Return the same elements as a result of its own, still connected to the graph."""
        return shapes.alias(self)

    def clone(self) -> Tensor:
        """Return a copy, connected to the graph."""
        return shapes.clone(self)

    def contiguous(self) -> Tensor:
        """Return a tensor whose memory is in row-major order: itself, or a copy."""
        return self if isinstance(self.array, np.generic) or self.is_contiguous() else self.clone()

    # Conversion -----------------------------------------------------------------------------------

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """Return the tensor in another dtype or on another device; itself, if nothing changes.

        ``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(other)``; ``dtype=`` and ``device=``
        as keywords; ``copy=True`` copies in any case.  Gradients are converted back on their way.

        Raises
        ------
        TypeError
            If an argument is neither.
        BackendUnavailable
            If the device cannot be used here.
        """
        device, dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
        copy = kwargs.pop("copy", False)
        kwargs.pop("non_blocking", None)
        if kwargs:
            raise TypeError(f"to() got unknown arguments {sorted(kwargs)}")
        for arg in args:
            if isinstance(arg, Tensor):
                device, dtype = arg.device, arg.dtype
            elif isinstance(arg, Device) or (isinstance(arg, str) and not _is_dtype(arg)):
                device = arg
            elif arg is not None:
                dtype = arg
        result = self
        if dtype is not None and (dtype := dtypes.as_dtype(dtype)) != self.dtype:
            result = _cast(result, dtype)
        if device is not None:
            result = _transfer(result, Device(device))
        return result.clone() if copy and result is self else result

    def type(self, dtype: Any = None) -> Any:
        """Return the name of the tensor type, ``"minigrad.FloatTensor"``, or the tensor in another dtype."""
        return f"minigrad.{_TYPE_NAMES[self.dtype]}" if dtype is None else self.to(dtype=dtype)

    def type_as(self, other: Tensor) -> Tensor:
        """Return the tensor in the dtype of ``other``."""
        return self.to(other.dtype)

    def float(self) -> Tensor:
        """Return the tensor in float32."""
        return self.to(dtypes.float32)

    def double(self) -> Tensor:
        """Return the tensor in float64."""
        return self.to(dtypes.float64)

    def half(self) -> Tensor:
        """Return the tensor in float16."""
        return self.to(dtypes.float16)

    def long(self) -> Tensor:
        """Return the tensor in int64, rounded towards 0."""
        return self.to(dtypes.int64)

    def int(self) -> Tensor:
        """Return the tensor in int32, rounded towards 0."""
        return self.to(dtypes.int32)

    def short(self) -> Tensor:
        """Return the tensor in int16, rounded towards 0."""
        return self.to(dtypes.int16)

    def char(self) -> Tensor:
        """Return the tensor in int8, rounded towards 0."""
        return self.to(dtypes.int8)

    def byte(self) -> Tensor:
        """Return the tensor in uint8, rounded towards 0."""
        return self.to(dtypes.uint8)

    def bool(self) -> Tensor:
        """Return where the elements are nonzero."""
        return self.to(dtypes.bool_)

    def cpu(self) -> Tensor:
        """Return the tensor on the host."""
        return self.to(device="cpu")

    def cuda(self, index: Any = None) -> Tensor:
        """Return the tensor on a GPU, the first one by default."""
        return self.to(device="cuda" if index is None else f"cuda:{index}")

    def numpy(self, *, force: Any = False) -> np.ndarray:
        """Return the elements as a NumPy array, on the same memory.

        Parameters
        ----------
        force : bool, default False
            Detach from the graph and copy from the GPU if need be.

        Raises
        ------
        RuntimeError
            If the tensor requires gradients (``detach()`` first).
        TypeError
            If it is not on the host (``cpu()`` first).
        """
        if not force:
            if self.requires_grad:
                raise RuntimeError(
                    "numpy(): this tensor requires gradients, which an array would lose; "
                    "use .detach().numpy()"
                )
            if xp_of(self.array) is not np and self.device.type != "cpu":
                raise TypeError(f"numpy(): this tensor is on {self.device}; use .cpu().numpy()")
        return to_host(self._own_array())

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """Return the elements for NumPy and Matplotlib."""
        array = self.numpy()
        return np.array(array, dtype=dtype) if copy else np.asarray(array, dtype=dtype)

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises
        ------
        ValueError
            If there is not exactly one.
        """
        if self.array.size != 1:
            raise ValueError(
                f"a tensor of shape {tuple(self.shape)} cannot become one number; reduce it first, "
                "for example with .sum()"
            )
        return to_host(self.array).item()

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        return to_host(self.array).tolist()

    def __float__(self) -> Any:
        return float(self.item())

    def __int__(self) -> Any:
        return int(self.item())

    def __bool__(self) -> Any:
        if self.array.size != 1:
            raise ValueError(
                f"the truth value of a tensor of shape {tuple(self.shape)} is ambiguous; use .any() "
                "or .all()"
            )
        return bool(self.item())

    def __index__(self) -> Any:
        if self.dtype.kind not in "iub":
            raise TypeError(f"only integer tensors can be an index, this one is {self.dtype}")
        return operator.index(self.item())

    def __len__(self) -> Any:
        if not self.ndim:
            raise TypeError("a tensor without dimensions has no len()")
        return self.array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("a tensor without dimensions cannot be iterated over")
        return iter(shaping.unbind(self))

    def __contains__(self, value: Any) -> Any:
        return bool((self == value).any())

    def __format__(self, spec: str) -> str:
        if self.ndim:
            if not spec:
                return str(self)
            raise TypeError(
                f"the format {spec!r} is for one number, this tensor has shape {tuple(self.shape)}"
            )
        return format(self.item(), spec)

    def __repr__(self) -> str:
        return self._text("tensor(")

    def _text(self, prefix: str) -> str:
        """Return what ``repr`` prints, beginning with ``prefix``."""
        from minigrad._printing import tensor_text  # here: most programs print no tensor

        grad_fn = None if self.is_leaf or self.node is None else self.node.op_name
        return tensor_text(
            np.asarray(to_host(self.array)),
            dtype=self.dtype,
            default_dtype=dtypes.get_default_dtype(),
            requires_grad=self.requires_grad,
            grad_fn=grad_fn,
            device=None if self.device.type == "cpu" else str(self.device),
            prefix=prefix,
        )

    def __reduce__(self) -> Any:
        self._check_leaf("pickled")
        return _rebuild, (
            type(self),
            to_host(self.array),
            str(self.device),
            self.requires_grad,
            self.name,
        )

    def __deepcopy__(self, memo: dict) -> Tensor:
        if id(self) in memo:
            return memo[id(self)]
        self._check_leaf("deep-copied")
        copy = _rebuild(
            type(self), xp_of(self.array).array(self.array), None, self.requires_grad, self.name
        )
        if self._grad is not None:
            copy._grad = self._grad.detach().clone()
        memo[id(self)] = copy
        return copy

    def _check_leaf(self, done: str) -> None:
        if not self.is_leaf:
            raise RuntimeError(
                f"only leaves can be {done}; this tensor is the result of "
                f"{self.node.op_name!r}: use .detach()"  # type: ignore[union-attr]
            )

    def _new(self, maker: str, *args: Any, **options: Any) -> Tensor:
        """Return what a function of ``minigrad`` makes in this tensor's dtype and on its device."""
        options = {"dtype": self.dtype, "device": self.device, **options}
        return getattr(_module("_creation"), maker)(*args, **options)

    def new_tensor(self, data: Any, **options: Any) -> Tensor:
        """Return a copy of ``data`` in this tensor's dtype and on its device."""
        return self._new("tensor", data, **options)

    def new_zeros(self, *size: Any, **options: Any) -> Tensor:
        """Return zeros of a shape, in this tensor's dtype and on its device."""
        return self._new("zeros", *size, **options)

    def new_ones(self, *size: Any, **options: Any) -> Tensor:
        """Return ones of a shape, in this tensor's dtype and on its device."""
        return self._new("ones", *size, **options)

    def new_empty(self, *size: Any, **options: Any) -> Tensor:
        """Return a tensor of a shape, its elements anything, in this one's dtype and on its device."""
        return self._new("empty", *size, **options)

    def new_full(self, size: Any, fill_value: Any, **options: Any) -> Tensor:
        """Return a tensor of one number, in this tensor's dtype and on its device."""
        return self._new("full", size, fill_value, **options)

    def multinomial(
        self, num_samples: Any, replacement: Any = False, *, generator: Any = None
    ) -> Tensor:
        """Draw indices with the probabilities in this tensor, see :func:`minigrad.multinomial`."""
        return _module("_random").multinomial(self, num_samples, replacement, generator=generator)

    def bernoulli(self, *, generator: Any = None) -> Tensor:
        """Return 1 with the probability in each element, else 0."""
        return _module("_random").bernoulli(self, generator=generator)

    # Operators ------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Tensor:
        return arithmetic.add.apply(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return arithmetic.add.apply(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return arithmetic.sub.apply(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return arithmetic.sub.apply(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return arithmetic.mul.apply(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return arithmetic.mul.apply(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return arithmetic.div.apply(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return arithmetic.div.apply(other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return arithmetic.floor_divide.apply(self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return arithmetic.floor_divide.apply(other, self)

    def __mod__(self, other: Any) -> Tensor:
        return arithmetic.remainder.apply(self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return arithmetic.remainder.apply(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return arithmetic.pow_.apply(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return arithmetic.pow_.apply(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return matmul_op.apply(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return matmul_op.apply(other, self)

    def __neg__(self) -> Tensor:
        return arithmetic.neg.apply(self)

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return arithmetic.abs_.apply(self)

    def __eq__(self, other: Any) -> Any:
        return comparison.eq.apply(self, other) if _comparable(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return comparison.ne.apply(self, other) if _comparable(other) else NotImplemented

    def __lt__(self, other: Any) -> Tensor:
        return comparison.lt.apply(self, other)

    def __le__(self, other: Any) -> Tensor:
        return comparison.le.apply(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return comparison.gt.apply(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return comparison.ge.apply(self, other)

    def __and__(self, other: Any) -> Tensor:
        return comparison.bitwise_and.apply(self, other)

    def __or__(self, other: Any) -> Tensor:
        return comparison.bitwise_or.apply(self, other)

    def __xor__(self, other: Any) -> Tensor:
        return comparison.bitwise_xor.apply(self, other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Tensor:
        return comparison.invert.apply(self)

    def __getitem__(self, index: Any) -> Tensor:
        raw = (index,) if index.__class__ is int else self._raw_index(index)
        if is_basic(raw):
            if self._is_recorded():
                return getitem.apply(self, index=raw)
            # With an ellipsis NumPy gives a view, also of a single element.
            return engine.wrap(self.array[raw if Ellipsis in raw else (*raw, Ellipsis)], None)
        first, second = split_index(raw)
        picked = self if first is None else getitem(self, index=first)
        return getitem(picked, index=second)

    def _raw_index(self, index: Any) -> tuple[Any, ...]:
        """Return an index as a tuple of integers, slices and raw arrays on this tensor's device."""
        parts = index if isinstance(index, tuple) else (index,)
        raw = tuple(map(self._raw_part, parts))
        if len(raw) > 1 and sum(part is Ellipsis for part in raw) > 1:
            raise IndexError("an index can have only one '...'")
        return raw

    def _raw_part(self, part: Any) -> Any:
        if part is None or part is Ellipsis or type(part) is int:
            return part
        if isinstance(part, slice):
            bounds = (part.start, part.stop, part.step)
            return slice(*[None if bound is None else operator.index(bound) for bound in bounds])
        if isinstance(part, bool) or (isinstance(part, Tensor) and part.dtype.kind == "b"):
            return on_device(as_tensor(part).array, self.device)
        if isinstance(part, (Tensor, np.ndarray, list, range)) or is_array(part):
            array = as_tensor(list(part) if isinstance(part, range) else part).array
            if array.size == 0 and array.dtype.kind == "f":
                array = xp_of(array).asarray(array, dtype=np.int64)
            if array.dtype.kind not in "iub":
                raise IndexError(
                    f"tensors used as an index have to be integers or bool, got {array.dtype}"
                )
            if array.ndim == 0 and array.dtype.kind in "iu" and device_of(array).type == "cpu":
                return int(array)
            return on_device(array, self.device)
        try:
            return operator.index(part)
        except TypeError:
            raise IndexError(
                "a tensor is indexed by integers, slices, None, '...', and integer or bool tensors; "
                f"got {part!r}"
            ) from None

    # Functions ------------------------------------------------------------------------------------

    @property
    def T(self) -> Tensor:
        """The tensor with its dimensions in the opposite order."""
        return shapes.permute_dims(self, axes=tuple(range(self.ndim))[::-1])

    @property
    def mT(self) -> Tensor:
        """The tensor with its last two dimensions exchanged."""
        return shaping.transpose(self, -2, -1)

    abs = absolute = pointwise.abs
    neg = negative = pointwise.neg
    sign = sgn = pointwise.sign
    floor = pointwise.floor
    ceil = pointwise.ceil
    trunc = fix = pointwise.trunc
    frac = pointwise.frac
    round = pointwise.round
    exp = pointwise.exp
    expm1 = pointwise.expm1
    log = pointwise.log
    log1p = pointwise.log1p
    log2 = pointwise.log2
    log10 = pointwise.log10
    sqrt = pointwise.sqrt
    rsqrt = pointwise.rsqrt
    square = pointwise.square
    reciprocal = pointwise.reciprocal
    sin = pointwise.sin
    cos = pointwise.cos
    tan = pointwise.tan
    asin = arcsin = pointwise.asin
    acos = arccos = pointwise.acos
    atan = arctan = pointwise.atan
    sinh = pointwise.sinh
    cosh = pointwise.cosh
    tanh = pointwise.tanh
    asinh = pointwise.asinh
    acosh = pointwise.acosh
    atanh = pointwise.atanh
    atan2 = pointwise.atan2
    exp2 = pointwise.exp2
    hypot = pointwise.hypot
    logaddexp = pointwise.logaddexp
    logit = pointwise.logit
    xlogy = pointwise.xlogy
    erf = pointwise.erf
    sigmoid = pointwise.sigmoid
    relu = pointwise.relu
    isnan = pointwise.isnan
    isinf = pointwise.isinf
    isfinite = pointwise.isfinite
    logical_not = pointwise.logical_not
    bitwise_not = pointwise.bitwise_not
    add = pointwise.add
    sub = subtract = pointwise.sub
    mul = multiply = pointwise.mul
    div = divide = pointwise.div
    true_divide = pointwise.true_divide
    floor_divide = pointwise.floor_divide
    remainder = pointwise.remainder
    fmod = pointwise.fmod
    lerp = pointwise.lerp
    addcmul = pointwise.addcmul
    addcdiv = pointwise.addcdiv
    heaviside = pointwise.heaviside
    nan_to_num = pointwise.nan_to_num
    pow = pointwise.pow
    maximum = pointwise.maximum
    minimum = pointwise.minimum
    clamp = clip = pointwise.clamp
    clamp_min = pointwise.clamp_min
    clamp_max = pointwise.clamp_max
    masked_fill = pointwise.masked_fill
    eq = pointwise.eq
    ne = not_equal = pointwise.ne
    lt = less = pointwise.lt
    le = less_equal = pointwise.le
    gt = greater = pointwise.gt
    ge = greater_equal = pointwise.ge
    logical_and = pointwise.logical_and
    logical_or = pointwise.logical_or
    logical_xor = pointwise.logical_xor
    isclose = pointwise.isclose
    allclose = pointwise.allclose
    equal = pointwise.equal

    def where(self, condition: Any, other: Any) -> Tensor:
        """Return this tensor where ``condition`` holds and ``other`` elsewhere."""
        return pointwise.where(condition, self, other)

    sum = reducing.sum
    mean = reducing.mean
    var = reducing.var
    std = reducing.std
    prod = reducing.prod
    max = reducing.max
    min = reducing.min
    amax = reducing.amax
    amin = reducing.amin
    argmax = reducing.argmax
    argmin = reducing.argmin
    any = reducing.any
    all = reducing.all
    count_nonzero = reducing.count_nonzero
    logsumexp = reducing.logsumexp
    cumsum = reducing.cumsum
    cumprod = reducing.cumprod
    diff = reducing.diff
    norm = reducing.norm
    softmax = reducing.softmax
    log_softmax = reducing.log_softmax

    reshape = shaping.reshape
    view = shaping.view
    view_as = reshape_as = shaping.view_as
    flatten = shaping.flatten
    ravel = shaping.flatten
    narrow = shaping.narrow
    select = shaping.select
    unfold = shaping.unfold
    unflatten = shaping.unflatten
    permute = shaping.permute
    transpose = swapaxes = shaping.transpose
    t = shaping.t
    movedim = moveaxis = shaping.movedim
    squeeze = shaping.squeeze
    unsqueeze = shaping.unsqueeze
    expand = shaping.expand
    expand_as = shaping.expand_as
    broadcast_to = shaping.broadcast_to
    flip = shaping.flip
    roll = shaping.roll
    tile = shaping.tile
    repeat = shaping.repeat
    repeat_interleave = shaping.repeat_interleave
    split = shaping.split
    chunk = shaping.chunk
    unbind = shaping.unbind
    tril = shaping.tril
    triu = shaping.triu
    diagonal = shaping.diagonal
    diag = shaping.diag
    diag_embed = shaping.diag_embed
    trace = shaping.trace

    median = statistics.median
    mode = statistics.mode
    kthvalue = statistics.kthvalue
    quantile = statistics.quantile
    aminmax = statistics.aminmax
    nansum = statistics.nansum
    nanmean = statistics.nanmean
    histc = statistics.histc
    bincount = statistics.bincount
    unique = statistics.unique
    cov = statistics.cov
    corrcoef = statistics.corrcoef

    take_along_dim = picking.take_along_dim
    gather = picking.gather
    scatter = picking.scatter
    scatter_add = picking.scatter_add
    take = picking.take
    argwhere = picking.argwhere
    index_select = picking.index_select
    index_add = picking.index_add
    index_fill = picking.index_fill
    masked_select = picking.masked_select
    nonzero = picking.nonzero
    sort = picking.sort
    argsort = picking.argsort
    topk = picking.topk

    matmul = multiplying.matmul
    mm = multiplying.mm
    bmm = multiplying.bmm
    mv = multiplying.mv
    dot = multiplying.dot
    outer = multiplying.outer
    inner = multiplying.inner
    vdot = multiplying.vdot
    kron = multiplying.kron
    cross = multiplying.cross
    addmm = multiplying.addmm
    addmv = multiplying.addmv
    dist = multiplying.dist

    def inverse(self) -> Tensor:
        """Return the inverse of square matrices, see :func:`minigrad.linalg.inv`."""
        return _module("linalg").inv(self)

    def pinverse(self, *, rtol: Any = None) -> Tensor:
        """Return the Moore-Penrose pseudo-inverse, see :func:`minigrad.linalg.pinv`."""
        return _module("linalg").pinv(self, rtol=rtol)

    def det(self) -> Tensor:
        """Return the determinant of square matrices, see :func:`minigrad.linalg.det`."""
        return _module("linalg").det(self)

    def slogdet(self) -> Any:
        """Return sign and logarithm of the determinant, see :func:`minigrad.linalg.slogdet`."""
        return _module("linalg").slogdet(self)

    def matrix_power(self, n: Any) -> Tensor:
        """Return the product of ``n`` times the same matrix, see :func:`minigrad.linalg.matrix_power`."""
        return _module("linalg").matrix_power(self, n)


class HookHandle:
    """What :meth:`Tensor.register_hook` returns: ``remove()`` takes the hook away."""

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self._hooks, self._hook = hooks, hook

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.remove()


class RetainGrad:
    """The hook behind :meth:`Tensor.retain_grad`: hands the gradient to a tensor, if it still lives."""

    deferred = True  # until the sweep has come through, and other hooks have seen the gradient

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = weakref.ref(tensor)

    def __call__(self, gradient: Tensor) -> None:
        """Add the gradient to the tensor's ``.grad``."""
        tensor = self.tensor()
        if tensor is not None:
            mine = gradient if gradient.requires_grad else gradient.clone()
            tensor._grad = mine if tensor._grad is None else tensor._grad + mine


def _module(name: str) -> Any:
    """Return a module of minigrad that needs this one, and so cannot be imported at its beginning."""
    return importlib.import_module(f"minigrad.{name}")


def _address(array: Any) -> int:
    """Return where an array begins in memory."""
    return array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr


def _comparable(value: Any) -> bool:
    return isinstance(value, (Tensor, float, int, bool, np.generic, list, tuple)) or is_array(value)


def _is_dtype(name: str) -> bool:
    try:
        dtypes.as_dtype(name)
    except TypeError:
        return False
    return True


def _cast(tensor: Tensor, dtype: np.dtype) -> Tensor:
    """Return ``tensor`` in ``dtype``; recorded if gradients can flow through."""
    if dtype.kind != "f" or tensor.dtype.kind != "f" or not tensor._is_recorded():
        array, xp = tensor.array, xp_of(tensor.array)
        cast = array.astype(dtype, copy=False) if xp is np else xp.asarray(array, dtype=dtype)
        return engine.wrap(cast, None)
    return shapes.cast(tensor, dtype=dtype, origin=tensor.dtype)


def _transfer(tensor: Tensor, device: Device) -> Tensor:
    here = tensor.device
    if here == device:
        return tensor
    backend_for(device)  # its error says what is missing
    if not tensor._is_recorded():
        return engine.wrap(move(tensor.array, device), None)
    return shapes.to_device(tensor, device=device, origin=here)


def _rebuild(
    kind: type, array: Any, device: str | None, requires_grad: bool, name: str | None
) -> Tensor:
    tensor: Any = engine.new_object(kind)
    tensor.array = array if device is None else to_device(array, Device(device))
    tensor.node = tensor._grad = None
    if requires_grad:
        tensor.requires_grad_()
    if name:
        tensor.name = name
    return tensor


engine.Tensor = Tensor
