"""``mg.compile``: what is recorded once, and then replayed without the engine."""

from __future__ import annotations

from typing import Any

from minigrad.compiling.functions import CompiledFunction
from minigrad.compiling.steps import CompiledStep
from minigrad.nn.module import Module


def compile(model: Any, loss: Any = None, optimizer: Any = None) -> Any:
    """Return a training step, or a function, that is recorded once and from then on replayed.

    ``step = compile(model, loss, optimizer)`` is a function of a batch; ``step(x, y)`` does ::

        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()

    and returns ``value``, detached.  ``compile(function)``, with nothing else, is called like the function;
    that may be one of :mod:`minigrad.func`, such as ``compile(mg.func.hessian(f))``.

    The first time, with tensors of some shapes, everything is done as ever and written down as a list of
    calls of NumPy, with memory laid out for their results.  After that the list is *replayed*, without
    modules, tensors, a graph or a sweep; then ``optimizer.step()`` is called as ever.  The numbers
    afterwards are bit for bit the same: results or loss, parameters, gradients (new tensors each time),
    running statistics, random numbers, the optimizer's state.

    Only what is known to do the same every time can be replayed.  Of steps these are those of a model that
    is made of minigrad's own layers, in a ``Sequential`` or alone, with one of its losses; of functions,
    those that compute their results from their arguments, and from numbers and tensors that stay what they
    are, by functions of minigrad's.  Whatever else (a module of your own, hooks, a list that may change, an
    observer such as :class:`~minigrad.profile`, arrays on a GPU) is done as ever, and
    :attr:`CompiledStep.reason` says why.  What is changed between two steps or calls counts in the next.

    Parameters
    ----------
    model : Module or function
        What is trained; without a loss, the function.
    loss : Module or function, optional
        Of the model's output and the target; a class of :mod:`minigrad.nn` or a function of
        :mod:`minigrad.nn.functional`.
    optimizer : Optimizer, optional
        Any.  Without, the step is ``model.zero_grad()``, forward and backward, and leaves the gradients.

    Returns
    -------
    CompiledStep or CompiledFunction
        What is called with a batch, or like the function.

    Raises
    ------
    TypeError
        If there is no loss and the model is not callable as a function is, or an optimizer without a loss.

    Notes
    -----
    A step is not for two threads at once: its memory is used again by the next.  A replay that ends with an
    exception, as NumPy may be told to raise for an overflow, has not touched the running statistics.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn, optim
    >>> _ = mg.manual_seed(0)
    >>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    >>> step = mg.compile(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))
    >>> x = mg.rand(20, 2)
    >>> losses = [step(x, x.sum(1, keepdim=True)).item() for _ in range(50)]
    >>> losses[-1] < 0.1 * losses[0]
    True
    >>> step.replays
    49

    >>> slopes = mg.compile(mg.func.grad(mg.logsumexp))
    >>> for x in (mg.tensor([0.0, 0.0]), mg.tensor([1.0, 1.0])):
    ...     print(slopes(x, dim=0), slopes.reason)
    tensor([0.5000, 0.5000]) the first call with tensors of shapes (2,)
    tensor([0.5000, 0.5000]) None
    """
    if loss is not None:
        return CompiledStep(model, loss, optimizer)
    if isinstance(model, Module) or optimizer is not None or not callable(model):
        raise TypeError(
            f"compile: a training step needs a model and a loss, compile(model, loss, optimizer); a function "
            f"comes alone; got {type(model).__name__} without a loss"
        )
    return CompiledFunction(model)
