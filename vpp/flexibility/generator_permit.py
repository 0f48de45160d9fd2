r"""How many hours a year a backup generator may still run, by what it runs for, and what it has run.

With the hours H_c of a calendar year in category c:

    H_test + H_paid + H_other <= 100      all that is no emergency
    H_paid <= 50                          under a financial arrangement
    H_emergency                           not limited

Every run is entered with its category; one over the turn of a year counts in both, in each with its own
part. What would exceed a limit is refused and leaves the count unchanged. Local limits may be stricter and
are set by the site.

Source:
    40 CFR 60.4211(f) and 63.6640(f), emergency engines (United States): 100 h a year of which 50 h under
    a financial arrangement, as read by EPA's guidance of 1 May 2025. Diesel sets in China run 6 h a year
    on average.
"""

import enum
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vpp.flexibility.bounds import check_within
from vpp.foundation.errors import InvalidInput

NON_EMERGENCY_HOURS_PER_YEAR = 100.0
PAID_HOURS_PER_YEAR = 50.0
LONGEST_YEAR_HOURS = 8784.0
ROUNDING_HOURS = 1e-9
HOUR = timedelta(hours=1)


class RunCategory(enum.Enum):
    """What a generator runs for.

    Attributes:
        EMERGENCY: The grid has failed.
        TEST: Readiness and maintenance.
        PAID: Under a financial arrangement, dispatched to protect the supply.
        OTHER: Anything else that is no emergency.
    """

    EMERGENCY = "emergency"
    TEST = "test"
    PAID = "paid"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class GeneratorPermit:
    """Hours of a calendar year that a permit allows.

    Attributes:
        non_emergency_hours: All that is no emergency.
        paid_hours: Under a financial arrangement; part of the above.
        emergency_hours: In emergencies; None for no limit.
    """

    non_emergency_hours: float = NON_EMERGENCY_HOURS_PER_YEAR
    paid_hours: float = PAID_HOURS_PER_YEAR
    emergency_hours: float | None = None

    def __post_init__(self) -> None:
        """Refuse negative hours, and more paid hours than hours without emergency."""
        check_within(self.non_emergency_hours, "non_emergency_hours", 0.0, LONGEST_YEAR_HOURS)
        check_within(self.paid_hours, "paid_hours", 0.0, self.non_emergency_hours)
        if self.emergency_hours is not None:
            check_within(self.emergency_hours, "emergency_hours", 0.0, LONGEST_YEAR_HOURS)


@dataclass(frozen=True, slots=True)
class GeneratorRun:
    """One run that has been counted.

    Attributes:
        started_at: When; its offset from UTC says whose calendar year it is.
        hours: How long, h.
        category: What for.
    """

    started_at: datetime
    hours: float
    category: RunCategory

    def __post_init__(self) -> None:
        """Refuse a negative length, and an instant without a zone."""
        check_within(self.hours, "hours", 0.0, LONGEST_YEAR_HOURS)
        if self.started_at.utcoffset() is None:
            raise InvalidInput(f"started_at is {self.started_at.isoformat()}, expected an offset from UTC")

    @property
    def ends_at(self) -> datetime:
        """First instant after it."""
        return self.started_at + timedelta(hours=self.hours)

    def by_year(self) -> Iterator[tuple[int, float]]:
        """Yield each calendar year it falls into, and its hours in it."""
        start, left_hours = self.started_at, self.hours
        while True:
            turn = datetime(start.year + 1, 1, 1, tzinfo=start.tzinfo)
            hours = min(left_hours, (turn - start) / HOUR)
            yield start.year, hours
            left_hours -= hours
            if left_hours <= ROUNDING_HOURS:
                return
            start = turn


@dataclass(frozen=True, slots=True)
class RunRefused:
    """A run that the permit does not allow.

    Attributes:
        category: What it was for.
        asked_hours: How long, h.
        left_hours: What the permit has left, h.
    """

    category: RunCategory
    asked_hours: float
    left_hours: float


@dataclass(frozen=True, slots=True)
class PermitCount:
    """Runs against the permit, year by year.

    Attributes:
        permit: What a calendar year allows.
        runs: What has run, in order of entry.

    Example:
        >>> from datetime import UTC
        >>> count = PermitCount(GeneratorPermit())
        >>> fifty = count.enter(GeneratorRun(datetime(2026, 3, 2, tzinfo=UTC), 50.0, RunCategory.PAID))
        >>> fifty.enter(GeneratorRun(datetime(2026, 3, 9, tzinfo=UTC), 1.0, RunCategory.PAID)).left_hours
        0.0
    """

    permit: GeneratorPermit
    runs: tuple[GeneratorRun, ...] = ()

    def used_hours(self, categories: Iterable[RunCategory], year: int) -> float:
        """Return the hours run for any of some categories in a calendar year, h."""
        wanted = set(categories)
        return math.fsum(
            hours
            for run in self.runs
            if run.category in wanted
            for its_year, hours in run.by_year()
            if its_year == year
        )

    def left_hours(self, category: RunCategory, year: int) -> float:
        """Return the hours that a category has left in a calendar year, h; infinite for no limit."""
        if category is RunCategory.EMERGENCY:
            limit = self.permit.emergency_hours
            return math.inf if limit is None else max(0.0, limit - self.used_hours({category}, year))
        without_emergency = set(RunCategory) - {RunCategory.EMERGENCY}
        left = self.permit.non_emergency_hours - self.used_hours(without_emergency, year)
        if category is RunCategory.PAID:
            left = min(left, self.permit.paid_hours - self.used_hours({category}, year))
        return max(0.0, left)

    def enter(self, run: GeneratorRun) -> "PermitCount | RunRefused":
        """Count a run, or say that the permit does not allow it in one of the years it falls into."""
        for year, hours in run.by_year():
            left = self.left_hours(run.category, year)
            if hours > left + ROUNDING_HOURS:
                return RunRefused(run.category, hours, left)
        return self.record(run)

    def record(self, run: GeneratorRun) -> "PermitCount":
        """Count a run that has happened, whatever the permit allows: what has run is on record.

        One that goes on where the last left off, for the same purpose, makes that longer.
        """
        if self.runs and self.runs[-1].category is run.category and self.runs[-1].ends_at == run.started_at:
            longer = replace(self.runs[-1], hours=self.runs[-1].hours + run.hours)
            return replace(self, runs=(*self.runs[:-1], longer))
        return replace(self, runs=(*self.runs, run))
