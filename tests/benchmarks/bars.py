"""The bars: what minigrad is held to, as ratios (less is better), and what would be a moonshot."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    workload: str
    against: str  # a peer; nothing, where the figure itself is held to the bar
    at_most: float
    moonshot: float | None = None


BARS = (
    Bar("readme-expression", "micrograd", 0.50, 0.40),
    Bar("scalar-mlp", "micrograd", 0.25, 0.15),
    Bar("chain-1e4", "torch", 0.20, 0.12),
    Bar("chain-1e5", "torch", 0.20, 0.12),
    Bar("chain-1e6", "torch", 0.20, 0.12),
    Bar("chain-flatness", "", 1.5, 1.2),
    Bar("tiny-mlp", "numpy", 0.80, 0.65),
    Bar("tiny-mlp", "torch", 0.20, 0.15),
    Bar("mlp-bn", "numpy", 0.80, 0.70),
    Bar("mlp-bn", "torch", 0.60, 0.50),
    Bar("mlp-bn", "torch-fused", 0.80, 0.68),
    Bar("wide-mlp", "numpy", 0.85, 0.73),
    Bar("wide-mlp", "torch", 1.10, 1.0),
    Bar("elementwise", "numpy", 1.3, 1.1),
    Bar("elementwise", "torch", 1.1, 0.85),
    Bar("hessian-rosenbrock", "torch", 0.35, 0.25),
    Bar("hvp-mlp", "torch", 0.45, 0.30),
    Bar("adam-110k", "torch-fused", 0.85, 0.65),
    Bar("adam-1e6", "torch", 0.75),
    Bar("adam-1e7", "torch", 0.80),
    Bar("import-time", "numpy", 1.2, 1.05),
    Bar("script", "numpy", 1.2, 1.05),
    Bar("script-memory", "torch", 0.12, 0.09),
    Bar("memory-growth", "", 64, 0),
)
