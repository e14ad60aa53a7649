r"""Random numbers: the stream of PyTorch's CPU generator, drawn with NumPy.

A :class:`Generator` turns the 32-bit outputs of a Mersenne Twister (MT19937) into uniform, normal,
integer and other draws exactly as PyTorch does on the CPU, so that a tutorial's numbers, initial
weights and shuffles come out here too.  The numbers are drawn on the host whatever the device, with
arithmetic that does not depend on the processor: one seed gives one stream everywhere.

What is equal, and how far
--------------------------
Compared with PyTorch 2.13 on an x86-64 processor with AVX2:

- *bit for bit*: every draw of float32 and of integers; in float64 uniforms, Bernoulli and
  multinomial draws, and fewer than 16 normals at once;
- *up to the last bit*: float64 normals from 16 on (4.5e-16) and float64 exponentials, because
  NumPy's logarithm, sine and cosine are not the C library's; float16, now and then.

PyTorch itself depends on the processor: without AVX2 its normals from 16 on came out up to 2.4e-6
away, and its uniforms between bounds other than 0 and 1 in the last bit.  Older versions of it made
some draws in another way: integers from wide ranges, uniforms where rounding reaches the upper
bound, and, where they used Intel's MKL, exponentials and Bernoulli draws with one probability.

A shape is filled in C order.  (PyTorch fills a transposed tensor in the order of its memory.)

Recipes: who draws what
-----------------------
With ``g`` the generator in use; every recipe was verified against PyTorch:

``torch.rand(*s)``, ``torch.randn(*s)``
    ``g.uniform(s, dtype)``, ``g.normal(s, dtype)``; ``rand_like`` and ``randn_like`` are the same.
``torch.randint(low, high, s)``, ``torch.randperm(n)``
    ``g.integers(low, high, s)`` (any integer dtype: convert afterwards), ``g.permutation(n)``.
``torch.normal(mean, std, s)``, ``x.normal_(mean, std)``
    ``g.normal(s, dtype, mean, std)``; with a tensor among ``mean`` and ``std``: ``g.normal_of``.
``nn.Linear(fan_in, fan_out)``
    The weight first, then the bias, each in float32 unless told otherwise::

        gain = math.sqrt(2.0 / (1 + math.sqrt(5) ** 2))
        bound = math.sqrt(3.0) * (gain / math.sqrt(fan_in))
        weight = g.uniform((fan_out, fan_in), dtype, -bound, bound)
        bound = 1 / math.sqrt(fan_in)
        bias = g.uniform((fan_out,), dtype, -bound, bound)

    Both bounds are :math:`1/\sqrt{n_{in}}`, but computed in these two ways they may differ
    in the last bit, and then so do some of the numbers.  Without a bias only the weight is drawn.
``nn.Dropout(p)`` in training, ``0 < p < 1``
    ``x * (g.bernoulli(1 - p, x.shape, x.dtype) / (1 - p))``; no draw for ``p`` of 0 or 1.
``for batch in DataLoader(..., shuffle=True)``, once per epoch
    Without a generator of its own, the loader uses the default generator, here ``d``::

        d.random_int63()                                   # when the iterator is made; not used
        order = Generator().manual_seed(d.random_int63()).permutation(n)     # at the first batch

    With one, ``DataLoader(..., generator=g)``::

        g.random_int63()                                   # when the iterator is made; not used
        order = g.permutation(n)                           # at the first batch
        g.permutation(n)                                   # when ``order`` runs out; not used

    and with ``shuffle=False`` only the unused first draw is made.  ``order`` runs out when an index
    beyond it is asked for: with a last batch that is not full, just before that batch is handed
    out; else (or with ``drop_last=True``) when the loop ends.
``random_split(data, lengths)``
    ``g.permutation(sum(lengths))``, cut into pieces in order.

The default generator of PyTorch starts from a fresh seed (``Generator().seed()`` does the same),
while ``Generator()`` starts from the constant :data:`DEFAULT_SEED`.
"""

from __future__ import annotations

import math
import operator
import os
import sys
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    Shape = tuple[int, ...]
    Array = NDArray[Any]

DEFAULT_SEED = 67280421310721
"""The seed of a new :class:`Generator`, as in PyTorch."""

_FLOATS = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64))
_BLOCK = 16  # from so many normals on, PyTorch makes them in blocks of that size
_CHUNK = 1 << 15  # so many are made at once, which keeps the temporaries in the processor's cache
_WIDE = 1 << 28  # from this range on, an integer takes 64 bits, to keep ``%`` nearly uniform
_FEW = 5000  # up to so many outputs from a seed on, numpy.random is not worth its import
_LONGEST = (2**32 - 1) // 20  # PyTorch shuffles otherwise from this length on, for the same reason

# The state as PyTorch writes it: the fields of its ``CPUGeneratorImplState``, 5056 bytes in all.
_STATE = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),  # outputs left in the block of 624, plus one
        ("seeded", "<i4"),
        ("next", "<u8"),  # position of the next output in the block
        ("key", "<u8", (624,)),
        ("normal_x", "<f8"),
        ("cached_normal", "<f8"),
        ("normal_rho", "<f8"),
        ("has_cached_normal", "<i4"),
        ("rest", "u1", (12,)),
    ]
)


class Generator:
    """A stream of random numbers that equals PyTorch's on the CPU.

    Instances share nothing.  One instance is not meant to be used by several threads at once: each
    draw would still be random, but which thread gets which numbers is left to chance.

    Parameters
    ----------
    device : object, default "cpu"
        Kept in :attr:`device` for the sake of programs that ask; the numbers are always drawn on
        the host.

    Notes
    -----
    The state is an MT19937 seeded by the low 32 bits of the seed, and one cached normal number
    (the Box-Muller method makes two at a time).  Generators can be copied and pickled.

    References
    ----------
    Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
    pseudo-random number generator", ACM TOMACS 8(1), 1998.

    Examples
    --------
    >>> g = Generator().manual_seed(0)
    >>> print(g.uniform((3,)))  # torch.manual_seed(0); torch.rand(3)
    [0.4962566  0.7682218  0.08847743]
    >>> g.integers(0, 10, (5,)).tolist()
    [0, 3, 9, 7, 3]
    """

    def __init__(self, device: object = "cpu") -> None:
        self.device = device
        self.manual_seed(DEFAULT_SEED)

    def __repr__(self) -> str:
        return f"Generator(device={str(self.device)!r}, initial_seed={self._seed})"

    # Seeds and states

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that belongs to ``seed``, and forget a cached normal number.

        Only the low 32 bits count: seeds that differ by a multiple of 2**32 give the same stream.

        Parameters
        ----------
        seed : int
            From -2**63 to 2**64 - 1; a negative one means ``seed + 2**64``.

        Returns
        -------
        Generator
            Itself.

        Raises
        ------
        TypeError
            If ``seed`` is no integer.
        ValueError
            If ``seed`` needs more than 64 bits.
        """
        if isinstance(seed, bool):
            raise TypeError("manual_seed expects an integer, got a bool")
        seed = operator.index(seed)
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"manual_seed expects a seed of 64 bits at most, got {seed}")
        self._seed = seed % 2**64
        self._twister: Twister | np.random.MT19937 | None = None
        self._cached_normal: float | None = None
        return self

    def initial_seed(self) -> int:
        """Return the seed that started the stream (from 0 to 2**64 - 1)."""
        return self._seed

    def seed(self) -> int:
        """Start a stream from a fresh seed of the operating system, and return that seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def get_state(self) -> NDArray[np.uint8]:
        """Return all that :meth:`set_state` needs to go on from here.

        Returns
        -------
        ndarray of uint8, shape (5056,)
            In the format of ``torch.Generator.get_state``: either can read the other's.
        """
        inner = self._bits().state["state"]
        state = np.zeros(1, _STATE)
        state["seed"] = self._seed
        state["left"] = 625 - inner["pos"]
        state["seeded"] = 1
        state["next"] = inner["pos"] % 624  # 0 at the start, as in PyTorch
        state["key"] = inner["key"]
        if self._cached_normal is not None:
            state["cached_normal"] = self._cached_normal
            state["has_cached_normal"] = 1
        return state.view(np.uint8)

    def set_state(self, state: ArrayLike) -> Generator:
        """Go on from where :meth:`get_state` was called.

        Parameters
        ----------
        state : array_like of uint8, shape (5056,)
            A state of this class or of ``torch.Generator``.

        Returns
        -------
        Generator
            Itself.

        Raises
        ------
        TypeError
            If ``state`` does not consist of uint8.
        RuntimeError
            If it has another size, or no generator can be in such a state.
        """
        given = np.ascontiguousarray(state)
        if given.dtype != np.uint8:
            raise TypeError(f"the state of a generator is an array of uint8, got {given.dtype}")
        if given.shape != (_STATE.itemsize,):
            raise RuntimeError(
                f"the state of a generator has shape ({_STATE.itemsize},), got {given.shape}"
            )
        fields = given.view(_STATE)[0]
        left = int(fields["left"])
        if not fields["seeded"] or not 1 <= left <= 624:
            raise RuntimeError("these bytes are not the state of a generator (use get_state)")
        twister = Twister(fields["key"].astype(np.uint32), 625 - left)
        if self._twister is None or isinstance(self._twister, Twister):
            self._twister = twister
        else:  # NumPy's takes longer to make than to set
            self._twister.state = twister.state
        self._seed = int(fields["seed"])
        cached = fields["has_cached_normal"]
        self._cached_normal = float(fields["cached_normal"]) if cached else None
        return self

    def clone_state(self) -> Generator:
        """Return a new generator that will draw the same numbers as this one."""
        return Generator(self.device).set_state(self.get_state())

    def __getstate__(self) -> dict[str, Any]:
        return {"device": self.device, "state": self.get_state()}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        self.device = saved["device"]
        self._twister = None
        self._seed = DEFAULT_SEED
        self.set_state(saved["state"])

    # What all draws are made of

    def _bits(self, count: int = 0) -> Twister | np.random.MT19937:
        """Return the Mersenne Twister that is to make ``count`` outputs; it is made at the first draw.

        NumPy's is many times as fast as the one below, but to import ``numpy.random`` takes 10 ms and
        6 MB, and a program with a small network does without it: unless something else has imported
        it, the first outputs come from the one below.
        """
        twister, imported = self._twister, "numpy.random" in sys.modules
        if twister is None and imported:
            self._twister = twister = np.random.MT19937(0)
            # NumPy's legacy class seeds the bits it is given in the way of MT19937's authors.
            np.random.RandomState(twister).seed(self._seed % 2**32)
        elif twister is None:
            twister = self._twister = Twister(_initial_key(self._seed % 2**32), 624)
        if isinstance(twister, Twister) and (imported or twister.made + count > _FEW):
            state = twister.state
            self._twister = twister = np.random.MT19937(0)
            twister.state = state
        return twister

    def _raw(self, count: int) -> NDArray[np.uint64]:
        """Return the next ``count`` outputs of the Mersenne Twister, 32 bits each."""
        return np.asarray(self._bits(count).random_raw(count), dtype=np.uint64)

    def _raw64(self, count: int) -> NDArray[np.uint64]:
        """Return ``count`` numbers of 64 bits: one output is the upper half, the next the lower."""
        pairs = self._raw(2 * count)
        return (pairs[0::2] << np.uint64(32)) | pairs[1::2]

    def _unit(self, count: int, dtype: np.dtype) -> Array:
        """Return uniforms in [0, 1): multiples of 2**-53 for float64, else float32 ones of 2**-24.

        So many bits fit into the mantissa, hence nothing is rounded and 1 is never reached.
        """
        if dtype == np.float64:
            return (self._raw64(count) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53
        return (self._raw(count) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)

    # Real numbers

    def uniform(
        self, shape: Shape, dtype: DTypeLike = np.float32, low: float = 0.0, high: float = 1.0
    ) -> Array:
        r"""Draw from the uniform distribution on ``[low, high)``, like ``Tensor.uniform_``.

        .. math:: x = u\,(high - low) + low, \qquad u \in [0, 1)

        with the multiplication and the addition rounded once.

        Parameters
        ----------
        shape : tuple of int
            Shape of the result.
        dtype : dtype, default float32
            float32 takes one output of the generator a number, float64 two.
        low, high : float
            The bounds, rounded to ``dtype``.  Where ``x`` is rounded up to ``high``, the result is
            ``low``.

        Returns
        -------
        ndarray of ``dtype``

        Raises
        ------
        TypeError
            If ``dtype`` is not floating.
        RuntimeError
            If ``low > high``, or if a bound or their difference does not fit into ``dtype``.
        """
        kind = _float_dtype(dtype)
        _check_bounds(low, high, kind)
        x = self._unit(_count(shape), kind)
        if (low, high) != (0.0, 1.0):
            x = _multiply_add(x, x.dtype.type(high) - x.dtype.type(low), low)
        x = x.astype(kind, copy=False)
        x[x == kind.type(high)] = low
        return x.reshape(shape)

    def normal(
        self, shape: Shape, dtype: DTypeLike = np.float32, mean: float = 0.0, std: float = 1.0
    ) -> Array:
        r"""Draw from the normal distribution, like ``torch.randn`` and ``Tensor.normal_``.

        The method is Box and Muller's: with two independent uniforms,

        .. math::
            z_1 = \sqrt{-2 \ln(1 - u)}\,\cos(2\pi v), \quad
            z_2 = \sqrt{-2 \ln(1 - u)}\,\sin(2\pi v), \quad x = z \cdot std + mean

        Fewer than 16 numbers are made in float64, two by two; a ``z_2`` left over is kept for the
        next such call, whatever its shape and dtype.  From 16 numbers on they are made in
        ``dtype`` (float16 in float32) by blocks of 16, the first eight uniforms of a block with
        its last eight; if the last block is not full, the last 16 numbers are drawn anew.

        Parameters
        ----------
        shape : tuple of int
            Shape of the result.
        dtype : dtype, default float32
            Data type of the result.
        mean, std : float
            Mean and standard deviation.

        Returns
        -------
        ndarray of ``dtype``

        Raises
        ------
        TypeError
            If ``dtype`` is not floating.
        RuntimeError
            If ``std`` is negative or NaN.

        References
        ----------
        Box and Muller, "A note on the generation of random normal deviates", Annals of
        Mathematical Statistics 29(2), 1958.
        """
        kind = _float_dtype(dtype)
        if not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        count = _count(shape)
        if count < _BLOCK:
            z = np.array([self._next_normal() for _ in range(count)], dtype=np.float64)
        else:
            z = self._normal_blocks(count, kind)
        return _multiply_add(z, std, mean).astype(kind, copy=False).reshape(shape)

    def _next_normal(self) -> float:
        """Return one standard normal number; every second call uses what the one before left."""
        if self._cached_normal is not None:
            z, self._cached_normal = self._cached_normal, None
            return z
        v, u = self._unit(2, np.dtype(np.float64)).tolist()
        radius = math.sqrt(-2.0 * math.log1p(-u))
        angle = 2.0 * math.pi * v
        self._cached_normal = radius * math.sin(angle)
        return radius * math.cos(angle)

    def _normal_blocks(self, count: int, dtype: np.dtype) -> Array:
        """Return ``count >= 16`` standard normal numbers, in float32 where ``dtype`` is float16."""
        whole = count - count % _BLOCK
        # The uniforms of a last block that is not full are drawn, too, except for float16.
        u = self._unit(whole if dtype == np.float16 else count, dtype)
        z = np.empty(count, u.dtype)
        for start in range(0, whole, _CHUNK):
            part = slice(start, min(start + _CHUNK, whole))
            z[part] = _box_muller(u[part])
        if whole < count:
            z[-_BLOCK:] = _box_muller(self._unit(_BLOCK, dtype))
        return z

    def normal_of(self, mean: float | Array, std: float | Array) -> Array:
        """Draw from normal distributions given number by number, like ``torch.normal(mean, std)``.

        Parameters
        ----------
        mean, std : ndarray or float
            At least one is an array; shapes broadcast.

        Returns
        -------
        ndarray
            ``mean + z * std`` in the dtype of ``mean``, or of ``std`` if ``mean`` is a float.

        Raises
        ------
        TypeError
            If that dtype is not floating.
        RuntimeError
            If some ``std`` is negative or NaN.
        ValueError
            If the shapes do not broadcast.
        """
        kind = _float_dtype(np.asarray(std if _is_number(mean) else mean).dtype)
        if _is_number(std):
            z = self.normal(np.shape(mean), kind, 0.0, std)
            return np.asarray(z + np.asarray(mean, kind))
        if not np.all(std >= 0):
            raise RuntimeError("normal expects all elements of std >= 0.0")
        z = self.normal(np.broadcast_shapes(np.shape(mean), np.shape(std)), kind)
        return np.asarray(z * np.asarray(std, kind) + np.asarray(mean, kind))

    def exponential(self, shape: Shape, dtype: DTypeLike = np.float32, lambd: float = 1.0) -> Array:
        r"""Draw from the exponential distribution, like ``Tensor.exponential_``.

        .. math:: x = -\ln(1 - u) / \lambda

        computed in float64 from a uniform of 53 bits, then rounded to ``dtype``.

        Parameters
        ----------
        shape : tuple of int
            Shape of the result.
        dtype : dtype, default float32
            Data type of the result.
        lambd : float, default 1.0
            The rate: one over the mean.

        Returns
        -------
        ndarray of ``dtype``

        Raises
        ------
        TypeError
            If ``dtype`` is not floating.
        RuntimeError
            If ``lambd`` is not positive.
        """
        kind = _float_dtype(dtype)
        if not lambd > 0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
        u = self._unit(_count(shape), np.dtype(np.float64))
        return ((-1.0 / lambd) * np.log1p(-u)).astype(kind).reshape(shape)

    # Integers and choices

    def integers(self, low: int, high: int, shape: Shape) -> NDArray[np.int64]:
        """Draw integers from ``low`` to ``high - 1``, like ``torch.randint(low, high, shape)``.

        ``low + r % (high - low)``, where ``r`` is one output of 32 bits, or two outputs making 64
        bits if the range is 2**28 or more.

        Parameters
        ----------
        low, high : int
            The bounds; ``high`` is not reached.
        shape : tuple of int
            Shape of the result.

        Returns
        -------
        ndarray of int64

        Raises
        ------
        RuntimeError
            If ``low >= high``.
        ValueError
            If a bound does not fit into int64.
        """
        low, high = operator.index(low), operator.index(high)
        if low >= high:
            raise RuntimeError(
                "random_ expects 'from' to be less than 'to', "
                f"but got from={low} >= to={high}: no integer lies between them"
            )
        if low < -(2**63) or high >= 2**63:
            raise ValueError(f"randint expects bounds that fit into int64, got {low} and {high}")
        count, span = _count(shape), high - low
        raw = self._raw64(count) if span >= _WIDE else self._raw(count)
        # Unsigned numbers wrap around, so that a negative ``low`` is added modulo 2**64.
        shifted = raw % np.uint64(span) + np.uint64(low % 2**64)
        return shifted.view(np.int64).reshape(shape)

    def random_int63(self) -> int:
        """Draw an integer from 0 to 2**63 - 1, like ``torch.empty((), dtype=int64).random_()``.

        Data loaders seed themselves with these (see the recipes above).
        """
        return int(self._raw64(1)[0]) % 2**63

    def permutation(self, n: int) -> NDArray[np.int64]:
        """Draw an order of ``0, ..., n - 1``, like ``torch.randperm(n)``.

        Fisher and Yates' shuffle: position ``i`` is exchanged with position ``i + r % (n - i)``,
        for ``i`` from 0 to ``n - 2``.

        Parameters
        ----------
        n : int
            Number of elements.

        Returns
        -------
        ndarray of int64, shape (n,)

        Raises
        ------
        RuntimeError
            If ``n`` is negative.
        ValueError
            If ``n`` is 214,748,364 or more, where PyTorch goes over to another method.
        """
        n = operator.index(n)
        if n < 0:
            raise RuntimeError(f"randperm expects n >= 0, but got {n}")
        if n >= _LONGEST:
            raise ValueError(f"randperm of {n} numbers: only up to {_LONGEST - 1} are supported")
        left = np.arange(n, 1, -1, dtype=np.uint64)  # n - i
        partners = self._raw(left.size) % left + (np.uint64(n) - left)
        order = list(range(n))  # exchanging in a list is several times faster than in an array
        for i, j in enumerate(partners.tolist()):
            order[i], order[j] = order[j], order[i]
        return np.array(order, dtype=np.int64)

    def bernoulli(
        self, p: float | Array, shape: Shape | None = None, dtype: DTypeLike | None = None
    ) -> Array:
        """Draw ones with probability ``p`` and zeros otherwise: ``u < p``.

        Parameters
        ----------
        p : float or ndarray
            A number (NumPy's, too), like ``Tensor.bernoulli_(p)``: ``u`` has 53 bits whatever the dtype.
            An array, like ``torch.bernoulli(p)``: ``u`` is a uniform of the dtype of ``p``.
        shape : tuple of int, optional
            Shape of the result, to which ``p`` is broadcast; the shape of ``p`` by default.
        dtype : dtype, optional
            Data type of the result; by default that of an array ``p``, float32 for a number.

        Returns
        -------
        ndarray of ``dtype``

        Raises
        ------
        TypeError
            If ``p`` is an array that is not floating.
        RuntimeError
            If a probability lies outside [0, 1] or is NaN.
        """
        probability: Array = np.asarray(p, np.float64 if _is_number(p) else None)
        if not np.all((probability >= 0) & (probability <= 1)):
            wrong = f", but got p={p}" if probability.ndim == 0 else ""
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1]{wrong}")
        if dtype is None:
            dtype = np.float32 if _is_number(p) else probability.dtype
        shape = probability.shape if shape is None else shape
        u = self._unit(_count(shape), _float_dtype(probability.dtype)).reshape(shape)
        return np.asarray(u < np.broadcast_to(probability, shape)).astype(dtype)

    def multinomial(
        self, p: Array, num_samples: int, replacement: bool = False
    ) -> NDArray[np.int64]:
        r"""Draw categories by their weights, like ``torch.multinomial``.

        One draw, or any number without replacement: the categories with the largest
        :math:`p_i / q_i`, where the :math:`q_i` are exponential draws in the dtype of ``p``.
        More draws with replacement: the first category whose cumulated weight reaches a uniform of
        53 bits.

        Parameters
        ----------
        p : ndarray, shape (categories,) or (rows, categories)
            Weights, not negative; they need not sum to one.
        num_samples : int
            Draws for each row.
        replacement : bool, default False
            Whether a category may come more than once.

        Returns
        -------
        ndarray of int64, shape (num_samples,) or (rows, num_samples)

        Raises
        ------
        TypeError
            If ``p`` is not floating.
        RuntimeError
            If ``p`` has another number of dimensions, contains a negative number, an infinity or
            NaN, or a row of it sums to zero; if ``num_samples`` is not positive, or exceeds the
            number of categories without replacement.

        Notes
        -----
        Without replacement, categories of weight zero come last, in their order; which of them
        PyTorch takes is not defined.

        References
        ----------
        Efraimidis and Spirakis, "Weighted random sampling with a reservoir", Information
        Processing Letters 97(5), 2006.
        """
        p = np.asarray(p)
        _check_weights(p, num_samples, replacement)
        if replacement and num_samples > 1:
            return self._search_cumulated(p, num_samples)
        q = self.exponential(p.shape, p.dtype)
        with np.errstate(divide="ignore", over="ignore"):  # a tiny q wins, and rightly so
            ratio = p / q
        if num_samples == 1:
            return np.asarray(np.argmax(ratio, axis=-1, keepdims=True), dtype=np.int64)
        return np.argsort(-ratio, axis=-1, kind="stable")[..., :num_samples].astype(np.int64)

    def _search_cumulated(self, p: Array, num_samples: int) -> NDArray[np.int64]:
        """Draw with replacement: ``num_samples`` uniforms for the first row, then for the next."""
        cumulated = np.cumsum(p, axis=-1, dtype=np.promote_types(p.dtype, np.float32))
        cumulated /= cumulated[..., -1:]  # the last one becomes 1 exactly
        u = self._unit(p[..., 0].size * num_samples, np.dtype(np.float64))
        rows = zip(np.atleast_2d(cumulated), u.reshape(-1, num_samples), strict=True)
        found = [np.searchsorted(row.astype(np.float64), points) for row, points in rows]
        return np.array(found, dtype=np.int64).reshape(*p.shape[:-1], num_samples)


# The Mersenne Twister


class Twister:
    """The Mersenne Twister MT19937, with the interface of ``numpy.random.MT19937``.

    Parameters
    ----------
    key : ndarray of uint32, shape (624,)
        The words of the state.
    pos : int
        How many outputs of this state have been used; after the last one the next state is made.

    Attributes
    ----------
    made : int
        Outputs handed out.
    """

    def __init__(self, key: NDArray[np.uint32], pos: int) -> None:
        self.key, self.pos, self.made = key, pos, 0
        self._outputs = _tempered(key)  # all at once: for one it takes as long

    @property
    def state(self) -> Any:
        """What ``numpy.random.MT19937.state`` would be."""
        return {"bit_generator": "MT19937", "state": {"key": self.key, "pos": self.pos}}

    def random_raw(self, count: int) -> NDArray[np.uint32]:
        """Return the next ``count`` outputs."""
        self.made += count
        end = self.pos + count
        parts = [self._outputs[self.pos : end]]
        while end > 624:
            self.key = _twisted(self.key)
            self._outputs = _tempered(self.key)
            end -= 624
            parts.append(self._outputs[:end])
        self.pos = end
        return np.concatenate(parts)


def _initial_key(seed: int) -> NDArray[np.uint32]:
    """Return the state that belongs to a seed of 32 bits (``init_genrand`` of the authors)."""
    word, key = seed, [seed]
    for i in range(1, 624):
        word = 1812433253 * (word ^ word >> 30) + i & 0xFFFFFFFF
        key.append(word)
    return np.array(key, np.uint32)


def _twisted(key: Array) -> Array:
    """Return the next state: word ``k`` is word ``k + 397`` mixed with ``k`` and ``k + 1``.

    Indices are modulo 624, and words that have been replaced already are taken as they are now, so
    that no more than 227 can be made at once.
    """
    new = np.empty_like(key)
    mixed = _mixed(key[:-1], key[1:])
    new[:227] = key[397:] ^ mixed[:227]
    new[227:454] = new[:227] ^ mixed[227:454]
    new[454:623] = new[227:396] ^ mixed[454:]
    new[623:] = new[396:397] ^ _mixed(key[623:], new[:1])
    return new


def _mixed(word: Array, following: Array) -> Array:
    joined = word & 0x80000000 | following & 0x7FFFFFFF
    return joined >> 1 ^ (joined & 1) * 0x9908B0DF


def _tempered(y: Array) -> Array:
    """Return the outputs that belong to words of the state."""
    y = y ^ y >> 11
    y ^= y << 7 & 0x9D2C5680
    y ^= y << 15 & 0xEFC60000
    return y ^ y >> 18


# Checks


def _is_number(value: object) -> TypeGuard[int | float]:
    # A number of NumPy's counts as Python's; a tensor without dimensions comes as an array.
    return isinstance(value, (int, float, np.generic))


def _float_dtype(dtype: DTypeLike) -> np.dtype:
    kind = np.dtype(dtype)
    if kind not in _FLOATS:
        raise TypeError(f"random numbers of this kind are floats (float32, float64), not {kind}")
    return kind


def _count(shape: Shape) -> int:
    if any(size < 0 for size in shape):
        raise RuntimeError(f"cannot draw an array with a negative dimension: {tuple(shape)}")
    return math.prod(shape)


def _check_bounds(low: float, high: float, dtype: np.dtype) -> None:
    largest = float(np.finfo(dtype).max)
    for name, bound in (("from", low), ("to", high)):
        if not -largest <= bound <= largest:
            raise RuntimeError(f"uniform_: {name} is out of bounds for {dtype}, got {bound}")
    if low > high:
        raise RuntimeError(
            "uniform_ expects to return a [from, to) range, "
            f"but found from={low} > to={high}: exchange the bounds"
        )
    if high - low > largest:
        raise RuntimeError(
            f"uniform_ expects to - from to fit into {dtype}, but found to={high} and from={low}"
        )


def _check_weights(p: Array, num_samples: int, replacement: bool) -> None:
    _float_dtype(p.dtype)
    if p.ndim not in (1, 2):
        raise RuntimeError(f"multinomial: prob_dist must be 1 or 2 dim, got shape {p.shape}")
    if num_samples <= 0:
        raise RuntimeError(f"multinomial cannot sample n_sample <= 0 samples, got {num_samples}")
    if not replacement and num_samples > p.shape[-1]:
        raise RuntimeError(
            "multinomial cannot sample n_sample > prob_dist.size(-1) samples without replacement: "
            f"{num_samples} samples of {p.shape[-1]} categories; try replacement=True"
        )
    if not np.all((p >= 0) & np.isfinite(p)):
        raise RuntimeError(
            "multinomial: probability tensor contains either `inf`, `nan` or element < 0"
        )
    if np.any(p.sum(axis=-1) == 0):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


# Arithmetic that is rounded as in PyTorch's kernels


def _multiply_add(x: Array, scale: float, shift: float) -> Array:
    """Return ``x * scale + shift`` in the dtype of ``x``, rounded once.

    PyTorch's kernels are compiled to a *fused multiply-add*, which NumPy does not offer: rounding
    the product first would change the last bit of every other number.
    """
    if x.dtype == np.float32:
        return _multiply_add32(x, np.float32(scale), np.float32(shift))
    scale, shift = float(scale), float(shift)
    if shift == 0.0 or max(abs(scale), abs(shift)) > 1e290:  # the splitting below would overflow
        return x * scale + shift
    # The product and the sum, each with its own rounding error (Dekker 1971, Knuth TAOCP 4.2.2).
    product = x * scale
    x_upper, x_lower = _split(x)
    s_upper, s_lower = _split(scale)
    product_error = x_upper * s_upper - product + x_upper * s_lower + x_lower * s_upper
    product_error += x_lower * s_lower
    total = product + shift
    part = total - product
    total_error = (product - (total - part)) + (shift - part)
    return total + (product_error + total_error)


def _split(x: Any) -> tuple[Any, Any]:
    """Return two float64 of 26 bits each whose sum is ``x``: products of such halves are exact."""
    stretched = (2.0**27 + 1.0) * x
    upper = stretched - (stretched - x)
    return upper, x - upper


def _multiply_add32(x: Array, y: Any, z: Any) -> Array:
    """Return ``x * y + z`` of float32, rounded once.

    In float64 the product is exact.  The sum is rounded there first, but to so many more bits that
    it shows in one of some 10**9 results only.
    """
    return (x.astype(np.float64) * y + z).astype(np.float32)


def _box_muller(uniforms: Array) -> Array:
    """Turn each block of 16 uniforms into 16 standard normal numbers of the same dtype."""
    blocks = uniforms.reshape(-1, 2, _BLOCK // 2)
    u, v = 1 - blocks[:, 0], blocks[:, 1]  # u is in (0, 1], so that its logarithm is finite
    angle = v.dtype.type(2.0 * math.pi) * v
    if uniforms.dtype == np.float32:
        logarithm, (sine, cosine) = _log32(u), _sincos32(angle)
    else:
        logarithm, sine, cosine = np.log(u), np.sin(angle), np.cos(angle)
    radius = np.sqrt(-2 * logarithm)
    return np.stack((radius * cosine, radius * sine), axis=1).ravel()


# The logarithm, sine and cosine of float32 that PyTorch's kernel uses: polynomials of the Cephes
# library (Moshier, 1992; ``logf.c``, ``sinf.c``), evaluated with fused multiply-adds.  NumPy's own
# functions are as good but round differently, and not the same on every machine.

_LOG_POLYNOMIAL = np.array(
    [
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    ],
    dtype=np.float32,
)
_SIN_POLYNOMIAL = np.array([-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1], dtype=np.float32)
_COS_POLYNOMIAL = np.array(
    [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2], dtype=np.float32
)
# Numbers in parts of few bits, whose products with small integers are exact: ln 2 and pi/4.
_LN2_UPPER, _LN2_LOWER = np.float32(0.693359375), np.float32(-2.12194440e-4)
_QUARTER_PI = np.array([0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8], np.float32)


def _polynomial(x: Array, coefficients: Array) -> Array:
    """Evaluate a polynomial by Horner's rule, highest power first."""
    y = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        y = _multiply_add32(y, x, coefficient)
    return y


def _log32(x: Array) -> Array:
    """Return the logarithm of float32 in (0, 1].

    With ``x = 2**e (1 + t)`` and ``1 + t`` between sqrt(1/2) and sqrt(2), the logarithm is
    ``e ln 2 + ln(1 + t)``, and ``ln(1 + t) = t - t**2/2 + t**3 P(t)``.
    """
    mantissa, exponent = np.frexp(x)
    small = mantissa < np.float32(math.sqrt(0.5))
    e = exponent.astype(np.float32) - small
    t = np.where(small, 2 * mantissa, mantissa) - 1
    square = t * t
    y = _polynomial(t, _LOG_POLYNOMIAL) * t
    y = _multiply_add32(y, square, e * _LN2_LOWER)
    y = t + (y - square * np.float32(0.5))
    return _multiply_add32(e, _LN2_UPPER, y)


def _sincos32(x: Array) -> tuple[Array, Array]:
    """Return the sine and the cosine of float32 in [0, 2 pi].

    The next even multiple ``j pi/4`` is taken off, which leaves ``|r| <= pi/4``; the sine and the
    cosine of ``r`` change places and signs according to ``j``.
    """
    j = ((x * np.float32(4 / math.pi)).astype(np.int32) + 1) & ~1
    steps = j.astype(np.float32)
    r = x
    for part in _QUARTER_PI:
        r = _multiply_add32(steps, -part, r)
    square = r * r
    half = square * np.float32(0.5)
    cosine = _multiply_add32(_polynomial(square, _COS_POLYNOMIAL) * square, square, -half) + 1
    sine = _multiply_add32(_polynomial(square, _SIN_POLYNOMIAL) * square, r, r)
    exchanged = (j & 2) != 0
    sine, cosine = np.where(exchanged, cosine, sine), np.where(exchanged, sine, cosine)
    return np.where(j & 4, -sine, sine), np.where((j + 2) & 4, -cosine, cosine)


default_generator = Generator()
"""What everything draws from that is not given a generator; it starts from a fresh seed."""
default_generator.seed()
