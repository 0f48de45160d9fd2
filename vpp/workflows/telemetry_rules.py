"""How long readings are kept, and how they are summed up."""

from dataclasses import dataclass
from datetime import timedelta

LONGEST_BACKFILL = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class TelemetryRules:
    """What the hub's owner decides about stored readings.

    Attributes:
        keep_raw: Readings are kept this long; older ones are refused, and forgotten unless an event
            that has not been settled, or an open dispute, still needs them.
        keep_roll_ups: Means over settlement intervals are kept this long.
        roll_up_interval: Length of the intervals of those means, dividing a day.
        upkeep_delay: How long after a day's end (UTC) it is summed up.
    """

    keep_raw: timedelta = timedelta(days=400)
    keep_roll_ups: timedelta = timedelta(days=3653)
    roll_up_interval: timedelta = timedelta(minutes=15)
    upkeep_delay: timedelta = timedelta(hours=2)

    @property
    def backfill_max_age(self) -> timedelta:
        """How old readings of an upload may be: a year and some, if they are kept as long."""
        return min(LONGEST_BACKFILL, self.keep_raw)
