"""One look for all pictures by matplotlib (extra ``plot``): colours, strokes, sizes; light and dark.

Nothing process-wide is touched: matplotlib's settings stay as they are, and the theme is a context variable.
A picture on axes that were given follows the paper there, dark colours on light paper and light ones on dark.

The light colours are those of Okabe and Ito that stand out on white, with a brown; the dark ones are their
light sisters.  With ordinary eyes, with protanopia and with deuteranopia all of them can be told apart, and
curves differ in their strokes too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
BLACK, ORANGE, BROWN, WHITE = "#000000", "#e69f00", "#6b3d00", "#ffffff"

TITLE, LABEL, SMALL = 11, 10, 9
"""Sizes of text in points: titles, what the axes are, all else."""

WIDTH = 7.0
"""The width of a figure in inches."""

WIDE = 8.4
"""Of one with several pictures: texts of nine points can be read where the figure is 800 dots wide."""

DOTS = 150
"""Dots an inch."""

FEW = 50
"""Up to so many points of a curve or of a way, each is marked."""

MARKERS = ("o", "s", "^", "D", "v", "P")
_STROKES = ("-", "--", "-.", ":", (0, (7, 2)), (0, (4, 1, 1, 1, 1, 1)))


@dataclass(frozen=True)
class Theme:
    """The colours of a picture.

    Attributes
    ----------
    name : str
        ``"light"`` or ``"dark"``.
    paper, ink : str
        The ground, and what is written on it.
    grey, faint : str
        Small texts, thin lines and frames; grids.
    colours : tuple of str
        Six for what is drawn, in the order of their use.
    others : tuple of str
        Six more for areas, where there are many.
    star : str
        A known minimum.
    low, high : str
        Valleys and heights, on a map.
    deep : str
        Valleys of a surface, which a lamp makes darker.
    """

    name: str
    paper: str
    ink: str
    grey: str
    faint: str
    colours: tuple[str, ...]
    others: tuple[str, ...]
    star: str
    low: str
    high: str
    deep: str

    @property
    def strokes(self) -> tuple[tuple[str, Any], ...]:
        """Colours and strokes of 36 curves, in the order of their use."""
        return _paired(self.colours)

    @property
    def ways(self) -> tuple[tuple[str, Any], ...]:
        """The same for ways over contours, whose valleys are blue: blue comes second."""
        first, second, *others = self.colours
        return _paired((second, first, *others))

    @property
    def areas(self) -> tuple[str, ...]:
        """Twelve colours for areas, in the order of their use."""
        return self.colours + self.others


def _paired(colours: Sequence[str]) -> tuple[tuple[str, Any], ...]:
    """Return each colour with each stroke: first all that differ in both."""
    count = len(_STROKES)
    shifts = range(count)
    return tuple((colours[k], _STROKES[(k + shift) % count]) for shift in shifts for k in range(6))


LIGHT = Theme(
    name="light",
    paper=WHITE,
    ink="#1f2937",
    grey="#5b6472",
    faint="#e2e5ea",
    colours=(BLUE, VERMILION, GREEN, PURPLE, "#1f2937", BROWN),
    others=("#f0e442", "#8a1a5c", ORANGE, "#6a4fd8", "#a3d65c", "#56b4e9"),
    star=ORANGE,
    low="#a9c9df",
    high=WHITE,
    deep="#4596d1",
)
DARK = Theme(
    name="dark",
    paper="#16181d",
    ink="#e5e7eb",
    grey="#a3abb8",
    faint="#343a45",
    colours=("#3b93dd", "#f4752e", "#25c795", "#e48fc4", "#e5e7eb", "#f0e442"),
    others=("#b52b6b", "#7d6bff", "#b07a30", "#12808f", "#4f7d1e", "#8fd3ff"),
    star=ORANGE,
    low="#27496b",
    high="#16181d",
    deep="#2f7fd0",
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}

_chosen: ContextVar[Theme] = ContextVar("minigrad.viz theme", default=LIGHT)


@contextmanager
def theme(name: str) -> Iterator[Theme]:
    """Draw new figures on light or dark paper, within a ``with`` block.

    Parameters
    ----------
    name : {"light", "dark"}
        Which one; light is the default elsewhere.

    Yields
    ------
    Theme
        Its colours.

    Raises
    ------
    ValueError
        If there is no such theme.

    Examples
    --------
    >>> from minigrad import viz
    >>> with viz.theme("dark") as look:
    ...     figure = viz.loss_curves({"training": [1.0, 0.5, 0.25]})
    >>> look.paper
    '#16181d'
    """
    token = _chosen.set(_named(name))
    try:
        yield _chosen.get()
    finally:
        _chosen.reset(token)


def _named(name: str) -> Theme:
    if name not in THEMES:
        raise ValueError(f"there is no theme {name!r}, there are {', '.join(map(repr, THEMES))}")
    return THEMES[name]


def style_sheet(name: str | None = None) -> dict[str, Any]:
    """Return the look as matplotlib's settings, for pictures of your own.

    Nothing is set: ``plt.style.use(viz.style_sheet())`` or ``with plt.rc_context(viz.style_sheet("dark")):``
    does.

    Parameters
    ----------
    name : {"light", "dark"}, optional
        Which one; that of the :func:`theme` around if not given.

    Returns
    -------
    dict of str to object
        Names of matplotlib's settings and their values.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no such theme.

    Examples
    --------
    >>> from minigrad import viz
    >>> viz.style_sheet("dark")["figure.facecolor"]
    '#16181d'
    """
    require_matplotlib()
    from cycler import cycler

    look = _chosen.get() if name is None else _named(name)
    return {
        "figure.facecolor": look.paper,
        "savefig.facecolor": look.paper,
        "axes.facecolor": look.paper,
        "axes.edgecolor": look.grey,
        "axes.labelcolor": look.ink,
        "axes.titlesize": TITLE,
        "axes.labelsize": LABEL,
        "axes.grid": False,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=look.colours),
        "font.size": LABEL,
        "grid.color": look.faint,
        "grid.linestyle": "-",
        "legend.frameon": False,
        "legend.fontsize": SMALL,
        "lines.linewidth": 1.8,
        "text.color": look.ink,
        "xtick.color": look.grey,
        "ytick.color": look.grey,
        "xtick.labelcolor": look.ink,
        "ytick.labelcolor": look.ink,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
    }


# Figures ------------------------------------------------------------------------------------------------


def require_matplotlib() -> None:
    """Do nothing, unless matplotlib is missing.

    Raises
    ------
    ImportError
        If it, or Pillow that it needs, is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        missing = "Pillow" if (error.name or "").startswith("PIL") else "matplotlib"
        raise ImportError(
            f'pictures of curves and images need {missing}: pip install "minigrad-autograd[plot]"'
        ) from error


def blank_figure(width: float, height: float, *, layout: Any = "constrained") -> Any:
    """Return a figure of so many inches, of the theme's paper."""
    require_matplotlib()
    from minigrad.viz.plots.shown import ShownFigure

    return ShownFigure(
        figsize=(width, height), dpi=DOTS, layout=layout, facecolor=_chosen.get().paper
    )


def axes_or_new(ax: Any, *, width: float = 6.4, height: float = 4.8) -> Any:
    """Return the axes that were given, or those of a new figure.

    Raises
    ------
    TypeError
        If they are no axes of matplotlib, or not for a plane.
    """
    if ax is None:
        return blank_figure(width, height).subplots()
    return checked_axes(ax, plane=True)


def checked_axes(ax: Any, *, plane: bool) -> Any:
    """Return axes that were given, if they are such for a plane, or else for three dimensions.

    Raises
    ------
    TypeError
        If they are not.
    """
    require_matplotlib()
    from matplotlib.axes import Axes

    wanted = "axes of matplotlib" if plane else "axes with projection='3d'"
    if not isinstance(ax, Axes):
        several = ", of which one has to be chosen" if isinstance(ax, np.ndarray) else ""
        raise TypeError(f"ax is to be {wanted}, got {type(ax).__name__}{several}")
    if ax.name in ("3d", "polar") if plane else ax.name != "3d":
        raise TypeError(f"ax is to be {wanted}, got axes with projection={ax.name!r}")
    return ax


def small_pictures(count: int, columns: int, *, height: float = 2.2, below: str = "") -> Any:
    """Return a figure of small pictures in rows, and their axes.

    Parameters
    ----------
    count : int
        How many.
    columns : int
        How many in a row at most.
    height : float
        Of one row, in inches.
    below : str
        What stands below the last picture of each column: what all horizontal axes are.
    """
    if columns < 1:
        raise ValueError(f"there has to be at least 1 column, got {columns}")
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = blank_figure(WIDE if columns > 1 else WIDE / 2, height * rows + 0.6)
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in places[count:]:
        ax.set_axis_off()
    for ax in places[max(0, count - columns) : count]:
        ax.set_xlabel(below)
    return figure, places[:count]


def look_of(ax: Any) -> Theme:
    """Return the theme that can be read on the paper of the axes' figure."""
    from matplotlib.colors import to_rgba

    *colour, opacity = to_rgba(ax.figure.figure.get_facecolor())  # of the whole, not of a subfigure
    if opacity < 0.5:
        return _chosen.get()
    return LIGHT if _luminance(colour) > 0.18 else DARK


def _luminance(colour: Sequence[float]) -> float:
    """Return the relative luminance of red, green and blue from 0 to 1, as WCAG 2 defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# Dressing -----------------------------------------------------------------------------------------------


def dress(ax: Any, *, grid: bool = True, frame: bool = False) -> None:
    """Give axes the look of their paper: frame, ticks, grid, and the texts around them."""
    look = look_of(ax)
    ax.tick_params(which="both", color=look.grey, labelcolor=look.ink, labelsize=SMALL)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set(color=look.ink, fontsize=LABEL)
        axis.get_offset_text().set(color=look.ink, fontsize=SMALL)
    ax.title.set(color=look.ink)
    ax.spines[:].set(edgecolor=look.grey, linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(frame)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(which="major", color=look.faint, linewidth=0.8)


def count_in_integers(axis: Any) -> None:
    """Put round whole numbers at the ticks of an axis, as it counts epochs or steps."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def add_title(ax: Any, text: str, *, size: int = LABEL) -> None:
    """Write above axes."""
    ax.set_title(text, fontsize=size, color=look_of(ax).ink)


def add_heading(ax: Any, text: str) -> None:
    """Write above the whole figure of these axes, if there is something to write."""
    if text:
        ax.figure.suptitle(text, fontsize=TITLE, color=look_of(ax).ink)


def add_note(ax: Any, x: float, y: float, text: str, **named: Any) -> None:
    """Write a small text into axes, at parts of their width and height."""
    ax.text(
        x, y, text, **{"transform": ax.transAxes, "fontsize": SMALL, "color": look_of(ax).grey, **named}
    )  # fmt: skip


def add_legend(ax: Any, *, below: bool = False, **named: Any) -> None:
    """Name what is drawn, each name once: where there is room in the axes, or below them.

    Below, it has as many columns as the axes have room for.  In a figure that makes no room for what is
    around its axes, it is in them, on paper of its own.
    """
    handles, names = first_of_each(ax)
    if not handles:
        return
    look = look_of(ax)
    if below and ax.figure.get_layout_engine() is None:
        named |= {
            "frameon": True,
            "facecolor": look.paper,
            "edgecolor": look.faint,
            "framealpha": 0.85,
        }
    elif below:
        from matplotlib.transforms import ScaledTranslation

        room = 72 * 1.1 * ax.get_position().width * ax.figure.bbox.width / ax.figure.dpi
        under_the_label = ScaledTranslation(0, -34 / 72, ax.figure.dpi_scale_trans)
        named |= {
            "loc": "upper center",
            "bbox_to_anchor": (0.5, 0),
            "bbox_transform": ax.transAxes + under_the_label,
            "borderaxespad": 0,
            "ncols": columns_within(room, names),
            "columnspacing": 1.5,
        }
    ax.legend(handles, names, **legend_look(ax) | named)


def legend_look(ax: Any) -> dict[str, Any]:
    """Return the options of legends."""
    return {"fontsize": SMALL, "frameon": False, "labelcolor": look_of(ax).ink}


def first_of_each(ax: Any) -> tuple[list[Any], list[str]]:
    """Return what has a name, each name once, for a legend."""
    first: dict[str, Any] = {}
    for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
        first.setdefault(name, handle)
    return list(first.values()), list(first)


def columns_within(room: float, names: Sequence[str]) -> int:
    """Return in how many columns the names of a legend fit into so many points, evenly filled."""
    from matplotlib.textpath import TextPath

    def width(name: str) -> float:
        lines = [line for line in name.split("\n") if line.strip()]
        return max((TextPath((0, 0), t, size=SMALL).get_extents().width for t in lines), default=0)

    widths = [width(name) + 4.3 * SMALL for name in names]  # the stroke, and the gaps around it
    for rows in range(1, len(names)):
        columns = [max(widths[i : i + rows]) for i in range(0, len(names), rows)]
        if sum(columns) <= room:
            return len(columns)
    return 1


def add_bar(coloured: Any, axes: Any, label: str, **named: Any) -> Any:
    """Add a bar that tells which colour is which value; return it."""
    first = np.ravel(axes)[0]
    bar = first.figure.colorbar(coloured, ax=axes, **{"pad": 0.02, **named})
    look = look_of(first)
    bar.ax.tick_params(color=look.grey, labelcolor=look.ink, labelsize=SMALL)
    bar.outline.set(edgecolor=look.grey, linewidth=0.8)
    bar.ax.minorticks_off()
    bar.set_label(label, color=look.ink, fontsize=LABEL, rotation=90 if len(label) > 2 else 0)
    return bar
