"""An axis of UTC instants that reads as the site's own clock."""

from datetime import UTC, datetime, timedelta

from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator

from vpp.baseline.calendar import SiteCalendar
from vpp.cli.charts.style import FAINT
from vpp.foundation.interval import Interval

_HOUR_S = 3600.0
_TICKS_H = (1, 2, 3, 6, 12, 24, 48, 168)
_MOST_TICKS = 13


def show_clock(axes: Axes, span: Interval, calendar: SiteCalendar) -> None:
    """Label an axis of hours since 1970 with the site's wall time; midnights carry the date.

    Args:
        axes: Axes whose x values are hours since 1970-01-01 in UTC.
        span: What the axis shows, UTC.
        calendar: The site's civil time.
    """
    length_h = span.duration / timedelta(hours=1)
    tick_h = next((hours for hours in _TICKS_H if length_h / hours <= _MOST_TICKS), _TICKS_H[-1])
    marks = clock_marks(span, calendar, tick_h)
    axes.set_xlim(span.start.timestamp() / _HOUR_S, span.end.timestamp() / _HOUR_S)
    axes.xaxis.set_major_locator(FixedLocator([instant.timestamp() / _HOUR_S for instant, _ in marks]))
    axes.xaxis.set_major_formatter(FixedFormatter([label for _, label in marks]))
    for instant, label in marks:
        if "\n" in label and span.start < instant < span.end:
            axes.axvline(instant.timestamp() / _HOUR_S, color=FAINT, linewidth=0.6, alpha=0.6, zorder=0)


def clock_marks(span: Interval, calendar: SiteCalendar, tick_h: int) -> list[tuple[datetime, str]]:
    r"""List the whole hours at which an axis is labelled, with their labels.

    Args:
        span: What the axis shows, UTC; its end is included.
        calendar: The site's civil time.
        tick_h: Hours between labels; divides a day or is whole days.

    Returns:
        Instants, UTC, and labels; the date stands at the first one and at midnights, save the last.
        An hour that a clock change skips has none, one that occurs twice has two.

    Example:
        London's clocks went forward on 29 March 2026 at 01:00.

        >>> night = Interval(datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 29, 3, tzinfo=UTC))
        >>> [label for _, label in clock_marks(night, SiteCalendar("Europe/London"), 1)]
        ['00:00\nSun 29 Mar', '02:00', '03:00', '04:00']
    """
    quarter = timedelta(minutes=15)  # offsets from UTC are whole quarters of an hour
    first = span.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    marks: list[tuple[datetime, str]] = []
    for number in range((span.end - first) // quarter + 1):
        instant = first + number * quarter
        local = datetime.fromisoformat(calendar.local_iso(instant))
        if instant < span.start or local.minute or local.hour % min(tick_h, 24):
            continue
        if tick_h > 24 and local.toordinal() % (tick_h // 24):  # noqa: PLR2004  hours of a day
            continue
        is_dated = (local.hour == 0 and instant != span.end) or not marks
        marks.append((instant, f"{local:%H:%M}\n{local:%a %d %b}" if is_dated else f"{local:%H:%M}"))
    return marks
