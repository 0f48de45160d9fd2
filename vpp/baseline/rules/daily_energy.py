"""The day's energy by regression, spread over hours and intervals by usual shares."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp.baseline.civil_clock import ONE_DAY
from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.candidates import eligible_days_back
from vpp.baseline.rules.event_view import EventView, Floats, taken
from vpp.baseline.rules.load_model import LoadModel
from vpp.baseline.rules.other_series import mean_on_day
from vpp.baseline.rules.wall_positions import Ints
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import DailyEnergyRegression
from vpp.portfolio.baseline_rule import DayPool

# Above this mean outdoor temperature buildings cool, degrees Celsius.
COOLING_BASE_C = 18.0
WITHOUT_TEMPERATURE = "without-temperature"
# A day's mean load is held within this share of the range that was seen: a regression never explodes.
RANGE_MARGIN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _WholeDays:
    """Days of 24 hours without a gap.

    Attributes:
        days_back: How many civil days before the event's. Shape (D,).
        day_class: Number of each day's class in the rule. Shape (D,).
        load_kw: kW from midnight on. Shape (D, intervals).
    """

    days_back: Ints
    day_class: Ints
    load_kw: Floats


def daily_energy(view: EventView, method: DailyEnergyRegression, pool: DayPool) -> LoadModel | NoBaseline:
    """Model `kW[d, interval] = mean_kW[d] * share[class, interval]`.

    The day's mean load is fitted by least squares on the day class and, where temperature is known for
    all days, on its mean and on what exceeds 18 degrees; otherwise the step is `without-temperature`.
    Shares are means over the days of the event's class. Only whole days of 24 hours are fitted on; an
    hour that occurs twice on the event's day has its share twice.

    Source:
        kWh_d x Frac[d,h] x Mult[d,h,int] as in ERCOT's default baselines; the share is Frac x Mult, and
        which columns the regression has is our choice.
    """
    kind = view.site.calendar.day_kind(view.event_day)
    own_class = pool.class_of(kind)
    if own_class is None:
        return view.none(
            NoBaselineReason.DAY_NOT_COVERED,
            f"{view.event_day} is a {kind.value}, and the rule covers none of those",
        )
    if ONE_DAY % view.grid.step:
        return view.none(
            NoBaselineReason.MISSING_INPUT,
            f"the rule spreads a day's energy over its intervals, and {view.grid.step} does not divide a day",
        )
    days = _whole_days(view, pool)
    is_own = days.day_class == pool.classes.index(own_class)
    mean_kw = days.load_kw.mean(axis=1)
    own_kw = float(mean_kw[is_own].sum())
    if len(mean_kw) < method.fewest_days or own_kw <= 0:
        return view.none(
            NoBaselineReason.INSUFFICIENT_HISTORY,
            f"{len(mean_kw)} whole days, {is_own.sum()} of them like {view.event_day} with "
            f"{own_kw:.3f} kW together; expected at least {method.fewest_days}, and load above 0 kW",
        )
    share = days.load_kw[is_own].sum(axis=0) / own_kw
    columns, event_row, notes = _design(view, days, pool.classes.index(own_class))
    fitted_kw = float(event_row @ (np.linalg.pinv(columns) @ mean_kw))
    margin_kw = RANGE_MARGIN * float(np.ptp(mean_kw))
    event_kw = min(max(fitted_kw, float(mean_kw.min()) - margin_kw), float(mean_kw.max()) + margin_kw)

    def load_kw(window: Interval) -> Floats:
        count = window.duration // view.grid.step
        index = pd.date_range(pd.Timestamp(window.start), periods=count, freq=pd.Timedelta(view.grid.step))
        _, slot = view.site.calendar.wall_slots(index, view.grid.step)
        return np.asarray(event_kw * share[slot])

    used = sorted(int(back) for back in days.days_back)
    steps = (WITHOUT_TEMPERATURE,) if notes else ()
    return LoadModel(load_kw, tuple(view.day(back) for back in used), steps, notes)


def _whole_days(view: EventView, pool: DayPool) -> _WholeDays:
    """Collect the usable days of every class."""
    calendar = view.site.calendar
    backs, numbers, rows = [], [], []
    for number, day_class in enumerate(pool.classes):
        for back in eligible_days_back(view, pool, day_class, pool.lookback_days):
            day = calendar.day(view.day(back))
            # Intervals that start on the day, as wall slots count them: a grid may lie across midnight.
            begin = -((view.grid.first - day.start) // view.grid.step)
            day_kw = taken(view.past_kw, np.arange(begin, begin + ONE_DAY // view.grid.step))
            if day.duration == ONE_DAY and not np.isnan(day_kw).any():
                backs.append(back)
                numbers.append(number)
                rows.append(day_kw)
    load_kw = np.array(rows).reshape(-1, ONE_DAY // view.grid.step)
    return _WholeDays(np.array(backs, dtype=np.int64), np.array(numbers, dtype=np.int64), load_kw)


def _design(view: EventView, days: _WholeDays, own: int) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return the regression's columns (D, P), its row for the event's day (P,), and notes."""
    numbers = np.unique(days.day_class)
    columns = (days.day_class[:, None] == numbers).astype(np.float64)
    event_row = (numbers == own).astype(np.float64)
    temperature_c = view.site.temperature_c
    if temperature_c is None:
        return columns, event_row, ("fitted without temperature: none is given",)
    calendar = view.site.calendar
    means_c = np.array(
        [mean_on_day(temperature_c, calendar.day(view.day(int(back)))) for back in (*days.days_back, 0)]
    )
    if np.isnan(means_c).any():
        note = f"fitted without temperature: {int(np.isnan(means_c).sum())} days lack it"
        return columns, event_row, (note,)
    terms = np.stack([means_c, np.maximum(means_c - COOLING_BASE_C, 0.0)], axis=1)
    terms = terms[:, np.ptp(terms[:-1], axis=0) > 0]  # what never varied explains nothing
    return np.hstack([columns, terms[:-1]]), np.concatenate([event_row, terms[-1]]), ()
