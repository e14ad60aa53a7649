"""Arrows that enter a frame together and part inside it.

Graphviz leads a long arrow into a frame around its outside, where it runs over names and other frames.  So
what goes to several places in a frame, as to a layer and past it, enters once and forks at a dot.
"""

from __future__ import annotations

from dataclasses import replace

from minigrad.viz.graphs.calls import Call, common_call
from minigrad.viz.graphs.ordering import path_of
from minigrad.viz.graphs.picture import Arrow, Box, Picture

STAGES = ("back", "now", "")
"""What a line looks like that stands for several arrows in a film: as the first of these among them."""


def with_forks(picture: Picture) -> Picture:
    """Return a picture with a box of kind ``"fork"`` where arrows part, which changes nothing else."""
    groups: dict[tuple[Box, Call], list[Arrow]] = {}
    for arrow in picture.arrows:
        entered = [call for call in path_of(arrow.target) if call not in path_of(arrow.source)]
        if arrow.drawn and entered and arrow.source.beside is arrow.target.beside is None:
            groups.setdefault((arrow.source, entered[0]), []).append(arrow)
    instead: dict[Arrow, list[Arrow]] = {}
    after: dict[Box, list[Box]] = {}
    for (source, _), arrows in groups.items():
        if len({arrow.target for arrow in arrows}) > 1:
            forks = after.setdefault(source, [])
            fork = Box("fork", "", frame=common_call([arrow.target.frame for arrow in arrows]))
            fork.name = f"{source.name}_{len(forks)}"
            forks.append(fork)
            instead.update((arrow, [from_fork(arrow, fork)]) for arrow in arrows)
            instead[arrows[0]].insert(0, line_to(fork, arrows))
    if not after:
        return picture
    boxes = [one for box in picture.boxes for one in (box, *after.get(box, ()))]
    drawn = [one for arrow in picture.arrows for one in instead.get(arrow, [arrow])]
    return replace(picture, boxes=boxes, arrows=drawn)


def line_to(fork: Box, arrows: list[Arrow]) -> Arrow:
    """Return the line that leads to a fork, at which stands all that is said of the value."""
    told = next((arrow for arrow in arrows if arrow.label), arrows[0])
    stages = {arrow.stage for arrow in arrows}
    stage = next((one for one in STAGES if one in stages), "ahead")
    aside = all(arrow.aside for arrow in arrows)
    fork.stage = "ahead" if stage == "ahead" else ""
    return replace(told, target=fork, number="", stage=stage, aside=aside)


def from_fork(arrow: Arrow, fork: Box) -> Arrow:
    """Return what remains of an arrow behind a fork."""
    return replace(arrow, source=fork, name="", label="", output="", gradient="", alarm=False)
