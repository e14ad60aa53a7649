"""Lazy layers: those that learn from the first batch how many inputs they have."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad._creation import empty, ones, zeros
from minigrad._functions.arguments import as_length
from minigrad._tensor import Tensor
from minigrad.nn.batchnorm import BatchNorm1d
from minigrad.nn.layers import Linear
from minigrad.nn.module import Module, in_module
from minigrad.nn.parameter import Uninitialized, UninitializedBuffer, UninitializedParameter


class LazyModule(Module):
    """What lazy layers share: at the first call they make their parameters and become ordinary layers.

    The parameters stay the same objects, so an optimizer may be given them before.
    """

    becomes: ClassVar[type[Module]]

    def initialize_parameters(self, input: Tensor) -> None:
        """Make the parameters for inputs like this one, with initial values.

        Raises
        ------
        NotImplementedError
            If a lazy layer of one's own does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define initialize_parameters()")

    def take_sizes(self, input: Tensor) -> None:
        """Note the sizes that the parameters, or else the input, have now.

        Raises
        ------
        NotImplementedError
            If a lazy layer of one's own does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define take_sizes()")

    def has_uninitialized_params(self) -> bool:
        """Tell whether a parameter or buffer still has no shape."""
        own = (*self._parameters.values(), *self._buffers.values())
        return any(isinstance(tensor, Uninitialized) for tensor in own)

    def forward(self, input: Tensor) -> Any:
        """Become an ordinary layer, and return what that returns."""
        if self.has_uninitialized_params():  # else they have been loaded
            self.initialize_parameters(input)
        self.take_sizes(input)
        self.__class__ = self.becomes  # type: ignore[assignment]
        if self._name:
            self._name_in_parent(self._name)  # which names the class, too
        return self.forward(input)


class LazyLinear(LazyModule, Linear):
    """A :class:`Linear` layer that takes ``in_features`` from its first batch.

    Parameters
    ----------
    out_features : int
        Length of an output.
    bias : bool, default True
        Whether there is a bias.
    device, dtype : optional
        Of the parameters; the default ones if not given.

    Examples
    --------
    >>> import minigrad as mg
    >>> layer = mg.nn.LazyLinear(2)
    >>> layer(mg.ones(5, 3)).shape
    Size([5, 2])
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    """

    becomes = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        Module.__init__(self)
        self.in_features, self.out_features = 0, as_length(self, "out_features", out_features)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.bias = UninitializedParameter(device=device, dtype=dtype) if bias else None

    def initialize_parameters(self, input: Tensor) -> None:
        """Draw weight and bias for inputs of this length."""
        if input.ndim < 1 or not input.is_floating_point():
            raise _unfit(self, "(..., in_features)", input)
        self.in_features = input.shape[-1]
        _materialize(self.weight, empty(self.out_features, self.in_features))
        _materialize(self.bias, empty(self.out_features))
        self.reset_parameters()

    def take_sizes(self, input: Tensor) -> None:
        """Note the length of an input."""
        self.in_features = self.weight.shape[1]


class LazyBatchNorm1d(LazyModule, BatchNorm1d):
    """A :class:`BatchNorm1d` that takes ``num_features`` from its first batch.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, device, dtype, bias, features_first
        As for :class:`BatchNorm1d`.
    """

    becomes = BatchNorm1d

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
        features_first: bool = False,
    ) -> None:
        options = {"device": device, "dtype": dtype, "bias": bias, "features_first": features_first}
        super().__init__(0, eps, momentum, affine, track_running_stats, **options)
        place = {"device": device, "dtype": dtype}
        if self.weight is not None:
            self.weight = UninitializedParameter(**place)
        if self.bias is not None:
            self.bias = UninitializedParameter(**place)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**place)
            self.running_var = UninitializedBuffer(**place)

    def initialize_parameters(self, input: Tensor) -> None:
        """Make weight, bias and running statistics for inputs of so many channels."""
        if input.ndim < 2 or not input.is_floating_point():
            raise _unfit(self, "(C, N)" if self.features_first else "(N, C) or (N, C, L)", input)
        channels = self._channels(input)
        _materialize(self.weight, ones(channels))
        _materialize(self.bias, zeros(channels))
        _materialize(self.running_mean, zeros(channels))
        _materialize(self.running_var, ones(channels))

    def take_sizes(self, input: Tensor) -> None:
        """Note the number of channels."""
        sized = self.weight if self.weight is not None else self.running_mean
        self.num_features = self._channels(input) if sized is None else sized.shape[0]

    def _channels(self, input: Tensor) -> int:
        return input.shape[0 if self.features_first else 1]


def _materialize(tensor: Tensor | None, value: Tensor) -> None:
    if isinstance(tensor, Uninitialized):
        tensor.materialize(value)


def _unfit(layer: Module, expected: str, input: Tensor) -> ValueError:
    return ValueError(
        f"{type(layer).__name__}: expected a floating input of shape {expected}, got {tuple(input.shape)} "
        f"{input.dtype}; nothing was made{in_module()}"
    )
