r"""The four numbers of Flex MOSAIC: how much, how soon, for how long, how often.

For one resource, from its envelope with power P, budget E and delivery confidence p10:

    magnitude = P p10                                  firm: delivered nine times in ten
    timing    = delay + P / ramp
    duration  = min(longest activation, E / P)         at that magnitude
    frequency = min(activations per year allowed, 365 x per day, hours per year / duration,
                    8760 h / (duration + max(rest, time to recover)))

For a site the magnitude is that of all its resources together, nothing counted twice, held for a stated
span; the duration is the longest for which they still give as much; timing is that of the slowest of
those that take part, and frequency that of the scarcest.

Source:
    EPRI, Flex MOSAIC (23 March 2026): classes by magnitude, timing, duration, frequency. The classes'
    own thresholds are not known to this project; how the numbers are formed is a choice of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vpp.flexibility.bounds import TOLERANCE_KW, hours_of
from vpp.flexibility.envelope import Envelope, FlexDirection
from vpp.flexibility.site_envelope import SharedUse, SiteEnvelope, held_kw, site_envelope

HOURS_PER_YEAR = 8760.0
DAYS_PER_YEAR = 365
LONGEST = timedelta(hours=24)
DURATION_STEP = timedelta(minutes=5)
SAME_RATIO = 1e-6
SHORTEST_H = 1e-6
"""What lasts for less is nothing: a few milliseconds."""


@dataclass(frozen=True, slots=True)
class MosaicNumbers:
    """What a resource or a site can do, in four numbers.

    Attributes:
        direction: Which way consumption is moved.
        magnitude_kw: Change delivered nine times in ten, kW, 0 or more.
        timing_s: From command to all of it, s.
        duration_h: How long at that magnitude, h.
        activations_per_year: How often, with the rest and recovery that it needs.
        hours_per_year: The same times the duration, h.
    """

    direction: FlexDirection
    magnitude_kw: float
    timing_s: float
    duration_h: float
    activations_per_year: float
    hours_per_year: float


def nothing(direction: FlexDirection) -> MosaicNumbers:
    """Return the numbers of what can do nothing."""
    return MosaicNumbers(direction, 0.0, 0.0, 0.0, 0.0, 0.0)


def resource_numbers(envelope: Envelope) -> MosaicNumbers:
    """Return the numbers of one resource.

    Example:
        >>> from vpp.flexibility.envelope import Boundary, DeliveryConfidence
        >>> bess = Envelope("bess", FlexDirection.LOAD_DOWN, Boundary.POC, 2000.0, 3200.0,
        ...     timedelta(days=1), DeliveryConfidence(0.95))
        >>> numbers = resource_numbers(bess)
        >>> numbers.magnitude_kw, numbers.duration_h, round(numbers.activations_per_year)
        (1900.0, 1.6, 5475)
    """
    longest_h = envelope.max_duration / timedelta(hours=1)
    if envelope.p_max_kw <= TOLERANCE_KW:
        return nothing(envelope.direction)
    duration_h = min(longest_h, envelope.energy_budget_kwh / envelope.p_max_kw)
    if duration_h <= SHORTEST_H:
        return nothing(envelope.direction)
    count = activations_per_year(envelope, duration_h)
    return MosaicNumbers(
        direction=envelope.direction,
        magnitude_kw=envelope.promised_kw,
        timing_s=envelope.response_time.total_seconds(),
        duration_h=duration_h,
        activations_per_year=count,
        hours_per_year=count * duration_h,
    )


def activations_per_year(envelope: Envelope, duration_h: float) -> float:
    """Return how often a resource can be used for a duration, h, in a year."""
    use = envelope.use
    away_h = max(use.rest, envelope.recovery.duration) / timedelta(hours=1)
    bounds = [HOURS_PER_YEAR / (duration_h + away_h)]
    if use.max_activations_per_day is not None:
        bounds.append(float(DAYS_PER_YEAR * use.max_activations_per_day))
    if use.max_activations_per_year is not None:
        bounds.append(float(use.max_activations_per_year))
    if use.max_hours_per_year is not None:
        bounds.append(use.max_hours_per_year / duration_h)
    return min(bounds)


def site_numbers(
    envelopes: Sequence[Envelope],
    direction: FlexDirection,
    span: timedelta,
    *,
    shared: Sequence[SharedUse] = (),
    bound_kw: float = math.inf,
) -> MosaicNumbers:
    """Return the numbers of a site, nothing counted twice.

    Args:
        envelopes: Of its resources, one each, all in the direction.
        direction: Which way consumption is moved.
        span: For how long the magnitude is held at least.
        shared: What resources have in common.
        bound_kw: What the site's load or connection leaves, kW.
    """

    def held(duration: timedelta) -> SiteEnvelope:
        return site_envelope(envelopes, duration, shared=shared, sheddable_kw=bound_kw)

    found = held(span)
    if found.promised_kw <= TOLERANCE_KW:
        return nothing(direction)
    holds, fails = span // DURATION_STEP, LONGEST // DURATION_STEP + 1
    while fails - holds > 1:
        middle = (holds + fails) // 2
        gives_kw = held(middle * DURATION_STEP).promised_kw
        is_held = gives_kw >= found.promised_kw * (1.0 - SAME_RATIO)
        holds, fails = (middle, fails) if is_held else (holds, middle)
    duration_h = hours_of(max(span, holds * DURATION_STEP), "duration")
    count = min(activations_per_year(part, duration_h) for part in found.parts)
    return MosaicNumbers(
        direction=direction,
        magnitude_kw=found.promised_kw,
        timing_s=found.response_time.total_seconds(),
        duration_h=duration_h,
        activations_per_year=count,
        hours_per_year=count * duration_h,
    )


def added_up_kw(envelopes: Sequence[Envelope], span: timedelta) -> float:
    """Return what the resources would promise if each were alone, kW: more than the site can."""
    return math.fsum(held_kw(each, span) * min(1.0, each.confidence.p10_ratio) for each in envelopes)
