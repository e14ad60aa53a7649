r"""Products of matrices and tensors: matmul for every pair of ranks, and einsum."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.declare import namespace_of, op, register

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def quick(xp, x, y):
    """Tell whether NumPy's method ``dot``, which asks least before it starts, is ``@`` here.

    It is for two matrices.  But of a single number that is 0 it makes zeros, whatever it is multiplied by.
    """
    return xp is np and x.ndim == y.ndim == 2 and x.size > 1 < y.size


def product(xp, x, y):
    """Return ``x @ y``."""
    return x.dot(y) if quick(xp, x, y) else xp.matmul(x, y)


@op(dtypes="same", analytic=True)
def matmul(xp, x, y):
    r"""Matrix product, :math:`(XY)_{ij} = \sum_k X_{ik} Y_{kj}`, over leading batch axes.

    A vector on the left is a row, on the right a column; its axis is dropped from the result.
    """
    return product(xp, x, y)


# Every derivative of a product of matrices is a product of matrices, one of them turned.  With the two
# operations below that takes one node, not two, and the family is closed: no order needs another.


@op(dtypes="same", analytic=True)
def matmul_tn(xp, x, y):
    r"""Product with the first matrix turned, :math:`X^\top Y`."""
    return product(xp, x.T if x.ndim == 2 else xp.swapaxes(x, -1, -2), y)


@op(dtypes="same", analytic=True)
def matmul_nt(xp, x, y):
    r"""Product with the second matrix turned, :math:`X Y^\top`."""
    return product(xp, x, y.T if y.ndim == 2 else xp.swapaxes(y, -1, -2))


def product_tn(xp, x, y):
    """Return ``x.T @ y`` inside a rule."""
    return x.T.dot(y) if quick(xp, x, y) else matmul_tn.on(xp, x, y)


def product_nt(xp, x, y):
    """Return ``x @ y.T`` inside a rule."""
    return x.dot(y.T) if quick(xp, x, y) else matmul_nt.on(xp, x, y)


matmul_tn.vjp(
    x=lambda xp, g, y: product_nt(xp, y, g),
    y=lambda xp, g, x: product(xp, x, g),
).samples(
    lambda draw: [
        ((draw(left), draw(right)), {})
        for left, right in (
            ((3, 2), (3, 4)),
            ((2, 1, 3, 4), (5, 3, 2)),
            ((3, 0), (3, 2)),
            ((0, 2), (0, 3)),
        )
    ]
)
matmul_nt.vjp(
    x=lambda xp, g, y: product(xp, g, y),
    y=lambda xp, g, x: product_tn(xp, g, x),
).samples(
    lambda draw: [
        ((draw(left), draw(right)), {})
        for left, right in (
            ((2, 3), (4, 3)),
            ((2, 1, 4, 3), (5, 2, 3)),
            ((0, 3), (2, 3)),
            ((2, 0), (3, 0)),
        )
    ]
)


def _matmul_x(xp, g, y):
    if y.ndim == 1:  # (..., n) = sum_k x[..., n, k] y[k]
        return xp.expand_dims(g, -1) * y
    if g.ndim < y.ndim:  # x is a vector: x @ y is y^T x for each matrix of the batch
        return xp.matmul(y, xp.expand_dims(g, -1))[..., 0]
    return product_nt(xp, g, y)


def _matmul_y(xp, g, x):
    if x.ndim == 1:
        if g.ndim == 0:  # two vectors
            return g * x
        return xp.expand_dims(x, -1) * xp.expand_dims(g, -2)
    if g.ndim < x.ndim:  # y is a vector
        return xp.matmul(xp.swapaxes(x, -1, -2), xp.expand_dims(g, -1))[..., 0]
    return product_tn(xp, x, g)


matmul.vjp(x=_matmul_x, y=_matmul_y).samples(
    lambda draw: [
        ((draw(left), draw(right)), {})
        for left, right in (
            ((3,), (3,)),
            ((3,), (3, 2)),
            ((2, 3), (3,)),
            ((2, 3), (3, 4)),
            ((3,), (2, 3, 4)),
            ((2, 4, 3), (3,)),
            ((2, 4, 3), (3, 2)),
            ((4, 3), (2, 3, 2)),
            ((2, 1, 4, 3), (5, 3, 2)),
            ((1, 2, 3), (4, 3, 1)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 2)),
        )
    ]
)


def expand_subscripts(subscripts, ndims):
    """Return einsum subscripts with every axis named: spaces, ``...`` and a missing result resolved.

    Returns
    -------
    (list of str, str)
        The letters of each operand, and of the result.

    Raises
    ------
    ValueError
        If the subscripts do not fit the operands' numbers of axes.
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise ValueError(
            f"einsum {subscripts!r} has {len(terms)} operands, {len(ndims)} were given"
        )
    free = [letter for letter in _LETTERS if letter not in subscripts]
    hidden = [ndim - len(term.replace("...", "")) for term, ndim in zip(terms, ndims, strict=True)]
    for term, extra, ndim in zip(terms, hidden, ndims, strict=True):
        if extra < 0 or (extra and "..." not in term):
            raise ValueError(
                f"einsum {subscripts!r}: {term!r} does not fit an array of {ndim} axes"
            )
    batch = "".join(free[: max(hidden, default=0)])
    named = [
        term.replace("...", batch[len(batch) - extra :] if extra else "")
        for term, extra in zip(terms, hidden, strict=True)
    ]
    if not arrow:
        letters = "".join(named)
        once = sorted({one for one in letters if letters.count(one) == 1 and one not in batch})
        right = batch + "".join(once)
    return named, right.replace("...", batch)


@op(dtypes="same", wide=True)
def einsum(xp, *operands, subscripts):
    r"""Sum of products over named axes, e.g. ``"ij,jk->ik"``; Einstein's convention as in NumPy."""
    named, result = expand_subscripts(subscripts, [operand.ndim for operand in operands])
    return xp.einsum(",".join(named) + "->" + result, *operands)


def _einsum(xp, g, needs, operands, subscripts):
    """Give each operand the einsum of the gradient with all the others.

    An axis that only this operand has was summed away: ones spread the gradient over it again.  A
    letter that an operand has twice (a diagonal) is split in two, joined by the identity matrix.
    """
    named, result = expand_subscripts(subscripts, [operand.ndim for operand in operands])
    module, like = namespace_of(operands[0]), {"dtype": operands[0].dtype}
    sizes: dict[str, int] = {}
    for term, operand in zip(named, operands, strict=True):
        for letter, length in zip(term, operand.shape, strict=True):
            sizes[letter] = length if sizes.get(letter, 1) == 1 else sizes[letter]
    gradients: list[Any] = []
    for position, need in enumerate(needs):
        if not need:
            gradients.append(None)
            continue
        terms = [result, *(term for i, term in enumerate(named) if i != position)]
        arrays = [g, *(operand for i, operand in enumerate(operands) if i != position)]
        free = iter(one for one in _LETTERS if one not in "".join([*named, result]))
        target = ""
        for letter in named[position]:
            if letter in target:
                twin = next(free)
                terms.append(letter + twin)
                arrays.append(module.eye(sizes[letter], **like))
                letter = twin
            elif letter not in "".join(terms):
                terms.append(letter)
                arrays.append(module.ones((sizes[letter],), **like))
            target += letter
        gradient = xp.einsum(",".join(terms) + "->" + target, *arrays)
        # Where the others have length 1 along an axis, the gradient has, too.
        full = tuple(sizes[letter] for letter in named[position])
        gradients.append(xp.broadcast_to(gradient, full))
    return tuple(gradients)


einsum.vjp(_einsum).samples(
    lambda draw: [
        (tuple(map(draw, shapes)), {"subscripts": subscripts})
        for subscripts, *shapes in (
            ("ij,jk->ik", (2, 3), (3, 4)),
            ("ij,kj->ik", (2, 3), (4, 3)),
            ("i,i", (3,), (3,)),
            ("ij->j", (2, 3)),
            ("ii->i", (3, 3)),
            ("ii", (3, 3)),
            ("i,j,ij->", (2,), (3,), (2, 3)),
            ("...ij,...jk->...ik", (2, 2, 3), (3, 2)),
            ("bi,ij,bj->b", (2, 3), (3, 2), (2, 2)),
            ("ij,ij->ji", (2, 3), (2, 3)),
            ("ij,ij->j", (2, 3), (1, 3)),
        )
    ]
)

register(matmul, matmul_tn, matmul_nt, einsum)
