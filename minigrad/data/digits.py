"""The handwritten digits that come with the package."""

from __future__ import annotations

import io

import numpy as np

from minigrad._creation import tensor
from minigrad._tensor import Tensor
from minigrad.backend.generator import Generator
from minigrad.data.dataset import TensorDataset


def load_digits() -> tuple[Tensor, Tensor]:
    """Return 1,797 images of handwritten digits, and which digit each shows.

    Returns
    -------
    images : Tensor, shape (1797, 8, 8), float32
        Grey values, whole numbers from 0 (white) to 16 (ink).  ``images.flatten(1) / 16`` is what an MLP
        takes; :func:`digits_split` has them so.
    labels : Tensor, shape (1797,), int64
        0 to 9, 174 to 183 of each.

    References
    ----------
    E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository
    (1998), https://doi.org/10.24432/C50P49, CC BY 4.0.

    Examples
    --------
    >>> import minigrad as mg
    >>> images, labels = mg.data.load_digits()
    >>> images.shape, labels[:5]
    (Size([1797, 8, 8]), tensor([0, 1, 2, 3, 4]))
    """
    # Imported here, because it takes longer than all of minigrad.data.
    from importlib import resources

    content = (resources.files("minigrad") / "data" / "_files" / "digits.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        images, labels = file["images"], file["labels"]
    return tensor(images.astype(np.float32)), tensor(labels.astype(np.int64))


def digits_split(test_fraction: float = 0.2, seed: int = 0) -> tuple[TensorDataset, TensorDataset]:
    """Return the digits divided into a training and a test set, ready for an MLP.

    The split is *stratified*: of each digit the same fraction is held out, rounded to whole images.  The
    same seed gives the same split, wherever the default generator stands.

    Parameters
    ----------
    test_fraction : float, default 0.2
        How much is held out; more than 0 and less than 1.
    seed : int, default 0
        Of the choice.

    Returns
    -------
    train, test : TensorDataset
        Of images (n, 64), float32 from 0 to 1, and labels (n,), int64.  ``.tensors`` are the two tensors.

    Raises
    ------
    ValueError
        If ``test_fraction`` is out of range.

    Examples
    --------
    >>> import minigrad as mg
    >>> train, test = mg.data.digits_split()
    >>> len(train), len(test)
    (1438, 359)
    """
    if not 0 < test_fraction < 1:
        raise ValueError(
            f"digits_split: test_fraction has to lie between 0 and 1, got {test_fraction}"
        )
    images, labels = load_digits()
    inputs = images.flatten(1) / 16
    held_out = _stratified(labels.cpu().numpy(), test_fraction, seed)
    train, test = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    return (
        TensorDataset(inputs[train], labels[train]),
        TensorDataset(inputs[test], labels[test]),
    )


def _stratified(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Return which samples are held out: of each class a random ``fraction``."""
    order = Generator().manual_seed(seed).permutation(labels.size)
    held_out = np.zeros(labels.size, bool)
    for label in np.unique(labels):
        of_class = order[labels[order] == label]
        held_out[of_class[: round(fraction * of_class.size)]] = True
    return held_out
