"""The room under a site's connection: by hour of its day, and over all hours."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from vpp.cli.charts.style import (
    BASELINE,
    CHARGE,
    FAINT,
    INK,
    LOAD,
    TARGET,
    Chart,
    Margins,
    finish,
    new_figure,
)

_MW_FROM_KW = 1500.0
_MARGINS = Margins(left=0.7, right=0.3, top=0.95, bottom=0.55)
_SIZE_IN = (10.0, 4.4)


@dataclass(frozen=True, slots=True)
class HourBand:
    """The room at one hour of the day.

    Attributes:
        hour: 0..23.
        firm_kw: There in nine cases of ten, kW.
        middle_kw: In every other.
        high_kw: In one of ten.
    """

    hour: int
    firm_kw: float
    middle_kw: float
    high_kw: float


def hours_chart(name: str, bands: Sequence[HourBand], time_zone: str, rebound_kw: float) -> Chart:
    """Draw the room by hour of the day, beside what a release of everything would draw.

    Args:
        name: File name without its ending.
        bands: Hours of which there are readings, at least one.
        time_zone: Whose clock the hours are of.
        rebound_kw: What all resources together would recover with, kW; 0 for none.
    """
    figure, axes = new_figure(*_SIZE_IN, _MARGINS)
    peak_kw = max([*(band.high_kw for band in bands), rebound_kw])
    unit, scale = _unit(peak_kw)
    for n, band in enumerate(bands):
        edges = [band.hour + 0.06, band.hour + 0.94]
        axes.fill_between(
            edges,
            [band.firm_kw / scale] * 2,
            [band.high_kw / scale] * 2,
            color=LOAD,
            alpha=0.3,
            linewidth=0,
            label="p10 to p90" if n == 0 else None,
        )
        axes.plot(
            edges,
            [band.middle_kw / scale] * 2,
            color=LOAD,
            linewidth=2.0,
            label="p50" if n == 0 else None,
        )
        axes.plot(
            edges,
            [band.firm_kw / scale] * 2,
            color=INK,
            linewidth=2.2,
            label="in nine cases of ten" if n == 0 else None,
        )
    low = min([0.0, *(band.firm_kw / scale for band in bands)])
    axes.set_ylim(low, max(peak_kw / scale * 1.08, low + 1.0 / scale))  # no room at all is a line, too
    if low < 0.0:
        axes.axhline(0.0, color=INK, linewidth=0.8)
    if rebound_kw > 0.0:
        axes.axhline(
            rebound_kw / scale,
            color=CHARGE,
            linewidth=1.6,
            linestyle=(0, (4, 2)),
            label="rebound if all resources recover together",
        )
    axes.set_xlim(0, 24)
    axes.xaxis.set_major_locator(MultipleLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda hour, _: f"{hour:02.0f}:00"))
    axes.set_xlabel(f"hour of the site's day ({time_zone})", fontsize=9, color=INK)
    return _finished(
        figure, axes, name, "Room under the connection by hour", f"{unit} below the import limit"
    )


def duration_chart(  # noqa: PLR0913  by keyword, one per line that is drawn
    name: str,
    share_ratio: Sequence[float],
    load_kw: Sequence[float],
    *,
    limit_kw: float,
    mean_kw: float,
    firm_load_kw: float,
) -> Chart:
    """Draw the load-duration curve under the import limit.

    Args:
        name: File name without its ending.
        share_ratio: Share of the time. Shape (P,).
        load_kw: Load that is reached or passed for that share, kW. Shape (P,).
        limit_kw: Import limit, kW.
        mean_kw: Mean load, kW.
        firm_load_kw: Load that is not passed in nine cases of ten, kW.
    """
    figure, axes = new_figure(*_SIZE_IN, _MARGINS)
    unit, scale = _unit(limit_kw)
    shares = [100.0 * ratio for ratio in share_ratio]
    loads = [kw / scale for kw in load_kw]
    low = min([0.0, *loads])
    axes.fill_between(shares, loads, low, color=LOAD, alpha=0.25, linewidth=0)
    axes.plot(shares, loads, color=LOAD, linewidth=2.2, label="load")
    axes.axhline(limit_kw / scale, color=CHARGE, linewidth=2.0, label="import limit")
    axes.axhline(
        mean_kw / scale,
        color=BASELINE,
        linewidth=1.6,
        linestyle=(0, (4, 2)),
        label=f"mean load, {mean_kw / limit_kw:.0%} of the limit",
    )
    top = max(limit_kw, *load_kw) / scale * 1.1
    axes.set_ylim(low, top)
    axes.set_xlim(0, 100)
    firm = firm_load_kw / scale
    if firm < limit_kw / scale:
        axes.annotate(
            "",
            (10, firm),
            (10, limit_kw / scale),
            arrowprops={"arrowstyle": "<->", "color": TARGET, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0},
        )
        room = limit_kw / scale - firm
        axes.text(
            11.5,
            (firm + limit_kw / scale) / 2,
            f"{room:,.{2 if unit == 'MW' else 0}f} {unit} of room in nine cases of ten",
            va="center",
            fontsize=10,
            color=TARGET,
            fontweight="bold",
        )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0f} %"))
    axes.set_xlabel("share of the time in which the load is at least so high", fontsize=9, color=INK)
    return _finished(figure, axes, name, "Load-duration curve", f"{unit} at the point of connection")


def _unit(peak_kw: float) -> tuple[str, float]:
    return ("MW", 1000.0) if peak_kw >= _MW_FROM_KW else ("kW", 1.0)


def _finished(figure: Figure, axes: Axes, name: str, title: str, unit: str) -> Chart:
    axes.tick_params(labelsize=9)
    axes.annotate(
        title, (0, 1), (0, 46), "axes fraction", "offset points", fontsize=11.5, color=INK, fontweight="bold"
    )
    axes.annotate(unit, (0, 1), (0, 30), "axes fraction", "offset points", fontsize=9, color=INK)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.012, 1.0),
        ncols=4,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handlelength=1.6,
    )
    axes.spines["bottom"].set_color(FAINT)
    return finish(figure, name, title)
