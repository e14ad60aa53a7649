"""NVIDIA's library of layers, which minigrad does without.  Nothing depends on its switches."""

deterministic = False
benchmark = False
enabled = False
