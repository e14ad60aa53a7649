"""Activations as modules; what they compute stands in :mod:`minigrad.nn.functional`."""

from __future__ import annotations

from typing import Any

from minigrad._creation import empty
from minigrad._tensor import Tensor
from minigrad.nn import functional as F, init as initial
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter


class _Activation(Module):
    """What activations share: an ``inplace`` that changes nothing, and how their options are shown."""

    inplace = False
    _shown: tuple[str, ...] = ()  # names of the options that stand in ``repr``

    def extra_repr(self) -> str:
        """Return the options, and ``inplace`` if it is set."""
        options = [f"{name}={getattr(self, name)!r}" for name in self._shown]
        return ", ".join(options + ["inplace=True"] * self.inplace)


class _WithInplace(_Activation):
    """An activation that takes ``inplace``, as in PyTorch; nothing is written in place here."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


# Rectifiers ---------------------------------------------------------------------------------------


class ReLU(_WithInplace):
    r"""Rectifier, :math:`\max(x, 0)`; slope 0 at 0."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.relu(input)


class ReLU6(_WithInplace):
    r"""Rectifier with a ceiling, :math:`\min(\max(x, 0), 6)`; slope 0 at 0 and at 6."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.relu6(input)


class LeakyReLU(_WithInplace):
    """Return x where it is positive, ``negative_slope`` times x elsewhere.

    Parameters
    ----------
    negative_slope : float, default 0.01
        The slope up to 0.
    inplace : bool
        Accepted as in PyTorch; nothing is written in place here.
    """

    _shown = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.leaky_relu(input, self.negative_slope)


class PReLU(_Activation):
    """Leaky rectifier that learns its slope: x where it is positive, ``weight`` times x elsewhere.

    Parameters
    ----------
    num_parameters : int, default 1
        How many slopes: one for all, or one for each channel (dimension 1 of the input).
    init : float, default 0.25
        What they are at first.
    device, dtype : optional
        Of the slopes; the default ones if not given.

    Attributes
    ----------
    weight : Parameter, shape (num_parameters,)
        The slopes up to 0.  (Weight decay would pull them towards a plain rectifier.)

    Raises
    ------
    ValueError
        When called with another number of channels.

    References
    ----------
    He et al., "Delving deep into rectifiers: surpassing human-level performance on ImageNet
    classification", ICCV 2015.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.PReLU()(mg.tensor([-2.0, 0.0, 3.0]))
    tensor([-0.5000,  0.0000,  3.0000], grad_fn=<select>)
    """

    _shown = ("num_parameters",)

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set every slope to ``init``."""
        initial.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.prelu(input, self.weight)


class Threshold(_WithInplace):
    """Return x where it is above a threshold, one number elsewhere; slope 0 at the threshold.

    Parameters
    ----------
    threshold : float
        Where x stops to count.
    value : float
        What stands in its place.
    inplace : bool
        Accepted as in PyTorch; nothing is written in place here.
    """

    _shown = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.threshold(input, self.threshold, self.value)


# Smooth relatives of the rectifier ----------------------------------------------------------------


class ELU(_WithInplace):
    r"""Exponential linear unit, :math:`x` where it is positive, :math:`\alpha (e^x - 1)` elsewhere.

    Parameters
    ----------
    alpha : float, default 1.0
        :math:`\alpha`.
    inplace : bool
        Accepted as in PyTorch; nothing is written in place here.
    """

    _shown = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.elu(input, self.alpha)


class CELU(ELU):
    r"""Return :math:`x` where it is positive, :math:`\alpha (e^{x / \alpha} - 1)` elsewhere; slope 1 at 0.

    Parameters
    ----------
    alpha : float, default 1.0
        :math:`\alpha`.
    inplace : bool
        Accepted as in PyTorch; nothing is written in place here.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.celu(input, self.alpha)


class SELU(_WithInplace):
    r"""Self-normalising unit, :math:`\lambda x` if :math:`x > 0`, else :math:`\lambda \alpha (e^x - 1)`.

    See :func:`minigrad.nn.functional.selu` for the constants and the source.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.selu(input)


class GELU(_Activation):
    r"""Gaussian error linear unit, :math:`x \Phi(x)`.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        ``"tanh"`` for the faster form.
    """

    _shown = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.gelu(input, self.approximate)


class SiLU(_WithInplace):
    r"""Sigmoid-weighted linear unit (swish), :math:`x \sigma(x)`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.silu(input)


class Mish(_WithInplace):
    r"""Return :math:`x \tanh(\ln(1 + e^x))`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.mish(input)


class Softplus(_Activation):
    r"""Smooth ramp, :math:`\ln(1 + e^{\beta x}) / \beta`.

    Parameters
    ----------
    beta : float, default 1.0
        :math:`\beta`: the larger, the nearer to a rectifier.
    threshold : float, default 20.0
        Linear where :math:`\beta x` is larger.
    """

    _shown = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.softplus(input, self.beta, self.threshold)


# Squashing and shrinking --------------------------------------------------------------------------


class Tanh(_Activation):
    r"""Hyperbolic tangent, :math:`\tanh x`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.tanh(input)


class Hardtanh(_WithInplace):
    """Limits to ``[min_val, max_val]``; slope 0 at both bounds.

    Parameters
    ----------
    min_val, max_val : float, default -1.0 and 1.0
        The bounds.
    inplace : bool
        Accepted as in PyTorch; nothing is written in place here.

    Raises
    ------
    ValueError
        If ``min_val`` is not less than ``max_val``.
    """

    _shown = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        if not min_val < max_val:
            raise ValueError(
                f"Hardtanh: min_val has to be less than max_val, got {min_val} and {max_val}"
            )
        self.min_val, self.max_val = min_val, max_val

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.hardtanh(input, self.min_val, self.max_val)


class Sigmoid(_Activation):
    r"""Logistic function, :math:`\sigma(x) = 1 / (1 + e^{-x})`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.sigmoid(input)


class LogSigmoid(_Activation):
    r"""Logarithm of the logistic function, :math:`\ln \sigma(x)`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.logsigmoid(input)


class Hardsigmoid(_WithInplace):
    r"""Sigmoid of three straight pieces, :math:`\min(\max(x + 3, 0), 6) / 6`; slope 0 at -3 and 3."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.hardsigmoid(input)


class Hardswish(_WithInplace):
    r"""Return :math:`x \min(\max(x + 3, 0), 6) / 6`; slope 0 at -3, 1 at 3."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.hardswish(input)


class Softsign(_Activation):
    r"""Return :math:`x / (1 + |x|)`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.softsign(input)


class Tanhshrink(_Activation):
    r"""Return :math:`x - \tanh x`."""

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.tanhshrink(input)


class Hardshrink(_Activation):
    r"""Return 0 where :math:`|x| \le \lambda`, :math:`x` elsewhere; slope 0 at :math:`\pm \lambda`.

    Parameters
    ----------
    lambd : float, default 0.5
        :math:`\lambda`.
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        r"""Return :math:`\lambda`."""
        return str(self.lambd)


class Softshrink(Hardshrink):
    r"""Moves towards 0 by :math:`\lambda`, and no farther; slope 0 at :math:`\pm \lambda`.

    Parameters
    ----------
    lambd : float, default 0.5
        :math:`\lambda`, not negative.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it to each element."""
        return F.softshrink(input, self.lambd)


# Along a dimension --------------------------------------------------------------------------------


class Softmax(_Activation):
    r"""Softmax along a dimension, :math:`e^{x_i} / \sum_j e^{x_j}`.

    Parameters
    ----------
    dim : int, optional
        The dimension along which the results add up to 1.  Without it, dimension 0 of tensors with 0,
        1 or 3 dimensions and dimension 1 of others is taken, as in PyTorch, with a warning.
    """

    _shown = ("dim",)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Apply it along the dimension."""
        return F.softmax(input, self.dim)


class Softmin(Softmax):
    r"""Softmax of :math:`-x`: the smallest element gets the largest share.

    Parameters
    ----------
    dim : int, optional
        As for :class:`Softmax`.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it along the dimension."""
        return F.softmin(input, self.dim)


class LogSoftmax(Softmax):
    r"""Logarithm of softmax along a dimension, :math:`x_i - \ln \sum_j e^{x_j}`.

    Parameters
    ----------
    dim : int, optional
        The dimension of the classes; without it, as for :class:`Softmax`.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply it along the dimension."""
        return F.log_softmax(input, self.dim)


class GLU(_Activation):
    r"""Gated linear unit, :math:`a \, \sigma(b)`, where a and b are the two halves of x along ``dim``.

    Parameters
    ----------
    dim : int, default -1
        The dimension that is halved.

    Raises
    ------
    ValueError
        When called with an input whose dimension ``dim`` is odd.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.nn.GLU()(mg.tensor([1.0, 2.0, 0.0, 100.0]))
    tensor([0.5000, 2.0000])
    """

    _shown = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Map (..., 2 n, ...) to (..., n, ...)."""
        return F.glu(input, self.dim)
