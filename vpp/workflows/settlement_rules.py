"""What the hub's owner decides about settlement."""

from dataclasses import dataclass, field

from vpp.settlement.version_calendar import VersionCalendar


@dataclass(frozen=True, slots=True)
class SettlementRules:
    """What the hub's owner decides about settlement.

    Attributes:
        home_currency: ISO 4217 code of the currency whose statements need not name it; empty where a
            period knows one currency only.
        rolling: Whether statements follow each event after its product's `initial_statement_delay`, so that
            a site sees the same day what it earned, and late readings the day after they came. Otherwise
            a month's statements are written on the calendar's dates alone.
        calendar: When versions are due.
    """

    home_currency: str = ""
    rolling: bool = True
    calendar: VersionCalendar = field(default_factory=VersionCalendar)
