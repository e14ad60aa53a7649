"""Boxes and arrows with their texts: what a view decided to show, in no drawing language yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from unicodedata import category

from minigrad.viz.reading import Call


@dataclass(eq=False)
class Box:
    """One thing in a picture.

    Attributes
    ----------
    kind : str
        ``"operation"``, ``"input"``, ``"parameter"``, ``"constant"``, ``"target"``, ``"output"``,
        ``"module"`` (a closed one) or ``"rest"``: decides colour and shape.
    title : str
        The main text.
    details : tuple of str
        Smaller lines under it.
    hint : str
        What the mouse shows; if empty, the phrase and the first detail.
    frame : Call or None
        The module call in whose frame it stands.
    beside : Box or None
        The operation next to which it stands; ``None``: before those it goes into.
    name : str
        ``n0``, ``n1``, ... in the order of creation; set when the picture is complete.
    """

    kind: str
    title: str
    details: tuple[str, ...] = ()
    hint: str = ""
    frame: Call | None = None
    beside: Box | None = None
    name: str = ""

    @property
    def phrase(self) -> str:
        """Kind and title, ``parameter weight``; once, if it has no other title than its kind."""
        return self.title if self.title.split(" ")[0] == self.kind else f"{self.kind} {self.title}"


@dataclass(eq=False)
class Arrow:
    """From where a value comes to where it goes.

    Attributes
    ----------
    source, target : Box
        Its ends.
    name, label : str
        What a person called the value, and its shape, if it has no box that tells.
    aside : bool
        Whether it brings no data but something computed from parameters alone.
    """

    source: Box
    target: Box
    name: str = ""
    label: str = ""
    aside: bool = False


@dataclass
class Picture:
    """Boxes, oldest first; arrows; a line about what is not to be seen; and which calls have a frame."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    caption: str = ""

    def number(self) -> Picture:
        """Name the boxes ``n0``, ``n1``, ...; return the picture."""
        for place, box in enumerate(self.boxes):
            box.name = f"n{place}"
        return self

    def frames(self) -> list[Call]:
        """Return the module calls that have a frame, outer ones before inner ones."""
        frames: dict[Call, None] = {}
        for box in self.boxes:
            frames.update(dict.fromkeys(box.frame.path if box.frame else ()))
        return list(frames)


def printable(text: str) -> str:
    """Return ``text`` without what no XML can hold: control characters and halves of surrogate pairs."""
    return "".join(
        one if one == "\n" or category(one) not in ("Cc", "Cs", "Cn") else "\ufffd" for one in text
    )
