r"""Factors of the Fisher matrix of a Linear layer, from what goes through it.

For a layer :math:`s = W \bar a`, with a 1 appended to its input :math:`a` for the bias, the gradient of a
sample's loss with respect to :math:`W` is :math:`g\, \bar a^\top`, where :math:`g` is the gradient with
respect to :math:`s`.  The factors are :math:`A = E[\bar a \bar a^\top]` and :math:`G = E[g g^\top]`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from minigrad._creation import arange, tensor
from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.backend.devices import xp_of
from minigrad.backend.generator import Generator
from minigrad.nn.functional import softmax

LIKELIHOODS = ("categorical", "bernoulli", "gaussian")


class Layer:
    """A Linear layer: its parameters, and what went through it since the last step.

    Parameters
    ----------
    name : str
        For messages.
    module : Linear
        The layer.

    Attributes
    ----------
    weight, bias : Tensor
        Its parameters; the bias may be ``None``.
    calls : list of (Tensor, Tensor) or None
        Inputs and outputs in the forward pass under way; ``None`` while nobody watches.
    """

    def __init__(self, name: str, module: Any) -> None:
        self.name = name
        self.weight, self.bias = module.weight, module.bias
        self.calls: list[tuple[Tensor, Tensor]] | None = None
        self.forget()

    def forget(self) -> None:
        """Forget what went through, but for the pass under way."""
        self.inputs: Any = 0.0
        self.gradients: Any = 0.0
        self.samples = self.differentiated = 0

    def note(self, module: Any, args: Any, kwargs: Any, output: Tensor) -> None:
        """Remember a call, as a forward hook of the module."""
        if self.calls is not None:
            self.calls.append((args[0] if args else kwargs["input"], output))

    def add_inputs(self, samples: int) -> Tensor | None:
        """Add the inputs of the forward pass that has ended; return the output it made of them.

        Returns
        -------
        Tensor or None
            ``None`` if the layer had no part in the pass.

        Raises
        ------
        RuntimeError
            If it was called several times, or its rows are not the samples.
        """
        calls, self.calls = self.calls, None
        if not calls:
            return None
        shape = tuple(calls[0][0].shape)
        if len(calls) > 1 or len(shape) != 2 or shape[0] != samples:
            raise RuntimeError(
                f"KFAC: layer {self.name!r} was called {len(calls)} times, with an input of shape {shape}, "
                f"for {samples} outputs of the model; its factors are defined for one call with shape "
                f"({samples}, {self.weight.shape[1]}), a row for each sample"
            )
        a = calls[0][0].array
        xp = xp_of(a)
        if self.bias is not None:
            a = xp.concatenate([a, xp.ones_like(a[:, :1])], axis=1)
        self.inputs = self.inputs + a.T @ a
        self.samples += samples
        return calls[0][1]

    def add_gradients(self, g: Any, samples: int = 0) -> None:
        """Add gradients with respect to the outputs, a row for each of ``samples`` new samples."""
        self.gradients = self.gradients + g.T @ g
        self.differentiated += samples

    def factors(self, reduction: str) -> tuple[Any, Any] | None:
        """Return both factors of the samples seen since the last step; ``None`` if there are none.

        Parameters
        ----------
        reduction : str
            With ``"sum"``, the second factor is that of the sum over samples.
        """
        if not self.samples or not self.differentiated:
            return None
        second = self.gradients if reduction == "sum" else self.gradients / self.differentiated
        return self.inputs / self.samples, second


@no_grad()
def sampled_gradient(
    outputs: Tensor, likelihood: str, variance: float, generator: Generator
) -> Tensor:
    r"""Return :math:`-\nabla_z \log p(y \mid z)`, row by row, for targets drawn from :math:`p(y \mid z)`.

    Parameters
    ----------
    outputs : Tensor, shape (N, ...)
        What the model returned, :math:`z`: logits, or means.
    likelihood : str
        One of ``LIKELIHOODS``.
    variance : float
        Of the Gaussian.
    generator : Generator
        Where the targets are drawn; on the host, without waiting for the device.
    """
    z = outputs.detach()
    if likelihood == "gaussian":
        drawn = tensor(generator.normal(tuple(z.shape), z.dtype), device=z.device)
        return drawn / math.sqrt(variance)
    if likelihood == "bernoulli":
        p = z.sigmoid()
        u = tensor(generator.uniform(tuple(z.shape), z.dtype), device=z.device)
        return p - (u < p).to(z.dtype)
    p = softmax(z, dim=1)
    u = tensor(generator.uniform((len(z), 1), z.dtype), device=z.device)
    target = (p.cumsum(1)[:, :-1] <= u).sum(1, keepdim=True)
    return p - _is_class(target, p)


@no_grad()
def all_gradients(outputs: Tensor, likelihood: str, variance: float) -> Iterator[Tensor]:
    r"""Yield gradients whose outer products add up to their expectation over all targets.

    For a categorical distribution that is :math:`\sqrt{p_c}\, (p - e_c)` for each class :math:`c`; otherwise
    the outputs are independent, and it is one column of a diagonal root for each.

    Parameters
    ----------
    outputs, likelihood, variance
        As for :func:`sampled_gradient`.
    """
    z = outputs.detach()
    if likelihood == "categorical":
        p = softmax(z, dim=1)
        for c in range(z.shape[1]):
            target = z.new_full((1, 1), c).long()
            yield p[:, c : c + 1].sqrt() * (p - _is_class(target, p))
        return
    root = z.new_full(tuple(z.shape), 1 / math.sqrt(variance))
    if likelihood == "bernoulli":
        p = z.sigmoid()
        root = (p * (1 - p)).sqrt()
    rows = root.reshape(len(z), -1)
    for k in range(rows.shape[1]):
        column = arange(rows.shape[1], device=z.device) == k
        yield (rows * column.to(z.dtype)).reshape(z.shape)


def _is_class(target: Tensor, p: Tensor) -> Tensor:
    """Return ones in the columns ``target``, shape (N, 1), and zeros elsewhere, in the dtype of ``p``."""
    return (arange(p.shape[1], device=p.device) == target).to(p.dtype)
