"""What a site's flexibility came to in a year, as far as its history reaches.

Source:
    Yearly flexibility report for an energy-saving review: requirement F48 of this project's reference.
    The green share of the energy is not known from a site's own meter, and is not stated.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.site_grade import NotKnownYet
from vpp.foundation.interval import Interval

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Activation:
    """One use of a site's flexibility.

    Attributes:
        span: When, UTC.
        direction: Which way consumption was moved.
        changed_kwh: Energy moved at the meter, kWh; negative where consumption went the other way.
    """

    span: Interval
    direction: FlexDirection
    changed_kwh: float


@dataclass(frozen=True, slots=True)
class FlexibilityTotals:
    """What the activations of a span come to.

    Attributes:
        activation_count: How many.
        hours: How long together, h.
        reduced_kwh: Energy not drawn when it was asked, kWh.
        raised_kwh: Energy drawn when it was asked, kWh.
    """

    activation_count: int
    hours: float
    reduced_kwh: float
    raised_kwh: float


def totals(activations: Sequence[Activation]) -> FlexibilityTotals:
    """Add activations up."""

    def moved_kwh(direction: FlexDirection) -> float:
        return math.fsum(each.changed_kwh for each in activations if each.direction is direction)

    return FlexibilityTotals(
        activation_count=len(activations),
        hours=math.fsum(each.span.duration / timedelta(hours=1) for each in activations),
        reduced_kwh=moved_kwh(FlexDirection.LOAD_DOWN),
        raised_kwh=moved_kwh(FlexDirection.LOAD_UP),
    )


def last_year(
    activations: Sequence[Activation], known_since: datetime, until: datetime
) -> FlexibilityTotals | NotKnownYet:
    """Return the totals of the last 365 days; not known yet where the history is shorter.

    A part of a year is not scaled up: events come when the grid is short, not evenly.

    Args:
        activations: All that is known.
        known_since: From when on every activation is known, UTC.
        until: End of the year, UTC.
    """
    since = until - YEAR
    if known_since > since:
        days = max(0.0, (until - known_since) / timedelta(days=1))
        return NotKnownYet(f"activations are known for {days:,.1f} days, expected 365", len(activations))
    inside = [each for each in activations if since <= each.span.start and each.span.end <= until]
    return totals(inside)
