r"""Data regimes: which samples a step looks at, and who computes its gradient.

A *step* follows the gradient of the loss over some of the samples: over all of them (batch, or
deterministic), one (stochastic), or a few (mini-batch): :func:`minibatches`.  The samples of a step may be
divided between processors, whose gradients are added, :func:`sharded_gradients`, or belong to clients who
do not hand them over, :func:`federated_round`.  Processors and clients are all in this process here.

A loss is called as ``loss(*samples)``, with tensors whose first dimension counts the samples, ``(inputs,
targets)`` for example, and has to say how it joins them.  A sum over shards is the sum over all; a mean has
to be weighted by the sizes of the shards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from minigrad._backward import grad
from minigrad._tensor import Tensor
from minigrad.autograd.modes import enable_grad, no_grad
from minigrad.backend.generator import Generator
from minigrad.data.sampler import BatchSampler, RandomSampler, positive

Samples = Sequence[Tensor]
Loss = Callable[..., Tensor]


def minibatches(
    n: int,
    batch_size: int | None = None,
    *,
    replacement: bool = False,
    drop_last: bool = False,
    generator: Generator | None = None,
) -> BatchSampler:
    """Return random batches of the indices ``0, ..., n - 1``; each ``for`` loop over it is one epoch.

    Without replacement, the batches of an epoch are a random partition: every index comes once.

    Parameters
    ----------
    n : int
        How many samples there are.
    batch_size : int, optional
        How many are in a batch: 1 is stochastic gradient descent in the narrow sense, ``n`` (the default)
        batch gradient descent.
    replacement : bool, default False
        Draw every index anew.
    drop_last : bool, default False
        Leave out a last batch that is shorter.  Where a step takes the mean over its batch, the samples of
        a shorter one have more weight than the others.
    generator : Generator, optional
        Where the order is drawn; otherwise each epoch seeds one of its own from the default generator.

    Returns
    -------
    BatchSampler
        Also a ``batch_sampler`` for :class:`minigrad.data.DataLoader`.

    Raises
    ------
    ValueError
        If ``n`` or ``batch_size`` is no positive integer.

    Notes
    -----
    Documents 000, eq. 1.9; 002, 3.2.1 and 3.2.2; 003, 6.2.1.  The sampler and its order are those of
    :mod:`minigrad.data`, and PyTorch's.

    Examples
    --------
    >>> import minigrad as mg
    >>> generator = mg.Generator().manual_seed(0)
    >>> list(mg.optim.minibatches(5, 2, generator=generator))
    [[4, 0], [1, 3], [2]]
    """
    n = positive("minibatches", "n", n)
    order = RandomSampler(range(n), replacement, generator=generator)
    return BatchSampler(order, n if batch_size is None else batch_size, drop_last)


def shards_of(samples: Samples, count: int) -> list[tuple[Tensor, ...]]:
    """Divide samples into ``count`` shards of nearly equal size, in order.

    Parameters
    ----------
    samples : sequence of Tensor
        Of one length.
    count : int
        How many shards; no more than there are samples are made, so that none is empty.

    Returns
    -------
    list of tuple of Tensor
        The first shards are longer by one if need be.

    Raises
    ------
    ValueError
        If ``count`` is no positive integer, or the tensors are not of one length, or empty.

    Examples
    --------
    >>> import minigrad as mg
    >>> [len(x) for (x,) in mg.optim.shards_of([mg.arange(7)], 3)]
    [3, 2, 2]
    """
    n = _size("shards_of", samples)
    count = min(positive("shards_of", "count", count), n)
    size, longer = divmod(n, count)
    ends = [(i + 1) * size + min(i + 1, longer) for i in range(count)]
    starts = [0, *ends[:-1]]
    return [
        tuple(part[start:end] for part in samples) for start, end in zip(starts, ends, strict=True)
    ]


def weighted_average(parts: Iterable[Sequence[Tensor]], weights: Iterable[float]) -> list[Tensor]:
    r"""Return :math:`\sum_k w_k\, x_k / \sum_k w_k` of gradients or parameters from several sources.

    Parameters
    ----------
    parts : iterable of sequences of Tensor
        From each source a tensor for each parameter.
    weights : iterable of float
        A weight for each source.  For the mean over all samples it is the number of its samples; equal
        weights are right for equal numbers only.

    Returns
    -------
    list of Tensor
        One for each parameter.

    Raises
    ------
    ValueError
        If there are no parts, not as many weights, or the weights add up to 0.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.optim.weighted_average([[mg.tensor(1.0)], [mg.tensor(2.0)]], weights=[30, 70])
    [tensor(1.7000)]
    """
    parts, weights = list(parts), [float(weight) for weight in weights]
    if not parts or len(parts) != len(weights):
        raise ValueError(f"weighted_average: {len(parts)} parts and {len(weights)} weights")
    if not sum(weights):
        raise ValueError(f"weighted_average: the weights {weights} add up to 0")
    return _weighted_sum(parts, [weight / sum(weights) for weight in weights])


def sharded_gradients(
    loss: Loss,
    params: Iterable[Tensor],
    shards: Iterable[Samples],
    *,
    reduction: str = "mean",
    threads: int = 1,
) -> tuple[Tensor, list[Tensor]]:
    r"""Compute a gradient shard by shard: the same as over all samples at once, for any number of shards.

    .. math::
        \nabla \sum_i \ell_i = \sum_k \nabla \sum_{i \in S_k} \ell_i, \qquad
        \nabla \frac1n \sum_i \ell_i = \sum_k \frac{n_k}{n}\, \nabla \frac{1}{n_k} \sum_{i \in S_k} \ell_i

    Parameters
    ----------
    loss : callable
        ``loss(*samples)`` returns one number.
    params : iterable of Tensor
        With respect to which.
    shards : iterable of sequences of Tensor
        The samples of each processor (:func:`shards_of` divides a batch) or client.
    reduction : {"mean", "sum"}
        How the loss joins its samples.
    threads : int, default 1
        How many threads compute shards at a time; the result is the same.

    Returns
    -------
    value : Tensor, shape ()
        The loss over all shards.
    gradients : list of Tensor
        One for each parameter.  ``.grad`` is left alone.

    Raises
    ------
    ValueError
        If there are no shards, one is empty, or ``reduction`` is unknown.
    RuntimeError
        If the loss does not depend on one of the parameters.

    Notes
    -----
    Documents 002, 3.2.2 (members of a mini-batch on different processors, gradients added), and 3.2.3
    (federated learning: owners send gradients, the server takes the weighted sum or average).  A step along
    these gradients is *FedSGD* of McMahan et al.

    References
    ----------
    - B. McMahan et al., Communication-efficient learning of deep networks from decentralized data, 2017.

    Examples
    --------
    >>> import minigrad as mg
    >>> w = mg.tensor(0.5, requires_grad=True)
    >>> x, y = mg.data.load_line()
    >>> shards = mg.optim.shards_of([x, y], 5)
    >>> value, (w.grad,) = mg.optim.sharded_gradients(
    ...     lambda x, y: ((w * x - y) ** 2).mean(), [w], shards
    ... )
    >>> mg.optim.SGD([w], lr=0.1).step()
    """
    params, shards = list(params), list(shards)
    if reduction not in ("mean", "sum"):
        raise ValueError(
            f"sharded_gradients: reduction = {reduction!r} is unknown, expected 'mean' or 'sum'"
        )
    sizes = _sizes("sharded_gradients", shards)

    def part(shard: Samples) -> tuple[Tensor, ...]:
        with enable_grad():
            value = loss(*shard)
            return value.detach(), *grad(value, params)

    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(part, shards))
    else:
        parts = [part(shard) for shard in shards]
    n = sum(sizes)
    value, *gradients = _weighted_sum(
        parts, [size / n if reduction == "mean" else 1.0 for size in sizes]
    )
    return value, gradients


def federated_round(
    loss: Loss,
    params: Iterable[Tensor],
    clients: Iterable[Samples],
    optimizer: Callable[[list[Tensor]], Any],
    *,
    local_steps: int = 1,
    batch_size: int | None = None,
    generator: Generator | None = None,
) -> Tensor:
    r"""Make one round of federated averaging (FedAvg): clients descend, the server averages their weights.

    Every client :math:`k` starts from the server's :math:`\theta` and makes some steps on its own
    :math:`n_k` samples, which takes it to :math:`\theta_k`; then

    .. math:: \theta \leftarrow \sum_k \frac{n_k}{n}\, \theta_k

    With one step of plain gradient descent on all its samples this is a step along the gradient of the mean
    over all samples; with more it is not the same as pooled data, but sends less.

    Parameters
    ----------
    loss : callable
        ``loss(*samples)`` returns the mean over samples, computed with ``params``.
    params : iterable of Tensor
        The server's parameters, which are changed.
    clients : iterable of sequences of Tensor
        The samples of each client.
    optimizer : callable
        Makes a client's optimizer, anew in each round: ``partial(SGD, lr=0.1)``.
    local_steps : int, default 1
        How many steps each client makes.
    batch_size : int, optional
        Samples in a client's batch (:func:`minibatches`); all of them by default.
    generator : Generator, optional
        Where the batches are drawn, client by client.

    Returns
    -------
    Tensor, shape ()
        The weighted mean of the clients' losses in their first step, which is at the server's parameters.

    Raises
    ------
    ValueError
        If there are no clients, one has no samples, or a number is not positive.

    Notes
    -----
    If a client fails, the parameters are what they were.  ``.grad`` is ``None`` afterwards.

    References
    ----------
    - B. McMahan et al., Communication-efficient learning of deep networks from decentralized data, 2017,
      algorithm 1.

    Examples
    --------
    >>> from functools import partial
    >>> import minigrad as mg
    >>> w = mg.tensor(0.0, requires_grad=True)
    >>> x, y = mg.data.load_line()
    >>> clients = [(x[:4], y[:4]), (x[4:], y[4:])]
    >>> for _ in range(20):
    ...     value = mg.optim.federated_round(
    ...         lambda x, y: ((w * x - y) ** 2).mean(), [w], clients, partial(mg.optim.SGD, lr=0.1),
    ...         local_steps=5,
    ...     )
    """
    params, clients = list(params), list(clients)
    sizes = _sizes("federated_round", clients)
    positive("federated_round", "local_steps", local_steps)
    server = [p.detach().clone() for p in params]
    found, losses = [], []
    try:
        for client in clients:
            _write(params, server)
            batches = _batches(client, batch_size, generator)
            local = optimizer(params)
            values = [_descend(loss, next(batches), local) for _ in range(local_steps)]
            losses.append([values[0]])
            found.append([p.detach().clone() for p in params])
    except BaseException:
        _write(params, server)
        raise
    finally:
        for p in params:
            p.grad = None
    _write(params, weighted_average(found, sizes))
    return weighted_average(losses, sizes)[0]


def _descend(loss: Loss, samples: Samples, optimizer: Any) -> Tensor:
    """Make one step; return the loss before it."""

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(*samples)
        value.backward()
        return value

    return optimizer.step(closure).detach()


def _batches(
    samples: Samples, batch_size: int | None, generator: Generator | None
) -> Iterator[Samples]:
    """Yield batches for ever: all samples each time, or epoch after epoch of random batches."""
    while batch_size is None:
        yield samples
    batches = minibatches(len(samples[0]), batch_size, generator=generator)
    while True:
        for indices in batches:
            yield [part[indices] for part in samples]


@no_grad()
def _write(params: list[Tensor], values: list[Tensor]) -> None:
    for p, value in zip(params, values, strict=True):
        p.copy_(value)


def _weighted_sum(parts: list[Any], weights: list[float]) -> list[Tensor]:
    """Return the sums over sources, added in their order."""
    return [
        sum((w * x for w, x in zip(weights[1:], rest, strict=True)), start=weights[0] * first)
        for first, *rest in zip(*parts, strict=True)
    ]


def _sizes(who: str, groups: list[Samples]) -> list[int]:
    if not groups:
        raise ValueError(f"{who}: there are no samples, the list of shards or clients is empty")
    return [_size(who, group) for group in groups]


def _size(who: str, samples: Samples) -> int:
    """Return how many samples there are."""
    lengths = {len(part) for part in samples}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(
            f"{who}: expected tensors of one length, at least 1, got shapes "
            f"{[tuple(part.shape) for part in samples]}"
        )
    return lengths.pop()
