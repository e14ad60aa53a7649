"""Backpropagation as a film: the values appear one by one, then the gradients come back.

:func:`scenes` makes one picture for each step of a :class:`~minigrad.viz.graphs.script.Script` from the
picture of the whole.  All of them hold the same texts, those still to come being invisible: so all are
laid out alike, and nothing moves but what happens.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from minigrad.viz.gif import gif_of, gif_path, pause_of
from minigrad.viz.graphs import renderers
from minigrad.viz.graphs.captions import Act, captions_of
from minigrad.viz.graphs.dot import to_dot
from minigrad.viz.graphs.picture import Arrow, Box, Picture
from minigrad.viz.graphs.script import Script, Step

DPI = 120

STAY = 4
"""How many times longer the last frame is shown: time to look at the whole."""

OPERATIONS = ("operation", "module", "repeat", "rest")
"""The kinds of boxes in which something is computed."""


def scenes(picture: Picture, script: Script, max_frames: int | None) -> Iterator[Picture]:
    """Yield the pictures of a film, one for each step: first, middle and end have one too.

    Raises
    ------
    ValueError
        If there are more than ``max_frames``; before the first one.
    TypeError
        If ``max_frames`` is no whole number.
    """
    if not (max_frames is None or isinstance(max_frames, int)):
        raise TypeError(f"max_frames has to be a whole number or None, got {max_frames!r}")
    stage = Stage(picture, script)
    forward, backward = stage.acts(script.forward), stage.acts(script.backward)
    total = len(forward) + len(backward) + (3 if backward else 2)
    if max_frames is not None and total > max_frames:
        raise ValueError(
            f"the film would have {total:,} frames, more than max_frames={max_frames}: draw a smaller graph, "
            "or one with modules closed (view='modules', depth=0), or pass max_frames=None"
        )
    legends = iter(captions_of(script, forward, backward))
    yield stage.picture(next(legends))
    for act in forward:
        stage.compute(act)
        yield stage.picture(next(legends), act)
    if backward:
        stage.finish(script.ends)
        yield stage.picture(next(legends))
    for act in backward:
        stage.pull(act)
        yield stage.picture(next(legends), act, back=True)
    yield replace(picture, legend=next(legends))


class Stage:
    """What is to be seen at one moment of a film.

    Attributes
    ----------
    known : set of int
        The creation numbers of what has been computed.
    pulled : set of int
        Those of the operations whose rules have run.
    finished : set of int
        Those of what has its whole gradient.
    """

    def __init__(self, picture: Picture, script: Script) -> None:
        self.whole = picture
        self.known = set(script.given)
        self.pulled: set[int] = set()
        self.finished = set(script.standing)
        self.behind = {step.number for step in script.backward}
        self.waiting: dict[int, int] = {}
        for step in script.backward:
            for _, numbers in step.into:
                for number in numbers:
                    self.waiting[number] = self.waiting.get(number, 0) + 1
        self.places = {
            number: box for box in picture.boxes if box.kind in OPERATIONS for number in box.numbers
        }

    def acts(self, steps: Iterable[Step]) -> list[Act]:
        """Return the steps in groups: those that happen in one closed module make one scene."""
        shown = (step for step in steps if step.number in self.places)
        grouped = groupby(shown, lambda step: self.places[step.number])
        return [list(group) for _, group in grouped]

    def compute(self, act: Act) -> None:
        """Note that the operations of ``act`` have run, and with them the outputs of several."""
        self.known.update(step.number for step in act)

    def pull(self, act: Act) -> None:
        """Note that the rules of ``act`` have run, and what has its whole gradient now."""
        for step in act:
            self.pulled.add(step.number)
            for _, numbers in step.into:
                for number in numbers:
                    self.waiting[number] -= 1
                    if not self.waiting[number]:
                        self.finished.add(number)

    def finish(self, numbers: Iterable[int]) -> None:
        """Note that the outputs have their gradient, unless they are used again on the way."""
        self.finished.update(number for number in numbers if not self.waiting.get(number))

    def picture(
        self, legend: tuple[str, ...], act: Sequence[Step] = (), back: bool = False
    ) -> Picture:
        """Return the picture of this moment, in which ``act`` happens."""
        now = self.places[act[0].number] if act else None
        copies = {box: self.copy(box, box is now) for box in self.whole.boxes}
        for box in copies.values():
            box.beside = copies[box.beside] if box.beside is not None else None
        into = {number for step in act for _, numbers in step.into for number in numbers}
        arrows = []
        for arrow in self.whole.arrows:
            stage, hidden = self.look_of(arrow)
            source, target = copies[arrow.source], copies[arrow.target]
            if back:
                given = arrow.target is now and into.intersection(arrow.source.numbers)
                stage = "back" if given else stage
            elif arrow.target is now:
                stage = "now"
            elif arrow.source is now and arrow.target.kind not in OPERATIONS:
                stage = target.stage = "now"  # what is computed
            arrows.append(replace(arrow, source=source, target=target, stage=stage, hidden=hidden))
        return replace(self.whole, boxes=list(copies.values()), arrows=arrows, legend=legend)

    def copy(self, box: Box, now: bool) -> Box:
        """Return a box as it is at this moment."""
        there = self.is_there(box)
        hidden = unseen(value=not there, gradient=not self.has_gradient(box))
        return replace(box, stage="now" if now else "" if there else "ahead", hidden=hidden)

    def look_of(self, arrow: Arrow) -> tuple[str, tuple[str, ...]]:
        """Return stage and hidden texts of an arrow: its value is there when its source is."""
        there = self.is_there(arrow.source)
        hidden = unseen(value=not there, gradient=not self.gradient_of(arrow.source))
        return "" if there and self.is_there(arrow.target) else "ahead", hidden

    def is_there(self, box: Box) -> bool:
        """Tell whether something in ``box`` has been computed; what has no number was there before."""
        return not box.numbers or any(number in self.known for number in box.numbers)

    def gradient_of(self, box: Box) -> bool:
        """Tell whether what leaves ``box`` has its gradient."""
        return bool(box.numbers) and max(box.numbers) in self.finished

    def has_gradient(self, box: Box) -> bool:
        """Tell whether the gradients in ``box`` are complete: of a module, those of all its parameters."""
        if box.kind in OPERATIONS:
            rules = self.behind.intersection(box.numbers)
            return bool(rules) and rules <= self.pulled
        return self.gradient_of(box)


def unseen(**texts: bool) -> tuple[str, ...]:
    """Return the names of the texts that are hidden."""
    return tuple(name for name, hidden in texts.items() if hidden)


# The file -----------------------------------------------------------------------------------------


def write_film(
    path: str | Path, pictures: Iterable[Picture], direction: str, fps: float, width: int
) -> Path:
    """Write ``pictures`` as a film that begins again after its end.

    Raises
    ------
    ValueError
        If the name does not end in ``.gif``, ``width`` is not above 0, or ``fps`` is nothing a GIF has.
    TypeError
        If ``fps`` or ``width`` is no number.
    FileNotFoundError
        If there is no such folder.
    ImportError
        If Pillow is not installed.
    RendererMissing
        If there is no Graphviz.  Nothing is written then.
    """
    path = gif_path(path)
    for name, number in (("fps", fps), ("width", width)):
        if not isinstance(number, (int, float)):
            raise TypeError(f"animate: {name} has to be a number, got {number!r}")
    pause = pause_of(fps)
    if not width > 0:
        raise ValueError(f"animate: width has to be above 0, got {width}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"animate: there is no folder {str(path.parent)!r}")
    try:
        import PIL.Image  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'a film is written by Pillow: pip install "minigrad-autograd[plot]"'
        ) from error

    images = list(bitmaps(pictures, direction, width))
    path.write_bytes(gif_of(images, [pause] * (len(images) - 1) + [STAY * pause]))
    return path


def bitmaps(pictures: Iterable[Picture], direction: str, width: int) -> Iterator[Any]:
    """Yield the pictures as images on white, no wider than ``width`` dots; all are as wide as the first."""
    dpi = 0
    for picture in pictures:
        if not dpi:
            wide = bitmap(picture, direction, DPI).width
            dpi = max(1, min(DPI, int(DPI * width / wide)))
        yield bitmap(picture, direction, dpi)


def bitmap(picture: Picture, direction: str, dpi: int) -> Any:
    """Return a picture as an image on white."""
    from PIL import Image

    content = renderers.render(to_dot(picture, direction, dpi=dpi), "png")
    image = Image.open(io.BytesIO(content)).convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image).convert("RGB")
