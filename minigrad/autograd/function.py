"""``Function``: an operation as a class with ``forward`` and ``backward``, in PyTorch's style."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any

from minigrad import engine
from minigrad.engine import (
    NO_PARAMS,
    Node,
    Plan,
    describe,
    item_node,
    leaf_node,
    new_node,
    state,
    wrap,
)
from minigrad.versions import last_written


class Context:
    """What ``forward`` leaves for ``backward``: tensors, and any attributes.

    Attributes
    ----------
    saved_tensors : tuple of Tensor
        What :meth:`save_for_backward` was given.
    needs_input_grad : tuple of bool
        Which arguments of ``forward`` want a gradient.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Any, ...] = ()
        self._tensors: tuple[Any, ...] = ()
        self._without_gradient: tuple[Any, ...] = ()
        self._materializes = True
        self._node: Any = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs of ``forward`` (or ``None``) for ``backward``."""
        self._tensors = tensors

    def _recorded_by(self, node: Node, args: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        """Keep of the saved tensors what ``node`` may hold without holding itself.

        An input is its array and its node; an output its array and its number.  What is both counts as
        the input: as an output it would be differentiated through ``backward`` once more.
        """
        self._node = weakref.ref(node)
        entries: list[Any] = []
        for tensor in self._tensors:
            given = any(arg is tensor for arg in args)
            number = next((i for i, out in enumerate(outputs) if out is tensor and not given), None)
            if tensor is None:
                entries.append(None)
            else:
                entries.append((tensor.array, tensor.node if number is None else number))
        self._saved = tuple(entries)
        self._tensors = ()

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors kept, connected to the graph they belong to.

        Raises
        ------
        RuntimeError
            If one of them was changed in place since.
        """
        node = self._node and self._node()
        if node is None:
            return self._tensors
        return tuple(entry and self._restored(node, *entry) for entry in self._saved)

    def _restored(self, node: Node, array: Any, origin: Any) -> Any:
        if last_written(array) > node.number:
            raise RuntimeError(
                f"a value needed for the gradient was changed in place: a tensor saved by {describe(node)} "
                f"at version {node.number} is now at version {last_written(array)}"
            )
        return wrap(array, item_node(node, origin, array) if isinstance(origin, int) else origin)

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say that these outputs of ``forward`` have no gradient; what is not floating has none anyhow."""
        self._without_gradient = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Say whether ``backward`` is given zeros (the default) for outputs without gradient, or ``None``."""
        self._materializes = value


class FunctionOp:
    """The little of :class:`minigrad.ops.declare.Op` that the engine asks of an operation."""

    residuals: tuple[str, ...] = ()

    def __init__(self, function: type, materializes: bool = True) -> None:
        self.name = function.__name__
        self.materializes = materializes  # gradients that did not arrive, as zeros
        self.function = function  # for ``explain``

    def input_name(self, position: Any) -> str:
        """Return a name for an argument."""
        return f"argument {position}"


class Function:
    """Base class of custom operations in PyTorch's style.

    Subclass it with two static methods: ``forward(ctx, *args)`` computes, unrecorded, from tensors and
    anything else; ``backward(ctx, *grads)`` returns one gradient per argument of ``forward`` (``None``
    for what is no tensor).  Call ``apply``.  Where second derivatives are wanted, ``backward`` is run
    recorded, so it has to consist of differentiable operations on ``ctx.saved_tensors``.

    ``forward`` may also be written without ``ctx``, as ``forward(*args)``; then a third static method,
    ``setup_context(ctx, inputs, output)``, keeps what ``backward`` needs.

    :func:`minigrad.op` declares the same in fewer lines, and is checked more easily.

    Examples
    --------
    >>> import minigrad as mg
    >>> class Cube(mg.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x**2
    >>> x = mg.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute; to be overridden."""
        raise TypeError("a Function needs a static method forward(ctx, ...)")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Keep what ``backward`` needs; to be overridden where ``forward`` takes no ``ctx``."""

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Return the gradients of the arguments; to be overridden."""
        raise TypeError("a Function needs a static method backward(ctx, ...)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse, as PyTorch does since 2018.

        Raises
        ------
        RuntimeError
            Always; it says what to write.
        """
        name = type(self).__name__
        raise RuntimeError(f"a Function is not called: write {name}.apply(...), not {name}()(...)")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` and record ``backward``.

        Raises
        ------
        TypeError
            If ``forward`` returns something else than tensors.
        """
        tensor_class = engine.Tensor
        now = state.get()
        needs = tuple(
            isinstance(arg, tensor_class) and arg.requires_grad and now.grad_enabled for arg in args
        )
        context = Context(needs)
        token = state.set(now.recording(False))
        try:
            if cls.setup_context is Function.setup_context:
                result = cls.forward(context, *args, **kwargs)
            else:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(context, args, result)
        finally:
            state.reset(token)
        several = isinstance(result, (tuple, list))
        outputs = tuple(result) if several else (result,)
        for output in outputs:
            if not isinstance(output, tensor_class):
                raise TypeError(
                    f"{cls.__name__}.forward has to return tensors, got {type(output).__name__}"
                )
        if any(needs):
            outputs = cls._record(context, args, needs, outputs, now.scope)
        return outputs if several else outputs[0]

    @classmethod
    def _record(
        cls, context: Context, args: tuple, needs: tuple, outputs: tuple, scope: tuple[str, ...]
    ) -> tuple[Any, ...]:
        """Return the outputs with a node that runs ``backward``."""
        sources = tuple(_source(arg) for arg in args)

        def rule(xp: Any, gradients: Any, wanted: Any, ctx: Context) -> tuple[Any, ...]:
            return cls._pull(ctx, xp is engine.tensor_namespace, gradients, sources)

        plan = Plan(
            FunctionOp(cls, context._materializes), needs, joint=(rule, (0,)), sources=(None,)
        )
        node = new_node(
            plan,
            sources,
            (context,),
            NO_PARAMS,
            tuple(output.array.shape for output in outputs),
            tuple(output.array.dtype for output in outputs),
            scope,
        )
        results = tuple(
            wrap(output.array, item_node(node, index, output.array))
            if output.dtype.kind == "f" and not any(o is output for o in context._without_gradient)
            else wrap(output.array, None)
            for index, output in enumerate(outputs)
        )
        context._recorded_by(node, args, outputs)
        context._without_gradient = ()
        return results

    @classmethod
    def _pull(cls, ctx: Context, recorded: bool, gradients: Any, sources: Any) -> tuple[Any, ...]:
        """Run ``backward`` on tensors; return raw arrays unless it is being recorded."""
        count = len(sources)
        shown = gradients if recorded else [g if g is None else wrap(g, None) for g in gradients]
        answer = cls.backward(ctx, *shown)
        answers = tuple(answer) if isinstance(answer, (tuple, list)) else (answer,)
        if len(answers) < count or any(a is not None for a in answers[count:]):
            raise RuntimeError(
                f"{cls.__name__}.backward returned {len(answers)} gradients for {count} arguments"
            )
        for position, (need, part) in enumerate(zip(ctx.needs_input_grad, answers, strict=False)):
            if need and part is not None and not isinstance(part, engine.Tensor):
                raise TypeError(
                    f"{cls.__name__}.backward has to return tensors or None, got "
                    f"{type(part).__name__} for argument {position}"
                )
        fitted = (
            a.to(source.dtype) if isinstance(a, engine.Tensor) and source is not None else None
            for a, source in zip(answers, sources, strict=False)
        )
        return tuple(fitted) if recorded else tuple(None if a is None else a.array for a in fitted)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ``backward`` that is not to be differentiated again: trying to raises.

    It is run unrecorded, so it may compute with NumPy or whatever else.

    Examples
    --------
    >>> import minigrad as mg
    >>> class Square(mg.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...
    ...     @staticmethod
    ...     @mg.autograd.function.once_differentiable
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * mg.from_numpy(2 * x.detach().numpy())
    """

    @functools.wraps(backward)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        now = state.get()
        token = state.set(now.recording(False))
        try:
            answer = backward(ctx, *grads)
        finally:
            state.reset(token)
        if not now.grad_enabled:
            return answer
        origins = [one for one in (*grads, *ctx.saved_tensors) if one is not None]
        answers = answer if isinstance(answer, (tuple, list)) else (answer,)
        return tuple(one if one is None else _Once.apply(one, *origins) for one in answers)

    return wrapper


class _Once(Function):
    """The first of several tensors, as a result of all of them whose gradient nobody knows."""

    @staticmethod
    def forward(ctx: Any, answer: Any, *origins: Any) -> Any:
        return answer

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError(
            "a second derivative was asked of a Function whose backward is marked @once_differentiable"
        )


def _source(arg: Any) -> Node | None:
    if not isinstance(arg, engine.Tensor):
        return None
    return leaf_node(arg, requires_grad=False) if arg.node is None else arg.node
