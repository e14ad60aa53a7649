"""Batch normalisation, with the running statistics it keeps."""

from __future__ import annotations

from typing import Any

from minigrad._creation import ones, zeros
from minigrad._functions.arguments import as_length
from minigrad._tensor import Tensor
from minigrad._warning import warn
from minigrad.backend.devices import xp_of
from minigrad.dtypes import int64
from minigrad.engine import as_tensor
from minigrad.nn import functional as F, init
from minigrad.nn.module import Module, in_module
from minigrad.nn.norm_functions import note_moments
from minigrad.nn.parameter import Parameter
from minigrad.ops import fused


class BatchNorm1d(Module):
    r"""Batch normalisation, :math:`y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta`.

    In training :math:`\mu` and :math:`\sigma^2` are mean and *biased* variance of each channel over the
    batch.  They also go into running statistics, the variance in its *unbiased* form (times
    :math:`n / (n - 1)`), each by :math:`r \leftarrow (1 - m) \, r + m \, s`; in evaluation those take
    their place.  (Note that :math:`m` is the weight of the *new* value.)

    Parameters
    ----------
    num_features : int
        Number of channels C.
    eps : float, default 1e-5
        :math:`\epsilon`.
    momentum : float or None, default 0.1
        :math:`m`; ``None`` takes :math:`1 / t` in step :math:`t`, which gives the plain mean of all
        batches so far.
    affine : bool, default True
        Whether there are :math:`\gamma` and :math:`\beta`.
    track_running_stats : bool, default True
        Without, evaluation normalises by the batch too.
    device, dtype : optional
        Of parameters and buffers; the default ones if not given.
    bias : bool, default True
        Without, there is no :math:`\beta`.
    features_first : bool, default False
        Whether inputs are (C, N), a sample in each column, as textbooks write them (:math:`X' = W^\top X`):
        the same as the layer without it on the transposed input, transposed.

    Attributes
    ----------
    weight, bias : Parameter, shape (C,), or None
        :math:`\gamma`, at first 1, and :math:`\beta`, at first 0.
    running_mean, running_var : Tensor, shape (C,), or None
        Buffers, at first 0 and 1.
    num_batches_tracked : Tensor, shape (), int64, or None
        Buffer: how many batches they have seen.

    Raises
    ------
    ValueError
        When called with another shape than (N, C) or (N, C, L), or (C, N) with ``features_first``; in
        training, with one value of a channel.
    RuntimeError
        When called with another dtype.

    Warns
    -----
    UserWarning
        Once, in training, if a :class:`Linear` layer with a bias comes right before: the bias does nothing
        but cost time (document 004).

    References
    ----------
    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift", ICML 2015, algorithms 1 and 2.

    Examples
    --------
    >>> import minigrad as mg
    >>> norm = mg.nn.BatchNorm1d(2)
    >>> norm(mg.tensor([[1.0, 10.0], [3.0, 30.0]]))
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]], grad_fn=<batch_norm>)
    >>> norm.running_mean
    tensor([0.2000, 2.0000])
    """

    weight: Parameter | None
    bias: Parameter | None
    # Tensors, or None without running statistics:
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any
    _source_seen: bool = False  # whether what comes before has been looked at, for its bias

    def __init__(
        self,
        num_features: int,
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
        super().__init__()
        self.num_features = as_length(self, "num_features", num_features)
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.features_first = features_first
        place = {"device": device, "dtype": dtype}
        self.weight = Parameter(ones(num_features, **place)) if affine else None
        self.bias = Parameter(zeros(num_features, **place)) if affine and bias else None
        track = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **place) if track else None)
        self.register_buffer("running_var", ones(num_features, **place) if track else None)
        count = zeros((), device=device, dtype=int64) if track else None
        self.register_buffer("num_batches_tracked", count)

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (N, C), (N, C, L), or (C, N) with ``features_first``, each channel by itself."""
        input = as_tensor(input)
        if self.features_first or input.array.shape[1:] != (self.num_features,):
            self._check_shape(input.array.shape)
        return self._normalized(input.T).T if self.features_first else self._normalized(input)

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        channels = self.num_features
        if self.features_first:
            fits, expected = len(shape) == 2 and shape[0] == channels, f"({channels}, N)"
        else:
            fits = len(shape) in (2, 3) and shape[1] == channels
            expected = f"(N, {channels}) or (N, {channels}, L)"
        if not fits:
            raise ValueError(
                f"BatchNorm1d: expected an input of shape {expected}, got {shape}{in_module()}"
            )

    def _normalized(self, input: Tensor) -> Tensor:
        """Return the output for (N, C) or (N, C, L); in training, note mean and variance."""
        mean, var, weight, bias = self.running_mean, self.running_var, self.weight, self.bias
        if not self.training:
            return F.batch_norm(input, mean, var, weight, bias, mean is None, eps=self.eps)
        if not self._source_seen:
            self._warn_of_inert_bias(input)
        if not self.track_running_stats or mean is None:
            return F.batch_norm(input, None, None, weight, bias, True, eps=self.eps)
        batches, momentum = self._next_batch()
        out = F.batch_norm(input, mean, var, weight, bias, True, momentum, self.eps)
        self.num_batches_tracked.array = batches
        return out

    def _next_batch(self) -> tuple[Any, Any]:
        """Return the number of batches with this one, and its weight in the running statistics."""
        xp = xp_of(self.running_mean.array)
        # NumPy adds to a number of its own, which [()] makes of an array, ten times faster.
        batches = xp.asarray(self.num_batches_tracked.array[()] + 1)
        if self.momentum is not None:
            return batches, self.momentum
        # An array of one number and not that number, which a GPU would make us wait for.
        return batches, xp.asarray(1 / batches, dtype=self.running_mean.array.dtype)

    def note_batch(self, mean: Any, var: Any, count: int) -> None:
        """Do to the running statistics what a call in training does, given a batch's raw moments."""
        batches, momentum = self._next_batch()
        note_moments(self.running_mean, self.running_var, mean, var, count, momentum)
        self.num_batches_tracked.array = batches

    def _warn_of_inert_bias(self, input: Tensor) -> None:
        """Warn, once, if a linear layer with a bias for each channel computed ``input``."""
        node = input.node
        if node is None:
            return
        self._source_seen = True
        if node.op_name == "item" and node.inputs[0].op_name == "BackwardHook":
            node = node.inputs[0].inputs[1 + node.saved[0]]  # a hook's gate hands on what came in
        if input.ndim != 2 or node.plan.op is not fused.linear or node.inputs[2] is None:
            return
        layer = f" ({node.scope[-1]})" if node.scope else ""
        warn(
            f"the bias of the linear layer{layer} changes nothing in the output of the batch normalisation "
            f"right after it, which subtracts it with the mean; leave it out: bias=False{in_module()}",
        )

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        if self.running_mean is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        r"""Forget the running statistics; :math:`\gamma` becomes 1, :math:`\beta` 0."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
            + (", features_first=True" if self.features_first else "")
        )
