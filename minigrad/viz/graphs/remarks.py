"""What has to be said below a picture about its numbers: which are missing, or not what one expects."""

from __future__ import annotations

from collections.abc import Iterator

from minigrad.engine import Node
from minigrad.viz.graphs.rerun import (
    Rerun,
    has_forward,
    has_keywords,
    is_gate,
    owner_of,
    written_since,
)

GONE = "after backward() {} are gone;\ndraw before it, or keep them with retain_graph=True"
KEYWORDS = "the targets, masks and indices"
CONSTANTS = "constants that no variable holds"
WRITTEN = "something was written in place since, as by an optimiser's step: its old value is gone"
HOOKED = "hooks do not run for a picture: the gradients are those without them"
STANDING = ".grad: what the tensor holds; its gradient cannot be computed any more"
NOT_COMPUTED = ".grad: what the tensor holds; in so large a graph no gradients are computed"


def remarks_on(rerun: Rerun, *, valued: bool, swept: bool) -> list[str]:
    """Return a line for each reason for which something is not known.

    Parameters
    ----------
    rerun : Rerun
        The graph.
    valued : bool
        Whether the values that are missing would be shown, and not only the gradients.
    swept : bool
        Whether gradients are shown.
    """
    failed = rerun.failed if valued else rerun.lost
    missing = [node for node in rerun.nodes if node in failed]
    gone = dict.fromkeys(what for node in missing for what in gone_at(node, rerun))
    lines = [GONE.format(" and ".join(gone))] if gone else []
    if any(is_written(node, rerun) for node in missing):
        lines.append(WRITTEN)
    lines += dict.fromkeys(refusal(node) for node in missing if is_ready(node, rerun))
    if swept and any(map(is_hooked, rerun.nodes)):
        lines.append(HOOKED)
    return lines


def gone_at(node: Node, rerun: Rerun) -> Iterator[str]:
    """Yield what ``node`` would need to run again, and backward has let go of."""
    if node.released and not has_forward(node):
        yield f"what {node.op_name} has saved"
    elif node.released and not has_keywords(node):
        yield KEYWORDS
    for source in inputs_of(node):
        unknown = source not in rerun.values and rerun.reading.is_leaf(source)
        if has_forward(node) and unknown and owner_of(source) is None:
            yield CONSTANTS


def is_written(node: Node, rerun: Rerun) -> bool:
    """Tell whether something that ``node`` computed with was written since."""
    if not node.released and (node not in rerun.intact or not has_same_keywords(node)):
        return True
    return any(
        source in rerun.written or written_since(rerun.values.get(source), node.number)
        for source in inputs_of(node)
    )


def is_ready(node: Node, rerun: Rerun) -> bool:
    """Tell whether all is there that ``node`` needs to run again."""
    known = all(source in rerun.values for source in inputs_of(node))
    return known and not is_written(node, rerun) and not any(gone_at(node, rerun))


def refusal(node: Node) -> str:
    """Return what is said of an operation that does not run again although all is there."""
    if has_forward(node):
        return f"{node.op_name} could not run again"
    return f"what {node.op_name} computed is known while a variable holds it: names= it"


def inputs_of(node: Node) -> Iterator[Node]:
    """Yield the inputs that are no numbers."""
    return (source for source in node.inputs if isinstance(source, Node))


def has_same_keywords(node: Node) -> bool:
    """Tell whether the keyword arguments are as they were; a ``Function`` has none."""
    return not has_forward(node) or has_keywords(node)


def is_hooked(node: Node) -> bool:
    """Tell whether backward would call a hook at ``node`` that can change the gradient."""
    return is_gate(node) or any(not getattr(hook, "deferred", False) for hook in node.hooks or ())
