"""Day matching held against plain loops over civil days and exact fractions.

The loops share nothing with the engine but the calendar's kinds of days; wall times are looked for among
all instants near them. Both paths, the single and the batched one, must say the same as the loops.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rule_cases import rule_of

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rules.batch import compute_baselines
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.baseline_method import XOfY
from vpp.portfolio.baseline_rule import BaselineRule, DayClass, Shortage
from vpp.portfolio.day_kind import DayKind

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
# Around these days clocks change, by half an hour on Lord Howe Island, or public holidays crowd.
CHANGES = {
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Asia/Tokyo": (date(2026, 5, 5),),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
}
SPLITS = (
    "workday|saturday sunday holiday",
    "workday|saturday|sunday holiday",
    "workday",
    "workday holiday|saturday sunday",
)
WEIGHTS = {1: [1.0], 2: [0.625, 0.375], 3: [0.5, 0.3, 0.2], 4: [0.5, 0.25, 0.125, 0.125]}
STEPS = ("extend_lookback", "highest_event_days", "next_class", "use_available")
Known = Fraction | None
Figures = tuple[int, Fraction, Fraction]  # days back, mean in the window, what it is ranked by


@dataclass(frozen=True)
class Answer:
    """What the loops found; `reason` is empty where there is a baseline."""

    raw: tuple[Fraction, ...] = ()
    adjusted: tuple[Fraction, ...] = ()
    days: tuple[date, ...] = ()
    steps: tuple[str, ...] = ()
    made: bool = False
    reason: str = ""


class Loops:
    """One X-of-Y rule, one site, one event."""

    def __init__(self, rule: BaselineRule, site: SiteMeter, event: Interval, notice: datetime | None) -> None:
        assert isinstance(rule.method, XOfY)
        assert rule.days is not None
        self.rule, self.method, self.pool = rule, rule.method, rule.days
        self.site, self.event, self.notice = site, event, notice
        self.zone = ZoneInfo(site.calendar.time_zone)
        stamps = [stamp.to_pydatetime() for stamp in site.net_power_kw.index]
        self.first, self.step = stamps[0], stamps[1] - stamps[0]
        values = zip(stamps, site.net_power_kw.tolist(), strict=True)
        self.metered = {at: Fraction(kw) for at, kw in values if not np.isnan(kw)}
        self.event_day = self.date_of(event.start)
        # Events of the cases are shorter than a day: they touch the days of both ends, and no more.
        ends = [at for span in site.events for at in (span.start, span.end - timedelta.resolution)]
        self.event_days = {self.date_of(at) for at in ends}

    def date_of(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def earlier(self, instant: datetime, back: int) -> datetime:
        """The same wall time on an earlier day: of two the first, unless it was itself a second one."""
        local = instant.astimezone(self.zone)
        wall = (local.replace(tzinfo=None) - back * DAY).replace(tzinfo=UTC)
        near = [wall + n * 3 * HOUR for n in range(-10, 11)]
        offsets = [at.astimezone(self.zone).utcoffset() or timedelta(0) for at in near]
        hits = sorted(
            {
                wall - offset
                for offset in offsets
                if (wall - offset).astimezone(self.zone).replace(tzinfo=UTC) == wall
            }
        )
        if hits:
            return hits[-1] if local.fold else hits[0]
        return wall - offsets[0]  # skipped: the offset from before the change

    def starts(self, span: Interval) -> list[datetime]:
        return [span.start + n * self.step for n in range((span.end - span.start) // self.step)]

    def read(self, instant: datetime, *, past: bool = True, events: bool = False) -> Known:
        """The reading of the interval that holds an instant, unless it is hidden."""
        at = self.first + (instant - self.first) // self.step * self.step
        hidden = [self.event, *self.site.masked, *(() if events else self.site.events)]
        if past and at >= self.event.start:
            return None
        if any(at < span.end and at + self.step > span.start for span in hidden):
            return None
        return self.metered.get(at)

    def on_day(self, span: Interval, back: int, *, events: bool) -> list[Known]:
        return [self.read(self.earlier(at, back), events=events) for at in self.starts(span)]

    def figures(self, back: int, *, events: bool) -> Figures | None:
        """A day's mean in the window and its rank, if enough of both is metered."""
        lists = [self.on_day(self.event, back, events=events)]
        if self.method.rank_by == "day_energy":
            begin, end = (self.midnight(self.event_day - n * DAY) for n in (back, back - 1))
            whole = [begin + n * self.step for n in range((end - begin) // self.step)]
            lists.append([self.read(at, events=events) for at in whole])
        known = [[kw for kw in one if kw is not None] for one in lists]
        share = min(Fraction(len(some), len(every)) for some, every in zip(known, lists, strict=True))
        if share == 0 or share < Fraction(str(self.pool.complete_ratio)):
            return None
        return back, mean(known[0]), mean(known[-1])

    def nearest(self) -> int:
        """How many days back the most recent usable day lies."""
        back = 1
        if self.pool.before_notice and self.notice is not None:
            while (
                self.midnight(self.event_day - (back - 1) * DAY) > self.notice
                or self.earlier(self.event.end - self.step, back) + self.step > self.notice
            ):
                back += 1
        return max(back, self.pool.latest_day_offset)

    def of_class(self, kinds: tuple[DayKind, ...], reach: int, *, events: bool) -> list[Figures]:
        """Days of a class that nothing excludes: event days alone, or all but those."""
        found = []
        for back in range(self.nearest(), reach + 1):
            day = self.event_day - back * DAY
            if self.site.calendar.day_kind(day) not in kinds or day in self.site.excluded_dates:
                continue
            if (day in self.event_days) is events and (one := self.figures(back, events=events)):
                found.append(one)
        return found

    def candidates(self, day_class: DayClass, reach: int) -> list[Figures]:
        found, count = self.of_class(day_class.kinds, reach, events=False), day_class.candidates
        first = mean([one[1] for one in found[:count]])
        line = Fraction(str(self.pool.low_use_ratio)) * first
        if line > 0:
            inclusive = self.pool.low_use_inclusive
            found = [one for one in found if one[1] > line or (one[1] == line and not inclusive)]
        return found[:count]

    def answer(self) -> Answer:
        own = self.pool.class_of(self.site.calendar.day_kind(self.event_day))
        if own is None:
            return Answer(reason="day_not_covered")
        days, day_class, shown, steps = self.by_ladder(own)
        settled = bool(steps) and steps[-1].startswith("mean-of-available")
        if not settled and len(days) < fewest(day_class):
            return Answer(reason="insufficient_history")
        count, found, pick = day_class.average, len(days), self.method.pick
        picked = days[:count]
        if pick != "all" and found > count:
            ordered = sorted(days, key=lambda one: (-one[2] if pick == "high" else one[2], one[0]))
            skip = (found - count) // 2 if pick == "middle" else 0
            picked = sorted(ordered[skip : skip + count])
        if not settled and found < day_class.candidates:
            plain = pick == "all" or found < count
            steps = [*steps, f"mean-of-{min(count, found)}" if plain else f"{pick}-{count}-of-{found}"]
        weights = [Fraction(str(weight)) for weight in day_class.weights[: len(picked)]]
        weights = weights if sum(weights) else [Fraction(1)] * len(picked)

        def usual(span: Interval) -> list[Known]:
            rows = [self.on_day(span, one[0], events=one[0] in shown) for one in picked]
            return [weighted(column, weights) for column in zip(*rows, strict=True)]

        raw = tuple(kw for kw in usual(self.event) if kw is not None)
        if len(raw) < len(self.starts(self.event)):
            return Answer(reason="window_not_metered")
        spans = self.windows()
        if any((at - self.first) % self.step for span in spans for at in (span.start, span.end)):
            return Answer(reason="missing_input")
        actual = [self.read(at, past=False) for span in spans for at in self.starts(span)]
        change = self.change(actual, [kw for span in spans for kw in usual(span)], mean(raw))
        ratio, added = change or (Fraction(1), Fraction(0))
        adjusted = tuple(self.limited(kw, kw * ratio + added) for kw in raw)
        used = tuple(self.event_day - one[0] * DAY for one in picked)
        return Answer(raw, adjusted, used, tuple(steps), change is not None)

    def by_ladder(  # noqa: C901  a ladder is read from top to bottom
        self, day_class: DayClass
    ) -> tuple[list[Figures], DayClass, set[int], list[str]]:
        """The days, their class, which of them are event days, and the steps that were taken."""
        reach, steps, shown = self.pool.lookback_days, list[str](), set[int]()
        days = self.candidates(day_class, reach)
        for step in self.pool.shortage:
            short = fewest(day_class) - len(days)
            if short <= 0:
                break
            if step is Shortage.EXTEND_LOOKBACK:
                further = self.pool.extended_lookback_days or reach
                if len(more := self.candidates(day_class, further)) > len(days):
                    days, reach, steps = more, further, [*steps, "extended-lookback"]
            elif step is Shortage.HIGHEST_EVENT_DAYS:
                called = self.of_class(day_class.kinds, reach, events=True)
                taken = sorted(called, key=lambda one: (-one[2], one[0]))[:short]
                if taken:
                    days, steps = sorted([*days, *taken]), [*steps, "highest-event-days"]
                    shown = {one[0] for one in taken}
            elif step is Shortage.NEXT_CLASS:
                at = self.pool.classes.index(day_class)
                for other in (*self.pool.classes[at + 1 :], *self.pool.classes[:at]):
                    if len(theirs := self.candidates(other, reach)) >= fewest(other):
                        days, day_class, shown, steps = theirs, other, set(), [*steps, "next-class"]
                        break
            elif days:
                steps = [*steps, f"mean-of-available-{len(days)}"]
                break
        return days, day_class, shown, steps

    def windows(self) -> list[Interval]:
        adjustment = self.rule.adjustment
        spans = []
        for window in () if adjustment is None else adjustment.windows:
            anchor = self.event.start if window.anchor == "start" else self.event.end
            spans.append((anchor + window.begin, anchor + window.end))
        if adjustment is not None and adjustment.before_notice and self.notice is not None:
            cut = self.first + (self.notice - self.first) // self.step * self.step
            spans = [(begin, min(end, cut)) for begin, end in spans if begin < cut]
        return [Interval(begin, end) for begin, end in spans]

    def change(
        self, actual: list[Known], usual: list[Known], raw: Fraction
    ) -> tuple[Fraction, Fraction] | None:
        """Ratio and kW added; None where there is no adjustment."""
        adjustment = self.rule.adjustment
        known, base = [kw for kw in actual if kw is not None], [kw for kw in usual if kw is not None]
        if adjustment is None or not known or len(known) < len(actual) or len(base) < len(usual):
            return None
        cap = None if adjustment.cap_ratio is None else Fraction(str(adjustment.cap_ratio))
        low = Fraction(0) if adjustment.up_only else None
        if adjustment.kind == "additive":
            limit = None if cap is None else cap * abs(raw)
            return Fraction(1), held(mean(known) - mean(base), low, limit)
        if mean(base) <= 0 or mean(known) < 0:
            return None
        return 1 + held(mean(known) / mean(base) - 1, low, cap), Fraction(0)

    def limited(self, raw: Fraction, load: Fraction) -> Fraction:
        export, contract = self.site.export_limit_kw, self.site.contract_kw
        if self.rule.floor and raw >= 0:
            load = max(load, Fraction(0))
        elif export is not None:
            load = max(load, -Fraction(export))
        return min(load, Fraction(contract)) if self.rule.contract_cap and contract is not None else load


def mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / max(len(values), 1)


def fewest(day_class: DayClass) -> int:
    return day_class.fewest or day_class.average


def weighted(column: tuple[Known, ...], weights: list[Fraction]) -> Known:
    pairs = [(weight, kw) for weight, kw in zip(weights, column, strict=True) if kw is not None]
    total = sum((weight for weight, _ in pairs), Fraction(0))
    return sum((weight * kw for weight, kw in pairs), Fraction(0)) / total if total else None


def held(value: Fraction, low: Fraction | None, limit: Fraction | None) -> Fraction:
    value = value if low is None else max(value, low)
    return value if limit is None else max(-limit, min(value, limit))


def a_rule(random: Random) -> BaselineRule:
    classes = []
    for kinds in random.choice(SPLITS).split("|"):
        average, more = random.randint(1, 4), random.randint(0, 3)
        one: dict[str, Any] = {"kinds": kinds.split(), "average": average, "candidates": average + more}
        if random.random() < 0.4:
            one["fewest"] = random.randint(1, one["candidates"])
        if random.random() < 0.3:
            one["weights"] = WEIGHTS[average]
        classes.append(one)
    shortage = [step for step in random.sample(STEPS, 4) if random.random() < 0.6]
    lookback = random.randint(2, 14)
    days = {
        "classes": classes,
        "lookback_days": lookback,
        "shortage": shortage,
        "latest_day_offset": random.choice([1, 1, 2, 3]),
        "before_notice": random.random() < 0.3,
        "complete_ratio": random.choice([1.0, 1.0, 0.5, 0.0]),
        "low_use_ratio": random.choice([0.0, 0.25, 0.5, 1.0]),
        "low_use_inclusive": random.random() < 0.5,
    }
    if "extend_lookback" in shortage:
        days["extended_lookback_days"] = lookback + random.randint(0, 8)
    begin = random.choice([1, 2, 3, 4, 6])
    end = random.choice([hours for hours in (0, 1, 2) if hours < begin])
    windows = [{"anchor": "start", "begin": -begin * HOUR, "end": -end * HOUR}]
    if random.random() < 0.25:
        windows.append({"anchor": "end", "begin": random.choice([0, 1]) * HOUR, "end": 3 * HOUR})
    adjustment = {
        "kind": random.choice(["additive", "ratio"]),
        "windows": windows,
        "up_only": random.random() < 0.3,
        "cap_ratio": random.choice([None, 0.0, 0.1, 0.2, 1.5]),
        "before_notice": random.random() < 0.6,
    }
    pick, rank = random.choice(["high", "low", "middle", "all"]), random.choice(["event_mean", "day_energy"])
    return rule_of(
        {"kind": "x_of_y", "pick": pick, "rank_by": rank},
        days=days,
        adjustment=random.choice([adjustment, adjustment, adjustment, None]),
        floor=random.random() < 0.5,
        contract_cap=random.random() < 0.3,
    )


def a_site(
    random: Random, calendar: SiteCalendar, first: datetime, step: timedelta, event: Interval
) -> SiteMeter:
    """Multiples of a quarter kilowatt, so that ties are ties; import and export, gaps, events, masks."""
    chance = np.random.default_rng(random.randint(0, 10**9))
    length = random.choice([12, 20, 24]) * DAY // step
    low, hold = random.choice([-20, 0, 1, 4]), random.choice([8, DAY // step])
    levels = chance.integers(low, random.choice([low + 1, 8, 40, 400]), length // hold + 1)
    load = np.repeat(levels, hold)[:length] * chance.choice(random.choice([[0.25, 1.0, 1.0], [1.0]]), length)
    load[chance.random(length) < random.choice([0.0, 0.0, 0.0, 0.01, 0.1])] = np.nan
    if random.random() < 0.1:
        begin = int(chance.integers(0, length))
        load[begin : begin + 2 * DAY // step] = np.nan

    def spans(counts: list[int]) -> tuple[Interval, ...]:
        count = random.choice(counts)
        begins = [first + random.randrange(10 * length) * step / 10 for _ in range(count)]
        return tuple(Interval(at, at + random.choice([40 * MINUTE, HOUR, 10 * HOUR])) for at in begins)

    return SiteMeter(
        regular(load, first, step),
        calendar,
        excluded_dates=frozenset(
            event.start.date() - random.randint(1, 12) * DAY for _ in range(random.choice([0, 0, 1, 3]))
        ),
        events=spans([0, 0, 1, 4]),
        masked=spans([0, 0, 1, 3]),
        contract_kw=random.choice([None, 100.0, 20.0]),
        export_limit_kw=random.choice([None, 0.0, 5.0]),
    )


def assert_as_loops_say(found: RuleBaseline | NoBaseline, loops: Answer) -> None:
    if isinstance(found, NoBaseline):
        assert found.reason.value == loops.reason
        return
    assert not loops.reason
    assert found.days_used == loops.days
    assert found.method == "/".join(["a-rule", *(["+".join(loops.steps)] if loops.steps else [])])
    assert found.adjusted == loops.made
    np.testing.assert_allclose(found.raw_kw, [float(kw) for kw in loops.raw], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.adjusted_kw, [float(kw) for kw in loops.adjusted], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("zone", CHANGES)
@settings(max_examples=45, deadline=None)
@given(st.integers(0, 10**9))
def test_both_paths_say_what_plain_loops_say(zone: str, seed: int) -> None:
    random = Random(seed)
    change = random.choice(CHANGES[zone])
    midnight = datetime(change.year, change.month, change.day, tzinfo=UTC)
    step = random.choice([HOUR, HOUR, HOUR / 2, 2 * HOUR])
    first = midnight - random.choice([8, 16, 20]) * DAY + random.choice([0, 0, 1, -10, 3]) * HOUR
    near = random.choice([random.randint(-30, 60), random.randint(-200, 100)])
    start = first + (midnight + near * HOUR - first) // step * step
    length = max(random.choice([1, 2, 3, 4, 6, 12, 24]) * HOUR // step, 1)
    event = Interval(start, start + length * step)
    before = random.choice([None, 0, 15, 60, 90, 150, 150, 600, 2500])
    notice = None if before is None else start - before * MINUTE
    holidays = frozenset(change + random.randint(-12, 4) * DAY for _ in range(random.choice([0, 1, 2])))
    rule, calendar = a_rule(random), SiteCalendar(zone, holidays)
    sites = [a_site(random, calendar, first, step, event) for _ in range(2)]
    together = compute_baselines(rule, sites, event, notice_at=notice)
    for site, found in zip(sites, together, strict=True):
        loops = Loops(rule, site, event, notice).answer()
        assert_as_loops_say(found, loops)
        assert_as_loops_say(compute_baseline(rule, site, event, notice_at=notice), loops)
