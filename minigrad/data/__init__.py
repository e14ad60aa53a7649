"""Data: datasets, the loader that makes batches of them, and data to try things on.

Datasets, samplers and the loader are PyTorch's, down to the order of the batches for a seed; the loader
can say where it stands, so that an interrupted run goes on with the very next batch.  Data come made of
formulas, in the package (digits, the fitting examples of a textbook), or from files in a folder that you
name (MNIST, the sentiment treebank, names).  Nothing is ever downloaded.
"""

from minigrad.data.collate import default_collate, default_convert
from minigrad.data.dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)
from minigrad.data.digits import digits_split, load_digits
from minigrad.data.fitting import gabor, linear, load_gabor, load_line
from minigrad.data.loader import DataLoader, get_worker_info
from minigrad.data.mnist import load_mnist, mnist_split
from minigrad.data.names import character_maps, load_names, names_dataset
from minigrad.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from minigrad.data.sst import load_sst
from minigrad.data.toy import blobs, circles, moons, spirals, xor

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "blobs",
    "character_maps",
    "circles",
    "default_collate",
    "default_convert",
    "digits_split",
    "gabor",
    "get_worker_info",
    "linear",
    "load_digits",
    "load_gabor",
    "load_line",
    "load_mnist",
    "load_names",
    "load_sst",
    "mnist_split",
    "moons",
    "names_dataset",
    "random_split",
    "spirals",
    "xor",
]
