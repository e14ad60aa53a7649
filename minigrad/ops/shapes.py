r"""Operations that move elements and compute nothing: reshape, transpose, broadcast, join, pad.

Each is linear, so its derivative is its adjoint: the move that brings every gradient back.
"""

from __future__ import annotations

import numpy as np

from minigrad.backend.devices import Device, move
from minigrad.backend.sums import total
from minigrad.ops.declare import op, register
from minigrad.ops.samples import unary, with_params


@op(dtypes="any")
def alias(xp, x):
    """The same array, as a result of its own."""
    return x


alias.vjp(x=lambda xp, g: g).samples(unary())


@op(dtypes="any")
def clone(xp, x):
    """A copy."""
    return xp.array(x)


clone.vjp(x=lambda xp, g: g).samples(unary())


@op(dtypes="any")
def cast(xp, x, *, dtype, origin):
    """The same numbers in another dtype; the gradient is cast back."""
    return xp.asarray(x, dtype=dtype)


# The dtype and the device to go back to are keywords, so that no array is kept for them.
cast.vjp(x=lambda xp, g, origin: cast.on(xp, g, dtype=origin, origin=g.dtype)).samples(
    with_params(((2, 3), {"dtype": np.float64, "origin": np.float64}))
)


@op(dtypes="any")
def to_device(xp, x, *, device, origin):
    """The same numbers on another device; the gradient is brought back to ``origin``."""
    return move(x, device)


to_device.vjp(
    x=lambda xp, g, device, origin: to_device.on(xp, g, device=origin, origin=device)
).samples(with_params(((2, 3), {"device": Device("cpu"), "origin": Device("cpu")})))


@op(dtypes="any")
def reshape(xp, x, *, shape):
    """The same elements, in row-major order, in another shape."""
    return xp.reshape(x, shape)


reshape.vjp(x=lambda xp, g, x_shape: xp.reshape(g, x_shape)).samples(
    with_params(
        ((2, 3), {"shape": (3, 2)}),
        ((2, 3), {"shape": (-1,)}),
        ((1,), {"shape": ()}),
        ((), {"shape": (1, 1)}),
        ((0, 3), {"shape": (3, 0)}),
    )
)


@op(dtypes="any")
def permute_dims(xp, x, *, axes):
    """Axes in another order: axis ``i`` of the result is axis ``axes[i]`` of the input."""
    return xp.transpose(x, axes)


def _inverse(axes):
    """Return the order of axes that undoes ``axes``."""
    positive = [axis % len(axes) for axis in axes]
    return tuple(positive.index(i) for i in range(len(axes)))


permute_dims.vjp(x=lambda xp, g, axes: xp.permute_dims(g, _inverse(axes))).samples(
    with_params(
        ((2, 3), {"axes": (1, 0)}),
        ((2, 3, 4), {"axes": (2, 0, 1)}),
        ((2, 3, 4), {"axes": (0, -1, 1)}),
        ((), {"axes": ()}),
    )
)


@op(dtypes="any")
def broadcast_to(xp, x, *, shape):
    """The array repeated along new axes and axes of length 1, without copying."""
    return xp.broadcast_to(x, shape)


# The engine sums over what was broadcast, here as everywhere.
broadcast_to.vjp(x=lambda xp, g: g).samples(
    with_params(((3,), {"shape": (2, 3)}), ((2, 1), {"shape": (4, 2, 3)}), ((), {"shape": (2,)}))
)


@op(dtypes="any")
def flip(xp, x, *, axis):
    """Elements in reverse order along ``axis`` (an integer or a tuple)."""
    return xp.array(xp.flip(x, axis=axis))  # a copy, as in PyTorch


flip.vjp(x=lambda xp, g, axis: xp.flip(g, axis=axis)).samples(
    with_params(((3,), {"axis": 0}), ((2, 3), {"axis": (0, 1)}), ((2, 3), {"axis": -1}))
)


@op(dtypes="any")
def roll(xp, x, *, shift, axis=None):
    """Elements shifted along ``axis``, what leaves at one end entering at the other."""
    return xp.roll(x, shift, axis=axis)


def _roll_back(xp, g, shift, axis):
    back = tuple(-one for one in shift) if isinstance(shift, tuple) else -shift
    return xp.roll(g, back, axis=axis)


roll.vjp(x=_roll_back).samples(
    with_params(
        ((3,), {"shift": 1, "axis": 0}),
        ((2, 3), {"shift": -2}),
        ((2, 3), {"shift": (1, 2), "axis": (0, 1)}),
    )
)


@op(dtypes="any")
def tile(xp, x, *, repeats):
    """The whole array ``repeats[i]`` times along axis ``i`` (``repeat`` in PyTorch)."""
    return xp.tile(x, repeats)


def _sum_copies(xp, g, x_shape, repeats):
    shape = (1,) * (len(repeats) - len(x_shape)) + tuple(x_shape)
    split = tuple(length for pair in zip(repeats, shape, strict=True) for length in pair)
    copies = tuple(range(0, 2 * len(shape), 2))
    return xp.reshape(total(xp, xp.reshape(g, split), copies), x_shape)


tile.vjp(x=_sum_copies).samples(
    with_params(
        ((3,), {"repeats": (2,)}), ((2, 3), {"repeats": (2, 1, 3)}), ((), {"repeats": (2,)})
    )
)


@op(dtypes="any")
def repeat(xp, x, *, repeats, axis):
    """Each element ``repeats`` times along ``axis`` (``repeat_interleave`` in PyTorch)."""
    return xp.repeat(x, repeats, axis=axis)


def _sum_neighbours(xp, g, x_shape, repeats, axis):
    axis %= len(x_shape)
    split = (*x_shape[: axis + 1], repeats, *x_shape[axis + 1 :])
    return total(xp, xp.reshape(g, split), axis + 1)


repeat.vjp(x=_sum_neighbours).samples(
    with_params(((3,), {"repeats": 2, "axis": 0}), ((2, 3), {"repeats": 3, "axis": -1}))
)


@op
def concatenate(xp, *arrays, axis=0):
    """Arrays one after the other along ``axis`` (``cat`` in PyTorch)."""
    return xp.concatenate(arrays, axis=axis)


def _cut(xp, g, needs, arrays_shape, axis):
    """Give each input its stretch of the gradient."""
    ends = np.cumsum([shape[axis] for shape in arrays_shape]).tolist()
    before = (slice(None),) * (axis % g.ndim)
    stretches = zip([0, *ends[:-1]], ends, strict=True)
    return tuple(
        g[(*before, slice(start, end))] if need else None
        for (start, end), need in zip(stretches, needs, strict=True)
    )


concatenate.vjp(_cut).samples(
    lambda draw: [
        ((draw((2,)), draw((3,))), {}),
        ((draw((2, 3)), draw((1, 3)), draw((0, 3))), {"axis": 0}),
        ((draw((2, 3)), draw((2, 1))), {"axis": -1}),
    ]
)


@op
def stack(xp, *arrays, axis=0):
    """Arrays of one shape side by side along a new axis."""
    return xp.stack(arrays, axis=axis)


def _unstack(xp, g, needs, axis):
    before = (slice(None),) * (axis % g.ndim)
    return tuple(g[(*before, i)] if need else None for i, need in enumerate(needs))


stack.vjp(_unstack).samples(
    lambda draw: [
        ((draw(()), draw(())), {}),
        ((draw((3,)), draw((3,))), {"axis": 1}),
        ((draw((2, 3)), draw((2, 3)), draw((2, 3))), {"axis": -2}),
    ]
)


@op(dtypes="any")
def pad(xp, x, *, widths, value=0.0):
    """``value`` added around: ``widths[i]`` is (before, after) for axis ``i``."""
    return xp.pad(x, widths, mode="constant", constant_values=value)


def _unpad(xp, g, x_shape, widths):
    pairs = zip(widths, x_shape, strict=True)
    return g[tuple(slice(before, before + length) for (before, _), length in pairs)]


pad.vjp(x=_unpad).samples(
    with_params(
        ((3,), {"widths": ((1, 2),)}),
        ((2, 3), {"widths": ((0, 1), (2, 0)), "value": 1.5}),
    )
)


@op(dtypes="any")
def tril(xp, x, *, k=0):
    """Lower triangle of the last two axes, zeros above the diagonal ``k``."""
    return xp.tril(x, k)


@op(dtypes="any")
def triu(xp, x, *, k=0):
    """Upper triangle of the last two axes, zeros below the diagonal ``k``."""
    return xp.triu(x, k)


tril.vjp(x=lambda xp, g, k: xp.tril(g, k=k))
triu.vjp(x=lambda xp, g, k: xp.triu(g, k=k))
for _operation in (tril, triu):
    _operation.samples(with_params(((3, 3), {}), ((2, 3), {"k": 1}), ((2, 3, 2), {"k": -1})))


@op(dtypes="any")
def diagonal(xp, x, *, offset=0, axis1=0, axis2=1):
    """Elements on a diagonal of two axes, along a new last axis."""
    return xp.diagonal(x, offset, axis1, axis2)


@op(dtypes="any")
def from_diagonal(xp, x, *, shape, offset=0, axis1=0, axis2=1):
    """Zeros of ``shape`` with the last axis of ``x`` on a diagonal: the adjoint of ``diagonal``."""
    out = xp.zeros(shape, x.dtype)
    rows, columns = shape[axis1], shape[axis2]
    start = (max(-offset, 0), max(offset, 0))
    length = max(min(rows - start[0], columns - start[1]), 0)
    moved = xp.moveaxis(out, (axis1, axis2), (0, 1))  # a view: writing it fills ``out``
    steps = xp.arange(length)
    moved[steps + start[0], steps + start[1]] = xp.moveaxis(x, -1, 0)
    return out


diagonal.vjp(
    x=lambda xp, g, x_shape, offset, axis1, axis2: from_diagonal.on(
        xp, g, shape=x_shape, offset=offset, axis1=axis1, axis2=axis2
    )
).samples(
    with_params(
        ((3, 3), {}),
        ((2, 4), {"offset": 1}),
        ((3, 2), {"offset": -2}),
        ((2, 3, 4), {"axis1": -1, "axis2": 0}),
    )
)
from_diagonal.vjp(
    x=lambda xp, g, offset, axis1, axis2: diagonal.on(
        xp, g, offset=offset, axis1=axis1, axis2=axis2
    )
).samples(
    with_params(
        ((3,), {"shape": (3, 3)}),
        ((2,), {"shape": (2, 3), "offset": 1}),
        ((4, 2), {"shape": (2, 4, 3), "axis1": 0, "axis2": -1}),
    )
)

register(alias, clone, cast, to_device, reshape, permute_dims, broadcast_to, flip, roll, tile)
register(repeat, concatenate, stack, pad, tril, triu, diagonal, from_diagonal)
