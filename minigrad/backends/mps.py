"""Apple's GPUs, which minigrad cannot use."""


def is_available() -> bool:
    """Return False."""
    return False


def is_built() -> bool:
    """Return False."""
    return False
