"""The axis of time that an auction's drawings share."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from vpp.cli.charts.style import FAINT, INK

_HOUR = timedelta(hours=1)
_TICKS_H = (1 / 12, 1 / 6, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 12.0, 24.0, 48.0, 168.0)
_MOST_TICKS = 12
_FEW_INTERVALS = 4
_RECOVERY = "#8a929c"


@dataclass(frozen=True, slots=True)
class Horizon:
    """Delivery and recovery of one auction.

    Attributes:
        start: Start of delivery, UTC.
        step: Length of an interval.
        delivery_count: Delivery intervals, N.
        horizon_count: Delivery and recovery intervals, T.
    """

    start: datetime
    step: timedelta
    delivery_count: int
    horizon_count: int

    def edges(self) -> npt.NDArray[np.float64]:
        """Return where intervals begin and the last one ends, hours after midnight. Shape (T + 1,)."""
        midnight = self.start.replace(hour=0, minute=0, second=0, microsecond=0)
        first_h = (self.start - midnight) / _HOUR
        edges = first_h + np.arange(self.horizon_count + 1) * (self.step / _HOUR)
        return np.asarray(edges, dtype=np.float64)

    def label(self, interval: int) -> str:
        """Write an interval's span.

        Example:
            >>> from datetime import UTC
            >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
            >>> Horizon(noon, timedelta(minutes=30), 4, 6).label(1)
            '12:30-13:00'
        """
        begins = self.start + interval * self.step
        return f"{begins:%H:%M}-{begins + self.step:%H:%M}"

    def dates(self) -> str:
        """Write the day or days of the horizon."""
        last = self.start + self.horizon_count * self.step - timedelta(microseconds=1)
        first_day = f"{self.start:%Y-%m-%d}"
        return first_day if last.date() == self.start.date() else f"{first_day} to {last:%Y-%m-%d}"


def show_time(axes: Axes, horizon: Horizon) -> None:
    """Label the axis with hours of the day and shade the recovery intervals."""
    edges = horizon.edges()
    step_h = horizon.step / _HOUR
    # One or two intervals over the whole width would be walls of colour.
    pad_h = max(0, _FEW_INTERVALS - horizon.horizon_count) / 2 * step_h
    axes.set_xlim(edges[0] - pad_h, edges[-1] + pad_h)
    reach_h = edges[-1] - edges[0] + 2 * pad_h
    tick_h = next(
        (hours for hours in _TICKS_H if hours >= step_h and reach_h / hours <= _MOST_TICKS), _TICKS_H[-1]
    )
    midnight = horizon.start.replace(hour=0, minute=0, second=0, microsecond=0)

    def clock_face(hour: float, _: int | None) -> str:
        instant = midnight + timedelta(minutes=round(hour * 60))
        is_new_day = instant.hour == instant.minute == 0 and instant != midnight
        return f"{instant:%d %b}" if is_new_day else f"{instant:%H:%M}"

    axes.xaxis.set_major_locator(MultipleLocator(tick_h))
    axes.xaxis.set_major_formatter(FuncFormatter(clock_face))
    if horizon.horizon_count > horizon.delivery_count:
        begin = edges[horizon.delivery_count]
        axes.axvspan(begin, edges[-1], color=_RECOVERY, alpha=0.12, linewidth=0, zorder=0)
        axes.axvline(begin, color=FAINT, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        axes.annotate(
            "recovery",
            ((begin + edges[-1]) / 2, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -4),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7.5,
            color=INK,
        )
