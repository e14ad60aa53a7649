"""Boxes and arrows with their texts: what a view decided to show, in no drawing language yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from unicodedata import category

from minigrad.viz.graphs.calls import Call

LONGEST_LINE = 64
"""How many letters of a line of a name are shown: a longer one makes a picture that no screen can show."""

MOST_LINES = 8
"""And how many of its lines."""


@dataclass(eq=False)
class Box:
    """One thing in a picture.

    Attributes
    ----------
    kind : str
        Decides colour and shape: ``"operation"``, ``"input"``, ``"parameter"``, ``"constant"``,
        ``"target"``, ``"output"``, ``"module"`` (a closed one), ``"repeat"`` (several alike) or
        ``"rest"``; those of the scalar view; and ``"fork"``, where arrows part.
    title : str
        The main text.
    details : tuple of str
        Smaller lines under it.
    hint : str
        What the mouse shows; if empty, the phrase and the first detail.
    frame : Call or None
        The module call in whose frame it stands.
    beside : Box or None
        The operation next to which it stands, as parameters do, and transposed ones; ``None``: before
        those it goes into.
    takes : tuple of str
        What goes in without an arrow: what would be too far away.
    value, gradient : str
        The numbers of the tensor, and of its gradient; empty if they are not shown.
    alarm : bool
        Whether there are NaN or infinite numbers among them: the border is red.
    tint : int
        Of which order the derivative is that this is a part of; 0 for what is no derivative.
    symbol : str
        A sign that stands for an operation, ``×``, in a view that has small circles for them.
    numbers : tuple of int
        The creation numbers of the nodes it stands for; films find their way by them.
    stage, hidden
        In a frame of a film: ``"ahead"`` of it, ``"now"`` or else behind; and which of ``"value"`` and
        ``"gradient"`` take their room but are not to be seen yet.
    name : str
        ``n0``, ``n1``, ... in the order in which they are listed; set when the picture is complete.
    """

    kind: str
    title: str
    details: tuple[str, ...] = ()
    hint: str = ""
    frame: Call | None = None
    beside: Box | None = None
    takes: tuple[str, ...] = ()
    value: str = ""
    gradient: str = ""
    alarm: bool = False
    tint: int = 0
    symbol: str = ""
    numbers: tuple[int, ...] = ()
    stage: str = ""
    hidden: tuple[str, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        self.title = self.title if self.kind == "repeat" else shortened(self.title)

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
    number : str
        Which argument it is, where that matters and nothing else tells.
    output : str
        Which output it is, ``[1]``, if the source has several.
    gradient : str
        The size of the gradient of the value: the whole one, that of all its users together.  It stands
        at one of the arrows.
    alarm : bool
        Whether there are NaN or infinite numbers in the value or its gradient.
    aside : bool
        Whether it brings no data but something computed from parameters alone.
    drawn : bool
        Whether there is a line; if not, the target says in words what it takes.
    stage, hidden
        As those of a box; ``"back"`` is the stage in which a gradient comes back along it.
    """

    source: Box
    target: Box
    name: str = ""
    label: str = ""
    number: str = ""
    output: str = ""
    gradient: str = ""
    alarm: bool = False
    aside: bool = False
    drawn: bool = True
    stage: str = ""
    hidden: tuple[str, ...] = ()


@dataclass
class Picture:
    """Boxes, in the order of computation; arrows; and lines about what is not to be seen."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    caption: str = ""
    legend: tuple[str, ...] = ()  # what a frame of a film is about
    notes: dict[Call, str] = field(default_factory=dict)  # what stands under the name of a frame

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


def shortened(name: str) -> str:
    """Return a name, cut where it would be too long for a picture."""
    lines = name.split("\n")
    lines = [*lines[: MOST_LINES - 1], "…"] if len(lines) > MOST_LINES else lines
    return "\n".join(
        line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…" for line in lines
    )
