"""A load forecast with its band, and what was metered before and since."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator, StrMethodFormatter

from vpp.cli.charts.style import INK, LOAD, Chart, Margins, finish, heading, new_figure

_MW_FROM_KW = 1500.0
_DAY_H = 24.0
_MOST_TICKS = 12


def forecast_chart(
    title: str, bands: tuple[pd.Series, pd.Series, pd.Series], metered_kw: pd.Series | None = None
) -> Chart:
    """Draw a forecast.

    Args:
        title: What it shows.
        bands: Loads that are undercut in one case of ten, of two, and exceeded in one case of ten, kW,
            UTC, labelled by interval starts. Shape (N,) each.
        metered_kw: Metered load, kW, UTC, on a grid of its own; NaN is a gap. None without any.
    """
    low_kw, middle_kw, high_kw = bands
    is_large = float(np.nanmax(high_kw.to_numpy(dtype=np.float64))) >= _MW_FROM_KW
    unit, scale = ("MW", 1000.0) if is_large else ("kW", 1.0)
    figure, axes = new_figure(9.0, 3.8, Margins())
    midnight = pd.DatetimeIndex(middle_kw.index)[0].normalize()
    edges = _edges(middle_kw, midnight)
    low, high = (np.append(series, series.iloc[-1]) / scale for series in (low_kw, high_kw))
    axes.fill_between(edges, low, high, step="post", color=LOAD, alpha=0.22, linewidth=0, label="80 % band")
    _stairs(axes, middle_kw / scale, edges, LOAD, "forecast", width=1.6)
    if metered_kw is not None and metered_kw.notna().any():
        before = _edges(metered_kw, midnight)
        _stairs(axes, metered_kw / scale, before, INK, "metered load", width=1.1)
        edges = np.union1d(edges, before)
    axes.set_xlim(edges[0], edges[-1])
    axes.xaxis.set_major_locator(MultipleLocator(_hours_between_ticks(edges[-1] - edges[0])))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda hour, _: _label(midnight, hour)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    heading(axes, title, f"{unit} at the point of connection, UTC")
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=8, labelcolor=INK
    )
    return finish(figure, "forecast", title)


def _stairs(  # noqa: PLR0913  what a line looks like, beside what it shows
    axes: Axes, series: pd.Series, edges: npt.NDArray[np.float64], colour: str, label: str, *, width: float
) -> None:
    values = series.to_numpy(dtype=np.float64)
    axes.stairs(values, edges, baseline=None, color=colour, label=label, linewidth=width)


def _edges(series: pd.Series, midnight: pd.Timestamp) -> npt.NDArray[np.float64]:
    """Return where intervals begin and the last one ends, hours after midnight. Shape (N + 1,)."""
    index = pd.DatetimeIndex(series.index)
    step = index[1] - index[0] if len(index) > 1 else pd.Timedelta(minutes=15)
    hours = (pd.DatetimeIndex([*index, index[-1] + step]) - midnight) / pd.Timedelta(hours=1)
    return np.asarray(hours, dtype=np.float64)


def _hours_between_ticks(length_h: float) -> float:
    return next(
        hours for hours in (3.0, 6.0, 12.0, 24.0) if length_h / hours <= _MOST_TICKS or hours == _DAY_H
    )


def _label(midnight: pd.Timestamp, hour: float) -> str:
    at = midnight + pd.Timedelta(hours=hour)
    return f"{at:%a %d %b}" if hour % _DAY_H == 0 else f"{at:%H:%M}"
