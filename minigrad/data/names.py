"""First names, and the pairs from which a model of characters learns to make more of them."""

from __future__ import annotations

import os
import string
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from minigrad._creation import tensor
from minigrad.data.dataset import TensorDataset
from minigrad.data.files import read_lines

END = "."
"""The mark before and after each word, number 0."""


def load_names(folder: str | os.PathLike[str] | None = None) -> list[str]:
    """Return first names from ``names.txt``, one a line.

    The file of the lecture has 32,033 names in small letters.  Nothing is downloaded.

    Parameters
    ----------
    folder : path, optional
        Where the file lies, or a folder ``names`` with it; if not given, the one that the environment
        variable ``MINIGRAD_DATA`` names.

    Returns
    -------
    list of str
        In the order of the file, most frequent first.

    Raises
    ------
    FileNotFoundError
        If the file is not there.
    ValueError
        If a line is empty, or has a blank or a full stop in it.

    References
    ----------
    A. Karpathy, ``makemore`` (2022), https://github.com/karpathy/makemore.
    """
    path, lines = read_lines("names.txt", folder, ("names",))
    for number, line in enumerate(lines, 1):
        if not line or END in line or line.split() != [line]:
            raise ValueError(f"{path}, line {number}: expected one name, got {line[:40]!r}")
    return lines


def character_maps(
    words: Iterable[str] = string.ascii_lowercase,
) -> tuple[dict[str, int], dict[int, str]]:
    """Return the number of each character, and the character of each number.

    Parameters
    ----------
    words : iterable of str, default the letters a to z
        Whose characters count, in alphabetical order from 1.  The mark ``"."`` is 0.

    Returns
    -------
    stoi : dict of str to int
    itos : dict of int to str

    Examples
    --------
    >>> import minigrad as mg
    >>> stoi, itos = mg.data.character_maps(["emma", "ava"])
    >>> stoi
    {'.': 0, 'a': 1, 'e': 2, 'm': 3, 'v': 4}
    >>> "".join(itos[i] for i in (2, 3, 3, 1))
    'emma'
    """
    characters = sorted({character for word in words for character in word} - {END})
    stoi = {character: i for i, character in enumerate([END, *characters])}
    return stoi, {i: character for character, i in stoi.items()}


def names_dataset(
    words: Sequence[str], block_size: int = 3, stoi: Mapping[str, int] | None = None
) -> TensorDataset:
    """Return each character of the words with the ``block_size`` characters before it.

    Before a word stand marks ``"."``, and one comes after it: of ``"ab"`` with a block of 3 the pairs are
    ``... -> a``, ``..a -> b``, ``.ab -> .``.

    Parameters
    ----------
    words : sequence of str
        From :func:`load_names`, say.
    block_size : int, default 3
        Number of characters that are seen; 1 makes bigrams.
    stoi : mapping of str to int, optional
        The numbers of the characters; those of the letters a to z if not given, so that parts of one
        list of names get the same (:func:`character_maps`).

    Returns
    -------
    TensorDataset
        Of contexts, shape (n, block_size), int64, and next characters, shape (n,), int64.  There are as
        many pairs as the words have letters, and one more for each word.

    Raises
    ------
    ValueError
        If a word has a character without a number, or ``block_size`` is not positive.

    References
    ----------
    Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin, "A Neural Probabilistic Language Model", JMLR 3 (2003),
    for words; A. Karpathy, ``makemore`` (2022), for characters.

    Examples
    --------
    >>> import minigrad as mg
    >>> contexts, targets = mg.data.names_dataset(["ab"]).tensors
    >>> contexts
    tensor([[0, 0, 0],
            [0, 0, 1],
            [0, 1, 2]])
    >>> targets
    tensor([1, 2, 0])

    The split of the lecture into 80, 10 and 10 per cent::

        words = mg.data.load_names()
        random.seed(42)
        random.shuffle(words)
        n1, n2 = int(0.8 * len(words)), int(0.9 * len(words))
        train, dev, test = map(mg.data.names_dataset, (words[:n1], words[n1:n2], words[n2:]))
    """
    if block_size < 1:
        raise ValueError(f"names_dataset: block_size has to be positive, got {block_size}")
    stoi = character_maps()[0] if stoi is None else stoi
    known = set(stoi)
    for word in words:
        if unknown := {END, *word} - known:
            raise ValueError(
                f"names_dataset: {sorted(unknown)} in {word!r} have no number: give "
                "stoi=character_maps(words)[0] of all words"
            )
    # All words in one row, with marks between them; each pair is a window of it.
    text = "".join(END * block_size + word for word in words) + END
    numbers = np.array([stoi[character] for character in text], dtype=np.int64)
    lengths = np.array([len(word) + 1 for word in words], dtype=np.int64)
    shifts = np.arange(len(words)) * (block_size - 1)  # the marks of a word that are no target
    targets = np.arange(lengths.sum()) + np.repeat(shifts, lengths) + block_size
    windows = targets[:, None] + np.arange(-block_size, 0)
    return TensorDataset(tensor(numbers[windows]), tensor(numbers[targets]))
