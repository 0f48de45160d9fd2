"""Whether a site has been metered well enough for its load to be modelled."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class SufficiencyRule:
    """What a programme or a method asks of the readings; a field that is None asks nothing.

    Attributes:
        name: Short name for reports.
        source: Where the figures are published.
        full_day_ratio: Share of a day's intervals that must be there for the day to count, 0..1.
        window_days: Only so many of the latest civil days count.
        min_full_days: Fewest full days.
        max_missing_day_ratio: Largest share of days that are not full, 0..1.
        min_days_per_week_hour: Fewest days with a reading in each hour of the week.
        min_unique_ratio: Smallest share of different values among the readings, 0..1.
    """

    name: str
    source: str
    full_day_ratio: float = 0.9
    window_days: int | None = None
    min_full_days: int | None = None
    max_missing_day_ratio: float | None = None
    min_days_per_week_hour: int | None = None
    min_unique_ratio: float | None = None

    def __post_init__(self) -> None:
        """Refuse ratios that are none."""
        for name in ("full_day_ratio", "max_missing_day_ratio", "min_unique_ratio"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value <= 1.0:
                raise InvalidInput(f"{name} is {value}, expected 0 to 1", **{name: str(value)})


CALTRACK = SufficiencyRule("caltrack", "CalTRACK methods 2.0, section 2.2", max_missing_day_ratio=0.1)
RECURVE = SufficiencyRule(
    "recurve",
    "Recurve, demand response measurement for event-based programmes",
    window_days=45,
    min_full_days=35,
    min_days_per_week_hour=3,
    min_unique_ratio=0.1,
)
FLEXMETER = SufficiencyRule("flexmeter", "FLEXmeter", window_days=45, min_full_days=20)


@dataclass(frozen=True, slots=True)
class Sufficiency:
    """The verdict of one rule.

    Attributes:
        rule: The rule.
        days: Civil days that count.
        full_days: Those of them that are full.
        week_hour_days: Fewest days with a reading in any hour of the week.
        unique_ratio: Share of different values among the readings, 0..1.
        shortfalls: What is asked for and not there; empty where all is.
    """

    rule: SufficiencyRule
    days: int
    full_days: int
    week_hour_days: int
    unique_ratio: float
    shortfalls: tuple[str, ...]

    @property
    def is_sufficient(self) -> bool:
        """Whether the rule is content."""
        return not self.shortfalls

    @property
    def missing_day_ratio(self) -> float:
        """Share of days that are not full, 0..1."""
        return 1.0 - self.full_days / self.days if self.days else 1.0


_WEEK_HOURS = 168


def sufficiency(
    values_kw: npt.NDArray[np.float64],
    day: npt.NDArray[np.int64],
    week_hour: npt.NDArray[np.int64],
    step: timedelta,
    rule: SufficiencyRule,
) -> Sufficiency:
    """Judge a site's readings by a rule.

    Days at the ends of the series of which no whole civil day is covered count like any other, by the
    share of an ordinary day that is there; so does a day of 23 or 25 hours.

    Args:
        values_kw: Readings, kW; NaN is a gap, which an estimate does not mend. Shape (T,).
        day: Civil day of each interval, counted from any day. Shape (T,).
        week_hour: Hour of the week of each interval, 0..167. Shape (T,).
        step: Length of an interval.
        rule: What is asked for.

    Returns:
        Figures and shortfalls.

    Example:
        >>> day = np.repeat(np.arange(10), 24)
        >>> values = np.where(day < 8, 5.0, np.nan)
        >>> sufficiency(values, day, np.arange(240) % 168, timedelta(hours=1), CALTRACK).shortfalls
        ('2 of 10 days are not full, expected at most 10 %',)
    """
    if rule.window_days is not None and len(day):
        counts = day > day.max() - rule.window_days
        values_kw, day, week_hour = values_kw[counts], day[counts], week_hour[counts]
    is_read = ~np.isnan(values_kw)
    span = int(day.max() - day.min()) + 1 if len(day) else 0
    readings = np.bincount(day[is_read] - day.min(), minlength=span) if span else np.zeros(0)
    full_days = int(np.count_nonzero(readings >= rule.full_day_ratio * (timedelta(days=1) / step)))
    pairs = np.unique(np.stack([week_hour[is_read], day[is_read]]), axis=1)
    per_hour = np.bincount(pairs[0], minlength=_WEEK_HOURS)
    count = int(np.count_nonzero(is_read))
    unique_ratio = len(np.unique(values_kw[is_read])) / count if count else 0.0
    found = Sufficiency(rule, span, full_days, int(per_hour.min()), unique_ratio, ())
    return Sufficiency(rule, span, full_days, int(per_hour.min()), unique_ratio, _shortfalls(found))


def _shortfalls(found: Sufficiency) -> tuple[str, ...]:
    rule, missing = found.rule, []
    if rule.min_full_days is not None and found.full_days < rule.min_full_days:
        missing.append(f"{found.full_days} full days, expected at least {rule.min_full_days}")
    if rule.max_missing_day_ratio is not None and found.missing_day_ratio > rule.max_missing_day_ratio:
        missing.append(
            f"{found.days - found.full_days} of {found.days} days are not full, expected at most "
            f"{rule.max_missing_day_ratio:.0%}".replace("%", " %")
        )
    if rule.min_days_per_week_hour is not None and found.week_hour_days < rule.min_days_per_week_hour:
        missing.append(
            f"an hour of the week is read on {found.week_hour_days} days, expected at least "
            f"{rule.min_days_per_week_hour}"
        )
    if rule.min_unique_ratio is not None and found.unique_ratio < rule.min_unique_ratio:
        missing.append(
            f"{100.0 * found.unique_ratio:.1f} % of the values are different, expected at least "
            f"{100.0 * rule.min_unique_ratio:.0f} %"
        )
    return tuple(missing)
