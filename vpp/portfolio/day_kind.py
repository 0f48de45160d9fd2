"""What a civil day is, for rules that tell days apart."""

import enum


class DayKind(enum.Enum):
    """What a civil day is. A public holiday is a holiday whatever weekday it falls on."""

    WORKDAY = "workday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    HOLIDAY = "holiday"
