r"""What can be done to gradients before an optimiser's rule sees them.

Each function here returns a *transform*, and any optimiser that has a rule takes a list of them::

    optimizer = SGD(params, lr=0.1, transforms=[l2(0.01), clip_by_value(0.1)])

In each step they are applied one after the other, from the left, to the gradients of all parameters;
``.grad`` stays as it was, and so may be looked at and accumulated.  A transform is a function of two
lists of raw arrays, the values of the parameters that have a gradient, and the gradients; it returns
other gradients and changes nothing.  Yours can be as short as ``lambda params, gradients: [g / 2 for g in
gradients]``.

An optimiser's own ``weight_decay`` comes after the transforms.  With ``maximize`` they see :math:`-g`, the
gradient of what is minimised, so that a penalty is one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from minigrad import engine
from minigrad._tensor import Tensor
from minigrad.autograd import grad
from minigrad.autograd.modes import enable_grad
from minigrad.backend.devices import xp_of
from minigrad.nn.utils import get_total_norm
from minigrad.optim.checks import NOT_NEGATIVE, POSITIVE, check, error
from minigrad.optim.directions import Transform

__all__ = ["clip_by_norm", "clip_by_value", "l2", "normalize", "penalty", "sign", "weight_decay"]

Arrays = list[Any]


def clip_by_value(limit: float) -> Transform:
    r"""Limit every number for itself, :math:`g_i \leftarrow \max(\min(g_i, m), -m)`.

    This turns the gradient; :func:`clip_by_norm` only shortens it.  :math:`\pm\infty` becomes
    :math:`\pm m`, and nan stays nan.

    Parameters
    ----------
    limit : float
        :math:`m > 0`.

    Raises
    ------
    TypeError, ValueError
        If it is no such number.

    See Also
    --------
    minigrad.nn.utils.clip_grad_value_ : The same on ``.grad``, as in PyTorch.

    References
    ----------
    - Document 000, algorithm 1.5, with :math:`m = 0.1` in figure 1.5.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.optim.transforms import clip_by_value
    >>> x = mg.tensor([4.0, -0.02], requires_grad=True)
    >>> optimizer = mg.optim.SGD([x], lr=1.0, transforms=[clip_by_value(0.1)])
    >>> (0.5 * x * x).sum().backward()
    >>> optimizer.step()
    >>> x, x.grad
    (tensor([3.9000, 0.0000], requires_grad=True), tensor([ 4.0000, -0.0200]))
    """
    check("clip_by_value", POSITIVE, limit=limit)
    return partial(_clipped_by_value, limit=float(limit))


def _clipped_by_value(params: Arrays, gradients: Arrays, limit: float) -> Arrays:
    return [xp_of(g).clip(g, -limit, limit) for g in gradients]


def clip_by_norm(max_norm: float, norm_type: float = 2.0) -> Transform:
    r"""Shorten the gradient, all parameters seen as one vector, to a norm of at most ``max_norm``.

    .. math:: g \leftarrow g \, \min\left(1, \frac{c}{\lVert g \rVert + 10^{-6}}\right)

    No device is waited for.  A norm of nan makes every number nan, and an infinite one the finite ones 0.

    Parameters
    ----------
    max_norm : float
        :math:`c > 0`, the norm that is allowed.
    norm_type : float, default 2.0
        The order of the norm; ``inf`` for the largest absolute value.

    Raises
    ------
    TypeError, ValueError
        If ``max_norm`` is no such number, or ``norm_type`` none above 0.

    See Also
    --------
    minigrad.nn.utils.clip_grad_norm_ : The same on ``.grad``, as in PyTorch.

    References
    ----------
    - R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks, 2013.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.optim.transforms import clip_by_norm
    >>> x = mg.tensor([3.0, -4.0], requires_grad=True)
    >>> optimizer = mg.optim.SGD([x], lr=1.0, transforms=[clip_by_norm(1.0)])
    >>> (0.5 * x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 2.4000, -3.2000], requires_grad=True)
    """
    check("clip_by_norm", POSITIVE, max_norm=max_norm)
    check("clip_by_norm", ("> 0, or inf", lambda value: value > 0), norm_type=norm_type)
    return partial(_clipped_by_norm, max_norm=float(max_norm), norm_type=float(norm_type))


def _clipped_by_norm(
    params: Arrays, gradients: Arrays, max_norm: float, norm_type: float
) -> Arrays:
    total = _norm(gradients, norm_type)
    # Multiplied also where it is 1: to ask whether it is would make a GPU wait.
    return _scaled(gradients, (max_norm / (total + 1e-6)).clamp(max=1.0))


def normalize(eps: float = 1e-12) -> Transform:
    r"""Keep only the direction of the gradient, all parameters seen as one vector.

    .. math:: g \leftarrow \frac{g}{\lVert g \rVert + \epsilon}

    The step is as long as the rate, wherever the parameters are.  For each number by itself see
    :func:`sign` and :class:`~minigrad.optim.NormalizedGD`.

    Parameters
    ----------
    eps : float, default 1e-12
        :math:`\epsilon \ge 0`, against division by zero.

    Raises
    ------
    TypeError, ValueError
        If it is no such number.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.optim.transforms import normalize
    >>> x = mg.tensor([3.0, -4.0], requires_grad=True)
    >>> optimizer = mg.optim.SGD([x], lr=0.5, transforms=[normalize()])
    >>> (0.5 * x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 2.7000, -3.6000], requires_grad=True)
    """
    check("normalize", NOT_NEGATIVE, eps=eps)
    return partial(_normalized, eps=float(eps))


def _normalized(params: Arrays, gradients: Arrays, eps: float) -> Arrays:
    return _scaled(gradients, 1.0 / (_norm(gradients, 2.0) + eps))


def sign() -> Transform:
    r"""Keep of each number only its sign: -1, 0 or 1.

    See Also
    --------
    minigrad.optim.SignDescent : Gradient descent with it.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([3.0, -0.1], requires_grad=True)
    >>> optimizer = mg.optim.SGD([x], lr=0.5, momentum=0.9, transforms=[mg.optim.transforms.sign()])
    >>> (0.5 * x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([2.5000, 0.4000], requires_grad=True)
    """
    return _signs


def _signs(params: Arrays, gradients: Arrays) -> Arrays:
    return [xp_of(g).sign(g) for g in gradients]


def weight_decay(lam: float) -> Transform:
    r"""Add the gradient of :math:`\frac{\lambda}{2} \lVert\theta\rVert^2`: :math:`g + \lambda\,\theta`.

    This is PyTorch's meaning of the coefficient; :func:`l2` has the documents'.  It is what an optimiser's
    ``weight_decay`` does, but takes its turn among the transforms.

    Parameters
    ----------
    lam : float
        :math:`\lambda \ge 0`.

    Raises
    ------
    TypeError, ValueError
        If it is no such number.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.optim.transforms import clip_by_value, weight_decay
    >>> x = mg.tensor([8.0], requires_grad=True)
    >>> optimizer = mg.optim.SGD([x], lr=1.0, transforms=[weight_decay(0.5), clip_by_value(3.0)])
    >>> x.sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([5.], requires_grad=True)
    """
    check("weight_decay", NOT_NEGATIVE, lam=lam)
    return partial(_decayed, coefficient=float(lam))


def l2(lam: float) -> Transform:
    r"""Add the gradient of :math:`\lambda \lVert\theta\rVert^2`: :math:`g + 2 \lambda\,\theta`.

    Gradient descent becomes :math:`\theta \leftarrow (1 - 2\eta\lambda)\,\theta - \eta g`.  This is the
    documents' meaning of the coefficient, twice that of ``weight_decay`` in PyTorch and here.

    Parameters
    ----------
    lam : float
        :math:`\lambda \ge 0`.

    Raises
    ------
    TypeError, ValueError
        If it is no such number.

    References
    ----------
    - Document 002, section 3.3 and equation 3.5.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0], requires_grad=True)
    >>> optimizer = mg.optim.SGD([x], lr=0.1, transforms=[mg.optim.transforms.l2(0.1)])
    >>> (0.0 * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([0.9800], requires_grad=True)
    """
    check("l2", NOT_NEGATIVE, lam=lam)
    return partial(_decayed, coefficient=2 * float(lam))


def _decayed(params: Arrays, gradients: Arrays, coefficient: float) -> Arrays:
    return [g + coefficient * p for p, g in zip(params, gradients, strict=True)]


def penalty(R: Callable[..., Tensor], lam: float) -> Transform:  # noqa: N803 (the documents' letter)
    r"""Add the gradient of any penalty, :math:`g + \lambda \nabla R(\theta)`.

    Parameters
    ----------
    R : callable
        ``R(*params)`` returns one number; it is differentiated.  It is given those parameters that have a
        gradient: with one of them ``lambda w: w.abs().sum()``, with several
        ``lambda *ws: sum(w.abs().sum() for w in ws)``.
    lam : float
        :math:`\lambda \ge 0`.

    Raises
    ------
    TypeError, ValueError
        If ``R`` is no function, or ``lam`` no such number.
    RuntimeError
        From ``step()``, if what ``R`` returns is no tensor computed from its arguments.

    See Also
    --------
    minigrad.optim.regularized : The same in the loss.

    References
    ----------
    - Document 002, equation 3.2.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, -2.0], requires_grad=True)
    >>> lasso = mg.optim.transforms.penalty(lambda w: w.abs().sum(), 0.5)
    >>> optimizer = mg.optim.SGD([x], lr=1.0, transforms=[lasso])
    >>> (0.0 * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.5000, -1.5000], requires_grad=True)
    """
    if not callable(R):
        raise error("penalty", TypeError, f"R has to be a function, got {type(R).__name__}")
    check("penalty", NOT_NEGATIVE, lam=lam)
    return partial(_penalized, R=R, lam=float(lam))


def _penalized(
    params: Arrays,
    gradients: Arrays,
    R: Callable[..., Tensor],  # noqa: N803
    lam: float,
) -> Arrays:
    leaves = [engine.wrap(p, None).requires_grad_() for p in params]
    with enable_grad():
        value = R(*leaves)
    differentiable = isinstance(value, Tensor) and value.requires_grad
    slopes = grad(value, leaves, allow_unused=True) if differentiable else ()
    if all(slope is None for slope in slopes):
        raise error(
            "penalty",
            RuntimeError,
            f"R returned {value!r}, which does not depend on its arguments; compute it from these, the "
            "parameters it is given, not from others",
        )
    return [
        g if slope is None else g + lam * slope.array
        for g, slope in zip(gradients, slopes, strict=True)
    ]


def _norm(gradients: Arrays, norm_type: float) -> Tensor:
    return get_total_norm([engine.wrap(g, None) for g in gradients], norm_type)


def _scaled(gradients: Arrays, factor: Tensor) -> Arrays:
    tensors = [engine.wrap(g, None) for g in gradients]
    return [(g * factor.to(g.device)).to(g.dtype).array for g in tensors]
