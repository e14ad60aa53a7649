"""``FloatTensor`` and its like: a name for a dtype and a way to make tensors, from PyTorch's early days."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad._creation import tensor, zeros
from minigrad._tensor import Tensor


class TensorType:
    """The tensors of one dtype, as the older tutorials of PyTorch say it.

    ``FloatTensor([1, 2])`` holds the numbers, ``FloatTensor(2, 3)`` is of that shape;
    ``x.type(FloatTensor)`` converts and ``isinstance(x, FloatTensor)`` tells.

    Attributes
    ----------
    dtype : dtype
        What the elements are.
    """

    def __init__(self, name: str, dtype: np.dtype) -> None:
        self.__name__ = name
        self.dtype = dtype

    def __call__(self, *data: Any) -> Tensor:
        """Return a tensor with these numbers, or of this shape."""
        if all(isinstance(size, int) for size in data):
            return zeros(*(data or (0,)), dtype=self.dtype)
        return tensor(*data, dtype=self.dtype)

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, Tensor) and value.dtype == self.dtype

    def __repr__(self) -> str:
        return f"<tensor type {self.__name__}: {self.dtype}>"


def set_default_tensor_type(t: Any) -> None:
    """Set the default dtype by the name of a tensor type: ``set_default_tensor_type("DoubleTensor")``.

    Raises
    ------
    TypeError
        If its elements are not floating.
    """
    dtypes.set_default_dtype(t)


FloatTensor = TensorType("FloatTensor", dtypes.float32)
DoubleTensor = TensorType("DoubleTensor", dtypes.float64)
HalfTensor = TensorType("HalfTensor", dtypes.float16)
LongTensor = TensorType("LongTensor", dtypes.int64)
IntTensor = TensorType("IntTensor", dtypes.int32)
ShortTensor = TensorType("ShortTensor", dtypes.int16)
CharTensor = TensorType("CharTensor", dtypes.int8)
ByteTensor = TensorType("ByteTensor", dtypes.uint8)
BoolTensor = TensorType("BoolTensor", dtypes.bool_)
