"""On which days and at which hours a product may be called, in the product's civil time."""

import enum
from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vpp.portfolio.pay_parts import Part


class Weekday(enum.Enum):
    """The days of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK = tuple(Weekday)
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Month = Annotated[int, Field(ge=1, le=12)]


class CallCalendar(Part):
    """When a product may be called: every delivery interval has to lie within all that is given here.

    Attributes:
        months: Months of the year, 1 to 12; empty for all.
        weekdays: Days of the week; empty for all. Working days are `mon` to `fri` with `holidays` excluded.
        holidays: Whether public holidays count like any day, are excluded, or are the only days.
        holiday_calendar: ISO 3166 code of the country, or of a part of it, whose holidays are meant.
        further_holidays: Days that count as holidays beside those of the calendar.
        not_before: Wall time from which on; None for all day.
        not_after: Wall time until which, 00:00 for midnight; before `not_before` for a window over midnight,
            of which each part lies on its own day.
    """

    months: tuple[Month, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    holidays: Literal["like_any_day", "excluded", "only"] = "like_any_day"
    holiday_calendar: Annotated[str, Field(pattern="^[A-Z]{2}(-[A-Z0-9]{1,4})?$")] | None = None
    further_holidays: tuple[date, ...] = ()
    not_before: time | None = None
    not_after: time | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = []
        names_holidays = self.holiday_calendar is not None or bool(self.further_holidays)
        if names_holidays == (self.holidays == "like_any_day"):
            faults.append(
                f"holidays is {self.holidays}, expected holiday_calendar or further_holidays with excluded "
                "and only, and neither of them with like_any_day"
            )
        if (self.not_before is None) != (self.not_after is None):
            faults.append("expected not_before and not_after together, or neither")
        elif self.not_before is not None and self.not_before == self.not_after:
            faults.append(f"not_after is {self.not_after}, expected another time than not_before")
        if any(each is not None and each.tzinfo is not None for each in (self.not_before, self.not_after)):
            faults.append("not_before and not_after are wall times, expected none with an offset")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def is_open(self) -> bool:
        """Whether the product may be called at any time."""
        return self == CallCalendar()

    def allows_day(self, day: date, public_holidays: frozenset[date]) -> bool:
        """Tell whether the product may be called on a civil day.

        Args:
            day: The civil date.
            public_holidays: The holidays of `holiday_calendar` around it.

        Example:
            >>> summer = CallCalendar(months=(6, 7, 8), holidays="excluded", holiday_calendar="US")
            >>> independence = frozenset({date(2026, 7, 3)})
            >>> [summer.allows_day(date(2026, 7, n), independence) for n in (2, 3)]
            [True, False]
        """
        is_holiday = day in public_holidays or day in self.further_holidays
        return (
            (not self.months or day.month in self.months)
            and (not self.weekdays or WEEK[day.weekday()] in self.weekdays)
            and not (self.holidays == "excluded" and is_holiday)
            and not (self.holidays == "only" and not is_holiday)
        )

    def allows_time(self, wall_time: time) -> bool:
        """Tell whether the product may be in delivery at a wall time.

        Example:
            >>> night = CallCalendar(not_before=time(22), not_after=time(6))
            >>> [night.allows_time(time(hour)) for hour in (5, 6, 22)]
            [True, False, True]
        """
        if self.not_before is None or self.not_after is None:
            return True
        if self.not_after == time.min:
            return wall_time >= self.not_before
        if self.not_before < self.not_after:
            return self.not_before <= wall_time < self.not_after
        return wall_time >= self.not_before or wall_time < self.not_after

    @property
    def words(self) -> str:
        """The calendar in words.

        Example:
            >>> CallCalendar(months=(5, 6), not_before=time(16), not_after=time(21)).words
            'in May and Jun, from 16:00 to 21:00'
        """
        parts = []
        if self.months:
            parts.append(f"in {_listed([MONTH_NAMES[month - 1] for month in self.months])}")
        if self.weekdays:
            parts.append(f"on {_listed([day.value for day in self.weekdays])}")
        if self.holidays != "like_any_day":
            where = "further_holidays" if self.holiday_calendar is None else self.holiday_calendar
            parts.append(f"{'not' if self.holidays == 'excluded' else 'only'} on holidays of {where}")
        if self.not_before is not None and self.not_after is not None:
            parts.append(f"from {self.not_before:%H:%M} to {self.not_after:%H:%M}")
        return ", ".join(parts) or "at any time"


def _listed(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
