"""Derivatives as functions of functions, with the names of ``torch.func``.

Each takes a function of tensors and returns a function.  The arguments need no ``requires_grad``: they
are differentiated as fresh leaves.  The results can be differentiated again, so that the calls nest:
``grad(grad(f))``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from minigrad import engine
from minigrad._backward import grad as _grad, sweep_rows
from minigrad.autograd.function import FunctionOp
from minigrad.autograd.modes import enable_grad, is_grad_enabled
from minigrad.backend.devices import xp_of
from minigrad.engine import wrap

__all__ = ["grad", "hessian", "hvp", "jacrev", "jvp", "value_and_grad", "vjp"]


def _positions(argnums: int | tuple[int, ...]) -> tuple[int, ...]:
    return argnums if isinstance(argnums, tuple) else (argnums,)


def _entered(args: tuple[Any, ...], positions: tuple[int, ...]) -> tuple[list[Any], list[Any]]:
    """Return the arguments with those at ``positions`` made variables, and these variables.

    A variable that comes from a graph stays connected to it (through ``alias``), so that an outer
    derivative sees it; one that does not becomes a leaf of its own.

    Raises
    ------
    TypeError
        If an argument to differentiate is no floating tensor.
    """
    arguments = list(args)
    for position in positions:
        value = engine.as_tensor(arguments[position])
        if value.dtype.kind != "f":
            raise TypeError(
                f"argument {position} is {value.dtype}; only floating tensors have gradients"
            )
        arguments[position] = (
            value.alias() if value.requires_grad else value.detach().requires_grad_()
        )
    return arguments, [arguments[position] for position in positions]


def _scalar(value: Any) -> Any:
    if not isinstance(value, engine.Tensor) or value.numel() != 1:
        shape = tuple(value.shape) if isinstance(value, engine.Tensor) else type(value).__name__
        raise RuntimeError(
            f"the gradient is of a function that returns one number; this one returned {shape}: "
            "see vjp and jacrev"
        )
    return value


def _nodes_behind(tensor: Any) -> list[Any]:
    """Return the nodes that ``tensor`` was computed by, as far as gradients flow."""
    seen = {tensor.node} if tensor.requires_grad else set()
    found = list(seen)
    for node in found:  # grows while it is walked
        for position in node.plan.wanted:
            source = node.inputs[position]
            if source not in seen:
                seen.add(source)
                found.append(source)
    return found


def _concerns_outside(tensor: Any, variables: list[Any]) -> bool:
    """Tell whether something outside could differentiate ``tensor``.

    If all leaves that it was computed from are the fresh variables of this call, no outer derivative and no
    ``requires_grad`` of the caller's is involved.
    """
    own = {variable.node for variable in variables if variable.is_leaf}
    return any(
        node.plan.kind == "leaf" and node.requires_grad and node not in own
        for node in _nodes_behind(tensor)
    )


def _derivative_may(tensor: Any, variables: list[Any]) -> bool:
    """Tell whether something outside could differentiate the derivatives of ``tensor``.

    Hooks, and the ``backward`` of an ``autograd.Function``, may bring in what the graph does not show.
    """
    return _concerns_outside(tensor, variables) or any(
        node.hooks or isinstance(node.plan.op, FunctionOp) for node in _nodes_behind(tensor)
    )


def _finished(results: Any, variables: list[Any]) -> Any:
    """Return results that nothing outside can differentiate as constants, so that they keep no graph.

    Nor can anything if the caller records nothing.
    """
    if isinstance(results, dict):
        return {key: _finished(part, variables) for key, part in results.items()}
    if type(results) in (tuple, list):
        return type(results)(_finished(part, variables) for part in results)
    if not isinstance(results, engine.Tensor) or not results.requires_grad:
        return results
    if is_grad_enabled() and _concerns_outside(results, variables):
        return results
    return results.detach()


def _gradients(
    outputs: Any, variables: list[Any], seeds: Any = None, create_graph: bool = True
) -> tuple[Any, ...]:
    """Return gradients, recorded unless told otherwise; zeros for a variable that was not used."""
    if not outputs.requires_grad:
        return tuple(wrap(xp_of(v.array).zeros_like(v.array), None) for v in variables)
    return _grad(outputs, variables, seeds, True, create_graph, materialize_grads=True)


def _rows(output: Any, variables: list[Any], create_graph: bool) -> list[Any]:
    """Return the gradients of all elements of ``output`` with respect to each variable, stacked."""
    found: dict[Any, Any] = {}
    count = output.numel()
    if output.requires_grad:
        units = ([unit] for unit in _units(output.array, create_graph))
        targets = [variable.node for variable in variables]
        found = sweep_rows([output.node], targets, units, count, True, create_graph)
    for variable in variables:
        if variable.node not in found:
            found[variable.node] = variable.detach().new_zeros(count, *variable.shape)
    return [found[variable.node] for variable in variables]


def _units(like: Any, as_tensors: bool) -> Iterator[Any]:
    """Yield arrays like the given one, of which one element after the other is 1 and all others 0."""
    xp = xp_of(like)
    for number in range(like.size):
        unit = xp.zeros(like.size, like.dtype)
        unit[number] = 1
        unit = xp.reshape(unit, like.shape)
        yield wrap(unit, None) if as_tensors else unit


def value_and_grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that gives the value of ``func`` and its gradient.

    Parameters
    ----------
    func : callable
        Returns a tensor of one element (and something else, with ``has_aux``).
    argnums : int or tuple of int, default 0
        With respect to which arguments.
    has_aux : bool, default False
        ``func`` returns ``(value, aux)``; the new function then returns ``((value, aux), gradient)``.
        Tensors in ``aux``, also in tuples, lists and dictionaries, keep no graph.

    Returns
    -------
    callable
        With the arguments of ``func``, returning ``(value, gradient)``; the gradient is a tuple if
        ``argnums`` is.
    """

    def compute(*args: Any, **kwargs: Any) -> Any:
        recording = is_grad_enabled()
        with enable_grad():
            arguments, variables = _entered(args, _positions(argnums))
            result = func(*arguments, **kwargs)
            value, aux = result if has_aux else (result, None)
            again = recording and _derivative_may(_scalar(value), variables)
            found = _gradients(value, variables, create_graph=again)
        value, found, aux = _finished((value, found, aux), variables)
        gradient = found if isinstance(argnums, tuple) else found[0]
        return ((value, aux) if has_aux else value), gradient

    return compute


def grad(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return the gradient of ``func`` as a function.

    Parameters
    ----------
    func : callable
        Returns a tensor of one element (and something else, with ``has_aux``).
    argnums : int or tuple of int, default 0
        With respect to which arguments.
    has_aux : bool, default False
        ``func`` returns ``(value, aux)``, the new function ``(gradient, aux)``.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.func.grad(mg.func.grad(mg.sin))(mg.tensor(0.5)).item() == -mg.tensor(0.5).sin().item()
    True
    """
    both = value_and_grad(func, argnums, has_aux)

    def compute(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return compute


def vjp(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., tuple[Any, ...]]]:
    r"""Return ``func(*primals)`` and the function :math:`u \mapsto u^\top J`.

    Parameters
    ----------
    func : callable
        Returns a tensor.
    *primals : Tensor
        Where it is evaluated.

    Returns
    -------
    (Tensor, callable)
        The value, and a function from a cotangent in its shape to one gradient per primal.  It can be
        called many times.
    """
    with enable_grad():
        arguments, variables = _entered(primals, tuple(range(len(primals))))
        value = func(*arguments)

    def pull(cotangent: Any) -> tuple[Any, ...]:
        cotangent = engine.as_tensor(cotangent)
        outside = cotangent.requires_grad or _derivative_may(value, variables)
        again = is_grad_enabled() and outside
        with enable_grad():
            gradients = _gradients(value, variables, cotangent, again)
        return _finished(gradients, variables)

    return _finished(value, variables), pull


def jvp(
    func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]
) -> tuple[Any, Any]:
    r"""Return ``func(*primals)`` and the directional derivative :math:`J v`.

    It is computed by reverse mode twice: :math:`u \mapsto u^\top J` is linear in :math:`u`, and the
    gradient of :math:`u^\top J \cdot v` with respect to :math:`u` is :math:`J v`.

    Raises
    ------
    ValueError
        If a tangent has not the shape of its primal.
    """
    primals = tuple(map(engine.as_tensor, primals))
    tangents = tuple(map(engine.as_tensor, tangents))
    if [p.shape for p in primals] != [t.shape for t in tangents]:
        raise ValueError("jvp: each tangent has to have the shape of its primal")
    recording = is_grad_enabled()
    with enable_grad():
        arguments, variables = _entered(primals, tuple(range(len(primals))))
        value = func(*arguments)
        xp = xp_of(value.array)
        cotangent = wrap(xp.copy(xp.zeros_like(value.array)), None).requires_grad_()
        pulled = _gradients(value, variables, cotangent)
        total = sum(((g * t).sum() for g, t in zip(pulled, tangents, strict=True)), start=0.0)
        if not isinstance(total, engine.Tensor) or not total.requires_grad:
            direction = wrap(xp.zeros_like(value.array), None)
        else:
            again = recording and _derivative_may(total, [*variables, cotangent])
            (direction,) = _gradients(total, [cotangent], create_graph=again)
    return _finished((value, direction), [*variables, cotangent])


def jacrev(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """Return a function that gives the Jacobian of ``func``, row by row in reverse mode.

    Parameters
    ----------
    func : callable
        Returns a tensor.
    argnums : int or tuple of int, default 0
        With respect to which arguments.

    Returns
    -------
    callable
        Its result has the shape ``output.shape + input.shape`` (a tuple of such, if ``argnums`` is one).
    """

    def compute(*args: Any, **kwargs: Any) -> Any:
        recording = is_grad_enabled()
        with enable_grad():
            arguments, variables = _entered(args, _positions(argnums))
            value = func(*arguments, **kwargs)
            again = recording and _derivative_may(value, variables)
            jacobians = tuple(
                rows.reshape(*value.shape, *variable.shape)
                for rows, variable in zip(_rows(value, variables, again), variables, strict=True)
            )
        jacobians = _finished(jacobians, variables)
        return jacobians if isinstance(argnums, tuple) else jacobians[0]

    return compute


def hessian(func: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """Return a function that gives the matrix of second derivatives of ``func``, which returns one number.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.func.hessian(lambda x: (x**3).sum())(mg.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacrev(grad(func, argnums), argnums)


def hvp(func: Callable[..., Any], primals: Any, tangents: Any) -> tuple[Any, Any]:
    r"""Return ``func(x)`` and :math:`H v`, the Hessian times a vector, without forming the Hessian.

    It is the gradient of :math:`\nabla f(x) \cdot v`: two sweeps, whatever the size.

    Parameters
    ----------
    func : callable
        Returns a tensor of one element.
    primals, tangents : Tensor, or tuples of Tensor
        The point :math:`x` and the vector :math:`v`.

    Returns
    -------
    (Tensor, Tensor or tuple of Tensor)
        The value, and the product in the form of ``primals``.
    """
    several = isinstance(primals, (tuple, list))
    points = tuple(primals) if several else (primals,)
    vectors = tuple(tangents) if several else (tangents,)
    recording = is_grad_enabled()
    with enable_grad():
        arguments, variables = _entered(points, tuple(range(len(points))))
        value = _scalar(func(*arguments))
        slopes = _gradients(value, variables)
        total = sum(((g * v).sum() for g, v in zip(slopes, vectors, strict=True)), start=0.0)
        if not isinstance(total, engine.Tensor) or not total.requires_grad:
            result = tuple(wrap(xp_of(p.array).zeros_like(p.array), None) for p in variables)
        else:
            again = recording and _derivative_may(total, variables)
            result = _gradients(total, variables, create_graph=again)
    value, result = _finished((value, result), variables)
    return value, (result if several else result[0])
