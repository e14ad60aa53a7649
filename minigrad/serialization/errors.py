"""The error of a file that is no checkpoint."""


class CheckpointError(RuntimeError):
    """A file cannot be loaded: it is damaged, cut off, of another kind, or a pickle."""
