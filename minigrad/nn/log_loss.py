r"""The log loss of probabilities, as one operation: what its bound does is a rule of its own.

Written with ``log`` alone it would be infinite at a probability of 0 or 1, even where the target says the
same.  PyTorch bounds each logarithm from below by -100, and the denominator of the slope by 1e-12.
"""

from __future__ import annotations

from minigrad.ops.declare import op, register


def _bounded_log(xp, p):
    """Return max(ln p, -100), without asking NumPy for the logarithm of 0."""
    positive = p > 0
    return xp.where(positive, xp.maximum(xp.log(xp.where(positive, p, 1.0)), -100), -100.0)


@op(
    dtypes="float",
    kinks="logarithms at least -100; slope (p - y) / max(p (1 - p), 1e-12), as in PyTorch",
)
def binary_cross_entropy(xp, p, y):
    r"""Log loss of a probability p against a target y, :math:`-y \ln p - (1 - y) \ln(1 - p)`."""
    return -(y * _bounded_log(xp, p) + (1 - y) * _bounded_log(xp, 1 - p))


binary_cross_entropy.vjp(
    p=lambda xp, g, p, y: g * (p - y) / xp.maximum(p * (1 - p), 1e-12),
    y=lambda xp, g, p: g * (_bounded_log(xp, 1 - p) - _bounded_log(xp, p)),
).samples(
    lambda draw: [
        ((draw((2, 3), 0.1, 0.9), draw((2, 3), 0.0, 1.0)), {}),
        ((draw((), 0.1, 0.9), draw((), 0.0, 1.0)), {}),
        ((draw((3, 1), 0.1, 0.9), draw((2,), 0.0, 1.0)), {}),
    ]
)

register(binary_cross_entropy)
