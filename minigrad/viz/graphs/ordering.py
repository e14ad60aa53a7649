"""In which order boxes are listed: each after what it takes, and those of a frame together."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import Any

from minigrad.viz.graphs.calls import Call
from minigrad.viz.graphs.picture import Arrow, Box, Picture


def number_boxes(picture: Picture) -> None:
    """Put the boxes of a picture in order and name them ``n0``, ``n1``, ..."""
    picture.boxes = in_order(picture.boxes, picture.arrows)
    for place, box in enumerate(picture.boxes):
        box.name = f"n{place}"


def in_order(boxes: list[Box], arrows: Iterable[Arrow]) -> list[Box]:
    """Return ``boxes`` so that each comes after what it takes, and those of a frame together.

    Of several such orders it is the one nearest to the given one.  If a frame takes something from outside
    that took something from the frame, it comes in parts.
    """
    place = {box: number for number, box in enumerate(boxes)}
    inside: dict[Call | None, dict[Any, int]] = {None: {}}  # frame -> what is directly in it
    for box in boxes:
        around: Call | None = None
        for item in (*path_of(box), box):  # a box comes last
            inside.setdefault(around, {}).setdefault(item, place[box])
            around = item  # type: ignore[assignment]
    links: dict[Call | None, list[tuple[Any, Any]]] = {}
    for arrow in arrows:
        around, source, target = where_they_part(arrow.source, arrow.target)
        links.setdefault(around, []).append((source, target))

    def listed(frame: Call | None) -> list[Box]:
        items = sorted_by_links(inside[frame], links.get(frame, ()))
        if items is None:  # frames that take from each other
            within = [box for box in boxes if frame is None or frame in path_of(box)]
            pairs = [(arrow.source, arrow.target) for arrow in arrows]
            return sorted_by_links({box: place[box] for box in within}, pairs) or within
        return [box for item in items for box in (listed(item) if item in inside else [item])]

    return listed(None)


def path_of(box: Box) -> tuple[Call, ...]:
    """Return the frames around a box, outermost first."""
    return box.frame.path if box.frame is not None else ()


def where_they_part(source: Box, target: Box) -> tuple[Call | None, Any, Any]:
    """Return the innermost frame around two boxes, and what directly in it each of them is or is in."""
    ways: Any = (*path_of(source), source), (*path_of(target), target)
    around = None
    for one, other in zip(*ways, strict=False):
        if one is not other:
            return around, one, other
        around = one
    raise AssertionError("an arrow from a box to itself")


def sorted_by_links(places: dict[Any, int], links: Iterable[tuple[Any, Any]]) -> list[Any] | None:
    """Return the keys of ``places`` so that links lead forward; ``None`` if they lead in a circle."""
    following: dict[Any, list[Any]] = {item: [] for item in places}
    waiting = dict.fromkeys(places, 0)
    for source, target in links:
        if source in following and target in following:
            following[source].append(target)
            waiting[target] += 1
    item_at = {place: item for item, place in places.items()}
    ready = [places[item] for item, count in waiting.items() if not count]
    heapify(ready)
    found = []
    while ready:
        item = item_at[heappop(ready)]
        found.append(item)
        for target in following[item]:
            waiting[target] -= 1
            if not waiting[target]:
                heappush(ready, places[target])
    return found if len(found) == len(places) else None
