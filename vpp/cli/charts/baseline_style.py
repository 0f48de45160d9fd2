"""What the drawings of baselines share: colours by method, sheets of panels, footnotes."""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vpp.cli.charts.style import CHARGE, FAINT, INK, plain

NAIVE = "#9aa2ab"
SAVED = "#2e8b57"
WINDOW = "#d9a53a"
ADDED = "#b5403a"

# Told apart by people with any colour vision, and in this order.
_METHOD_COLOURS = ("#1f6fb2", "#c77700", "#2e8b57", "#8f4fa8", "#b5403a", "#17818f", "#86711a", "#d4679b")
WIDTH_IN = 9.6

_DPI = 130
_TITLE_IN = 0.24
_LINE_IN = 0.175
_FOOTNOTE_PT = 8.0
_CHARACTERS_PER_IN = 17.0
_NAME_IN_PER_CHARACTER = 0.086


@dataclass(frozen=True, slots=True)
class Footnote:
    """A line under a drawing.

    Attributes:
        text: What it says; long ones are broken.
        is_warning: Whether a reader must not miss it.
    """

    text: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Texts:
    """What stands around the panels of a sheet.

    Attributes:
        title: What the sheet shows.
        lines: Lines under the title.
        footnotes: Lines at the bottom.
    """

    title: str
    lines: Sequence[str] = ()
    footnotes: Sequence[Footnote] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """Space around the panels of a sheet, inches.

    Attributes:
        left: Left of the panels.
        right: Right of them.
        above: Between the title's lines and the first panel.
        between: Between panels, and from the last one to the footnotes.
        texts: Left of title and footnotes; None for where the panels begin.
    """

    left: float = 0.72
    right: float = 0.25
    above: float = 0.46
    between: float = 0.85
    texts: float | None = None


def method_colours(methods: Sequence[str]) -> dict[str, str]:
    """Give every method its colour; what comes after the eighth is drawn in grey.

    Example:
        >>> list(method_colours(["robust", "mean"]).values())
        ['#1f6fb2', '#c77700']
    """
    padded = _METHOD_COLOURS + (FAINT,) * len(methods)
    return dict(zip(methods, padded, strict=False))


def name_width_in(names: Sequence[str]) -> float:
    """Return the room that the longest of some bold names takes, inches."""
    return _NAME_IN_PER_CHARACTER * max((len(name) for name in names), default=0)


def new_sheet(
    texts: Texts, heights_in: Sequence[float], *, room: Room | None = None
) -> tuple[Figure, list[Axes]]:
    """Make a sheet of panels under each other, with a title above and footnotes below.

    Args:
        texts: What stands around the panels.
        heights_in: Height of each panel, inches, from the top down.
        room: Space around the panels.

    Returns:
        The figure and its panels, from the top down.
    """
    space = room or Room()
    texts_in = space.left if space.texts is None else space.texts
    broken = _broken(texts.footnotes, WIDTH_IN - texts_in - 0.2)
    top_in = 0.2 + _TITLE_IN + _LINE_IN * len(texts.lines) + space.above
    bottom_in = space.between * 0.6 + _LINE_IN * len(broken) + 0.12
    height_in = top_in + sum(heights_in) + space.between * (len(heights_in) - 1) + bottom_in
    figure = Figure(figsize=(WIDTH_IN, height_in), facecolor="white")
    left = texts_in / WIDTH_IN
    _write(figure, left, 1 - 0.2 / height_in, texts.title, size=12.5, colour=INK, weight="bold")
    for number, line in enumerate(texts.lines):
        at = 1 - (0.2 + _TITLE_IN + 0.03 + _LINE_IN * number) / height_in
        _write(figure, left, at, line, size=8.5, colour=INK)
    for number, (text, colour) in enumerate(broken):
        at = (0.1 + _LINE_IN * (len(broken) - number)) / height_in
        _write(figure, left, at, text, size=_FOOTNOTE_PT, colour=colour)
    panels = []
    below_in = height_in - top_in
    for panel_in in heights_in:
        below_in -= panel_in
        wide = 1 - (space.left + space.right) / WIDTH_IN
        panel = figure.add_axes((space.left / WIDTH_IN, below_in / height_in, wide, panel_in / height_in))
        plain(panel)
        panels.append(panel)
        below_in -= space.between
    return figure, panels


def to_png(figure: Figure) -> bytes:
    """Render a figure; the same figure gives the same bytes."""
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    return png.getvalue()


def _write(  # noqa: PLR0913  a place, a text and its looks
    figure: Figure, x: float, y: float, text: str, *, size: float, colour: str, weight: str = "normal"
) -> None:
    # To a drawing, a dollar would begin a formula.
    figure.text(x, y, text, fontsize=size, color=colour, fontweight=weight, va="top", parse_math=False)


def _broken(footnotes: Sequence[Footnote], width_in: float) -> list[tuple[str, str]]:
    """Break long footnotes into lines, each with its colour."""
    return [
        (part, CHARGE if footnote.is_warning else INK)
        for footnote in footnotes
        for part in textwrap.wrap(
            footnote.text, width=int(width_in * _CHARACTERS_PER_IN), subsequent_indent="    "
        )
    ]
