"""``Variable``: PyTorch's name for a tensor with gradients before 0.4, met in older tutorials."""

from __future__ import annotations

from typing import Any

from minigrad._tensor import Tensor


def Variable(data: Any, requires_grad: bool = False) -> Tensor:  # noqa: N802 (PyTorch's name)
    """Return ``data`` as a leaf on the same memory, with gradients if asked."""
    leaf = data.detach()
    return leaf.requires_grad_() if requires_grad else leaf
