"""What a site has shown of itself in one event: whether it can be seen, measured and steered."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from vpp.dispatch.purpose import EventPurpose


class ErrorSource(enum.Enum):
    """What the metering error was taken from.

    Attributes:
        PLACEBO: How far the baseline's rule is off at the site where nothing is asked of it.
        QUIET_HOURS: How much the site's load varies from one interval to the next in the day before.
        NONE: Neither is known; the site counts as not measurable.
    """

    PLACEBO = "placebo"
    QUIET_HOURS = "quiet_hours"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SiteScore:
    """One site's scores of one event, with what they were made from. Under `{event}-{site}`.

    The last three are the scores, 0..1; all others are measured.

    Attributes:
        event_id: The event.
        site_id: The site.
        purpose: Why the event called it.
        delivery_start_at: Start of delivery, UTC.
        target_kw: Mean reduction asked for, kW.
        event_observed_ratio: Share of the event's readings that came before delivery was measured.
        month_observed_ratio: Share of the readings of the 30 days before that there are.
        error_kw: What a delivered kW may be off by: one standard error of an interval, kW.
        error_source: What that was taken from.
        doubtful_ratio: Share of the event's readings that were sent as estimated or bad. One that a later
            message corrected counts as what the later one says.
        reached_ratio: Delivered energy over energy asked for; what an interval delivers above its
            target makes up for no other. 0 without readings.
        response_delay: From when the site was to begin until a tenth of the target; None if never.
        full_delay: The same until nine tenths.
        ramp_kw_per_min: Between the two, kW per minute; as the meter is no finer, at least this.
        steadiness_ratio: 1 less the standard deviation about the target over the target, from full response
            on; None if fewer than two readings show it.
        observability_ratio: Whether the site can be seen.
        measurability_ratio: Whether its delivery can be told from noise.
        controllability_ratio: Whether it does what it is asked, in time and steadily.
    """

    event_id: str
    site_id: str
    purpose: EventPurpose
    delivery_start_at: datetime
    target_kw: float
    event_observed_ratio: float
    month_observed_ratio: float
    error_kw: float
    error_source: ErrorSource
    doubtful_ratio: float
    reached_ratio: float
    response_delay: timedelta | None
    full_delay: timedelta | None
    ramp_kw_per_min: float | None
    steadiness_ratio: float | None
    observability_ratio: float
    measurability_ratio: float
    controllability_ratio: float

    @property
    def score_id(self) -> str:
        """Under which it is kept."""
        return f"{self.event_id}-{self.site_id}"
