"""The sentences of the Stanford Sentiment Treebank."""

from __future__ import annotations

import os

from minigrad._creation import tensor
from minigrad._tensor import Tensor
from minigrad.data.files import read_lines

_CLASSES = {"binary": 2, "fine": 5}
_SPLITS = ("train", "dev", "test")


def load_sst(
    task: str = "binary", split: str = "train", folder: str | os.PathLike[str] | None = None
) -> tuple[list[str], Tensor]:
    """Return sentences of film reviews, and how favourable each is.

    The files are ``stsa.binary.train``, ``stsa.fine.dev`` and so on: a sentence a line, lower case, words
    and punctuation marks divided by blanks, and before it its label.  Nothing is downloaded.

    Parameters
    ----------
    task : {"binary", "fine"}
        Negative (0) or positive (1); or five grades from very negative (0) over neutral (2) to very
        positive (4).
    split : {"train", "dev", "test"}
        6,920, 872 and 1,821 sentences in ``"binary"``; 8,544, 1,101 and 2,210 in ``"fine"``.
    folder : path, optional
        Where the files lie, or a folder ``sst`` with them; if not given, the one that the environment
        variable ``MINIGRAD_DATA`` names.

    Returns
    -------
    sentences : list of str
        ``sentence.split()`` are the words.
    labels : Tensor, shape (n,), int64

    Raises
    ------
    FileNotFoundError
        If the file is not there.
    ValueError
        If ``task`` or ``split`` is something else, or a line has no label.

    References
    ----------
    R. Socher et al., "Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank", EMNLP
    (2013).
    """
    if task not in _CLASSES or split not in _SPLITS:
        raise ValueError(
            f"load_sst: task has to be one of {list(_CLASSES)} and split one of {list(_SPLITS)}, "
            f"got {task!r} and {split!r}"
        )
    path, lines = read_lines(f"stsa.{task}.{split}", folder, ("sst",))
    known = {str(label) for label in range(_CLASSES[task])}
    pairs = [line.partition(" ") for line in lines]
    for number, (label, _, sentence) in enumerate(pairs, 1):
        if label not in known or not sentence:
            raise ValueError(
                f"{path}, line {number}: expected a label from 0 to {len(known) - 1}, a blank and a "
                f"sentence, got {lines[number - 1][:40]!r}"
            )
    return [sentence for _, _, sentence in pairs], tensor([int(label) for label, _, _ in pairs])
