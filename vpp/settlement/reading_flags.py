"""What a settlement desk notices about readings: in words, for people; it changes no amount.

What a meter cannot have shown is refused where readings come in, and what it is known to have shown wrongly
is BAD. Between the two lies opinion: it is told on the lines, and people decide.

Source:
    Meter data rules of the baseline reference, section 5.2: three times the highest reading of 30 days, and
    one value that is not zero for four hours.
"""

from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.series import hours

SPIKE_RATIO = 3.0
STUCK = timedelta(hours=4)
DIFFERENCE_RATIO = 0.02
"""Two meters at one point are taken to agree within this share of their energy; a choice of this project."""


def reading_flags(  # noqa: PLR0913  the readings, and what each check compares them with
    power_kw: npt.NDArray[np.float64],
    step: timedelta,
    *,
    import_limit_kw: float,
    is_export_expected: bool,
    usual_highest_kw: float | None,
    conflict_count: int = 0,
    lead_count: int = 0,
) -> tuple[str, ...]:
    """Say what is odd about a site's readings of an event; how far each can be trusted is told of each.

    Args:
        power_kw: Mean net power, kW, consumption positive; NaN is a gap. Shape (T,).
        step: Length of an interval.
        import_limit_kw: Largest net consumption that the connection allows, kW.
        is_export_expected: Whether the site may feed the grid.
        usual_highest_kw: Its highest reading of the 30 days before, kW; None if that is not known.
        conflict_count: Readings that a later one replaced by another value or quality.
        lead_count: How many of the readings come before the event: only a value that stands still into it is
            looked for among them.

    Returns:
        Flags in words; none where nothing is odd.

    Example:
        >>> power_kw = np.array([90.0, -1.0, np.nan, 120.0])
        >>> reading_flags(power_kw, timedelta(minutes=15), import_limit_kw=125.0, is_export_expected=False,
        ...     usual_highest_kw=None)
        ('1 reading below 0 kW where no export is expected',)
    """
    flags = []
    if conflict_count:
        flags.append(f"{_counted(conflict_count)} replaced by later ones of another value or quality")
    known_kw = power_kw[lead_count:][~np.isnan(power_kw[lead_count:])]
    if not len(known_kw):
        return tuple(flags)
    highest_kw = float(known_kw.max())
    if not is_export_expected and (below := int(np.count_nonzero(known_kw < 0.0))):
        flags.append(f"{_counted(below)} below 0 kW where no export is expected")
    if highest_kw > import_limit_kw:
        flags.append(f"up to {highest_kw:g} kW, above the {import_limit_kw:g} kW of the connection")
    largest_kw = max(highest_kw, -float(known_kw.min()))
    if usual_highest_kw and largest_kw > SPIKE_RATIO * usual_highest_kw:
        flags.append(
            f"up to {largest_kw:g} kW, more than {SPIKE_RATIO:g} times the {usual_highest_kw:g} kW of 30 days"
        )
    stuck = _longest_run(power_kw, lead_count)
    if stuck * step >= STUCK:
        flags.append(f"one value for {hours(stuck * step):g} h")
    return tuple(flags)


def difference_flag(own_kwh: float, other_kwh: float) -> str:
    """Say that a site's own readings and its revenue meter's disagree; empty where they agree.

    Args:
        own_kwh: Energy by the site's own readings.
        other_kwh: Energy of the same intervals by the revenue meter, which counts.

    Example:
        >>> difference_flag(100.0, 101.0), difference_flag(100.0, 110.0)
        ('', "revenue meter shows 110.000 kWh, the site's own readings 100.000 kWh")
    """
    if abs(own_kwh - other_kwh) <= DIFFERENCE_RATIO * abs(other_kwh):
        return ""
    return f"revenue meter shows {other_kwh:.3f} kWh, the site's own readings {own_kwh:.3f} kWh"


def _counted(count: int) -> str:
    return f"{count} reading" if count == 1 else f"{count} readings"


def _longest_run(power_kw: npt.NDArray[np.float64], lead_count: int) -> int:
    """Return how many readings in a row show one value that is not zero and that reaches into the event."""
    is_same = (power_kw[1:] == power_kw[:-1]) & (power_kw[1:] != 0.0)
    if not is_same.any():
        return 1
    edges = np.flatnonzero(np.diff(is_same.astype(np.int8), prepend=0, append=0))
    firsts, ends = edges[::2], edges[1::2]  # an end is the position of the run's last reading
    reaching = ends >= lead_count
    return int((ends - firsts)[reaching].max(initial=0)) + 1
