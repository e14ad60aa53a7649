r"""Linear algebra on the last two axes: inverse, determinant, solve, and factorisations.

``cholesky`` and ``eigh`` are functions of the symmetric part of their input, so that their gradient
is symmetric.  Derivatives after M. Giles, "Collected matrix derivative results" (2008).
"""

from __future__ import annotations

import numpy as np

from minigrad.ops.declare import namespace_of, op, register


def _t(xp, x):
    """Return each matrix of ``x`` transposed."""
    return xp.swapaxes(x, -1, -2)


def _symmetric(xp, x):
    """Return the symmetric part of each matrix."""
    return 0.5 * (x + _t(xp, x))


def _columns(xp, scale):
    """Return a vector as something that scales columns."""
    return xp.expand_dims(scale, -2)


def _well_conditioned(draw, *shape):
    """Return a random matrix with a dominant diagonal."""
    return draw(shape, -0.5, 0.5) + 2.0 * np.eye(shape[-1])


def _square_samples(draw):
    return [((_well_conditioned(draw, *shape),), {}) for shape in ((3, 3), (2, 2, 2), (1, 1))]


def _positive_samples(draw):
    for shape in ((3, 3), (2, 2, 2), (1, 1)):
        root = _well_conditioned(draw, *shape)
        yield (root @ np.swapaxes(root, -1, -2),), {}


@op(dtypes="float", kinks="singular: raises")
def inv(xp, x):
    r"""Inverse, :math:`X^{-1}`."""
    return xp.linalg.inv(x)


inv.vjp(x=lambda xp, g, out: -xp.matmul(_t(xp, out), xp.matmul(g, _t(xp, out)))).samples(
    _square_samples
)


@op(dtypes="float", kinks="a jump where the rank changes")
def pinv(xp, x, *, rtol=None):
    r"""Pseudo-inverse :math:`X^+`; singular values below ``rtol`` times the largest count as 0."""
    if rtol is None:
        rtol = max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    return xp.linalg.pinv(x, rtol)


def _pinv(xp, g, x, out):
    # G. Golub, V. Pereyra, "The differentiation of pseudo-inverses", SIAM J. Numer. Anal. 10 (1973).
    inverse, back = _t(xp, out), _t(xp, g)
    rest_rows = back - xp.matmul(x, xp.matmul(out, back))
    rest_columns = back - xp.matmul(xp.matmul(back, out), x)
    return (
        xp.matmul(rest_rows, xp.matmul(out, inverse))
        + xp.matmul(xp.matmul(inverse, out), rest_columns)
        - xp.matmul(inverse, xp.matmul(g, inverse))
    )


pinv.vjp(x=_pinv).samples(
    lambda draw: [
        ((draw(shape, -0.5, 0.5) + 2.0 * np.eye(*shape[-2:]),), {})
        for shape in ((3, 3), (4, 2), (2, 3), (2, 3, 2), (1, 1))
    ]
)


@op(dtypes="float", kinks="singular: the derivative raises")
def det(xp, x):
    r"""Determinant, :math:`\det X`, with the derivative :math:`\det X \; X^{-\top}`."""
    return xp.linalg.det(x)


det.vjp(x=lambda xp, g, x, out: xp.expand_dims(g * out, (-2, -1)) * _t(xp, inv.on(xp, x))).samples(
    _square_samples
)


@op(dtypes="float", kinks="singular: the derivative raises; the sign has slope 0")
def slogdet(xp, x):
    r"""Sign and logarithm of the absolute value of the determinant."""
    sign, logabsdet = xp.linalg.slogdet(x)
    return sign, logabsdet


slogdet.vjp(
    lambda xp, g, needs, x: (xp.expand_dims(g[1], (-2, -1)) * _t(xp, inv.on(xp, x)),)
).samples(_square_samples)


@op(dtypes="same", kinks="singular: raises")
def solve(xp, a, b):
    r"""Solution of :math:`A X = B` for a matrix of right-hand sides (..., n, k)."""
    if a.shape[:-2] != b.shape[:-2]:  # NumPy broadcasts the batches, CuPy does not
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a = xp.broadcast_to(a, batch + a.shape[-2:])
        b = xp.broadcast_to(b, batch + b.shape[-2:])
    return xp.linalg.solve(a, b)


def _solve(xp, g, needs, a, out):
    to_b = solve.on(xp, _t(xp, a), g)
    return -xp.matmul(to_b, _t(xp, out)), to_b


solve.vjp(_solve).samples(
    lambda draw: [
        ((_well_conditioned(draw, 3, 3), draw((3, 2))), {}),
        ((_well_conditioned(draw, 2, 2, 2), draw((2, 2, 1))), {}),
        ((_well_conditioned(draw, 2, 2), draw((3, 2, 2))), {}),
    ]
)


@op(dtypes="float", kinks="not positive definite: raises")
def cholesky(xp, x):
    r"""Lower triangular factor, :math:`X = L L^\top`, of a positive definite matrix."""
    return xp.linalg.cholesky(_symmetric(xp, x))


def _cholesky(xp, g, out):
    halved = xp.tril(xp.matmul(_t(xp, out), g))
    identity = namespace_of(out).eye(out.shape[-1], dtype=out.dtype)
    halved = halved * (1 - 0.5 * identity)
    upper = _t(xp, out)
    inner = solve.on(xp, upper, halved)
    return _symmetric(xp, solve.on(xp, upper, _t(xp, inner)))


cholesky.vjp(x=_cholesky).samples(_positive_samples)


def _ratio(xp, above, below):
    """Return ``above / below``, and 0 for 0 / 0: what no gradient reaches may be degenerate."""
    return above / (below + ((above == 0) & (below == 0)))


def _over_gaps(xp, matrix, values):
    """Return ``matrix_ij / (v_j - v_i)`` off the diagonal and 0 on it."""
    identity = namespace_of(values).eye(values.shape[-1], dtype=values.dtype)
    gaps = xp.expand_dims(values, -2) - xp.expand_dims(values, -1)
    return _ratio(xp, matrix * (1 - identity), gaps + identity)


@op(dtypes="float", kinks="equal eigenvalues: the derivative of the vectors is infinite")
def eigh(xp, x):
    r"""Eigenvalues, ascending, and eigenvectors: :math:`X = V \,\mathrm{diag}(w) V^\top`."""
    values, vectors = xp.linalg.eigh(_symmetric(xp, x))
    return values, vectors


def _eigh(xp, g, needs, out):
    (to_values, to_vectors), (values, vectors) = g, out
    identity = namespace_of(values).eye(values.shape[-1], dtype=values.dtype)
    mixing = _over_gaps(xp, xp.matmul(_t(xp, vectors), to_vectors), values)
    inner = mixing + _columns(xp, to_values) * identity
    return (_symmetric(xp, xp.matmul(vectors, xp.matmul(inner, _t(xp, vectors)))),)


eigh.vjp(_eigh).samples(
    lambda draw: [
        ((draw(shape, -0.2, 0.2) + np.diag(np.arange(1.0, shape[-1] + 1)),), {})
        for shape in ((3, 3), (2, 2, 2), (1, 1))
    ]
)


@op(
    dtypes="float", kinks="equal or zero singular values: the derivative of the vectors is infinite"
)
def svd(xp, x):
    r"""Reduced singular value decomposition, :math:`X = U \,\mathrm{diag}(s) V^\top`."""
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    return u, s, vh


def _svd(xp, g, needs, out):
    (to_u, to_s, to_vh), (u, s, vh) = g, out
    identity = namespace_of(s).eye(s.shape[-1], dtype=s.dtype)
    from_u = xp.matmul(_t(xp, u), to_u)
    from_v = xp.matmul(vh, _t(xp, to_vh))
    rows, columns = xp.expand_dims(s, -1), _columns(xp, s)
    inner = _over_gaps(xp, from_u - _t(xp, from_u), s * s) * columns
    inner = inner + rows * _over_gaps(xp, from_v - _t(xp, from_v), s * s)
    inner = inner + _columns(xp, to_s) * identity
    total = xp.matmul(u, xp.matmul(inner, vh))
    # What leaves the span of the singular vectors, if the matrix is not square.
    outside_u = _ratio(xp, to_u - xp.matmul(u, from_u), columns)
    outside_v = _ratio(xp, to_vh - xp.matmul(_t(xp, from_v), vh), rows)
    return (total + xp.matmul(outside_u, vh) + xp.matmul(u, outside_v),)


svd.vjp(_svd).samples(
    lambda draw: [
        ((draw(shape, -0.3, 0.3) + np.eye(*shape[-2:]) * np.arange(1.0, shape[-1] + 1),), {})
        for shape in ((3, 3), (3, 2), (2, 3), (2, 2, 2))
    ]
)

register(inv, pinv, det, slogdet, solve, cholesky, eigh, svd)
