"""MNIST, read from the files of its authors."""

from __future__ import annotations

import math
import os

import numpy as np

from minigrad._creation import tensor
from minigrad._tensor import Tensor
from minigrad.data.dataset import TensorDataset
from minigrad.data.files import read_file

_SUBFOLDERS = ("mnist", "MNIST", "MNIST/raw")  # the last one is torchvision's
_UINT8 = 8  # the code of the type in idx files


def load_mnist(
    folder: str | os.PathLike[str] | None = None, train: bool = True
) -> tuple[Tensor, Tensor]:
    """Return images of handwritten digits, and which digit each shows, from MNIST's own files.

    The files are ``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte`` (for testing: ``t10k-...``),
    packed (``.gz``) or not.  Nothing is downloaded.  Other data in files of these names, such as
    Fashion-MNIST, are read in the same way.

    Parameters
    ----------
    folder : path, optional
        Where the files lie, or a folder ``mnist`` or ``MNIST/raw`` with them; if not given, the one that
        the environment variable ``MINIGRAD_DATA`` names.
    train : bool, default True
        The 60,000 images for training, or the 10,000 for testing.

    Returns
    -------
    images : Tensor, shape (n, 28, 28), uint8
        Grey values from 0 (background) to 255.  :func:`mnist_split` has them as floats.
    labels : Tensor, shape (n,), int64
        0 to 9.

    Raises
    ------
    FileNotFoundError
        If a file is not there.
    ValueError
        If a file is damaged, or there are other numbers of images and labels.

    References
    ----------
    Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits" (1998).
    """
    images, labels = _read(folder, train)
    return tensor(images), tensor(labels)


def mnist_split(
    folder: str | os.PathLike[str] | None = None,
) -> tuple[TensorDataset, TensorDataset]:
    """Return MNIST's training and test sets, ready for an MLP.

    Parameters
    ----------
    folder : path, optional
        As for :func:`load_mnist`.

    Returns
    -------
    train, test : TensorDataset
        Of images (n, 784), float32 from 0 to 1, and labels (n,), int64; 60,000 and 10,000 of them.
        ``.tensors`` are the two tensors.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_mnist`.
    """
    return _split(folder, train=True), _split(folder, train=False)


def _split(folder: str | os.PathLike[str] | None, train: bool) -> TensorDataset:
    images, labels = _read(folder, train)
    inputs = images.reshape(len(images), -1).astype(np.float32)
    inputs /= 255
    return TensorDataset(tensor(inputs), tensor(labels))


def _read(folder: str | os.PathLike[str] | None, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels as arrays of uint8 and int64."""
    part = "train" if train else "t10k"
    images = _read_idx(f"{part}-images-idx3-ubyte", folder, dimensions=3)
    labels = _read_idx(f"{part}-labels-idx1-ubyte", folder, dimensions=1)
    if len(images) != len(labels):
        raise ValueError(
            f"{part}-images-idx3-ubyte has {len(images)} images, but {part}-labels-idx1-ubyte has "
            f"{len(labels)} labels: they are not from one data set"
        )
    return images, labels.astype(np.int64)


def _read_idx(name: str, folder: str | os.PathLike[str] | None, dimensions: int) -> np.ndarray:
    """Return the array in an idx file: a magic number, the sizes as big-endian integers, the bytes."""
    path, content = read_file(name, folder, _SUBFOLDERS)
    magic, start = bytes([0, 0, _UINT8, dimensions]), 4 + 4 * dimensions
    if content[:4] != magic:
        raise ValueError(
            f"{path}: not an idx file with {dimensions} dimensions: it starts with the bytes "
            f"{content[:4].hex()}, not {magic.hex()}"
        )
    if len(content) < start:
        raise ValueError(f"{path}: cut off within the header of {start} bytes")
    shape = tuple(np.frombuffer(content, ">u4", dimensions, offset=4).tolist())
    if len(content) - start != math.prod(shape):
        raise ValueError(
            f"{path}: {len(content) - start} bytes after the header, which says that there are "
            f"{' x '.join(map(str, shape))}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
