"""The tensor that a module trains."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import engine
from minigrad._tensor import Tensor


class Parameter(Tensor):
    """A tensor that belongs to the parameters of the module it is made an attribute of.

    Parameters
    ----------
    data : Tensor or whatever :func:`minigrad.as_tensor` takes
        The numbers; a tensor (or array) shares its memory with the parameter.
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

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        array = engine.as_tensor(data).array
        # Results without axes may be NumPy scalars, which cannot be written in place.
        self.array = np.array(array) if isinstance(array, np.generic) else array
        self.node = self._grad = None
        if requires_grad:
            self.requires_grad_()

    def __repr__(self) -> str:
        return self._text("Parameter containing:\ntensor(")
