"""The switches of ``torch.backends`` that programs set: accepted, and without effect here.

::

    mg.backends.cudnn.deterministic = True
    mg.backends.mps.is_available()     # False

What minigrad itself computes with is in :mod:`minigrad.backend`.
"""

from __future__ import annotations

from typing import Any

from minigrad.backends import cudnn, mps

__all__ = ["cudnn", "mps", "use_deterministic_algorithms"]


def use_deterministic_algorithms(mode: bool, *, warn_only: Any = False) -> None:
    """Do nothing: on the host the same program gives the same numbers, whatever ``mode`` is."""
