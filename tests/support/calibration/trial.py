"""One activation: what the models offered, what was commanded, and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from support.calibration.drawn_site import STEP, DrawnSite
from support.calibration.operator import Operator

from vpp.agent.job_groups_unit import JobGroupsUnit
from vpp.agent.unit import Unit
from vpp.flexibility.delivery_confidence import DeliveryObservation
from vpp.flexibility.offer import Offer

HOUR_STEPS = 12
TARIFF = Decimal("0.15")
SPAN = 6
"""Intervals of an activation: half an hour."""
UPS_SPAN = 1
"""A UPS bridges minutes: one interval."""
MARGIN = 3
"""Intervals before and after an activation that its response is measured against."""
SETTLE = 2
"""Intervals after the end of an activation in which devices swing back."""
WIDTH = MARGIN + SPAN + SETTLE + MARGIN
"""Intervals that a measurement of a response takes in all."""


def span_of(site: DrawnSite, name: str) -> int:
    """Return how many intervals a resource is activated for."""
    return UPS_SPAN if site.kinds[name] == "ups" else SPAN


def potential_kw(operator: Operator, names: Iterable[str]) -> dict[str, float]:
    """Return what the models of some resources offer to hold for their spans from now on, kW."""
    found = {}
    for name, unit in operator.usable(names).items():
        span = span_of(operator.site, name)
        power_kw = sum(_held_kw(offer, span) for offer in _offers(unit, span))
        if power_kw > 1.0:
            found[name] = power_kw
    return found


def _offers(unit: Unit[Any], span: int) -> list[Offer]:
    """Return what a model offers: one offer, or for jobs a ladder that can be held together."""
    if isinstance(unit, JobGroupsUnit):
        return list(unit.offers(unit.observed, span, STEP, TARIFF))
    offer = unit.offer(unit.observed, span, STEP, TARIFF)
    return [] if offer is None else [offer]


def _held_kw(offer: Offer, span: int) -> float:
    """Return the power that an offer holds throughout, kW."""
    power_kw = min(offer.reduction_kw)
    if offer.energy_limit_kwh is None:
        return power_kw
    return min(power_kw, offer.energy_limit_kwh * HOUR_STEPS / span)


@dataclass(frozen=True, slots=True)
class Response:
    """What came of an activation.

    Attributes:
        commanded_kw: What the models said was there, kW, by resource id.
        true_kw: Mean true reduction over each resource's span, kW.
        shown_kw: The same by the devices' own instruments; None where one failed.
        true_site_kw: Mean true reduction at the point of connection over `SPAN`, kW.
        begun_at: Start, UTC.
    """

    commanded_kw: Mapping[str, float]
    true_kw: Mapping[str, float]
    shown_kw: Mapping[str, float | None]
    true_site_kw: float
    begun_at: datetime

    def site_commanded_kw(self, site: DrawnSite) -> float:
        """Return what the models said of the site as a mean over `SPAN`, kW."""
        return sum(kw * span_of(site, name) / SPAN for name, kw in self.commanded_kw.items())


def activate(
    operator: Operator, potential: Mapping[str, float], *, dies_after: int | None = None
) -> Response:
    """Command some resources to all that they offer, the others to stay still.

    Args:
        operator: Runs the site.
        potential: What to command, kW.
        dies_after: Interval at which the agent's process dies; None for not.
    """
    site, begun_at = operator.site, operator.now
    true_kw = {name: [] for name in potential}
    shown_kw = {name: [] for name in potential}
    for n in range(SPAN):
        operator.is_dead = dies_after is not None and n >= dies_after
        wanted = {name: kw for name, kw in potential.items() if n < span_of(site, name)}
        operator.step(wanted, may_recover=False)
        operator.usable(wanted)
        for name in wanted:
            true_kw[name].append(site.plant.true_reduction_kw(name))
            shown_kw[name].append(operator.shown_kw[name])
    operator.is_dead, operator.still_count = False, 0
    natural_kw = site.plant.natural_kw(begun_at, operator.now)
    site_kw = float((natural_kw - site.plant.true_kw(begun_at, operator.now)).mean())
    return Response(
        dict(potential),
        {name: float(np.mean(values)) for name, values in true_kw.items()},
        {
            name: None if any(value is None for value in values) else float(np.mean(values))
            for name, values in shown_kw.items()
        },
        site_kw,
        begun_at,
    )


def response_at_meter_kw(readings_kw: Sequence[float], span: int) -> float:
    """Return the reduction that a meter shows against the mean of before and after, kW.

    Args:
        readings_kw: `MARGIN` intervals before, `SPAN` of activation, `SETTLE`, and `MARGIN` after.
        span: Intervals from the start of the activation that count.
    """
    before = float(np.mean(readings_kw[:MARGIN]))
    after = float(np.mean(readings_kw[-MARGIN:]))
    # The load moves between the two: the middle of the activation lies on the line through both.
    middle_before, middle_after = (MARGIN - 1) / 2.0, len(readings_kw) - (MARGIN + 1) / 2.0
    middle = MARGIN + (span - 1) / 2.0
    share = (middle - middle_before) / (middle_after - middle_before)
    expected = before + share * (after - before)
    return expected - float(np.mean(readings_kw[MARGIN : MARGIN + span]))


def test_dispatch(operator: Operator, name: str, noise_kw: Mapping[int, float]) -> DeliveryObservation | None:
    """Try one resource alone, as `vpp agent test-dispatch` does; None if it offers nothing now."""
    operator.keep_still(MARGIN)
    potential = potential_kw(operator, [name])
    if name not in potential:
        return None
    span = span_of(operator.site, name)
    response = activate(operator, {name: potential[name]})
    operator.keep_still(SETTLE + MARGIN)
    readings = operator.metered_kw(response.begun_at - MARGIN * STEP, WIDTH)
    if np.isnan(readings).any():
        return None
    return DeliveryObservation(
        response.begun_at,
        potential[name],
        response_at_meter_kw(readings.tolist(), span),
        response.shown_kw[name],
        noise_kw[span],
    )


test_dispatch.__test__ = False  # type: ignore[attr-defined]  # it is no test, though it is called one


def placebo_noise_kw(operator: Operator, count: int) -> dict[int, float]:
    """Return how far the measurement is off where nothing was commanded, kW, by span.

    Args:
        operator: Its site has not been commanded for `count` intervals.
        count: How many of the last intervals to use.
    """
    readings = operator.metered_kw(operator.now - count * STEP, count).tolist()
    windows = [readings[n : n + WIDTH] for n in range(count - WIDTH + 1)]
    return {
        span: float(np.sqrt(np.mean([response_at_meter_kw(window, span) ** 2 for window in windows])))
        for span in (UPS_SPAN, SPAN)
    }
