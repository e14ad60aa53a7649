"""How an operation is declared: ``@op`` over its forward, and its derivative beside it.

::

    @op
    def tanh(xp, x):
        return xp.tanh(x)

    tanh.vjp(x=lambda xp, g, out: g * (1 - out * out))

The forward is given the namespace ``xp`` and raw arrays.  Inputs that have a derivative are
positional; everything else (axes, indices, masks) is keyword-only.  A rule is given ``xp``, the
gradient ``g`` of the output, and whatever else it *names*, and only what is named is kept:

========================  ==========================================================================
a name                    is
========================  ==========================================================================
an input, ``x``           the value of that input
``x_shape``               its shape (keeps no array; not with two inputs and no keyword)
``out``                   the output
a keyword of the forward  its value
a residual                see :meth:`Op.stands_for`
``needs``                 (joint rules only, third) which inputs need a gradient
========================  ==========================================================================

It returns the contribution to the gradient of its input, in the input's shape or one broadcast from
it: the engine undoes broadcasting.  It writes into nothing it was given.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy import ndarray

from minigrad import engine
from minigrad.backend.devices import NAMESPACES, xp_of
from minigrad.dtypes import SUPPORTED, float16, float32, get_default_dtype, promote
from minigrad.engine import (
    CONSTANT,
    NO_PARAMS,
    PLAIN,
    Node,
    Plan,
    State,
    current_state,
    item_node,
    leaf_node,
    new_node,
    new_object,
    state,
    wrap,
)

REGISTRY: dict[str, Op] = {}
"""Every operation of minigrad by name; the tests and the table in the docs are driven by it."""

NUMBERS = frozenset((int, float))
SCALAR_TYPES = frozenset(dtype.type for dtype in SUPPORTED)  # which tell the dtype
_PASS_ON = (ValueError, TypeError, IndexError, ZeroDivisionError, OverflowError, RuntimeError)


class Op:
    """A differentiable operation.  Made by :func:`op`; called with Tensors and Python numbers.

    Parameters
    ----------
    forward : callable
        ``forward(xp, *inputs, **params)`` on raw arrays.
    dtypes : {"promote", "float", "same", "any"}
        What happens to the inputs' dtypes before the forward: PyTorch's promotion; the same, then
        integers become the default floating dtype; mixed dtypes raise; nothing.
    analytic : bool
        Whether forward accepts complex arrays and is complex differentiable, so that the complex
        step can check it.
    kinks : str
        Where the derivative is a convention, and which: a line for the table in the docs.
    differentiable : bool
        Whether it is recorded at all; if not, as for comparisons, its results never require gradients.
    wide : bool
        Whether float16 is computed in float32, in forward and rules, and the result rounded, as in
        PyTorch: for operations inside which float16 would overflow or lose digits.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        dtypes: str = "promote",
        analytic: bool = False,
        kinks: str = "",
        differentiable: bool = True,
        wide: bool = False,
    ) -> None:
        code = forward.__code__
        self.name = forward.__name__.rstrip("_")
        self.forward = forward
        self.__doc__ = forward.__doc__
        self.__name__ = forward.__name__
        self.__module__ = forward.__module__
        positional = code.co_varnames[: code.co_argcount]
        self.variadic = bool(code.co_flags & 0x04)
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        self.input_names = positional[1:]
        if self.variadic:
            self.input_names = (code.co_varnames[code.co_argcount + code.co_kwonlyargcount],)
        defaults = forward.__kwdefaults__ or {}
        self.defaults = {name: defaults.get(name) for name in keywords}
        self.dtypes = dtypes
        self.floating = dtypes == "float"
        self.takes_numbers = dtypes != "same"
        self.analytic = analytic
        self.kinks = kinks
        self.differentiable = differentiable
        self.wide = wide
        self.rules: dict[str, Callable[..., Any]] = {}
        self.joint: Callable[..., Any] | None = None
        self.residuals: tuple[str, ...] = ()
        self.composite: Callable[..., Any] | None = None
        self.make_samples: Callable[..., Iterable[Any]] | None = None
        self.plans: dict[tuple[bool, ...], Plan] = {}
        # The same where the short paths look: [1] if only the first input needs a gradient, [2] if only
        # the second does, [3] for both.
        self.short_plans: list[Plan | None] = [None] * 4
        if wide and not isinstance(self, KeywordOp):  # which the other short paths do not know
            self.apply = functools.partial(Op.apply, self)  # type: ignore[method-assign]

    def vjp(self, *joint: Callable[..., Any], **rules: Callable[..., Any]) -> Op:
        """Declare the derivative: one rule per input by name, or one joint rule for all of them.

        Parameters
        ----------
        *joint : callable
            One function ``(xp, g, needs, ...) -> tuple`` with a contribution for each input
            (``None`` where ``needs`` says it is not wanted).
        **rules : callable
            For each input, ``(xp, g, ...) -> array``.

        Raises
        ------
        TypeError
            If a rule is for no input, does not begin with ``xp`` and ``g``, or names something the
            operation does not have.
        """
        for name in rules:
            if name not in self.input_names:
                raise TypeError(
                    f"{self.name!r} has no input {name!r}; its inputs are {self.input_names}"
                )
        first = ("xp", "g", "needs") if joint else ("xp", "g")
        for rule in (*joint, *rules.values()):
            self._check_beginning(rule, first)
            for name in _named(rule, len(first)):
                self._value_index(name)
        self.rules.update(rules)
        if joint:
            (self.joint,) = joint
        self._forget_plans()
        return self

    def _check_beginning(self, rule: Callable[..., Any], first: tuple[str, ...]) -> None:
        """Raise if a rule does not leave its first places to what every rule is given."""
        given = _named(rule, 0)
        known = {*self._value_names()}
        misplaced = [name for name, own in zip(given, first, strict=False) if name in known - {own}]
        too_few = len(given) < len(first) and not rule.__code__.co_flags & 0x04
        if misplaced or too_few:
            raise TypeError(
                f"a rule of {self.name!r} begins with ({', '.join(first)}), g being the gradient of the "
                f"output, and then names what it needs; got ({', '.join(given)})"
            )

    def stands_for(self, composite: Callable[..., Any], *, residuals: tuple[str, ...] = ()) -> Op:
        """Declare the operation *fused*: it computes what ``composite``, of plain operations, does.

        The composite is the specification: the tests compare values and gradients with it.

        Parameters
        ----------
        composite : callable
            Takes the same inputs and keywords, as Tensors, and is pure.
        residuals : tuple of str
            The forward returns ``(out, values)``; ``values``, under these names, are for the rules.
            Such rules serve the first order only: with ``create_graph`` the composite is
            differentiated, so a residual never has to be differentiable.
        """
        self.composite = composite
        self.residuals = residuals
        if residuals:  # which the short paths do not know
            self.apply = functools.partial(Op.apply, self)  # type: ignore[method-assign]
        self._forget_plans()
        return self

    def on(self, xp: Any, *inputs: Any, **params: Any) -> Any:
        """Run inside another operation's rule: recorded if ``xp`` is minigrad's, else on raw arrays."""
        if xp is engine.tensor_namespace:
            return self.apply(*inputs, **params)
        if self.wide and inputs[0].dtype == float16:
            wide = [one.astype(float32) if hasattr(one, "astype") else one for one in inputs]
            return self.forward(xp, *wide, **params).astype(float16)
        return self.forward(xp, *inputs, **params)

    def samples(self, make: Callable[..., Iterable[Any]]) -> Op:
        """Declare sample inputs: ``make(draw)`` yields what :mod:`minigrad.testing` calls the op with.

        See :class:`minigrad.testing.Draw`.  An operation without samples fails the test suite.
        """
        self.make_samples = make
        return self

    def input_name(self, position: Any) -> str:
        """Return the name of the input at ``position``."""
        return self.input_names[0 if self.variadic or isinstance(position, slice) else position]

    def __repr__(self) -> str:
        return f"<operation {self.name}({', '.join((*self.input_names, *self.defaults))})>"

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Compute and record: the same as :meth:`apply`."""
        return self.apply(*args, **params)

    def apply(self, *args: Any, **params: Any) -> Any:
        """Compute and record; the general path, for any number of inputs.

        Callers in a hurry use this name: Python calls a method faster than an object.
        """
        if params or self.defaults:
            params = self._bind(params) if params else self.defaults
        if not self.variadic and len(args) != len(self.input_names):
            raise TypeError(
                f"{self.name}() takes {len(self.input_names)} inputs {self.input_names}, "
                f"got {len(args)}"
            )
        Tensor = engine.Tensor
        now = current_state()
        inputs: Any = args
        arrays: list[Any] = []
        dtype = None
        for value in args:
            if isinstance(value, Tensor):
                array = value.array
                if dtype is None:
                    dtype = array.dtype
                elif array.dtype is not dtype and array.dtype != dtype and self.dtypes != "any":
                    break
                arrays.append(array)
            elif value is None:
                arrays.append(None)
            else:
                break
        if dtype is None or len(arrays) < len(args) or (self.floating and dtype.kind != "f"):
            inputs = self._convert(args)
            arrays = [value.array if isinstance(value, Tensor) else value for value in inputs]
            if self.wide:
                dtype = next((array.dtype for array in arrays if hasattr(array, "dtype")), None)
        if self.wide and dtype == float16:
            return self._apply_wide(inputs, params)
        forward = self.forward
        if now.observer is not None:
            now.observer.starting(self)
            now.observer.given(self, arrays, params)
            forward = functools.partial(now.observer.run, forward)
        try:
            out = forward(_namespace(arrays), *arrays, **params)
        except _PASS_ON as error:
            raise self._explained(error, inputs) from error
        extra: tuple[Any, ...] = ()
        if self.residuals:
            out, extra = out
        sources, needs = [], []
        for value in inputs:
            source = value.node if isinstance(value, Tensor) else None
            sources.append(source)
            needs.append(source is not None and source.plan is not CONSTANT)
        known = (tuple(arrays),) if self.variadic else arrays
        return self._record(now, inputs, known, sources, tuple(needs), out, params, extra)

    def _apply_wide(self, inputs: Iterable[Any], params: dict[str, Any]) -> Any:
        """Compute and record in float32 what was given in float16; round the result."""
        out = self.apply(
            *(one.to(float32) if isinstance(one, engine.Tensor) else one for one in inputs),
            **params,
        )
        return tuple(one.to(float16) for one in out) if isinstance(out, tuple) else out.to(float16)

    def _bind(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments in the order of the forward, defaults filled in."""
        bound = {**self.defaults, **params}
        if len(bound) != len(self.defaults):
            unknown = sorted(set(params) - set(self.defaults))
            raise TypeError(
                f"{self.name}() got unknown arguments {unknown}; it takes {tuple(self.defaults)}"
            )
        for name, value in params.items():
            if value.__class__ in PLAIN or value.__class__ is tuple:
                continue
            if isinstance(value, engine.Tensor):
                if value.requires_grad and state.get().grad_enabled:
                    raise TypeError(
                        f"{self.name}() has no derivative for {name!r}, which requires gradients; "
                        f"pass {name}.detach() or a number"
                    )
                bound[name] = value.array
            elif isinstance(value, np.generic):
                # NumPy takes its own numbers for stronger than Python's.
                bound[name] = value.item()
        return bound

    def _convert(self, args: tuple[Any, ...]) -> list[Any]:
        """Return the inputs as Tensors (and Python numbers) of one dtype on one device."""
        Tensor = engine.Tensor
        inputs = [
            value
            if isinstance(value, Tensor) or value is None or type(value) in (float, int, bool)
            else _beside(value, args)
            for value in args
        ]
        tensors = [value for value in inputs if isinstance(value, Tensor)]
        if not tensors:
            inputs = tensors = [engine.as_tensor(value) for value in inputs]
        if self.dtypes == "any" or not tensors:
            return inputs
        first = tensors[0].array.dtype
        if self.dtypes == "same":
            if any(tensor.array.dtype != first for tensor in tensors):
                mixed = RuntimeError("expected inputs of one dtype; convert with .to(dtype)")
                raise self._explained(mixed, inputs)
            return inputs
        alike = len(tensors) == len(inputs) and all(t.array.dtype == first for t in tensors)
        if not alike:
            operands = [v.array if isinstance(v, Tensor) else v for v in inputs if v is not None]
        dtype = first if alike else promote(operands)
        if self.floating and dtype.kind != "f":
            dtype = get_default_dtype()
        return [
            value.to(dtype) if isinstance(value, Tensor) and value.array.dtype != dtype else value
            for value in inputs
        ]

    def _record(
        self,
        now: State,
        inputs: Sequence[Any],
        arrays: Sequence[Any],
        sources: Sequence[Any],
        needs: tuple[bool, ...],
        out: Any,
        params: dict[str, Any],
        extra: tuple[Any, ...] = (),
    ) -> Any:
        """Return the output as a Tensor (or a tuple of them), with a node if one is needed."""
        node = None
        several = out.__class__ is tuple
        if True in needs and now.grad_enabled and self.differentiable:
            plan = self.plans.get(needs) or self.make_plan(needs)
            if None in sources:
                sources = _with_constants(inputs, sources)
            known = (*arrays, out, *params.values(), *extra) if params or extra else (*arrays, out)
            if plan.names_shapes:
                shapes = tuple([getattr(source, "shape", ()) for source in sources])
                known += (shapes,) if self.variadic else shapes
            if several:
                shape, dtype = tuple(part.shape for part in out), tuple(part.dtype for part in out)
            else:
                shape, dtype = out.shape, out.dtype
            node = new_node(plan, tuple(sources), plan.save(known), params, shape, dtype, now.scope)
        if now.observer is not None:
            now.observer.computed(self, out, node)
        if not several:
            return wrap(out, node)
        return tuple(
            wrap(part, node and item_node(node, index, part)) for index, part in enumerate(out)
        )

    def _value_names(self) -> tuple[str, ...]:
        """Return the names of all the forward pass knows."""
        shapes = tuple(f"{one}_shape" for one in self.input_names)
        return (*self.input_names, "out", *self.defaults, *self.residuals, *shapes)

    def _value_index(self, name: str) -> int:
        """Return where the value called ``name`` stands among all the forward pass knows."""
        names = self._value_names()
        if name not in names:
            raise TypeError(
                f"a rule of {self.name!r} names {name!r}, but there is only {', '.join(names)}"
            )
        return names.index(name)

    def make_plan(self, needs: tuple[bool, ...]) -> Plan:
        """Return (and keep) what is saved and run when just the inputs in ``needs`` want gradients."""
        rules = []
        if self.joint is None:
            for position, need in enumerate(needs):
                if need:
                    name = self.input_name(position)
                    if name not in self.rules:
                        raise RuntimeError(
                            f"{self.name!r} has no derivative for its input {name!r}"
                        )
                    rules.append((position, self.rules[name]))
        functions = [(self.joint, 3)] if self.joint else [(rule, 2) for _, rule in rules]
        named = [[self._value_index(n) for n in _named(f, skip)] for f, skip in functions]
        indices = sorted({index for one in named for index in one})
        if self.residuals:  # the composite is replayed from all inputs
            indices = sorted({*indices, *range(len(self.input_names))})
        picks = [tuple(indices.index(index) for index in one) for one in named]
        sources = tuple(map(self._source, indices))
        first_shape = self._value_index("out") + 1 + len(self.defaults) + len(self.residuals)
        plan = Plan(
            self,
            needs,
            tuple(
                (p, rule, pick, len(pick)) for (p, rule), pick in zip(rules, picks, strict=False)
            ),
            (self.joint, picks[0]) if self.joint else None,
            _picker(indices),
            indices[0] if len(indices) == 1 else None,
            sources,
            names_shapes=max(indices, default=0) >= first_shape,
        )
        self.plans[needs] = plan
        return plan

    def _forget_plans(self) -> None:
        self.plans.clear()
        self.short_plans[:] = [None] * 4

    def _short_plan(self, place: int, needs: tuple[bool, ...]) -> Plan:
        """Return the plan for ``needs``, and keep it where the short paths look."""
        plan = self.short_plans[place] = self.plans.get(needs) or self.make_plan(needs)
        return plan

    def _source(self, index: int) -> Any:
        """Return where the value at ``index`` comes from, see :attr:`Plan.sources`."""
        if index < len(self.input_names):
            return slice(None) if self.variadic else index
        keyword = index - len(self.input_names) - 1
        if keyword < 0:
            return "out"
        return f"keyword {list(self.defaults)[keyword]!r}" if keyword < len(self.defaults) else None

    def _shapes(self, inputs: Iterable[Any]) -> str:
        """Return names, shapes and dtypes of the inputs, for messages."""
        parts = []
        for position, value in enumerate(inputs):
            name = self.input_name(position) + (f"[{position}]" if self.variadic else "")
            if isinstance(value, engine.Tensor):
                label = f" (named {value.name!r})" if value.name else ""
                parts.append(f"{name} {tuple(value.shape)} {value.dtype}{label}")
            else:
                parts.append(f"{name}={value!r}")
        return ", ".join(parts)

    def _explained(self, error: Exception, inputs: Iterable[Any]) -> Exception:
        """Return ``error`` with the operation, the inputs and the module in its message."""
        inputs = list(inputs)
        devices = {
            str(value.device): self.input_name(position)
            for position, value in enumerate(inputs)
            if isinstance(value, engine.Tensor)
        }
        if len(devices) > 1:
            where = ", ".join(f"{name!r} on {device}" for device, name in devices.items())
            return RuntimeError(
                f"{self.name}: inputs are on different devices ({where}); move them with .to(device)"
            )
        scope = state.get().scope
        place = f" (in module {' > '.join(scope)})" if scope else ""
        message = f"{self.name}: {error}; got {self._shapes(inputs)}{place}"
        if isinstance(error, (np.exceptions.AxisError, IndexError)):
            return IndexError(message)
        for kind in _PASS_ON:
            if isinstance(error, kind):
                return kind(message)
        return RuntimeError(message)


class UnaryOp(Op):
    """An operation with one input and no keywords: the same as :class:`Op`, with less to do."""

    def apply(self, x: Any) -> Any:  # type: ignore[override]
        """Compute and record; what is not plain goes the general way."""
        now = current_state()
        if not isinstance(x, engine.Tensor) or now.observer is not None:
            return Op.apply(self, x)
        array, source = x.array, x.node
        needs = source is not None and source.plan is not CONSTANT
        if self.floating and not needs and array.dtype.kind != "f":
            return Op.apply(self, x)
        forward = self.forward
        try:
            out = forward(NAMESPACES[array.__class__], array)
        except _PASS_ON as error:
            raise self._explained(error, (x,)) from error
        if out.__class__ is tuple:
            return self._record(now, (x,), (array,), (source,), (needs,), out, NO_PARAMS)
        result = new_object(engine.Tensor)
        result.array = out
        result._grad = node = None
        if needs and now.grad_enabled and self.differentiable:
            plan = self.short_plans[1] or self._short_plan(1, (True,))
            if plan.alone:
                saved = (array, out, source.shape)[plan.only]
            else:
                saved = plan.save((array, out, source.shape)) if plan.sources else ()
            node = new_node(plan, (source,), saved, NO_PARAMS, out.shape, source.dtype, now.scope)
        result.node = node
        return result


class KeywordOp(Op):
    """An operation with one input and keywords: the same as :class:`Op`, with less to do."""

    def apply(self, *args: Any, **params: Any) -> Any:
        """Compute and record; what is not plain goes the general way."""
        now = current_state()
        x = args[0] if len(args) == 1 else None
        if not isinstance(x, engine.Tensor) or now.observer is not None:
            return Op.apply(self, *args, **params)
        array, source = x.array, x.node
        needs = source is not None and source.plan is not CONSTANT
        if self.floating and not needs and array.dtype.kind != "f":
            return Op.apply(self, x, **params)
        if self.wide and array.dtype.char == "e":
            return self._apply_wide((x,), params)
        params = self._bind(params) if params else self.defaults
        try:
            out = self.forward(NAMESPACES[array.__class__], array, **params)
        except _PASS_ON as error:
            raise self._explained(error, (x,)) from error
        if out.__class__ is tuple:
            return self._record(now, (x,), (array,), (source,), (needs,), out, params)
        node = None
        if needs and now.grad_enabled and self.differentiable:
            plan = self.short_plans[1] or self._short_plan(1, (True,))
            saved = plan.save((array, out, *params.values(), source.shape)) if plan.sources else ()
            node = new_node(plan, (source,), saved, params, out.shape, out.dtype, now.scope)
        return wrap(out, node)


class BinaryOp(Op):
    """An operation with two inputs and no keywords: the same as :class:`Op`, with less to do."""

    def apply(self, x: Any, y: Any) -> Any:  # type: ignore[override]
        """Compute and record; what needs converting or promoting goes the general way."""
        Tensor = engine.Tensor
        now = current_state()
        if isinstance(x, Tensor):
            a, source_x = x.array, x.node
            needs_x = source_x is not None and source_x.plan is not CONSTANT
            kind = a.__class__
            if kind is ndarray and not a.ndim:
                # A number of NumPy's computes ten times faster; it is kept by value.
                a = a[()]
                kind = a.__class__
            if isinstance(y, Tensor):
                b, source_y = y.array, y.node
                needs_y = source_y is not None and source_y.plan is not CONSTANT
                if b.__class__ is ndarray and not b.ndim:
                    b = b[()]
                if kind in SCALAR_TYPES and kind is b.__class__:
                    plain = True
                else:  # NumPy has one object for a dtype, and sometimes others that are equal to it
                    plain = a.dtype is b.dtype or a.dtype == b.dtype
                plain = plain and (needs_x or not self.floating or a.dtype.kind == "f")
            else:
                b = source_y = y
                needs_y = False
                plain = y.__class__ in NUMBERS and self.takes_numbers
                plain = plain and (needs_x or a.dtype.kind == "f")
        elif isinstance(y, Tensor):
            a = source_x = x
            needs_x = False
            b, source_y = y.array, y.node
            needs_y = source_y is not None and source_y.plan is not CONSTANT
            kind = b.__class__
            if kind is ndarray and not b.ndim:
                b = b[()]
            plain = x.__class__ in NUMBERS and self.takes_numbers
            plain = plain and (needs_y or b.dtype.kind == "f")
        else:
            plain = False
        if not plain:
            return Op.apply(self, x, y)
        if now.observer is not None:
            return Op.apply(self, _with_number(x), _with_number(y))
        forward = self.forward
        try:
            out = forward(NAMESPACES[kind], a, b)
        except _PASS_ON as error:
            raise self._explained(error, (x, y)) from error
        if out.__class__ is tuple:
            sources, needs = (source_x, source_y), (needs_x, needs_y)
            return self._record(now, (x, y), (a, b), sources, needs, out, NO_PARAMS)
        result = new_object(Tensor)
        result.array = out
        result._grad = node = None
        if (needs_x or needs_y) and now.grad_enabled and self.differentiable:
            if source_x is None:
                source_x = constant_node(x)
            elif source_y is None:
                source_y = constant_node(y)
            place = (3 if needs_x else 2) if needs_y else 1
            plan = self.short_plans[place] or self._short_plan(place, (needs_x, needs_y))
            if plan.alone:
                saved = (a, b, out)[plan.only]
            else:
                saved = plan.save((a, b, out)) if plan.sources else ()
            # The dtype of a result is that of its inputs; reading it off the array costs 3 %.
            dtype = source_x.dtype if needs_x else source_y.dtype
            node = new_node(
                plan, (source_x, source_y), saved, NO_PARAMS, out.shape, dtype, now.scope
            )
        result.node = node
        return result

    def _value_index(self, name: str) -> int:
        """Return the place of ``name`` among ``(x, y, out)``: no shapes on the short path."""
        if name.endswith("_shape"):
            raise TypeError(f"a rule of {self.name!r} names {name!r}: take it from the value")
        return super()._value_index(name)


class TernaryOp(Op):
    """An operation with three inputs and no keywords: the same as :class:`Op`, with less to do."""

    def apply(self, x: Any, y: Any, z: Any) -> Any:  # type: ignore[override]
        """Compute and record; only tensors of one dtype (z may be None) do not go the general way."""
        Tensor = engine.Tensor
        now = current_state()
        if not (isinstance(x, Tensor) and isinstance(y, Tensor)) or now.observer is not None:
            return Op.apply(self, x, y, z)
        a, source_x = x.array, x.node
        b, source_y = y.array, y.node
        c = source_z = None
        dtype = a.dtype
        plain = dtype is b.dtype or dtype == b.dtype
        if isinstance(z, Tensor):
            c, source_z = z.array, z.node
            plain = plain and (dtype is c.dtype or dtype == c.dtype)
        elif z is not None:
            plain = False
        if not plain or (self.floating and dtype.kind != "f"):
            return Op.apply(self, x, y, z)
        forward = self.forward
        try:
            out = forward(NAMESPACES[a.__class__], a, b, c)
        except _PASS_ON as error:
            raise self._explained(error, (x, y, z)) from error
        needs = (
            source_x is not None and source_x.plan is not CONSTANT,
            source_y is not None and source_y.plan is not CONSTANT,
            source_z is not None and source_z.plan is not CONSTANT,
        )
        recorded = True in needs and now.grad_enabled and self.differentiable
        plan = (self.plans.get(needs) or self.make_plan(needs)) if recorded else None
        if out.__class__ is tuple or (plan is not None and plan.names_shapes):
            sources = (source_x, source_y, source_z)
            return self._record(now, (x, y, z), (a, b, c), sources, needs, out, NO_PARAMS)
        node = None
        if plan is not None:
            sources = (
                source_x or constant_node(x),
                source_y or constant_node(y),
                source_z or (None if z is None else constant_node(z)),
            )
            saved = plan.save((a, b, c, out))
            node = new_node(plan, sources, saved, NO_PARAMS, out.shape, out.dtype, now.scope)
        return wrap(out, node)


def op(forward: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Declare a differentiable operation; a decorator, with or without options.

    Parameters
    ----------
    forward : callable
        ``forward(xp, x, ..., *, axis=...)`` on raw arrays, ``xp`` being NumPy or CuPy.
    **options
        ``dtypes``, ``analytic``, ``kinks``, ``differentiable``, ``wide``: see :class:`Op`.

    Returns
    -------
    Op
        Callable with Tensors; declare its derivative with :meth:`Op.vjp` and sample inputs, which the
        gradient checks use, with :meth:`Op.samples`.

    Raises
    ------
    TypeError
        If ``forward`` does not begin with ``xp``, or an input has a default.

    Examples
    --------
    >>> import minigrad as mg
    >>> @mg.op
    ... def cube(xp, x):
    ...     return x * x * x
    >>> _ = cube.vjp(x=lambda xp, g, x: 3 * x * x * g)
    >>> x = mg.tensor(2.0, requires_grad=True)
    >>> cube(x).backward()
    >>> x.grad
    tensor(12.)
    """
    if forward is None:
        return lambda function: op(function, **options)
    _check_forward(forward)
    code = forward.__code__
    plain = not code.co_kwonlyargcount and not code.co_flags & 0x04
    kind: type[Op] = (
        {2: UnaryOp, 3: BinaryOp, 4: TernaryOp}.get(code.co_argcount, Op) if plain else Op
    )
    if kind is Op and code.co_argcount == 2 and not code.co_flags & 0x04:
        kind = KeywordOp
    if options.get("dtypes") == "any" and kind is BinaryOp:
        kind = Op
    return kind(forward, **options)


def _check_forward(forward: Callable[..., Any]) -> None:
    """Raise if a forward is not ``(xp, inputs, *, options)``, and say how it is to be declared."""
    if not hasattr(forward, "__code__"):
        raise TypeError(
            f"op: expected a function (xp, x, ...), got {type(forward).__name__}; "
            "write one that calls it"
        )
    name = forward.__name__
    inputs = _named(forward, 0)
    if not inputs or (inputs[0] != "xp" and not inputs[0].startswith("_")):
        raise TypeError(
            f"{name}: the first argument is xp, the namespace of the arrays: "
            f"def {name}({', '.join(('xp', *inputs)) if inputs else 'xp, x'})"
        )
    if forward.__defaults__:
        count = len(inputs) - len(forward.__defaults__)
        options = [
            f"{option}={value!r}"
            for option, value in (
                *zip(inputs[count:], forward.__defaults__, strict=True),
                *(forward.__kwdefaults__ or {}).items(),
            )
        ]
        raise TypeError(
            f"{name}: options come after `*`, inputs have no default: "
            f"def {name}({', '.join((*inputs[:count], '*', *options))})"
        )


def register(*operations: Op) -> None:
    """Enter operations in the registry that drives the tests and the table in the docs."""
    for operation in operations:
        known = REGISTRY.setdefault(operation.name, operation)
        if known is not operation:
            warnings.warn(f"operation {operation.name!r} is declared twice", stacklevel=2)


def constant_node(tensor: Any) -> Node:
    """Return the node of a tensor that needs no gradient, so that drawings can show it."""
    if tensor.node is None:
        tensor.node = leaf_node(tensor, requires_grad=False)
    return tensor.node


def _with_number(value: Any) -> Any:
    """Return a tensor on a stand-in for an array without axes as one on a number; anything else as it is."""
    array = value.array if isinstance(value, engine.Tensor) else None
    if array is None or array.ndim or isinstance(array, (ndarray, np.generic)):
        return value
    return wrap(array[()], constant_node(value)) if xp_of(array) is np else value


def _with_constants(inputs: Sequence[Any], sources: Sequence[Any]) -> list[Any]:
    """Return the node of each input; a number, or ``None``, stands for itself."""
    return [
        source or (constant_node(value) if isinstance(value, engine.Tensor) else value)
        for value, source in zip(inputs, sources, strict=True)
    ]


def _beside(value: Any, args: tuple[Any, ...]) -> Any:
    """Return an array or list among the inputs as a tensor.

    A number of NumPy's, as in ``np.sqrt(2) * x``, counts as Python's, and an array without axes goes to
    where the tensors are; a whole array of the host does not, as that would be a copy nobody asked for.
    """
    if isinstance(value, np.generic):
        return value.item()
    tensor = engine.as_tensor(value)
    if tensor.array.ndim == 0:
        for other in args:
            if isinstance(other, engine.Tensor):
                return tensor.to(other.device)
    return tensor


def namespace_of(value: Any) -> Any:
    """Return the array namespace under ``value``, a Tensor or a raw array: for constants in rules."""
    return xp_of(value.array if isinstance(value, engine.Tensor) else value)


def _named(function: Callable[..., Any], skip: int) -> tuple[str, ...]:
    code = function.__code__
    return code.co_varnames[skip : code.co_argcount]


def _picker(indices: list[int]) -> Callable[[tuple], Any]:
    """Return a function that picks ``indices`` of a tuple: a tuple of values, or the single one."""
    return itemgetter(*indices) if indices else _nothing


def _nothing(values: tuple) -> tuple:
    return ()


def _namespace(arrays: list[Any]) -> Any:
    """Return the namespace of the first array."""
    for array in arrays:
        kind = array.__class__
        if kind in NAMESPACES:
            return NAMESPACES[kind]
        if array is not None and kind not in (float, int, bool):
            return xp_of(array)
    raise TypeError("no array was given")
