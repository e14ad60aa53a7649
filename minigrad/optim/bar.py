"""A bar that shows how far a loop has come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def with_bar(items: Iterable[Any], show: bool, unit: str, total: int | None = None) -> Any:
    """Return ``items``, shown by a bar of tqdm in terminals while they are gone through, if asked."""
    if not show:
        return items
    try:
        from tqdm import tqdm
    except ImportError:
        return items
    return tqdm(items, unit=unit, total=total, leave=False, disable=None)
