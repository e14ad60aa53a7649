"""The index of the documents: where each equation, figure, number and claim is shown.

minigrad's optimisers follow five documents on gradient descent.  Each row of them is an :class:`Entry`::

    from minigrad.optim import documents

    documents.find("eq. 6.11")        # by equation, figure, algorithm, row or name
    print(documents.table("003"))     # all of a document

The numbers of documents and rows are those of the page "Documents", which is made from this table.  Names are
strings: nothing is imported.
"""

from __future__ import annotations

import re

from minigrad.optim.documents import (
    conventions,
    document_000,
    document_001,
    document_002,
    document_003,
    document_004,
)
from minigrad.optim.documents.entry import Entry

__all__ = ["ENTRIES", "TITLES", "Entry", "find", "table"]

TITLES = {
    "000": 'the chapter "Gradient-Based Learning Algorithms"',
    "001": 'the slides "gradient descent algorithms"',
    "002": 'book chapter 3, "Optimization via Gradient Descent"',
    "003": 'book chapter 6, "Fitting models" (Prince)',
    "004": 'the slides "Gradient-Based Optimization"',
    "2.1": "the forms of momentum",
    "2.2": "25 steps of each form, on ½(θ₁² + 10θ₂²) from (3, −2) with η = 0.01, μ = 0.9",
    "2.3": "rules and schedules beside those of libraries",
    "2.4": "weight decay",
    "3.3": "papers of what the documents only name",
}
"""What each document is; those with a point are conventions and papers beside the documents."""

ENTRIES = (
    *document_000.ENTRIES,
    *document_001.ENTRIES,
    *document_002.ENTRIES,
    *document_003.ENTRIES,
    *document_004.ENTRIES,
    *conventions.ENTRIES,
)
"""All entries, in the order of the documents."""

_SHORT = {"equation": "eq. ", "eq": "eq. ", "figure": "fig. ", "fig": "fig. ", "algorithm": "Alg. ",
          "alg": "Alg. ", "section": "§"}  # fmt: skip


def find(text: str) -> tuple[Entry, ...]:
    """Return the entries of an equation, a figure, an algorithm, a row, a document or a name.

    Parameters
    ----------
    text : str
        ``"eq. 6.11"``, ``"figure 1.2"``, ``"Alg. 1.4"``, ``"003.22"``, ``"003"``, ``"Momentum.ema"``; whole
        words.  What is no such thing is looked for in all texts: ``"saddle"``.

    Returns
    -------
    tuple of Entry
        Empty if nothing is found.

    Examples
    --------
    >>> [entry] = find("equation 6.10")
    >>> print(entry)
    003.13  eq. 6.10: Stochastic gradient descent: φ ← φ − α Σ over the batch.
      names:    optim.SGD
      figures:  fig_003_6_5_sgd.py
      number:   notebook 6.3: (−0.49668, 12.26841), L = 4.624355
      tests:    tests/test_optim_descent.py::test_003_13_notebook_6_3
      note:     A sum over the batch, where documents 000, 002 and 004 have the mean.
    >>> [entry.row for entry in find("Momentum.ema")]
    ['003.22', '003.23', '003.25', '003.26', '2.1.03', '2.2.01', '2.2.02']
    """
    for word, short in _SHORT.items():
        text = re.sub(rf"^\s*{word}\b\.?\s*", short, text, flags=re.IGNORECASE)
    wanted = re.compile(rf"(?<!\w){re.escape(text.strip())}(?!\w)", re.IGNORECASE)
    found = [
        e for e in ENTRIES if wanted.search(" | ".join((e.row, e.where, *e.names, *e.figures)))
    ]
    return tuple(found or (e for e in ENTRIES if wanted.search(str(e))))


def table(document: str | None = None) -> str:
    """Return the index as text: a line for each entry, with its place, what it is, and its names.

    Parameters
    ----------
    document : str, optional
        A key of :data:`TITLES`; without it all documents.

    Raises
    ------
    ValueError
        There is no such document.
    """
    if document is not None and document not in TITLES:
        raise ValueError(f"table: document {document!r} is unknown, there are {', '.join(TITLES)}")
    lines = []
    for key in TITLES if document is None else [document]:
        entries = [entry for entry in ENTRIES if entry.document == key]
        width = max(len(entry.where) for entry in entries)
        lines += [f"{key}: {TITLES[key]}", ""]
        for entry in entries:
            names = f"  [{', '.join(entry.names)}]" if entry.names else ""
            lines.append(f"{entry.row}  {entry.where:{width}}  {entry.what}{names}")
        lines.append("")
    return "\n".join(lines[:-1])
