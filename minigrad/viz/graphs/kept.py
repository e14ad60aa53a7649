"""What backward needs and the graph therefore keeps: names, bytes, and each memory counted once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import Any

from minigrad.autograd.function import Context
from minigrad.backend.devices import is_array
from minigrad.engine import Node
from minigrad.versions import memory_of
from minigrad.viz.graphs.reading import Reading
from minigrad.viz.graphs.texts import bytes_text

LINE = 26
"""How many letters a line may have, so that operations do not become too wide."""


def kept_by(node: Node) -> Iterator[tuple[str, Any]]:
    """Yield name and array for everything that ``node`` keeps until its rules have run."""
    op = node.plan.op
    residuals = list(getattr(op, "residuals", ()))
    for value, source in zip(node.saved_values, node.plan.sources, strict=False):
        if isinstance(value, Context):
            for entry in value._saved:
                yield "saved", entry and entry[0]
        elif isinstance(source, (int, slice)):
            parts = value if isinstance(value, tuple) else (value,)
            for part in parts:
                yield op.input_name(source), part
        elif source is None:
            yield (residuals.pop(0) if residuals and is_array(value) else "shape"), value
        else:
            yield source.removeprefix("keyword ").strip("'"), value
    for name, value in node.params.items():
        for part in value if isinstance(value, tuple) else (value,):
            yield name, part


def memories(nodes: Iterable[Node]) -> dict[int, int]:
    """Return the bytes of each block of memory that ``nodes`` keep: views keep all of theirs."""
    blocks = {}
    for node in nodes:
        for _, value in kept_by(node):
            for part in value if isinstance(value, tuple) else (value,):
                if is_array(part):
                    memory = memory_of(part)
                    blocks[id(memory)] = memory.nbytes
    return blocks


def kept_lines(nodes: list[Node]) -> list[str]:
    """Return ``keeps x, out: 4.1 kB`` for one operation, ``keeps 12 kB`` for several."""
    blocks = memories(nodes)
    if not blocks:
        return ["released" if any(node.released for node in nodes) else "keeps nothing"]
    names = ""
    if len(nodes) == 1:
        known = dict.fromkeys(name for name, value in kept_by(nodes[0]) if is_held(value))
        names = " " + ", ".join(known) + ":"
    return wrap(f"keeps{names} {bytes_text(sum(blocks.values()))}", LINE)


def is_held(value: Any) -> bool:
    """Tell whether a value that is kept has memory of its own."""
    return any(map(is_array, value)) if isinstance(value, tuple) else is_array(value)


def kept_caption(reading: Reading) -> str:
    """Return a line with all the bytes, and how many of them would be there anyhow.

    What a fused operation keeps counts, whether or not it was taken apart for the picture.
    """
    blocks = memories(reading.operations())
    if not blocks:
        return "backward keeps nothing" + (
            " any more: it has run" if any(node.released for node in reading.nodes) else ""
        )
    leaves = (node.owner() for node in reading.nodes if node.owner is not None)
    anyhow = {id(memory_of(leaf.array)) for leaf in leaves if leaf is not None}
    there = sum(size for memory, size in blocks.items() if memory in anyhow)
    return f"backward keeps {bytes_text(sum(blocks.values()))}" + (
        f", of which {bytes_text(there)} are parameters and data" if there else ""
    )
