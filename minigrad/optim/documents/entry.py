"""What the index has of one row of a document."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """An equation, figure, number or claim of a document, and where it is shown.

    Attributes
    ----------
    row : str
        Document and number, ``"003.22"``.
    where : str
        Its place in the document: ``"eq. 6.11"``, ``"Alg. 1.4"``, ``"fig. 1.2"``, ``"§1.4"``.
    what : str
        What it says.
    names : tuple of str
        What shows it, as names under ``minigrad``: ``"optim.Momentum.ema"``.
    figures : tuple of str
        Files of ``examples/figures``.
    number : str
        The number that was worked out, or is printed.
    tests : tuple of str
        Tests, as pytest calls them.
    misprint : str
        What is wrong in the document, and how it is read.
    note : str
        What the document leaves open; or why nothing here shows it.
    """

    row: str
    where: str
    what: str
    names: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    number: str = ""
    tests: tuple[str, ...] = ()
    misprint: str = ""
    note: str = ""

    @property
    def document(self) -> str:
        """The key of its document, ``"003"``."""
        return self.row.rpartition(".")[0]

    def __str__(self) -> str:
        """Return all there is, in lines."""
        lines = [f"{self.row}  {self.where}: {self.what}"]
        for name in ("names", "figures", "number", "tests", "misprint", "note"):
            value = getattr(self, name)
            shown = [value] if isinstance(value, str) else value
            lines += [f"  {name + ':':10}{one}" for one in shown if one]
        return "\n".join(lines)
