"""The loader where PyTorch has it: ``from minigrad.utils.data.dataloader import DataLoader``."""

from minigrad.data import (
    DataLoader,
    default_collate,
    default_convert,
    get_worker_info,
)

__all__ = [
    "DataLoader",
    "default_collate",
    "default_convert",
    "get_worker_info",
]
