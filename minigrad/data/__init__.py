"""Data: datasets, the loader that makes batches of them, and data to try things on.

Nothing is downloaded; the digits come with the package.
"""

from minigrad.data.dataset import Dataset, Subset, TensorDataset, random_split
from minigrad.data.digits import digits_split, load_digits
from minigrad.data.loader import DataLoader, default_collate
from minigrad.data.toy import moons

__all__ = [
    "DataLoader",
    "Dataset",
    "Subset",
    "TensorDataset",
    "default_collate",
    "digits_split",
    "load_digits",
    "moons",
    "random_split",
]
