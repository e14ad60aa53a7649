"""Layer normalisation."""

from __future__ import annotations

from typing import Any

from minigrad._creation import ones, zeros
from minigrad._functions.arguments import as_size
from minigrad._tensor import Tensor
from minigrad.nn import functional as F, init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter


class LayerNorm(Module):
    r"""Layer normalisation, :math:`y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta`.

    :math:`\mu` and :math:`\sigma^2` are mean and biased variance over the last dimensions, of each
    sample by itself.  So a sample's output does not depend on the others, and training and evaluation do
    the same; compare :class:`BatchNorm1d`.

    Parameters
    ----------
    normalized_shape : int or tuple of int
        The last dimensions of the input, over which mean and variance are taken.
    eps : float, default 1e-5
        :math:`\epsilon`.
    elementwise_affine : bool, default True
        Whether there are :math:`\gamma` and :math:`\beta`, a number for each place in those dimensions.
    bias : bool, default True
        Without, there is no :math:`\beta`.
    device, dtype : optional
        Of the parameters; the default ones if not given.

    Attributes
    ----------
    weight, bias : Parameter, shape normalized_shape, or None
        :math:`\gamma`, at first 1, and :math:`\beta`, at first 0.

    Raises
    ------
    ValueError
        When called with an input that does not end in ``normalized_shape``.
    RuntimeError
        When called with another dtype.

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization", 2016.

    Examples
    --------
    >>> import minigrad as mg
    >>> norm = mg.nn.LayerNorm(2)
    >>> norm(mg.tensor([[1.0, 3.0], [10.0, 30.0]]))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]], grad_fn=<layer_norm>)
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...] | list[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = as_size((normalized_shape,))
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        place = {"device": device, "dtype": dtype}
        shape, affine = self.normalized_shape, elementwise_affine
        self.weight = Parameter(ones(shape, **place)) if affine else None
        self.bias = Parameter(zeros(shape, **place)) if affine and bias else None

    def reset_parameters(self) -> None:
        r"""Set :math:`\gamma` to 1 and :math:`\beta` to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Normalise ``(..., *normalized_shape)``, each sample by itself."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )
