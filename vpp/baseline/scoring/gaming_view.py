"""What the signs of gaming are looked for in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.day_table import DayTable, Ints, days_of_kinds, like_days
from vpp.baseline.scoring.gaming_flag import GamingLimits
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.day_kind import DayKind

# Of methods that name no look-back of their own.
LOOKBACK_DAYS = 45


@dataclass(frozen=True, slots=True, eq=False)
class GamingView:
    """One event's baseline, with the days that it can be compared with.

    Attributes:
        rule: The rule.
        site: What its baseline was made from.
        event: The event.
        baseline: The baseline.
        notice_at: When the site was told; None for the event's start.
        limits: When a figure is flagged.
        library: Rules that the rule may name.
        table: The site's load by day.
        direction: Which way the event asks consumption to move.
    """

    rule: BaselineRule
    site: SiteMeter
    event: Interval
    baseline: RuleBaseline
    notice_at: datetime | None
    limits: GamingLimits
    library: Mapping[str, BaselineRule]
    table: DayTable
    direction: Direction = Direction.LOAD_DOWN

    @property
    def told_at(self) -> datetime:
        """When the site could first know of the event: its notice, or the event's start."""
        return self.event.start if self.notice_at is None else min(self.notice_at, self.event.start)

    @property
    def day(self) -> date:
        """Civil day on which the event starts."""
        return self.site.calendar.civil_date(self.event.start)

    @property
    def kinds(self) -> frozenset[DayKind]:
        """Kinds of days that stand for the event's, by the rule or else its own kind alone."""
        kind = self.site.calendar.day_kind(self.day)
        found = None if self.rule.days is None else self.rule.days.class_of(kind)
        return frozenset({kind}) if found is None else frozenset(found.kinds)

    @property
    def span(self) -> tuple[int, int]:
        """First and last day of the rule's look-back, as far as the meter reaches."""
        pool = self.rule.days
        day = number_of(self.day)
        lookback, offset = (
            (LOOKBACK_DAYS, 1) if pool is None else (pool.lookback_days, pool.latest_day_offset)
        )
        return max(day - lookback, self.table.first_day), day - offset

    def kept_days(self) -> Ints:
        """Return the like days in the look-back that could be used, latest first."""
        return like_days(self.site, self.kinds, *self.span)

    def all_days(self) -> Ints:
        """Return the like days in the look-back, events and excluded ones too, latest first."""
        return days_of_kinds(self.site, self.kinds, *self.span)

    def earlier_days(self) -> Ints:
        """Return every like day before the event that could be used, latest first."""
        return like_days(self.site, self.kinds, self.table.first_day, number_of(self.day) - 1)

    def on_grid(self, instant: datetime) -> datetime:
        """Return the first interval start of the event's grid that is not before an instant."""
        behind = (self.event.start - instant) // self.table.step
        return self.event.start - behind * self.table.step
