"""Data: datasets, the loader that makes batches of them, and data to try things on.

Datasets, samplers and the loader are PyTorch's, down to the order of the batches for a seed; the loader
can say where it stands, so that an interrupted run goes on with the very next batch.  Data come made of
formulas, in the package (digits, the fitting examples of a textbook), or from files in a folder that you
name (MNIST, the sentiment treebank, names).  Nothing is ever downloaded.
"""

from typing import TYPE_CHECKING

from minigrad._lazy import on_first_use

if TYPE_CHECKING:  # for type checkers; at run time the table below does it
    from minigrad.data.collate import (
        default_collate as default_collate,
        default_convert as default_convert,
    )
    from minigrad.data.dataset import (
        ChainDataset as ChainDataset,
        ConcatDataset as ConcatDataset,
        Dataset as Dataset,
        IterableDataset as IterableDataset,
        Subset as Subset,
        TensorDataset as TensorDataset,
        random_split as random_split,
    )
    from minigrad.data.digits import digits_split as digits_split, load_digits as load_digits
    from minigrad.data.fitting import (
        gabor as gabor,
        linear as linear,
        load_gabor as load_gabor,
        load_line as load_line,
    )
    from minigrad.data.loader import DataLoader as DataLoader, get_worker_info as get_worker_info
    from minigrad.data.mnist import load_mnist as load_mnist, mnist_split as mnist_split
    from minigrad.data.names import (
        character_maps as character_maps,
        load_names as load_names,
        names_dataset as names_dataset,
    )
    from minigrad.data.sampler import (
        BatchSampler as BatchSampler,
        RandomSampler as RandomSampler,
        Sampler as Sampler,
        SequentialSampler as SequentialSampler,
        SubsetRandomSampler as SubsetRandomSampler,
        WeightedRandomSampler as WeightedRandomSampler,
    )
    from minigrad.data.sst import load_sst as load_sst
    from minigrad.data.toy import (
        blobs as blobs,
        circles as circles,
        moons as moons,
        spirals as spirals,
        xor as xor,
    )

if not TYPE_CHECKING:
    __all__, __getattr__, __dir__ = on_first_use(
        globals(),
        {
            "collate": "default_collate default_convert",
            "dataset": (
                "ChainDataset ConcatDataset Dataset IterableDataset Subset TensorDataset random_split"
            ),
            "digits": "digits_split load_digits",
            "fitting": "gabor linear load_gabor load_line",
            "loader": "DataLoader get_worker_info",
            "mnist": "load_mnist mnist_split",
            "names": "character_maps load_names names_dataset",
            "sampler": (
                "BatchSampler RandomSampler Sampler SequentialSampler SubsetRandomSampler "
                "WeightedRandomSampler"
            ),
            "sst": "load_sst",
            "toy": "blobs circles moons spirals xor",
        },
    )
