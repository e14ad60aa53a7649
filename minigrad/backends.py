"""The switches of ``torch.backends`` that programs set: accepted, and without effect here.

::

    mg.backends.cudnn.deterministic = True
    mg.backends.mps.is_available()     # False

What minigrad itself computes with is in :mod:`minigrad.backend`.
"""

from __future__ import annotations

from typing import Any

__all__ = ["cudnn", "mps", "use_deterministic_algorithms"]


class _Mps:
    """Apple's GPUs, which minigrad cannot use."""

    def is_available(self) -> bool:
        """Return False."""
        return False

    def is_built(self) -> bool:
        """Return False."""
        return False


class _Cudnn:
    """NVIDIA's library of layers, which minigrad does without.

    Attributes
    ----------
    deterministic, benchmark, enabled : bool
        Can be set; nothing depends on them.
    """

    def __init__(self) -> None:
        self.deterministic = False
        self.benchmark = False
        self.enabled = False


mps = _Mps()
cudnn = _Cudnn()


def use_deterministic_algorithms(mode: bool, *, warn_only: Any = False) -> None:
    """Do nothing: on the host the same program gives the same numbers, whatever ``mode`` is."""
