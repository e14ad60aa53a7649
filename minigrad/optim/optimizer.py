"""The base class of all optimisers: what they have in common, so that a rule is only its equation."""

from __future__ import annotations

import functools
import inspect
import math
import numbers
from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import is_, itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import engine
from minigrad._tensor import HookHandle, Tensor
from minigrad._warning import warn
from minigrad.autograd.modes import enable_grad
from minigrad.optim.bundles import Bundle, Scratch, State, laid_out, make_bundles
from minigrad.optim.directions import Transform, in_place_of_gradients, penalised
from minigrad.optim.launched import launching


class _Required:
    def __repr__(self) -> str:
        return "<required>"


required: Any = _Required()
"""The default of a hyperparameter that every group has to be given."""

COMMON = {"weight_decay": 0, "maximize": False, "decoupled_weight_decay": False}
"""Hyperparameters of every optimiser that has a rule; the base class deals with them."""

SCALARS = {"step": 0}
"""What any optimiser may keep that is one number for each parameter, and its first value."""


RESERVED = frozenset({"theta", "g", "penalised", "new", "step", "coefficients"})
"""What arrays that a rule keeps or asks for cannot be called."""


def hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """Make a ``step`` method call the optimiser's hooks before and after."""

    @functools.wraps(step)
    def step_with_hooks(self: Any, *args: Any, **kwargs: Any) -> Any:
        observer = engine.state.get().observer
        if self._in_step or not (self._pre_hooks or self._post_hooks or observer is not None):
            return step(self, *args, **kwargs)
        self._in_step = True  # so that step() calling super().step() calls the hooks only once
        try:
            if observer is not None:
                observer.stepping(self)
            for hook in list(self._pre_hooks):
                changed = hook(self, args, kwargs)
                if changed is not None:
                    args, kwargs = _as_arguments(changed)
            result = step(self, *args, **kwargs)
            for hook in list(self._post_hooks):
                hook(self, args, kwargs)
            return result
        finally:
            self._in_step = False
            if observer is not None:
                observer.stepped(self)

    return step_with_hooks


def _as_arguments(changed: Any) -> tuple[Any, Any]:
    if not (isinstance(changed, tuple) and len(changed) == 2):
        raise RuntimeError(
            "a step pre-hook has to return None or a tuple (args, kwargs), the arguments for step(); "
            f"got {changed!r}"
        )
    return changed


class Optimizer:
    r"""Base class of the optimisers: all of them but their equations.

    There are two ways to write one.

    *minigrad's way* is to declare hyperparameters, names of what is kept from step to step, and the
    rule.  The rule changes raw arrays in place.  It is given several parameters end to end, or one in
    pieces, so it has to treat every number alike (or the class says ``elementwise = False``)::

        class RMSprop(Optimizer):
            defaults = dict(lr=1e-2, alpha=0.99, eps=1e-8)
            state = ("v",)

            def update(self, theta, g, s, lr, alpha, eps):
                s.v *= alpha
                s.v += (1 - alpha) * g * g
                theta -= lr * g / (s.v**0.5 + eps)

    *PyTorch's way* is to call ``super().__init__(params, defaults)`` with a dictionary, and to write
    ``step`` over ``self.param_groups``, with ``self.state[p]`` as a dictionary for each parameter.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        What is optimised.  A dictionary is a *group* of parameters with hyperparameters of its own,
        ``{"params": [...], "lr": 0.1}``; those it does not name are the optimiser's.
    *values, **named
        The hyperparameters, in the order of ``defaults`` or by name; or, from a subclass written in
        PyTorch's way, one dictionary of them.
    transforms : sequence of callable, default ()
        What is done to the gradients, one after the other, before the rule sees them:
        ``transforms=[clip_by_value(0.1)]``; see :mod:`minigrad.optim.transforms`.

    Attributes
    ----------
    defaults : dict
        The hyperparameters of groups that do not name their own.
    param_groups : list of dict
        The groups.  Hyperparameters may be changed at any time: ``group["lr"] *= 0.5``.
    state : dict
        What is kept for each parameter, a dictionary by name, keyed by the parameter itself.
    transforms : list of callable
        As given.  They are no part of the saved state: give them again when you go on from a file.
    equation : str
        Declared by a class: its rule, as text.
    observes : str
        Declared by a class: what the closure given to :meth:`step` has to do.  ``"gradient"``, in most
        classes: set the gradients to zero, compute the loss, call its ``backward()`` and return it.
        ``"value"``: only return the loss.  ``"curvature"``: return the loss, not yet differentiated;
        ``"residuals"``, what is squared in it, likewise.
    scalars : dict
        Declared by a class: names in ``state`` of what is one number for each parameter and no array, with
        their first values; :meth:`advance` computes the next ones.
    scratch : tuple of str
        Declared by a class: arrays that the rule may overwrite, ``s.work`` if it does not say.
    elementwise : bool
        Declared by a class: whether the rule treats every number alike; if not, it is given one
        parameter at a time, in its shape.
    ranges : dict
        Declared by a class: ``{"lr": (low, high)}`` stands for ``low <= lr < high``.
    own_options : tuple of str
        Declared by a class: hyperparameters that PyTorch does not have; a state may be without them.
    coefficients : callable or None
        A method that a class may have beside ``update``, for the numbers that its rule multiplies by: called
        once for each bundle of parameters and not for each piece, with ``s``, which here has only ``s.step``
        and the ``scalars``, and the hyperparameters that it names.  It returns the numbers by name; the rule
        finds them in ``s.coefficients``, on the host as arrays without axes in the dtype of the parameters.
        So compute there, in Python's numbers, and only multiply in the rule.
    kernel : callable or None
        A method that a class may have beside ``update``, with its arguments from ``s`` on.  It returns the
        rule for a GPU, in lines of C, and the numbers that these name; ``theta`` and ``g`` are called so
        there as well, and what is kept has the names of the state.  See :mod:`minigrad.backend.kernels`.

    Raises
    ------
    TypeError
        If ``params`` holds something else than tensors, or a hyperparameter is unknown or no number.
    ValueError
        If there are no parameters, one is listed twice or is no leaf, or a hyperparameter is out of
        its range.

    Notes
    -----
    Every optimiser with a rule has ``transforms`` and three more hyperparameters.  With ``weight_decay``
    :math:`\lambda` the gradient of :math:`\frac{\lambda}{2} \lVert \theta \rVert^2` is added to the
    gradient: :math:`g + \lambda \theta`.  With ``decoupled_weight_decay=True`` the parameters shrink
    beside the rule instead: :math:`\theta \leftarrow (1 - \eta \lambda)\,\theta`, with :math:`\eta` the
    ``lr``.  With ``maximize=True`` the optimiser climbs: :math:`-g` takes the place of :math:`g`.

    Examples
    --------
    >>> import minigrad as mg
    >>> class Descent(mg.optim.Optimizer):
    ...     defaults = dict(lr=0.1)
    ...
    ...     def update(self, theta, g, s, lr):
    ...         theta -= lr * g
    >>> x = mg.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = Descent([x], lr=0.25)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([0.5000, 1.0000], requires_grad=True)
    """

    defaults: dict[str, Any] = {}
    equation: str = ""
    observes: str = "gradient"
    scalars: dict[str, Any] = {}
    scratch: tuple[str, ...] = ("work",)
    elementwise: bool = True
    ranges: dict[str, tuple[float, float]] = {"lr": (0, math.inf), "weight_decay": (0, math.inf)}
    own_options: tuple[str, ...] = ()
    coefficients: Callable[..., dict[str, float]] | None = None
    kernel: Callable[..., tuple[str, dict[str, Any]]] | None = None

    _declared_state: tuple[str, ...] = ()
    _rule_names: tuple[str, ...] = ()  # of the hyperparameters that update() asks for
    _coefficient_names: tuple[str, ...] = ()  # and those that coefficients() does

    if TYPE_CHECKING:
        state: Any  # names where a class declares it, the dictionary on its instances
    else:

        @property
        def state(self) -> State:
            """What is kept for each parameter, a dictionary by name."""
            self._state_seen = True  # from now on, anything in it may be changed at any time
            return self._state

        @state.setter
        def state(self, value: State) -> None:
            self._state = value
            self._bundles = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take in what a subclass declares."""
        super().__init_subclass__(**kwargs)
        own = cls.__dict__
        if "state" in own:
            names = own["state"]
            cls._declared_state = (names,) if isinstance(names, str) else tuple(names)
            del cls.state  # gives way to the property above
        if "step" in own:
            cls.step = hooked(own["step"])  # type: ignore[method-assign]
        taken = RESERVED & {*cls.scratch, *cls._declared_state}
        if taken - set(SCALARS) or "step" in cls.scratch:
            raise TypeError(
                f"{cls.__name__}: the names {sorted(taken)} of state or scratch have another meaning for a "
                "rule; choose others"
            )
        twice = set(cls.scratch) & set(cls._declared_state)
        if twice:
            raise TypeError(
                f"{cls.__name__}: {sorted(twice)} cannot be both state, which is kept, and scratch, which is "
                f"overwritten; choose another name, or declare scratch = () (it is {cls.scratch})"
            )
        if "coefficients" in own:
            method = own["coefficients"]
            cls._coefficient_names = () if method is None else _names_asked(method, after=2)
        elif "update" in own and not {*cls._coefficient_names} <= {*cls.defaults, *COMMON}:
            # Inherited ones that can be computed stay: this rule may call that of the base class.
            cls.coefficients, cls._coefficient_names = None, ()
        if "update" in own:
            cls._rule_names = _names_asked(own["update"], after=4)
            if "kernel" not in own:
                cls.kernel = None  # an inherited one is that of another rule
        cls.__signature__ = _signature(cls)  # type: ignore[attr-defined]

    def __init__(
        self, params: Any, *values: Any, transforms: Iterable[Transform] = (), **named: Any
    ) -> None:
        if isinstance(params, Tensor):
            raise self._error(TypeError, "params is one tensor, not a list of tensors; write [p]")
        self._check_is_no_module(params)
        self.transforms = self._checked_transforms(transforms)
        self.defaults = self._defaults_from(values, named)
        self.param_groups: list[dict[str, Any]] = []
        self._state: State = defaultdict(dict)
        self._warned = False
        self._start_afresh()
        groups = list(params)
        if not groups:
            raise self._error(ValueError, "the list of parameters is empty")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _defaults_from(self, values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        """Return the hyperparameters: as declared by the class, then as given to the constructor."""
        declared = dict(type(self).defaults)
        if not values and isinstance(named.get("defaults"), dict):
            values = (named.pop("defaults"),)
        if values and isinstance(values[0], dict):  # PyTorch's way: the subclass names them
            declared |= values[0]
            values = values[1:]
        common = COMMON if self._has_rule() else {}
        known = declared | {name: common[name] for name in common if name not in declared}
        if len(values) > len(declared):
            raise self._error(
                TypeError, f"{len(declared)} hyperparameters were expected, {len(values)} given"
            )
        given = dict(zip(declared, values, strict=False))
        for name, value in named.items():
            if name not in known or name in given:
                wrong = "was given twice" if name in given else "is none of its hyperparameters"
                raise self._error(TypeError, f"{name} {wrong} ({', '.join(known)})")
            given[name] = value
        asked = {"update": self._rule_names, "coefficients": self._coefficient_names}
        for method, names in asked.items():
            unknown = [name for name in names if name not in known]
            if unknown:
                raise self._error(
                    TypeError, f"{method}() asks for {unknown}, `defaults` has {list(known)}"
                )
        return known | given

    def _checked_transforms(self, given: Any) -> list[Transform]:
        transforms = [given] if callable(given) else list(given)
        for transform in transforms:
            if not callable(transform):
                raise self._error(
                    TypeError, f"transforms has to hold functions, got {type(transform).__name__}"
                )
        if transforms and not self._has_rule():
            raise self._error(TypeError, "transforms needs a class with a rule, update()")
        return transforms

    def _has_rule(self) -> bool:
        return type(self).update is not Optimizer.update

    def _start_afresh(self) -> None:
        """Forget hooks and memory; what counts is in ``state`` and ``param_groups``."""
        self._pre_hooks: list[Callable[..., Any]] = []
        self._post_hooks: list[Callable[..., Any]] = []
        self._in_step = False
        self._state_seen = False
        self._scratch = Scratch()
        self._bundles: list[Bundle] | None = None
        self._bundled: list[tuple[dict[str, Any], list[Any]]] = []  # groups, when they were bundled
        self._untouched: list[Any] = []  # parameters that had no gradient so far
        self._irregular: set[Any] = set()  # those that had none when others of their bundle did
        watched = dict.fromkeys((*self._rule_names, *self._coefficient_names, *COMMON, "lr"))
        self._watched = itemgetter(
            *(name for name in watched if name in self.defaults or name in COMMON)
        )

    def _error(self, kind: type[Exception], text: str) -> Exception:
        return kind(f"{type(self).__name__}: {text}")

    # For subclasses to write ----------------------------------------------------------------------

    def update(self, theta: Any, g: Any, s: Any, *args: Any, **hyperparameters: Any) -> None:
        """Change ``theta`` in place: the rule of the algorithm.

        Parameters
        ----------
        theta, g : array
            Values of parameters, and their gradient, raw arrays of one shape; ``g`` is not to be
            written.
        s : namespace
            The arrays named in ``state`` and ``scratch``.  If ``"step"`` is among the names of the
            state, ``s.step`` is the number of this step, 1 in the first.  ``s.new`` tells whether the
            state was made in this step; it is made of zeros.  ``s.coefficients`` has what
            ``coefficients`` returned.
        *args, **hyperparameters
            Those that the method names in its signature; they are given by name.
        """
        raise self._error(NotImplementedError, "the class has neither update() nor step()")

    def advance(self, s: Any, *args: Any, **hyperparameters: Any) -> dict[str, Any]:
        """Return the ``scalars`` as they are to be from this step on; called once before the rule.

        Parameters
        ----------
        s : namespace
            Their values so far, and ``s.step``, the number of this step.
        *args, **hyperparameters
            Those that ``update`` or ``coefficients`` name in their signatures; they are given by name.
        """
        raise self._error(NotImplementedError, "the class has scalars, but no advance()")

    def is_elementwise(self, group: dict[str, Any]) -> bool:
        """Tell whether the rule treats every number of this group alike.

        To be overridden where that depends on hyperparameters.
        """
        return self.elementwise

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """Return the names of what is kept for the parameters of ``group``.

        To be overridden where that depends on hyperparameters.
        """
        return self._declared_state

    def check(self, group: dict[str, Any]) -> None:
        """Raise an error if a hyperparameter is out of its range.

        To be extended where hyperparameters have to fit each other.
        """
        for name, (low, high) in self.ranges.items():
            value = group.get(name, low)
            self._check_length(name, value)
            for number in value if isinstance(value, (tuple, list)) else (value,):
                if not isinstance(number, numbers.Real):
                    hint = "; write .item()" if isinstance(number, Tensor) else ""
                    raise self._error(
                        TypeError,
                        f"{name} has to be a number, got {type(number).__name__} {number!r}{hint}",
                    )
                if not low <= float(number) < high:
                    raise self._error(
                        ValueError,
                        f"{name} = {value} is out of range, expected {low} <= {name} < {high}",
                    )

    def _check_length(self, name: str, value: Any) -> None:
        """Raise if ``value`` is not one number where the class declares one, or as many as it declares."""
        declared = type(self).defaults.get(name, COMMON.get(name))
        if isinstance(declared, (tuple, list)):
            if not isinstance(value, (tuple, list)) or len(value) != len(declared):
                raise self._error(
                    TypeError,
                    f"{name} has to be {len(declared)} numbers, as {declared}, got {value!r}",
                )
        elif isinstance(declared, numbers.Real) and isinstance(value, (tuple, list)):
            raise self._error(TypeError, f"{name} has to be one number, got {value!r}")

    # Groups ---------------------------------------------------------------------------------------

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with hyperparameters of their own, e.g. of layers that were frozen so far.

        Parameters
        ----------
        param_group : dict
            ``"params"``, one tensor or several, and those hyperparameters that are not as in
            ``defaults``.  The dictionary itself becomes the group.

        Raises
        ------
        TypeError, ValueError
            As for the constructor; nothing has been changed then.
        """
        if not isinstance(param_group, dict):
            raise self._error(
                TypeError, f"expected a group, {{'params': ...}}, got {type(param_group).__name__}"
            )
        params, names = self._checked_params(param_group.get("params"))
        group = {**self.defaults, **param_group, "params": params}
        if names:
            group["param_names"] = names
        for name, value in group.items():
            if value is required:
                raise self._error(ValueError, f"{name} has no default and has to be given")
        self.check(group)
        param_group.update(group)
        self.param_groups.append(param_group)

    def _checked_params(self, given: Any) -> tuple[list[Any], list[str]]:
        """Return the parameters of a new group, and their names if they have any."""
        if given is None or isinstance(given, (set, frozenset)):
            what = "no 'params'" if given is None else "a set as 'params'; its order is not fixed"
            raise self._error(TypeError, f"a group has {what}")
        self._check_is_no_module(given)
        params = [given] if isinstance(given, Tensor) else list(given)
        names = [p[0] for p in params if isinstance(p, tuple) and len(p) == 2]
        if names:
            if len(names) < len(params):
                raise self._error(
                    ValueError, "some parameters have names, (name, p), and some do not"
                )
            params = [p for _, p in params]
        seen = {p for group in self.param_groups for p in group["params"]}
        for position, p in enumerate(params):
            which = f"parameter {names[position]!r}" if names else f"parameter {position}"
            if not isinstance(p, Tensor):
                advice = "; write model.parameters()" if hasattr(p, "parameters") else ""
                raise self._error(TypeError, f"{which} is no Tensor but {type(p).__name__}{advice}")
            if p.grad_fn is not None:
                raise self._error(
                    ValueError,
                    f"{which} is no leaf but the result of {p.grad_fn.op_name!r}; optimise what it "
                    "was computed from, or p.detach().requires_grad_()",
                )
            if p in seen:
                raise self._error(ValueError, f"{which}, shape {tuple(p.shape)}, is listed twice")
            seen.add(p)
        return params, names

    def _check_is_no_module(self, params: Any) -> None:
        if callable(params) and not hasattr(params, "__iter__"):
            what = getattr(params, "__name__", type(params).__name__)
            raise self._error(TypeError, f"params is {what} itself; write model.parameters()")

    # Steps ----------------------------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Parameters
        ----------
        set_to_none : bool, default True
            Set ``.grad`` to ``None``; otherwise to zeros, in place.
        """
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p._grad = None
                elif p._grad is not None:
                    p._grad = p._grad.detach() if p._grad.requires_grad else p._grad
                    p._grad.zero_()

    @hooked
    def step(self, closure: Callable[[], Any] | None = None, *, direction: Any = None) -> Any:
        """Change all parameters that have a gradient, once.

        Parameters
        ----------
        closure : callable, optional
            Called first, to compute the loss and the gradients anew.
        direction : list of Tensor, or callable, optional
            What takes the place of the gradients; the step goes against it (along it, with
            ``maximize``).  One tensor for each parameter, in the order of the groups, ``None`` where
            nothing is to move; or a function that makes such a list from the list of parameters.
            ``.grad`` stays as it is.

        Returns
        -------
        Tensor or None
            What ``closure`` returned.

        Raises
        ------
        RuntimeError
            If a parameter has another shape than what is kept for it, or than its direction.
        TypeError
            If ``direction`` holds something else than tensors.  Nothing has been changed in either case.

        Notes
        -----
        An exception of the rule itself, of a class that somebody has just written, say, leaves the parameters
        that came before changed, and the step counted.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if direction is None and not self.transforms:
            self._apply_rule()
        else:
            with in_place_of_gradients(self, direction):
                self._apply_rule()
        return loss

    def _apply_rule(self) -> None:
        live = self._live_bundles()
        if not live:
            self._warn_without_gradients()
        for bundle, gradients in live:
            hyperparameters, decay, shrink, maximize = bundle.options
            bundle.begin()
            if self.scalars:
                bundle.note(self.advance(bundle.progress, **(hyperparameters | bundle.given)))
            if self.coefficients is not None:
                bundle.settle(self.coefficients(bundle.progress, **bundle.given))
            for theta, g, s in bundle.pieces(gradients):
                if shrink is not None:
                    theta *= shrink
                if decay or maximize:
                    g = penalised(theta, g, decay, maximize, s.penalised)
                self.update(theta, g, s, **hyperparameters)
            if bundle.handed_out:
                bundle.grow_old()

    def _warn_without_gradients(self) -> None:
        if not self._warned:
            self._warned = True
            warn(
                f"{type(self).__name__}.step(): no parameter has a gradient, nothing was changed; call "
                "backward() on a loss computed from these parameters, between zero_grad() and step()"
            )

    def _live_bundles(self) -> list[tuple[Bundle, list[Any]]]:
        """Return the bundles whose parameters have gradients, with these; all ready for the rule."""
        if self._bundles is None or not self._is_as_bundled():
            self._bundle()
        live, changed = [], []
        for bundle in self._bundles or ():
            gradients = bundle.gradients()
            as_before = self._watched(bundle.group) == bundle.values
            if gradients is None or (gradients and not (as_before or self._has_room(bundle))):
                self._irregular.update(p for p in bundle.params if p._grad is None)
                self._bundle()
                return self._live_bundles()
            if gradients:
                live.append((bundle, gradients))
                if not as_before:
                    changed.append(bundle)
        # Only now, as memory that was laid out is no longer new to the rule.
        for bundle in changed:
            self._make_ready(bundle)
        return live

    def _is_as_bundled(self) -> bool:
        """Tell whether groups and state, as far as others can change them, are as they were bundled."""
        if len(self.param_groups) != len(self._bundled):
            return False
        for group, (known, params) in zip(self.param_groups, self._bundled):  # noqa: B905  # as long
            now = group["params"]
            if group is not known or len(now) != len(params) or not all(map(is_, now, params)):
                return False
        for p in self._untouched:
            if p._grad is not None:
                return False
        return not self._state_seen or all(b.keeps(self._state) for b in self._bundles or ())

    def _bundle(self) -> None:
        """Bundle the parameters that have a gradient, or had one in an earlier step."""
        if not self._has_rule():
            self.update(None, None, None)  # says what is missing
        before, self._bundles = laid_out(self._bundles or ()), []
        self._bundled = [(group, list(group["params"])) for group in self.param_groups]
        self._untouched = []
        for group, params in self._bundled:
            touched = [p for p in params if p._grad is not None or p in self._state]
            self._untouched += [p for p in params if p._grad is None and p not in self._state]
            for p in touched:
                self._state.setdefault(p, {})
            self._bundles += make_bundles(
                group,
                touched,
                self._state,
                SCALARS | self.scalars,
                self.is_elementwise(group),
                launching(self),
                before,
                self._irregular,
            )

    def _has_room(self, bundle: Bundle) -> bool:
        """Tell whether a bundle's memory, if it has been laid out, will do for other hyperparameters.

        Raises
        ------
        TypeError, ValueError
            If one was set out of its range; nothing has been changed then.
        """
        group = bundle.group
        self.check(group)
        return bundle.names is None or set(self.state_names(group)) <= set(bundle.names)

    def _make_ready(self, bundle: Bundle) -> None:
        """Give a bundle the hyperparameters as they are now, and memory if it has none."""
        group = bundle.group
        if bundle.names is None:
            names, scalars = self.state_names(group), SCALARS | self.scalars
            spare = (*self.scratch, "penalised")
            bundle.lay_out(self._state, names, scalars, self._scratch, spare)
        hyperparameters = {name: plain(group[name]) for name in self._rule_names}
        bundle.given = {name: plain(group[name]) for name in self._coefficient_names}
        decay, shrink = plain(group["weight_decay"]), None
        if group["decoupled_weight_decay"]:
            decay, shrink = 0, 1 - plain(group["lr"]) * decay if decay else None
        bundle.options = hyperparameters, decay, shrink, group["maximize"]
        bundle.values = plain(self._watched(group))

    # Hooks ----------------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step.

        If it returns a tuple ``(args, kwargs)``, these are the arguments of ``step``.  Returns a handle
        with ``remove()``.
        """
        self._pre_hooks.append(hook)
        return HookHandle(self._pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step; return a handle with ``remove()``."""
        self._post_hooks.append(hook)
        return HookHandle(self._post_hooks, hook)

    # Saving and loading ---------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return all that is needed to go on from here, but for ``transforms``, in PyTorch's layout.

        Returns
        -------
        dict
            ``"state"``: what is kept, by the number of the parameter; ``"param_groups"``: the
            hyperparameters, and under ``"params"`` the numbers of the parameters.  These are copies,
            which do not change as training goes on.
        """
        from copy import deepcopy  # here: who only trains needs neither this nor what loads

        number: dict[Any, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                number[p] = len(number)
            saved = {name: deepcopy(v) for name, v in group.items() if name != "params"}
            groups.append(saved | {"params": [number[p] for p in group["params"]]})
        state = {
            number.get(key, key): deepcopy(slots) for key, slots in self._state.items() if slots
        }
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, of this optimiser or another of its kind.

        Parameters are matched by their order.  Tensors are copied, in the dtype and to the device of
        their parameter.

        Parameters
        ----------
        state_dict : dict
            In PyTorch's layout.

        Raises
        ------
        TypeError, ValueError
            If it does not fit; nothing has been changed then.
        """
        from minigrad.optim.loading import read_state_dict

        groups, state = read_state_dict(self, state_dict, (*COMMON, *self.own_options))
        for group, saved in zip(self.param_groups, groups, strict=True):
            group.update(saved | {"params": group["params"]})
        self._state = state
        self._bundles = None

    def __getstate__(self) -> dict[str, Any]:
        kept = {**self.__dict__}
        memory = "_scratch", "_bundles", "_bundled", "_untouched", "_irregular"
        for name in ("_pre_hooks", "_post_hooks", *memory):
            del kept[name]
        return kept

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_afresh()

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


def plain(value: Any) -> Any:
    """Return NumPy numbers, also in a list or tuple, as Python's, which leave float32 what it is."""
    if isinstance(value, (list, tuple)):
        return type(value)([plain(one) for one in value])
    return value.item() if isinstance(value, np.generic) else value


def _names_asked(method: Callable[..., Any], after: int) -> tuple[str, ...]:
    """Return the names of the arguments of a method, but for those that come first, and ``**others``."""
    arguments = list(inspect.signature(method).parameters.values())[after:]
    return tuple(one.name for one in arguments if one.kind is not one.VAR_KEYWORD)


def _signature(cls: type[Optimizer]) -> inspect.Signature:
    """Return how ``cls`` is called, for ``help()`` and the documentation."""
    if cls.__init__ is not Optimizer.__init__:
        own = inspect.signature(cls.__init__)
        return own.replace(parameters=list(own.parameters.values())[1:])
    kind = inspect.Parameter
    params = [kind("params", kind.POSITIONAL_OR_KEYWORD)]
    for name, value in cls.defaults.items():
        params.append(kind(name, kind.POSITIONAL_OR_KEYWORD, default=value))
    for name, value in (COMMON | {"transforms": ()}).items():
        if name not in cls.defaults:
            params.append(kind(name, kind.KEYWORD_ONLY, default=value))
    return inspect.Signature(params)
