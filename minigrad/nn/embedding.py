"""Tables of vectors that are looked up by index."""

from __future__ import annotations

from typing import Any, Self

from minigrad._creation import empty
from minigrad._functions.arguments import as_length
from minigrad._tensor import Tensor
from minigrad.autograd.modes import no_grad
from minigrad.nn import functional as F, init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter


class Embedding(Module):
    """A table with a vector for each index, for words, categories and the like.

    Parameters
    ----------
    num_embeddings : int
        Number of indices K.
    embedding_dim : int
        Length D of the vectors.
    padding_idx : int, optional
        An index that stands for nothing: its vector is 0 at first and gets no gradient.  A negative one
        counts from the end.
    device, dtype : optional
        Of the table; the default ones if not given.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)
        The table, at first normal numbers of mean 0 and deviation 1: the same as PyTorch draws after the
        same seed.

    Raises
    ------
    ValueError
        If ``padding_idx`` is no index of the table.
    IndexError
        When called with an index that is none, see :func:`minigrad.nn.functional.embedding`.
    TypeError
        When called with numbers that are not integers.

    Examples
    --------
    >>> import minigrad as mg
    >>> table = mg.nn.Embedding(10, 3, padding_idx=0)
    >>> words = mg.tensor([[4, 2, 0], [7, 0, 0]])
    >>> table(words).shape
    Size([2, 3, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        _weight: Tensor | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = as_length(self, "num_embeddings", num_embeddings)
        self.embedding_dim = as_length(self, "embedding_dim", embedding_dim)
        self.padding_idx = padding_idx
        if padding_idx is not None:
            self.padding_idx = F.padding_row(padding_idx, num_embeddings)
        shape = (num_embeddings, embedding_dim)
        if _weight is None:
            self.weight = Parameter(empty(shape, device=device, dtype=dtype))
            self.reset_parameters()
        elif tuple(_weight.shape) == shape:
            self.weight = Parameter(_weight)
        else:
            raise ValueError(
                f"Embedding: expected a weight of shape {shape}, got {tuple(_weight.shape)}"
            )

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None
    ) -> Self:
        """Return a layer with this table.

        Parameters
        ----------
        embeddings : Tensor, shape (K, D)
            The vectors, one in each row; the layer shares their memory.
        freeze : bool, default True
            Whether they are kept out of training: ``weight.requires_grad`` is ``False``.
        padding_idx : int, optional
            As for the class; its vector stays what it is.

        Raises
        ------
        ValueError
            If ``embeddings`` is no matrix, or ``padding_idx`` none of its rows.
        """
        if embeddings.ndim != 2:
            raise ValueError(
                f"Embedding: the vectors have to be rows (K, D), got shape {tuple(embeddings.shape)}"
            )
        rows, length = embeddings.shape
        layer = cls(rows, length, padding_idx, _weight=embeddings)
        layer.weight.requires_grad = not freeze
        return layer

    def reset_parameters(self) -> None:
        """Draw the table anew, all but the row ``padding_idx``, which becomes 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx] = 0.0

    def forward(self, input: Tensor) -> Tensor:
        """Map indices (...) to vectors (..., embedding_dim)."""
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """Return the sizes, and ``padding_idx`` if there is one."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
