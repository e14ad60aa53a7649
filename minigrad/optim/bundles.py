"""Where the rule of an optimiser runs: small parameters together, a large one in pieces.

A rule (``Optimizer.update``) treats every number alike, so it does not matter to it whether it is
given one parameter, a piece of one, or several laid end to end.  That is used twice:

- *Small* parameters are **gathered**.  Values and gradients are copied into one row each, the rule runs
  once over all of them, and the values are copied back.  A call of NumPy takes half a microsecond
  however short the array: copying a bias is cheaper than a dozen calls for it alone.
- *Large* parameters stay **apart**, each cut into pieces that fit the processor's cache.  The rule passes
  over each piece a dozen times before the next one is fetched from memory.  The pieces are views.

Nobody can tell.  Parameters and gradients stay where they are, whoever else looks at that memory;
only state (momentum and the like) is laid end to end here, and seen from outside as one tensor for each
parameter.  The numbers are the same, bit for bit, in whatever way parameters are bundled; only a gradient
that lies in the memory of *another* parameter is read when that may have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from numbers import Real
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from minigrad import engine
from minigrad.backend import kernels
from minigrad.backend.devices import backend_of, device_of, move, xp_of
from minigrad.versions import cell_of, memory_of, touch_cells

State = dict[Any, dict[str, Any]]  # what is kept, by parameter and name
Rows = dict[str, tuple[Any, Any]]  # by name a tensor of the state, and the memory laid out for it


CACHE_LINE = 64  # bytes


class Sizes(NamedTuple):
    """Limits in bytes: what is small, how much is gathered at most, and how long a piece may be."""

    small: int
    bundle: int
    piece: int | None


HOST = Sizes(small=1 << 16, bundle=1 << 18, piece=1 << 18)
"""Measured: shorter pieces cost calls, longer ones leave the cache of one processor core."""

DEVICE = Sizes(small=1 << 22, bundle=1 << 26, piece=None)
"""Not measured.  Each call costs a GPU a launch, and long arrays keep it busy: gather much, cut nothing."""


def sizes_for(array: Any) -> Sizes:
    """Return the limits for the kind of device that holds ``array``."""
    return HOST if isinstance(array, np.ndarray) else DEVICE


def new_row(make: str, like: Any, size: int) -> Any:
    """Return ``xp.empty(size)`` or ``xp.zeros(size)`` in the dtype and on the device of ``like``."""
    backend = backend_of(like)
    spare = CACHE_LINE // like.dtype.itemsize
    with backend.on_device(backend.index_of(like)):
        row = getattr(backend.xp, make)(size + spare, dtype=like.dtype)
    # NumPy's arrays begin anywhere; vectors of numbers that straddle two cache lines cost more.
    start = -row.ctypes.data % CACHE_LINE // row.itemsize if isinstance(row, np.ndarray) else 0
    return row[start : start + size]


class Scratch:
    """Arrays that may be overwritten, one of each name, for all bundles of an optimiser in turn."""

    def __init__(self) -> None:
        self._rows: dict[Any, Any] = {}

    def row(self, name: str, like: Any, size: int) -> Any:
        """Return ``size`` numbers of the dtype and on the device of ``like``."""
        key = name, like.dtype, device_of(like)
        row = self._rows.get(key)
        if row is None or row.size < size:
            row = self._rows[key] = new_row("empty", like, size)
        return row[:size]


class Bundle:
    """Parameters that are updated by the same calls of the rule, and the memory for that.

    They belong to one group, have one dtype and device and have made the same number of steps; in any
    step all of them have gradients, or none has.  The optimiser bundles anew when that ceases to hold.
    The two kinds of bundles are :class:`Gathered` and :class:`Apart`; on a GPU there is a third,
    :class:`~minigrad.optim.launched.Launched`.

    Parameters
    ----------
    group : dict
        Their parameter group.
    params : list of Tensor
        The parameters.

    Attributes
    ----------
    names : tuple of str or None
        What is kept for each parameter; ``None`` until :meth:`lay_out` has been called.
    progress : namespace
        The numbers among the state, such as how many steps were made.
    coefficients : namespace
        The numbers that the rule multiplies by in this step.
    values, options, given
        Kept here by the optimiser: hyperparameters of the group, and what it made of them.
    """

    cuts: list[slice]  # where rows of state are cut, one piece for each call of the rule
    shape: tuple[int, ...] | None = None  # of the pieces, if they are not flat

    def __init__(self, group: dict[str, Any], params: list[Any]) -> None:
        self.group = group
        self.params = params
        self.arrays = [p.array for p in params]
        self.members = list(zip(params, self.arrays, strict=True))
        self.names: tuple[str, ...] | None = None
        self.coefficients = SimpleNamespace()
        self.values: Any = None
        self.options: Any = None
        self.given: Any = None

    # What the parameters are now ------------------------------------------------------------------

    def gradients(self) -> list[Any] | None:
        """Return the arrays of their gradients: of all, or an empty list if none has one.

        Returns
        -------
        list or None
            ``None`` if these parameters cannot be updated together any more.
        """
        found: list[Any] = []
        moved = False
        for p, array in self.members:
            gradient = p._grad
            if gradient is not None:
                found.append(gradient.array)
                if p.array is not array:
                    moved = True
        if not found or (len(found) == len(self.members) and not (moved and not self._follow())):
            return found
        return None

    def _follow(self) -> bool:
        """Take the arrays that the parameters have now (``p.data = x``); tell whether they fit."""
        for p in self.params:
            make_writable(p)
        arrays = [p.array for p in self.params]
        if self.names is None or not self._fits(arrays) or self._shares(arrays):
            return False
        check_writable(self.params, arrays)
        for new, old in zip(arrays, self.arrays, strict=True):
            if new.shape != old.shape or new.dtype != old.dtype or device_of(new) != device_of(old):
                return False
        self._look_at(arrays)
        return True

    def _shares(self, arrays: list[Any]) -> bool:
        """Tell whether other parameters lie in the same memory: then the order of updates counts."""
        own = {id(memory_of(array)) for array in arrays}
        return any(
            id(memory_of(p.array)) in own
            for p in self.group["params"]
            if p._grad is not None and not any(p is member for member in self.params)
        )

    def _fits(self, arrays: list[Any]) -> bool:
        """Tell whether this kind of bundle can work with other arrays of the same shapes."""
        raise NotImplementedError

    def keeps(self, state: State) -> bool:
        """Tell whether ``state``, which a person can edit, is still what this bundle works with."""
        if self.names is None:
            return True
        for p, slots, views in zip(self.params, self.slots, self.views, strict=True):
            if state.get(p) is not slots:
                return False
            for name, number in self.numbers.items():
                if slots.get(name) is not number:
                    return False
            for name, (tensor, view) in views.items():
                if tensor.array is not view or slots.get(name) is not tensor:
                    return False
        return True

    # Laying out memory ----------------------------------------------------------------------------

    def lay_out(
        self,
        state: State,
        names: tuple[str, ...],
        scalars: Mapping[str, Any],
        scratch: Scratch,
        spare: tuple[str, ...],
    ) -> None:
        """Make room for what the rule needs; what ``state`` has already is copied there.

        Parameters
        ----------
        state : dict
            What is kept for each parameter; missing names are added, as zeros.
        names : tuple of str
            Of what the rule keeps.
        scalars : dict
            With what those of them begin that are one number, as ``"step"`` is, and no array.
        scratch : Scratch
            Where arrays come from that may be overwritten.
        spare : tuple of str
            The names of those that the rule asks for.

        Raises
        ------
        RuntimeError
            If the state of a parameter has another shape than the parameter.
        """
        check_writable(self.params, self.arrays)
        self.slots = [state[p] for p in self.params]
        kept = [name for name in names if name not in scalars]
        self._check_shapes(kept)
        ends = np.cumsum([array.size for array in self.arrays]).tolist()
        self.places = [slice(b - a.size, b) for a, b in zip(self.arrays, ends, strict=True)]
        self.size = ends[-1]
        self.new = any(name not in self.slots[0] for name in kept)
        self.numbers: dict[str, Any] = {}
        self.progress = SimpleNamespace()
        self.spaces: list[SimpleNamespace] = []
        self.handed_out: list[dict[str, Any]] = []  # until the rule has run for the first time
        self.note(
            {
                name: type(first)(self.slots[0].get(name, first))
                for name, first in scalars.items()
                if name in names
            }
        )
        self.views: list[Rows] = [{} for _ in self.slots]
        rows = {name: self._state_row(name) for name in kept}
        longest = max(cut.stop - cut.start for cut in self.cuts)
        self._make_spaces(
            rows, {name: scratch.row(name, self.arrays[0], longest) for name in spare}
        )
        self._look_at(self.arrays)
        self.names = names

    def _check_shapes(self, kept: list[str]) -> None:
        for p, array, slots in zip(self.params, self.arrays, self.slots, strict=True):
            for name in kept:
                if name in slots and slots[name].shape != array.shape:
                    raise shape_error(p, name, slots[name].shape)

    def _state_row(self, name: str) -> Any:
        """Lay what is kept under one name end to end; return that row."""
        row = new_row("zeros", self.arrays[0], self.size)
        for number, part in enumerate(self._parts(row)):
            self._keep(number, name, part)
        return row

    def _keep(self, number: int, name: str, part: Any) -> None:
        """Let ``part`` of a new row be what is kept for a parameter; take over what was."""
        slots = self.slots[number]
        if name in slots:
            tensor = slots[name] = engine.as_tensor(slots[name])
            part[...] = move(tensor.array, device_of(part))
            tensor.array = part  # the same tensor: whoever holds it sees what follows
        else:
            tensor = slots[name] = engine.wrap(part, None)
        self.views[number][name] = tensor, part

    def _parts(self, row: Any) -> list[Any]:
        """Return the stretch of ``row`` that belongs to each parameter, in its shape."""
        xp = xp_of(row)
        return [
            xp.reshape(row[place], array.shape)
            for place, array in zip(self.places, self.arrays, strict=True)
        ]

    def _make_spaces(self, rows: dict[str, Any], spares: dict[str, Any]) -> None:
        """Make ``spaces``, for each call of the rule what it is given as ``s``."""
        for cut in self.cuts:
            self._add_space(rows, cut, spares)

    def _add_space(self, rows: dict[str, Any], cut: slice, spares: dict[str, Any]) -> None:
        pieces = {name: row[cut] for name, row in rows.items()}
        pieces |= {name: row[: cut.stop - cut.start] for name, row in spares.items()}
        if self.shape is not None:
            xp = xp_of(self.arrays[0])
            pieces = {name: xp.reshape(row, self.shape) for name, row in pieces.items()}
        space = SimpleNamespace(new=self.new, **self.numbers, **pieces)
        space.coefficients = self.coefficients  # one for all of them
        self.spaces.append(space)
        self.handed_out.append({name: pieces[name] for name in rows})

    def _look_at(self, arrays: list[Any]) -> None:
        """Note where the values of the parameters are."""
        self.arrays = arrays
        self.members = list(zip(self.params, arrays, strict=True))
        self.cells = [cell_of(array) for array in arrays]

    # One step -------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Count a step, which is about to change the values."""
        if "step" in self.numbers:
            self.note({"step": self.numbers["step"] + 1})
        touch_cells(self.cells)

    def note(self, numbers: Mapping[str, Any]) -> None:
        """Keep other numbers from now on, e.g. of steps made."""
        for name, number in numbers.items():
            self.numbers[name] = number
            setattr(self.progress, name, number)
            for slots in self.slots:
                slots[name] = number
            for space in self.spaces:
                setattr(space, name, number)

    def settle(self, coefficients: Mapping[str, float]) -> None:
        """Keep the numbers that the rule multiplies by from now on.

        On the host they are arrays without axes, in the dtype of the parameters.  NumPy computes the same
        with them, and is spared making an array of a number in every call, the longer half of a short one.
        """
        kept = vars(self.coefficients)
        like = self.arrays[0]
        if coefficients.__class__ is not dict or kept.keys() != coefficients.keys():
            check_numbers(coefficients)
            kept.clear()
        for name, number in coefficients.items():
            if not isinstance(like, np.ndarray):
                kept[name] = number
            elif name in kept:
                kept[name][...] = float(number)
            else:
                kept[name] = np.array(number, like.dtype)

    def pieces(self, gradients: list[Any]) -> Iterable[tuple[Any, Any, Any]]:
        """Iterate over the calls of the rule: values, which it changes in place, gradient and state."""
        raise NotImplementedError

    def grow_old(self) -> None:
        """Note that the rule has run, which finds its state as it is now in the next step.

        Raises
        ------
        RuntimeError
            If it has put other arrays in the place of those that are kept.
        """
        for space, pieces in zip(self.spaces, self.handed_out, strict=True):
            for name, piece in pieces.items():
                if getattr(space, name) is not piece:
                    raise RuntimeError(
                        f"update() has put another array in s.{name}, which is not kept; change the one that "
                        f"is there: s.{name}[...] = ..., or s.{name} *= ..."
                    )
            space.new = False
        self.handed_out = []
        self.new = False


class Gathered(Bundle):
    """Several small parameters, copied end to end for the rule and back."""

    def lay_out(
        self,
        state: State,
        names: tuple[str, ...],
        scalars: Mapping[str, Any],
        scratch: Scratch,
        spare: tuple[str, ...],
    ) -> None:
        """Make room for what the rule needs, and for copies of values and gradients."""
        first, size = self.arrays[0], sum(array.size for array in self.arrays)
        self.cuts = [slice(0, size)]
        self.theta = scratch.row("theta", first, size)
        self.g = scratch.row("g", first, size)
        super().lay_out(state, names, scalars, scratch, spare)

    def _fits(self, arrays: list[Any]) -> bool:
        """Parameters that share memory must not be updated together."""
        return len({id(cell_of(array)) for array in arrays}) == len(arrays)

    def _look_at(self, arrays: list[Any]) -> None:
        super()._look_at(arrays)
        self.copies = list(zip(self._parts(self.theta), arrays, strict=True))
        self.g_parts = self._parts(self.g)

    def pieces(self, gradients: list[Any]) -> Iterator[tuple[Any, Any, Any]]:
        """Copy values and gradients here, and after the call of the rule the values back."""
        for part, array in self.copies:
            part[...] = array
        for part, gradient in zip(self.g_parts, gradients):  # noqa: B905  # of one length
            part[...] = gradient
        yield self.theta, self.g, self.spaces[0]
        for part, array in self.copies:
            array[...] = part


class Apart(Bundle):
    """Parameters updated where they are, one after the other: flat and in pieces, or one in its shape.

    Each has rows of state of its own.  They stay where they are when parameters are bundled anew, so that
    nothing large is copied; and the memory of one is free again when nobody needs that one.
    """

    def __init__(
        self,
        group: dict[str, Any],
        params: list[Any],
        elementwise: bool,
        before: Mapping[Any, Rows],
    ) -> None:
        super().__init__(group, params)
        self.rows = [before.get(p, {}) for p in params]
        first = self.arrays[0]
        self.flat = elementwise and all(p.is_contiguous() for p in params)
        self.shape = None if self.flat else first.shape
        limit = sizes_for(first).piece if self.flat else None
        self.cuts_of_each = [cuts(array.size, array.itemsize, limit) for array in self.arrays]
        self.cuts = [cut for own in self.cuts_of_each for cut in own]

    def _fits(self, arrays: list[Any]) -> bool:
        """What is given to the rule flat has to be contiguous."""
        return not self.flat or all(p.is_contiguous() for p in self.params)

    def _state_row(self, name: str) -> list[Any]:
        """Lay out what is kept under one name, unless it is from before; return a row for each parameter."""
        rows = []
        for number, array in enumerate(self.arrays):
            if not self._has_row(number, name):
                part = xp_of(array).reshape(new_row("zeros", array, array.size), array.shape)
                self._keep(number, name, part)
            _, part = self.views[number][name]
            rows.append(flattened(part))
        return rows

    def _has_row(self, number: int, name: str) -> bool:
        """Go on with the row that a parameter had in another bundle; tell whether that can be."""
        if name not in self.rows[number]:
            return False
        array, (tensor, part) = self.arrays[number], self.rows[number][name]
        if tensor.array is not part or self.slots[number].get(name) is not tensor:
            return False  # somebody put something else there
        if part.dtype != array.dtype or device_of(part) != device_of(array):
            return False
        self.views[number][name] = tensor, part
        return True

    def _make_spaces(self, rows: dict[str, Any], spares: dict[str, Any]) -> None:
        self.rows = self.views
        for number, own_cuts in enumerate(self.cuts_of_each):
            own_rows = {name: of_all[number] for name, of_all in rows.items()}
            for cut in own_cuts:
                self._add_space(own_rows, cut, spares)

    def _cut(self, arrays: list[Any]) -> list[Any]:
        """Return the pieces of all parameters or of their gradients."""
        if not self.flat:
            return arrays
        pieces = []
        for array, own_cuts in zip(arrays, self.cuts_of_each, strict=True):
            flat = flattened(array)
            pieces += [flat[cut] for cut in own_cuts] if len(own_cuts) > 1 else [flat]
        return pieces

    def _look_at(self, arrays: list[Any]) -> None:
        super()._look_at(arrays)
        self.thetas = self._cut(arrays)
        self.memories = [memory_of(array) for array in arrays]

    def pieces(self, gradients: list[Any]) -> Iterable[tuple[Any, Any, Any]]:
        """Cut values and gradients; nothing is copied."""
        for number, (gradient, memory) in enumerate(zip(gradients, self.memories, strict=True)):
            if memory_of(gradient) is memory:  # p.grad = p.data
                gradients[number] = xp_of(gradient).array(gradient)  # not to change with the values
        return zip(self.thetas, self._cut(gradients), self.spaces, strict=True)


def laid_out(bundles: Iterable[Bundle]) -> dict[Any, Rows]:
    """Return the rows of state that parameters have of their own, by parameter."""
    apart = [bundle for bundle in bundles if isinstance(bundle, Apart)]
    return {p: rows for bundle in apart for p, rows in zip(bundle.params, bundle.rows, strict=True)}


def make_bundles(
    group: dict[str, Any],
    params: Iterable[Any],
    state: State,
    scalars: Iterable[str],
    elementwise: bool,
    launched: Callable[[dict[str, Any], list[Any]], list[Bundle]] | None,
    before: Mapping[Any, Rows],
    irregular: Container[Any],
) -> list[Bundle]:
    """Return bundles of parameters of one group.

    Parameters
    ----------
    group : dict
        The group.
    params : iterable of Tensor
        Those of its parameters that are to be updated.
    state : dict
        What is kept for each of them.
    scalars : iterable of str
        Names of the numbers among it; only parameters for which they are the same may be together.
    elementwise : bool
        Whether the rule treats every number alike; if not, each parameter stays alone.
    launched : callable or None
        Makes bundles of those of a group's parameters that a kernel updates, on a GPU.
    before : dict
        What :func:`laid_out` returned of the bundles that these take the place of.
    irregular : set
        Parameters that sometimes have no gradient when others do.  A large one stays alone: bundling anew in
        every step would cost more than it saves.
    """
    together: dict[Any, list[Any]] = {}
    memories: set[int] = set()
    for p in params:
        make_writable(p)
        array, slots = p.array, state[p]
        flat = elementwise and p.is_contiguous()
        by_kernel = flat and launched is not None and kernels.usable(xp_of(array), array.dtype)
        small = elementwise and not by_kernel and array.nbytes <= sizes_for(array).small
        key: Any = id(p)
        memory = id(cell_of(array))
        # Of parameters that share memory only the first may be with others: they are updated in their order.
        joins = small or by_kernel or (flat and p not in irregular)
        if joins and memory not in memories:
            progress = p._grad is None, *map(slots.get, scalars), *sorted(slots)
            key = array.dtype, device_of(array), progress
        memories.add(memory)
        together.setdefault((by_kernel, small, key), []).append(p)
    bundles: list[Bundle] = []
    for (by_kernel, small, _), members in together.items():
        if launched is not None and by_kernel:
            bundles += launched(group, members)
        elif small and len(members) > 1:
            bundles += [Gathered(group, part) for part in split(members)]
        else:
            bundles.append(Apart(group, members, elementwise, before))
    return bundles


def check_numbers(coefficients: Any) -> None:
    """Raise unless what a rule is to multiply by are numbers by name."""
    if not isinstance(coefficients, Mapping):
        raise TypeError(f"coefficients() has to return a dictionary, got {coefficients!r}")
    for name, number in coefficients.items():
        if not isinstance(number, Real):
            raise TypeError(f"coefficients() has to return numbers, got {name} = {number!r}")


def check_writable(params: list[Any], arrays: list[Any]) -> None:
    """Raise if the memory of a parameter cannot be written."""
    for p, array in zip(params, arrays, strict=True):
        if isinstance(array, np.ndarray) and not array.flags.writeable:
            raise RuntimeError(
                f"{parameter_text(p)} of shape {tuple(p.shape)} is on memory that is read-only, so it cannot "
                "be optimised; use a clone() of it"
            )


def make_writable(p: Any) -> None:
    """Give a parameter without axes an array, if it has a NumPy scalar, which cannot be written."""
    if isinstance(p.array, np.generic):
        p.array = np.array(p.array)


def split(params: list[Any]) -> Iterator[list[Any]]:
    """Split a list of parameters where a bundle would become too long."""
    limit = sizes_for(params[0].array).bundle
    part: list[Any] = []
    filled = 0
    for p in params:
        if part and filled + p.array.nbytes > limit:
            yield part
            part, filled = [], 0
        part.append(p)
        filled += p.array.nbytes
    yield part


def cuts(size: int, itemsize: int, limit: int | None) -> list[slice]:
    """Return slices of about equal length that make up ``size``, none much longer than ``limit`` bytes."""
    count = 1 if limit is None else max(1, -(-size * itemsize // limit))
    line = CACHE_LINE // itemsize
    step = max(1, -(-size // (count * line))) * line  # whole cache lines
    return [slice(i, min(i + step, size)) for i in range(0, max(size, 1), step)]


def flattened(array: Any) -> Any:
    """Return ``array`` as a row."""
    if isinstance(array, np.ndarray):
        return array.reshape(-1)  # takes a fifth of the time of np.reshape(array, -1)
    return xp_of(array).reshape(array, -1)


def shape_error(p: Any, name: str, shape: tuple[int, ...]) -> RuntimeError:
    """Return the error that a parameter and what is kept for it have different shapes."""
    return RuntimeError(
        f"{parameter_text(p)} has shape {tuple(p.shape)} now, but the optimizer keeps {name!r} of shape "
        f"{tuple(shape)} for it; after giving a parameter another shape, make a new optimizer, or "
        "forget its state: del optimizer.state[p]"
    )


def parameter_text(p: Any) -> str:
    """Return how errors name a parameter."""
    return f"the parameter {p.name!r}" if p.name else "a parameter"
