"""How the charts look: one palette, one frame, PNG and SVG from the same figure."""

import html
import io
import re
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK = "#3a4048"
FAINT = "#8a929c"
LOAD = "#1f6fb2"
BASELINE = "#c77700"
TARGET = "#2e8b57"
SPAN = "#8f7fb8"
ACCEPTED = "#2e8b57"
REJECTED = "#b9c0c8"
CHARGE = "#b5403a"

_DPI = 130
# A reader's own text colour takes the ink's place, so that one drawing suits light and dark.
_ADAPTING = {INK: "currentColor"}


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawing in both formats.

    Attributes:
        name: File name without its ending.
        title: What it shows.
        png: The bitmap.
        svg: The same as an `<svg>` element, to be put into a page.
    """

    name: str
    title: str
    png: bytes
    svg: str


@dataclass(frozen=True, slots=True)
class Margins:
    """Space around the axes, inches; stated, because searching for it takes most of the drawing time."""

    left: float = 0.55
    right: float = 0.22
    top: float = 0.55
    bottom: float = 0.32


def new_figure(width_in: float, height_in: float, margins: Margins) -> tuple[Figure, Axes]:
    """Make a figure with one plain set of axes.

    Args:
        width_in: Width, inches.
        height_in: Height, inches.
        margins: Space around the axes.
    """
    figure = Figure(figsize=(width_in, height_in))
    axes = figure.add_axes(
        (
            margins.left / width_in,
            margins.bottom / height_in,
            1.0 - (margins.left + margins.right) / width_in,
            1.0 - (margins.top + margins.bottom) / height_in,
        )
    )
    plain(axes)
    return figure, axes


def plain(axes: Axes) -> None:
    """Leave only what is read: left and bottom lines, faint horizontal guides."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=8, length=3, color=FAINT)
    axes.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)


def heading(axes: Axes, text: str, unit: str) -> None:
    """Write title and unit above the axes, flush left."""
    axes.annotate(
        text, (0, 1), (0, 20), "axes fraction", "offset points", fontsize=10, color=INK, fontweight="bold"
    )
    axes.annotate(unit, (0, 1), (0, 6), "axes fraction", "offset points", fontsize=8, color=INK)


def finish(figure: Figure, name: str, title: str) -> Chart:
    """Render a figure.

    Args:
        figure: The finished figure.
        name: File name without its ending; also keeps the ids of several SVGs in one page apart.
        title: What it shows; the SVG carries it for screen readers.
    """
    png = io.BytesIO()
    figure.set_facecolor("white")
    figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    return Chart(name, title, png.getvalue(), svg_of(figure, name, title))


def svg_of(figure: Figure, name: str, title: str) -> str:
    """Render a figure as an `<svg>` element alone, for a page that has many.

    Args:
        figure: The finished figure.
        name: Keeps the ids of several SVGs in one page apart.
        title: What it shows; the SVG carries it for screen readers.
    """
    figure.set_facecolor("none")
    for axes in figure.axes:
        axes.set_facecolor("none")
    text = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return _embeddable(text.getvalue(), name, title)


def _embeddable(document: str, name: str, title: str) -> str:
    """Cut an SVG document down to an element that fits any page."""
    element = document[document.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", element, count=1)
    element = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", element, count=1)
    element = re.sub(r'\b(id="|url\(#|href="#)', rf"\g<1>{name}-", element)
    element = element.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)
    for colour, replacement in _ADAPTING.items():
        element = element.replace(colour, replacement)
    return element
