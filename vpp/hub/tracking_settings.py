"""What the hub's owner sets about following events in their course."""

from datetime import timedelta

from pydantic import Field

from vpp.dispatch.tracking.rules import TrackingRules
from vpp.hub.setting_types import Group, Span, Wait


class TrackingSettings(Group):
    """How closely events are followed, and how much it takes to make the hub act.

    Attributes:
        enabled: Whether events are followed at all.
        interval: How often an event is looked at; the shortest metering interval of its sites, though at
            least a minute, if it is not set.
        reading_allowance: How long readings may take to arrive: each look comes so much after an interval's
            end.
        lead: From the hub's decision until a site has begun to follow it, beside the resource's own
            response time.
        ahead: The first look comes this long before the start.
        short_ratio: Expected delivery below the target by more than this share of it is made good.
        over_ratio: Expected delivery above the target by more than this share of it is trimmed.
        min_change_kw: No site is told anew for less than this, kW.
        release_delay: At most so much later than planned is a site let go, so that rebounds do not
            coincide.
    """

    enabled: bool = True
    interval: Wait | None = None
    reading_allowance: Span = timedelta(seconds=20)
    lead: Span = timedelta(seconds=10)
    ahead: Span = timedelta(minutes=15)
    short_ratio: float = Field(default=0.02, ge=0, le=0.5)
    over_ratio: float = Field(default=0.02, ge=0, le=0.5)
    min_change_kw: float = Field(default=1.0, ge=0)
    release_delay: Span = timedelta(minutes=30)

    def rules(self) -> TrackingRules | None:
        """Return what workflows take; None if events are not followed."""
        if not self.enabled:
            return None
        return TrackingRules(
            interval=self.interval,
            reading_allowance=self.reading_allowance,
            lead=self.lead,
            ahead=self.ahead,
            short_ratio=self.short_ratio,
            over_ratio=self.over_ratio,
            min_change_kw=self.min_change_kw,
            release_delay=self.release_delay,
        )
