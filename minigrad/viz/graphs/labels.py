"""What all that is drawn by Graphviz has in common: its colours, and how text stands in a label."""

from __future__ import annotations

from html import escape

from minigrad.viz.graphs.picture import printable

INK = "#0f172a"
QUIET = "#64748b"
GREY = "#6b7b92"  # readable on white and on black
RED = "#dc2626"  # too
DARK_RED = "#b91c1c"  # gradients, on the pale colours of boxes
AMBER, DARK_AMBER = "#fde68a", "#b45309"  # operations
PALE_GREEN, GREEN = "#dcfce7", "#15803d"  # leaves and data
PALE_RED = "#fee2e2"  # outputs


def markup(text: str, tag: str = "") -> str:
    """Return ``text`` as it stands in an HTML-like label, inside ``tag``."""
    escaped = escape(printable(text)).replace("\n", "<BR/>")
    return f"<{tag}>{escaped}</{tag.split()[0]}>" if tag and escaped else escaped
