"""Baseline rules: what counts as a site's load without an event, as data and never as code.

One file under `configs/baselines/` is one rule. The engine in `vpp.baseline.rules` reads a rule and
knows no programme by name; a figure that nobody has checked is marked unverified in the file, and so in
every result that used it.
"""

import enum
import hashlib
import json
from datetime import date, time, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vpp.portfolio.baseline_method import (
    AroundEvent,
    ControlGroup,
    Count,
    DailyEnergyRegression,
    Exponential,
    Group,
    Id,
    MatchingPair,
    Method,
    NearestDays,
    XOfY,
)
from vpp.portfolio.day_kind import DayKind

Share = Annotated[float, Field(ge=0, le=1)]


class DayClass(Group):
    """Kinds of days that stand for each other, and how many of them a rule takes.

    Attributes:
        kinds: The kinds; an event's day belongs to the one class that holds its kind.
        average: Days averaged (X of "X of Y").
        candidates: Days they are chosen from (Y).
        fewest: Fewest candidates without the rule's shortage steps; `average` if absent.
        weights: Shares of the averaged days, most recent first, summing to 1; empty for equal ones.
    """

    kinds: tuple[DayKind, ...] = Field(min_length=1)
    average: Count
    candidates: Count
    fewest: Count | None = None
    weights: tuple[Share, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.candidates < self.average:
            raise ValueError(f"candidates is {self.candidates}, expected at least average {self.average}")
        if self.fewest is not None and self.fewest > self.candidates:
            raise ValueError(f"fewest is {self.fewest}, expected at most candidates {self.candidates}")
        if self.weights and len(self.weights) != self.average:
            raise ValueError(f"weights has {len(self.weights)} values, expected average = {self.average}")
        if self.weights and abs(sum(self.weights) - 1.0) > 1e-9:  # noqa: PLR2004  rounding of a sum
            raise ValueError(f"weights sum to {sum(self.weights)}, expected 1")
        return self


class Shortage(enum.Enum):
    """What a rule does, in its own order, when it finds fewer days than it needs."""

    EXTEND_LOOKBACK = "extend_lookback"
    HIGHEST_EVENT_DAYS = "highest_event_days"
    USE_AVAILABLE = "use_available"
    NEXT_CLASS = "next_class"


class DayPool(Group):
    """Which earlier days may stand for the event's.

    Attributes:
        classes: Kinds of days and how many; every kind that may have an event is in exactly one.
        lookback_days: How far back candidates may lie, civil days.
        extended_lookback_days: How far the shortage step `extend_lookback` goes.
        latest_day_offset: 1 lets the day before the event count, 2 the day before that at the latest.
        before_notice: Only days that were over before notice was given count.
        complete_ratio: Least share of an earlier day's event window that must be metered; the rest is
            left out of the mean.
        low_use_ratio: A day whose mean in the event window is below this share of the mean over the
            first candidates is dropped and refilled; 0 drops none.
        low_use_inclusive: A day exactly at the line is dropped too.
        shortage: What is tried, in this order, when days are missing.
    """

    classes: tuple[DayClass, ...] = Field(min_length=1)
    lookback_days: Annotated[int, Field(ge=1, le=1100)]
    extended_lookback_days: Annotated[int, Field(ge=1, le=1100)] | None = None
    latest_day_offset: Annotated[int, Field(ge=1, le=7)] = 1
    before_notice: bool = False
    complete_ratio: Share = 1.0
    low_use_ratio: Share = 0.0
    low_use_inclusive: bool = False
    shortage: tuple[Shortage, ...] = (Shortage.USE_AVAILABLE,)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        kinds = [kind for day_class in self.classes for kind in day_class.kinds]
        if len(set(kinds)) < len(kinds):
            raise ValueError("classes hold a kind of day twice, expected every kind in one class")
        extends = Shortage.EXTEND_LOOKBACK in self.shortage
        if extends != (self.extended_lookback_days is not None):
            raise ValueError("extended_lookback_days goes with the shortage step extend_lookback")
        if self.extended_lookback_days is not None and self.extended_lookback_days < self.lookback_days:
            raise ValueError("extended_lookback_days is below lookback_days")
        return self

    def class_of(self, kind: DayKind) -> DayClass | None:
        """Return the class that a kind of day belongs to; None if the rule has no events on it."""
        return next((day_class for day_class in self.classes if kind in day_class.kinds), None)


class EventWindow(Group):
    """A time counted from the event: [anchor + begin, anchor + end), negative is before.

    Attributes:
        anchor: The event's start or its end.
        begin: Where the window begins.
        end: Where it ends.
    """

    anchor: Literal["start", "end"]
    begin: timedelta
    end: timedelta

    @model_validator(mode="after")
    def _outside(self) -> Self:
        if self.end <= self.begin:
            raise ValueError(f"end {self.end} is not after begin {self.begin}")
        inside = self.end > timedelta(0) if self.anchor == "start" else self.begin < timedelta(0)
        if inside:
            raise ValueError("the window reaches into the event, expected before its start or after its end")
        return self


class ClockWindow(Group):
    """A time of the event's civil day.

    Attributes:
        start: Wall time at which it begins.
        end: Wall time at which it ends; 00:00 means the end of the day.
    """

    start: time
    end: time


class Adjustment(Group):
    """How a baseline is moved to the level the site shows on the event's day.

    Attributes:
        kind: Add the difference of the means, or multiply by their ratio.
        windows: Times in which actual load and baseline are compared, one mean over all of them.
        clock_windows: The same by wall time of the event's day.
        up_only: A baseline is never lowered.
        cap_ratio: Largest change, as a share of the unadjusted baseline's mean in the event (additive)
            or of 1 (ratio); None for no cap.
        before_notice: Windows end when notice is given.
    """

    kind: Literal["additive", "ratio"]
    windows: tuple[EventWindow, ...] = ()
    clock_windows: tuple[ClockWindow, ...] = ()
    up_only: bool = False
    cap_ratio: Annotated[float, Field(ge=0, le=10)] | None = None
    before_notice: bool = False

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.windows and not self.clock_windows:
            raise ValueError("windows and clock_windows are both empty, expected a window")
        return self


class DeviceSplit(Group):
    """Storage and generation behind the meter, judged by their own meter.

    The load part is the rule applied to grid + device output; the device part is its output beyond what
    is typical in like hours, only as far as it served load and not export.

    Attributes:
        like_hours: Typical output is the mean of this many like hours without events, at least 0.
    """

    like_hours: Count


class Gate(Group):
    """How good a baseline must be before a site may be paid by it.

    Attributes:
        max_rrmse_ratio: Largest RRMSE over placebo events.
        max_bias_ratio: Largest bias, either way; None for any.
    """

    max_rrmse_ratio: Annotated[float, Field(gt=0)] = 0.2
    max_bias_ratio: Annotated[float, Field(gt=0)] | None = None


class RuleSource(Group):
    """Where a rule comes from.

    Attributes:
        tag: P published by the authority, S reported by others, D our design, C computed, M from memory.
        title: The source.
        read_on: When it was read.
        unverified: Dotted names of fields whose values were checked against no source; ["*"] for all.
    """

    tag: Literal["P", "S", "D", "C", "M"]
    title: str = Field(min_length=1)
    read_on: date
    unverified: tuple[str, ...] = ()


class BaselineRule(Group):
    """One rule: a parameter set of the baseline engine.

    Attributes:
        baseline_id: Its name on statements; the file is named after it.
        version: Counts the versions of the rule from 1.
        display_name: Name for people.
        jurisdiction: Country or market.
        summary: The rule in a sentence.
        interval: Interval of the programme's meter data, where the source names one; a coarser or finer
            series is not refused.
        method: How the unadjusted baseline is made.
        days: Which days may stand for the event's; goes with the methods that look for days.
        adjustment: The same-day adjustment; None for none.
        device: How storage and generation behind the meter are split off; None for not at all.
        floor: Whether an adjustment stops at 0 kW. Without it, and where the site exports even before an
            adjustment, the baseline stops at minus the export limit, if one is known.
        contract_cap: Whether it stops at the site's contract capacity.
        loss_ratio: Factor on what is delivered, for losses up to the market's reference point.
        gate: How good it must be.
        source: Where it comes from.
    """

    baseline_id: Id
    version: int = Field(ge=1)
    display_name: str = Field(min_length=1)
    jurisdiction: str = Field(min_length=2)
    summary: str = Field(min_length=1)
    interval: Annotated[timedelta, Field(gt=timedelta(0))] | None = None
    method: Method
    days: DayPool | None = None
    adjustment: Adjustment | None = None
    device: DeviceSplit | None = None
    floor: bool = True
    contract_cap: bool = False
    loss_ratio: Annotated[float, Field(gt=0, le=2)] = 1.0
    gate: Gate = Gate()
    source: RuleSource

    @model_validator(mode="after")
    def _days_where_wanted(self) -> Self:
        needs_days = isinstance(
            self.method, XOfY | Exponential | NearestDays | MatchingPair | DailyEnergyRegression
        )
        if needs_days != (self.days is not None):
            expected = "a group [days]" if needs_days else "no group [days]"
            raise ValueError(f"method {self.method.kind}: expected {expected}")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the rule's content, hexadecimal: tells two contents of one version apart."""
        document = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(document.encode()).hexdigest()

    @property
    def is_verified(self) -> bool:
        """Whether every value was checked against a source."""
        return self.source.tag != "M" and not self.source.unverified

    @property
    def looks_past_start(self) -> bool:
        """Whether the baseline needs readings from after the event's start: it cannot be told before."""
        method, adjustment = self.method, self.adjustment
        if isinstance(method, ControlGroup) or (isinstance(method, AroundEvent) and method.after):
            return True
        if isinstance(method, NearestDays) and method.by == "other_hours":
            return True
        return adjustment is not None and (
            bool(adjustment.clock_windows) or any(window.anchor == "end" for window in adjustment.windows)
        )
