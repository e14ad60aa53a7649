"""Stochastic variance-reduced gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad._tensor import Tensor
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.backend.generator import Generator, default_generator
from minigrad.optim.around import Around, Drawing, kept_buffers
from minigrad.optim.checks import check_choice
from minigrad.optim.elsewhere import placed
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD
from minigrad.optim.vectors import copies, gradients_in, moving, put, restored_on_error


class SVRG(Drawing, Around):
    r"""Stochastic descent without its noise: a full gradient now and then corrects that of each batch.

    At a snapshot :math:`\tilde\theta` the gradient :math:`\tilde\mu` of all the data is computed.  The steps
    that follow take the gradient :math:`g_B` of a batch at both points,

    .. math::
        \theta \leftarrow \theta - \eta \left( g_B(\theta) - g_B(\tilde\theta) + \tilde\mu \right)

    which is on the average the full gradient, and varies the less the closer both points are.  So the
    steps need not become shorter, as those of stochastic descent, to come to rest in the minimum.

    Two closures set the gradients to zero, compute a loss, call its ``backward()`` and return it
    (``observes = "gradient"``): that of ``snapshot(closure)`` for all the data, and that of
    ``step(closure)``, which is called twice, for one batch, drawn *before* the call::

        for epoch in range(10):
            optimizer.snapshot(full_closure)
            for batch in batches:
                optimizer.step(lambda: closure(batch))

    Both losses are means over their items.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised; see :class:`Optimizer`.
    lr : float, default 1e-3
        The rate :math:`\eta`.
    option : {"I", "II"}, default "I"
        What the next snapshot is taken of: the last point, or one that is drawn from those the steps
        began at; the parameters are moved there.
    base : callable, default SGD
        Makes the optimiser that takes the steps from parameters, ``lr`` and ``options``.
    model : Module, optional
        Its buffers are put back after the second call of a closure, so that the running statistics of
        batch normalisation see each batch once.
    generator : Generator, optional
        Where option II draws; if not given, one of its own, seeded by the default generator.
    **options
        For ``base``.

    Raises
    ------
    TypeError, ValueError
        As :class:`Optimizer` and ``base``; and for another ``option``.

    Notes
    -----
    The default generator is put back for the second call, so that dropout draws the same mask at both
    points; without that the difference of both gradients would be noise.  A closure that draws from
    another generator has to do the same; and so for random changes of the data.

    The paper makes 2n steps of one item after a snapshot where the loss is convex, 5n elsewhere.  For deep
    networks people report no gain.

    References
    ----------
    - Document 003, the notes on chapter 6, name it.
    - R. Johnson, T. Zhang, Accelerating stochastic gradient descent using predictive variance reduction,
      NeurIPS 2013.

    Examples
    --------
    >>> import minigrad as mg
    >>> x, y = mg.data.load_line()
    >>> phi = mg.tensor([0.0, 0.0], requires_grad=True)
    >>> optimizer = mg.optim.SVRG([phi], lr=0.1)
    >>> def closure(items):
    ...     optimizer.zero_grad()
    ...     loss = ((phi[0] + phi[1] * x[items] - y[items]) ** 2).mean()
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(60):
    ...     loss = optimizer.snapshot(lambda: closure(slice(None)))
    ...     for i in mg.randperm(12).tolist():
    ...         _ = optimizer.step(lambda: closure(slice(i, i + 1)))
    >>> phi
    tensor([0.8259, 0.5222], requires_grad=True)
    """

    equation = "θ ← θ − η (g_B(θ) − g_B(θ̃) + μ̃)"

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        option: str = "I",
        *,
        base: Callable[..., Optimizer] = SGD,
        model: Any = None,
        generator: Generator | None = None,
        **options: Any,
    ) -> None:
        check_choice(self, ("I", "II"), option=option)
        super().__init__(params, base, {"lr": lr, **options}, {})
        self.option = option
        self.model = model
        self._draw_from(generator)

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of what is kept for each parameter."""
        return ("snapshot", "full_gradient", "chosen", *super().state_names(group))

    def snapshot(self, closure: Callable[[], Any]) -> Any:
        """Take a snapshot of the parameters, and the full gradient there.

        If ``closure`` raises an exception, the parameters and the last snapshot are as before.

        Parameters
        ----------
        closure : callable
            Sets the gradients to zero, computes the loss of all the data, calls its ``backward()`` and
            returns it.

        Returns
        -------
        Tensor
            What ``closure`` returned.
        """
        params = moving(self)
        slots = [self.state[p] for p in params]
        with restored_on_error(params, copies(params)), enable_grad():
            if self.option == "II" and all("chosen" in slot for slot in slots):
                put(params, [slot["chosen"] for slot in slots])
            loss = closure()
        for slot, value, gradient in zip(slots, copies(params), gradients_in(params), strict=True):
            slot.pop("chosen", None)
            slot.update(snapshot=value, full_gradient=gradient.clone(), steps=0)
        return loss

    @no_grad()
    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Change all parameters, once; their ``.grad`` is then the gradient of the batch.

        Parameters
        ----------
        closure : callable
            Sets the gradients to zero, computes the loss of one batch, calls its ``backward()`` and returns
            it; called twice, and has to mean the same batch both times.

        Returns
        -------
        Tensor
            What the first call returned.

        Raises
        ------
        RuntimeError
            If there is no snapshot yet.
        """
        params = moving(self)
        slots = [self.state[p] for p in params]
        if not all("snapshot" in slot for slot in slots):
            raise self._error(RuntimeError, "call snapshot(closure) before the first step(closure)")
        began = default_generator.get_state()
        with enable_grad():
            loss = closure()
        here, ended = copies(gradients_in(params)), default_generator.get_state()
        default_generator.set_state(began)
        try:
            with placed(params, [slot["snapshot"] for slot in slots]), kept_buffers(self.model):
                with enable_grad():
                    closure()
                there = gradients_in(params)
        finally:
            default_generator.set_state(ended)
        self._choose(params, slots)
        for p, slot, new, old in zip(params, slots, here, there, strict=True):
            p.grad = new - old + slot["full_gradient"]
        self._step_base()
        for p, new in zip(params, here, strict=True):
            p.grad = new
        return loss

    def _choose(self, params: list[Tensor], slots: list[dict[str, Any]]) -> None:
        """Keep where this step begins, with a chance that makes all steps equally likely in the end."""
        number = slots[0]["steps"] + 1
        for slot in slots:
            slot["steps"] = number
        if self.option == "II" and int(self.generator.integers(0, number, (1,))[0]) == 0:
            for slot, value in zip(slots, copies(params), strict=True):
                slot["chosen"] = value
