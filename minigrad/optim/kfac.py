"""K-FAC: natural gradient descent for multilayer perceptrons, with the Fisher matrix in small factors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from minigrad._backward import grad
from minigrad._creation import eye
from minigrad._tensor import Tensor
from minigrad.autograd.modes import is_grad_enabled
from minigrad.backend.devices import xp_of
from minigrad.backend.generator import Generator
from minigrad.engine import wrap
from minigrad.nn.layers import Linear
from minigrad.nn.module import Module
from minigrad.optim.around import Drawing
from minigrad.optim.checks import POSITIVE, WHOLE, check, check_choice
from minigrad.optim.directions import penalised
from minigrad.optim.fisher import LIKELIHOODS, Layer, all_gradients, sampled_gradient
from minigrad.optim.optimizer import Optimizer, plain

FISHERS = ("sampled", "exact", "empirical")


class KFAC(Drawing):
    r"""Natural gradient descent with a Kronecker-factored Fisher matrix, for networks of Linear layers.

    The gradient of each layer, a matrix with the gradient of the bias as its last column, is divided by the
    curvature of the loss, approximated by a product of two small matrices:

    .. math::
        A &= E[\bar a\, \bar a^\top], \qquad G = E[g\, g^\top] \\
        V &= \bigl(G + \tfrac{\sqrt{\lambda}}{\pi} I\bigr)^{-1} \, \nabla W \,
            \bigl(A + \pi \sqrt{\lambda}\, I\bigr)^{-1}, \qquad
            \pi^2 = \frac{\operatorname{tr} A / \dim A}{\operatorname{tr} G / \dim G} \\
        v &\leftarrow \mu v + \nu V \\
        W &\leftarrow W - \eta\, v

    where :math:`\bar a` is the input of the layer with a 1 appended, :math:`g` the gradient of a sample's
    loss with respect to the output of the layer, and :math:`\nu` keeps steps small,
    :math:`\nu = \min(1, \sqrt{\kappa / (\eta^2 \sum V \cdot \nabla W)})`.  It works because
    :math:`(A \otimes G) \operatorname{vec} V = \operatorname{vec}(G V A)`.

    Parameters
    ----------
    model : Module
        All its parameters are optimised, those of Linear layers as above.  Others, of normalisations or
        embeddings, make plain steps along their gradients with the same momentum; they are the second group,
        which may have a rate of its own.
    lr : float, default 1e-3
        The rate :math:`\eta \ge 0`.
    momentum : float, default 0.9
        :math:`0 \le \mu < 1`.
    damping : float, default 1e-3
        :math:`\lambda \ge 0`, divided between the factors.
    stat_decay : float, default 0.95
        How slowly the factors forget: the k-th of their averages is
        :math:`A \leftarrow \epsilon A + (1 - \epsilon) A_{batch}` with
        :math:`\epsilon = \min(1 - 1/k, \text{decay})`.
    kl_clip : float or None, default 1e-3
        :math:`\kappa`, about twice the largest Kullback-Leibler divergence of a step; ``None`` for any.
    statistics_every : int, default 10
        In every how many steps the factors are observed; that costs a second backward pass.
    inverses_every : int, default 100
        In every how many steps they are inverted; another ``damping`` counts from then on.
    likelihood : {"categorical", "bernoulli", "gaussian"}
        What the outputs of the model say of a target: logits of classes (the loss is the cross-entropy),
        logits of yes or no (binary cross-entropy), or means (squared error).
    fisher : {"sampled", "exact", "empirical"}
        From which targets :math:`g` is: drawn from the model, the true Fisher matrix at the price of one
        backward pass, as in the paper; all of them, weighted by their probability, the same without noise
        at the price of one pass for each output; or those of the data, which costs nothing, but is another
        matrix and no curvature of the loss.  The last takes :math:`g` from your own ``backward()``, and
        supposes that it is called on the loss of the batch as ``reduction`` says, not scaled: of a loss
        divided for gradient accumulation, or multiplied for half precision, :math:`G` would be off by the
        square of that factor.  The other two do not depend on it.
    variance : float, default 1.0
        Of the Gaussian: 1 fits the loss :math:`\frac12 \lVert z - y \rVert^2` of a sample, and
        :math:`k / 2` fits ``MSELoss`` over k outputs.
    reduction : {"mean", "sum"}
        How the loss joins its samples.
    weight_decay : float, default 0
        :math:`\lambda_2 \ge 0`; :math:`\lambda_2 \theta` is added to the gradient, and :math:`\lambda_2` to
        the damping.
    generator : Generator, optional
        Where targets are drawn; one of its own, seeded from the default generator, if not given.  Its state
        is saved with that of the optimizer.
    maximize : bool, default False
        Climb instead.
    decoupled_weight_decay : bool, default False
        Shrink the parameters by :math:`1 - \eta \lambda_2` instead of adding to the gradient.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer`; also if the model has no Linear layers, or two share their weight.

    Notes
    -----
    Call the model itself, in training mode, before ``backward()``: its factors are observed then, by hooks,
    which :meth:`close` removes.  Each row of a layer's input has to be one sample, and each layer is to be
    called once in a forward pass.

    The paper also chooses rate and momentum anew in each step, from the quadratic model, and adapts the
    damping; here they are hyperparameters, as in the programs in use.

    References
    ----------
    - J. Martens, R. Grosse, Optimizing neural networks with Kronecker-factored approximate curvature, 2015.
    - J. Ba, R. Grosse, J. Martens, Distributed second-order optimization using Kronecker-factored
      approximations, 2017 (``kl_clip``).
    - Document 000, section 1.2, reference 6.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> _ = mg.manual_seed(0)
    >>> points, labels = mg.data.moons(200)
    >>> model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    >>> optimizer = mg.optim.KFAC(model, lr=0.1, likelihood="categorical", inverses_every=10)
    >>> for _ in range(60):
    ...     loss = nn.functional.cross_entropy(model(points), labels)
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     optimizer.step()
    >>> mg.train.accuracy(model(points), labels).item() > 0.95
    True
    """

    defaults = {
        "lr": 1e-3,
        "momentum": 0.9,
        "damping": 1e-3,
        "stat_decay": 0.95,
        "kl_clip": 1e-3,
        "statistics_every": 10,
        "inverses_every": 100,
        "weight_decay": 0,
    }
    state = ("step", "momentum_buffer")
    equation = "V = (G + √λ/π I)⁻¹ ∇W (A + π√λ I)⁻¹\nv ← μ v + ν V\nW ← W − η v"
    ranges = Optimizer.ranges | {
        "momentum": (0, 1),
        "damping": (0, math.inf),
        "stat_decay": (0, 1),
    }

    def __init__(
        self,
        model: Module,
        lr: float = 1e-3,
        momentum: float = 0.9,
        damping: float = 1e-3,
        stat_decay: float = 0.95,
        kl_clip: float | None = 1e-3,
        statistics_every: int = 10,
        inverses_every: int = 100,
        *,
        likelihood: str,
        fisher: str = "sampled",
        variance: float = 1.0,
        reduction: str = "mean",
        generator: Generator | None = None,
        **options: Any,
    ) -> None:
        if not isinstance(model, Module):
            raise self._error(
                TypeError, f"the first argument is the model, a Module, not {type(model).__name__}"
            )
        check_choice(self, LIKELIHOODS, likelihood=likelihood)
        check_choice(self, FISHERS, fisher=fisher)
        check_choice(self, ("mean", "sum"), reduction=reduction)
        check(self, POSITIVE, variance=variance)
        self.likelihood, self.fisher = likelihood, fisher
        self.variance, self.reduction = variance, reduction
        self._draw_from(generator)
        linear = {
            name: module for name, module in model.named_modules() if isinstance(module, Linear)
        }
        self._layers = [Layer(name or "model", module) for name, module in linear.items()]
        super().__init__(
            self._grouped(model),
            lr=lr,
            momentum=momentum,
            damping=damping,
            stat_decay=stat_decay,
            kl_clip=kl_clip,
            statistics_every=statistics_every,
            inverses_every=inverses_every,
            **options,
        )
        self._handles = [
            module.register_forward_hook(layer.note, with_kwargs=True)
            for layer, module in zip(self._layers, linear.values(), strict=True)
        ]
        self._handles.append(model.register_forward_pre_hook(self._before_forward))
        self._handles.append(model.register_forward_hook(self._after_forward))

    def _grouped(self, model: Module) -> list[dict[str, Any]]:
        """Return the groups: the parameters of Linear layers, and the others if there are any."""
        if not self._layers:
            raise self._error(ValueError, "the model has no Linear layers")
        named = dict(model.named_parameters())
        layers = [p for layer in self._layers for p in (layer.weight, layer.bias) if p is not None]
        inner = {name: p for name, p in named.items() if any(p is q for q in layers)}
        if len(inner) < len(layers):
            raise self._error(
                ValueError, "two Linear layers share a parameter; K-FAC is not defined for them"
            )
        outer = {name: p for name, p in named.items() if name not in inner}
        return [{"params": list(group.items())} for group in (inner, outer) if group]

    def check(self, group: dict[str, Any]) -> None:
        """Raise an error if a hyperparameter is out of its range."""
        super().check(group)
        whole = {name: group[name] for name in ("statistics_every", "inverses_every")}
        check(self, WHOLE, **whole)
        if group["kl_clip"] is not None:
            check(self, POSITIVE, kl_clip=group["kl_clip"])

    def close(self) -> None:
        """Remove the hooks from the model: nothing is observed any more."""
        for handle in self._handles:
            handle.remove()

    # Observing ------------------------------------------------------------------------------------

    def _is_due(self, what: str) -> bool:
        """Tell whether the next step is one in which ``what`` happens."""
        states = [self._state.get(layer.weight, {}) for layer in self._layers]
        return max(kept.get("step", 0) for kept in states) % self.param_groups[0][what] == 0

    def _before_forward(self, model: Any, args: Any) -> None:
        watching = model.training and is_grad_enabled() and self._is_due("statistics_every")
        for layer in self._layers:
            layer.calls = [] if watching else None

    def _after_forward(self, model: Any, args: Any, outputs: Any) -> None:
        if all(layer.calls is None for layer in self._layers):
            return
        self._check_outputs(outputs)
        n = len(outputs)
        passed = [(layer, layer.add_inputs(n)) for layer in self._layers]
        seen = {layer: s for layer, s in passed if s is not None and s.requires_grad}
        if not seen:
            return
        if self.fisher == "empirical":
            factor = n if self.reduction == "mean" else 1
            for layer, s in seen.items():
                s.register_hook(partial(_add_scaled, layer, factor))
            return
        for layer in seen:
            layer.differentiated += n
        for seed in self._seeds(outputs):
            found = grad(
                outputs, list(seen.values()), seed, retain_graph=True, materialize_grads=True
            )
            for layer, g in zip(seen, found, strict=True):
                layer.add_gradients(g.array)

    def _seeds(self, outputs: Tensor) -> Iterator[Tensor]:
        """Yield what is to be swept back from the outputs."""
        if self.fisher == "exact":
            yield from all_gradients(outputs, self.likelihood, self.variance)
        else:
            yield sampled_gradient(outputs, self.likelihood, self.variance, self.generator)

    def _check_outputs(self, outputs: Any) -> None:
        """Raise an error if the likelihood does not fit what the model returned."""
        shape = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        fits = isinstance(outputs, Tensor) and outputs.ndim > 0
        if self.likelihood == "categorical":
            fits = fits and outputs.ndim == 2 and outputs.shape[1] > 1
        if not fits:
            expected = "(N, C), C > 1" if self.likelihood == "categorical" else "(N, ...)"
            raise self._error(
                RuntimeError,
                f"likelihood {self.likelihood!r} needs outputs of shape {expected}, the model returned "
                f"{shape}",
            )

    # Steps ----------------------------------------------------------------------------------------

    def update(self, theta, g, s, lr, momentum):
        """Change ``theta`` in place; ``g`` is the natural gradient already."""
        s.momentum_buffer *= momentum
        s.momentum_buffer += g
        theta -= xp_of(theta).multiply(s.momentum_buffer, lr, out=s.work)

    def _apply_rule(self) -> None:
        invert = self._is_due("inverses_every")
        for layer in self._layers:
            self._average(layer)
            kept = self._state[layer.weight]
            if "A" in kept and (invert or "A_inverse" not in kept):
                self._invert(layer)
        with self._natural_gradients():
            super()._apply_rule()

    def _make_ready(self, bundle: Any) -> None:
        super()._make_ready(bundle)
        if bundle.group is self.param_groups[0]:  # natural gradients have sign and decay in them
            hyperparameters, _, shrink, _ = bundle.options
            bundle.options = hyperparameters, 0, shrink, False

    def _average(self, layer: Layer) -> None:
        """Take what went through a layer since the last step into the averages of its factors."""
        found = layer.factors(self.reduction)
        layer.forget()
        if found is None:
            return
        kept = self._state[layer.weight]
        kept["averages"] = k = kept.get("averages", 0) + 1
        eps = min(1 - 1 / k, plain(self.param_groups[0]["stat_decay"]))
        for name, new in zip("AG", found, strict=True):
            average = eps * kept[name].array + (1 - eps) * new if k > 1 else new
            kept[name] = wrap(average, None)

    def _invert(self, layer: Layer) -> None:
        """Invert the factors of a layer, each with its part of the damping.

        Raises
        ------
        ValueError
            If there is no damping and one is singular.
        """
        kept = self._state[layer.weight]
        first, second = kept["A"].array, kept["G"].array
        xp, where = xp_of(first), kept["A"].device
        damping, decay = self._damping_and_decay()
        root = math.sqrt(damping + decay)
        means = [xp.trace(factor) / len(factor) + _TINY for factor in (first, second)]
        pi = xp.sqrt(means[0] / means[1])
        for name, factor, share in (("A", first, root * pi), ("G", second, root / pi)):
            damped = factor + share * eye(len(factor), dtype=factor.dtype, device=where).array
            try:
                kept[f"{name}_inverse"] = wrap(xp.linalg.inv(damped), None)
            except np.linalg.LinAlgError:
                raise self._error(
                    ValueError,
                    f"factor {name} of layer {layer.name!r}, shape {tuple(factor.shape)}, is singular; give "
                    "damping > 0",
                ) from None

    def _damping_and_decay(self) -> tuple[float, float]:
        """Return damping, and the weight decay that is part of the gradient."""
        group = self.param_groups[0]
        decay = 0 if group["decoupled_weight_decay"] else plain(group["weight_decay"])
        return plain(group["damping"]), decay

    @contextmanager
    def _natural_gradients(self) -> Iterator[None]:
        """Let ``.grad`` of the parameters of Linear layers be their natural gradients."""
        pairs = [(layer, self._gradient(layer)) for layer in self._layers]
        found = [(layer, m, self._natural(layer, m)) for layer, m in pairs if m is not None]
        factor = self._factor([(m, v) for _, m, v in found])
        params = [p for layer in self._layers for p in (layer.weight, layer.bias) if p is not None]
        gradients = [p._grad for p in params]
        try:
            for layer, _, v in found:
                _put(layer, v if factor is None else factor * v)
            yield
        finally:
            for p, gradient in zip(params, gradients, strict=True):
                p._grad = gradient

    def _gradient(self, layer: Layer) -> Any:
        """Return the gradient of a layer, weights and bias side by side; ``None`` if it has none."""
        params = [p for p in (layer.weight, layer.bias) if p is not None]
        if all(p._grad is None for p in params):
            return None
        maximize, decay = self.param_groups[0]["maximize"], self._damping_and_decay()[1]
        columns = []
        for p in params:
            xp = xp_of(p.array)
            g = xp.zeros_like(p.array) if p._grad is None else p._grad.array
            if decay or maximize:
                g = penalised(p.array, g, decay, maximize, xp.empty_like(g))
            columns.append(xp.reshape(g, (len(g), -1)))
        return xp.concatenate(columns, axis=1) if len(columns) > 1 else columns[0]

    def _natural(self, layer: Layer, gradient: Any) -> Any:
        kept = self._state[layer.weight]
        if "A_inverse" not in kept:
            raise self._error(
                RuntimeError,
                f"nothing is known yet of the curvature of layer {layer.name!r}: before backward(), call the "
                "model itself, in training mode",
            )
        return kept["G_inverse"].array @ gradient @ kept["A_inverse"].array

    def _factor(self, pairs: list[tuple[Any, Any]]) -> Any:
        r"""Return :math:`\nu`; ``None`` stands for 1."""
        group = self.param_groups[0]
        if group["kl_clip"] is None or not pairs:
            return None
        xp = xp_of(pairs[0][0])
        size = sum(xp.sum(m * v) for m, v in pairs) * plain(group["lr"]) ** 2
        limit = plain(group["kl_clip"])
        return xp.sqrt(limit / xp.maximum(size, limit))

    # Loading --------------------------------------------------------------------------------------

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what ``state_dict()`` returned, of the same model or another of its kind.

        Raises
        ------
        TypeError, ValueError, RuntimeError
            If it does not fit; nothing has been changed then.
        """
        super().load_state_dict(state_dict)
        for layer in self._layers:
            layer.forget()


_TINY = 1e-30  # so that a layer of which nothing comes through divides nothing by zero


def _add_scaled(layer: Layer, factor: float, gradient: Tensor) -> None:
    """Add the gradients of the loss of each sample, given those of the loss of the batch."""
    layer.add_gradients(factor * gradient.array, samples=len(gradient))


def _put(layer: Layer, matrix: Any) -> None:
    """Let the columns of a matrix be the gradients of a layer, where it has gradients."""
    columns = layer.weight.shape[1]
    if layer.weight._grad is not None:
        layer.weight._grad = wrap(matrix[:, :columns], None)
    if layer.bias is not None and layer.bias._grad is not None:
        layer.bias._grad = wrap(matrix[:, columns], None)
