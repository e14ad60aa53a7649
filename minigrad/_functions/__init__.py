"""The functions on tensors, in PyTorch's words: each serves as ``mg.name(x)`` and ``x.name()``.

They translate (``dim`` to ``axis``, sizes to shapes), check what people get wrong, and call an
operation of :mod:`minigrad.ops`, where the mathematics is.
"""
