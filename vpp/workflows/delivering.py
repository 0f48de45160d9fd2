"""What each site sold, was told and delivered in one event, ready for settlement."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.dispatch.allocation import net_reduction
from vpp.dispatch.attribution import Claim, claim_of, common_step, own_claim, taken_by_others
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction
from vpp.foundation.interval import Interval
from vpp.foundation.series import hours, regular, starts
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.site import Site
from vpp.settlement.delivery import MeasuredInterval, measure
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.civil_time import site_calendar
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.metering import metered_load
from vpp.workflows.newest_instructions import newest_instructions
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import product_of, promised
from vpp.workflows.records import AwardRecord, BaselineRecord
from vpp.workflows.reporting import instructions_of

CALLS_SITES = frozenset(
    {
        EventState.OFFERED,
        EventState.ACCEPTED,
        EventState.SCHEDULED,
        EventState.ACTIVE,
        EventState.ENDED,
        EventState.MEASURED,
        EventState.SETTLED,
        EventState.CANCELLED,
    }
)
"""States of events that may expect something of a site, or may have."""
PRICE_STEP = Decimal("0.000001")


def paid_span(event: Event, product: ProductProfile) -> Interval | None:
    """Return the part of an event that is measured and paid.

    All of delivery, or of a cancelled event the settlement intervals that were over when it was
    cancelled; None if there are none.
    """
    if event.state is not EventState.CANCELLED:
        return event.delivery
    if event.cancelled_at is None or event.cancelled_at <= event.delivery.start:
        return None
    step = product.settlement_interval
    whole = (min(event.cancelled_at, event.delivery.end) - event.delivery.start) // step
    return Interval(event.delivery.start, event.delivery.start + whole * step) if whole else None


def site_deliveries(uow: UnitOfWork, event: Event, rules: MarketRules) -> list[SiteDelivery]:
    """Measure an event at every instructed site.

    Args:
        uow: The transaction.
        event: An event whose delivery is over, or that was cancelled in its course.
        rules: The hub's rules.

    Returns:
        One delivery per site, by site id, in exact energy; empty if nothing is to be measured. What
        counts for other events at the same site and time is taken off the baseline, so that no kW is
        counted twice.
    """
    product = product_of(uow, event.product_id, event.product_version)
    span = paid_span(event, product)
    if span is None:
        return []
    awards: dict[str, list[AwardRecord]] = {}
    for stored in uow.awards.page(where={"event_id": event.event_id}, limit=EVERYTHING):
        awards.setdefault(stored.value.site_id, []).append(stored.value)
    instructions = newest_instructions([stored.value for stored in instructions_of(uow, event.event_id)])
    others = claims_beside(uow, event, span)
    return [
        _site_delivery(
            uow,
            event,
            product,
            span,
            instruction,
            awards.get(instruction.site_id, []),
            others.get(instruction.site_id, []),
            rules,
        )
        for instruction in instructions
    ]


def claims_beside(uow: UnitOfWork, event: Event, span: Interval) -> dict[str, list[Claim]]:
    """Return what other events may expect of sites in a span, by site id.

    Args:
        uow: The transaction.
        event: The event that is left out.
        span: When.
    """
    claims: dict[str, list[Claim]] = {}
    for other in uow.claims.events_during(span, CALLS_SITES):
        if other.event_id == event.event_id or not other.purpose.moves_devices:
            continue
        for instruction in newest_instructions(
            [stored.value for stored in instructions_of(uow, other.event_id)]
        ):
            claim = claim_of(instruction, until=other.cancelled_at)
            if claim is not None:
                claims.setdefault(instruction.site_id, []).append(claim)
    return claims


def _site_delivery(  # noqa: PLR0913, PLR0917  one argument per source of the delivery
    uow: UnitOfWork,
    event: Event,
    product: ProductProfile,
    span: Interval,
    instruction: Instruction,
    awards: list[AwardRecord],
    others: list[Claim],
    rules: MarketRules,
) -> SiteDelivery:
    site = promised(uow.sites.get(instruction.site_id), f"sites/{instruction.site_id}").value
    calendar = site_calendar(site, rules, uow.now)
    step = product.settlement_interval
    grid = starts(span, step)
    count = len(grid)
    stored = uow.baselines.get(f"{event.event_id}-{site.site_id}")
    record = stored.value if stored else None
    rule = _rule(record, product)
    raw_kw, baseline_kw = _baseline_series(record, span, product)
    metered = metered_load(uow, site, span, step)
    own = own_claim(instruction, until=event.cancelled_at)
    elsewhere_kw = _counted_elsewhere(uow, site, own, others, baseline_kw, span, step)
    measured = measure(
        site.site_id,
        span,
        step,
        award_kw=[*_awarded_kw(awards), *[0.0] * count][:count],
        target_kw=list(instruction.target_reduction_kw[:count]),
        baseline_raw_kw=event.direction.level(raw_kw, elsewhere_kw) * rule.loss_ratio,
        baseline_kw=event.direction.level(baseline_kw, elsewhere_kw) * rule.loss_ratio,
        metered_kw=metered.net_power_kw * rule.loss_ratio,
        quality=[MeterQuality(int(code)) for code in metered.quality],
        direction=event.direction,
    )
    return SiteDelivery(
        event_id=event.event_id,
        product=product,
        site_id=site.site_id,
        party_id=site.party_id,
        time_zone=site.time_zone,
        meter_id=f"{site.site_id}-poc",
        award_ids=tuple(award.award_id for award in awards),
        dispatch_id=instruction.instruction_id,
        intervals=measured,
        price_per_mwh=tuple(_mean_price(awards, n) for n in range(count)),
        price_basis=product.money.pay_rule,
        local_starts=tuple(calendar.local_iso(start) for start in grid),
        make_whole=_make_whole(awards, instruction.target_reduction_kw[:count]),
        baseline_method=record.method if record else "",
        baseline_note=_baseline_note(rule, others if elsewhere_kw.any() else []),
    )


def _counted_elsewhere(  # noqa: PLR0913, PLR0917  whose delivery, against what, shared with whom
    uow: UnitOfWork,
    site: Site,
    own: Claim,
    others: Sequence[Claim],
    baseline_kw: pd.Series,
    span: Interval,
    step: timedelta,
) -> npt.NDArray[np.float64]:
    """Return what counts for other events per interval in the own event's direction, kW.

    Exactly 0 where there are none.
    """
    if not others:
        return np.zeros(len(baseline_kw))
    shared_step = common_step(step, span, others)
    if shared_step % site.metering_interval:  # the meter sees nothing shorter
        shared_step = step
    metered_kw = metered_load(uow, site, span, shared_step).net_power_kw.to_numpy(dtype=np.float64)
    ratio = step // shared_step
    expected_kw = np.repeat(baseline_kw.to_numpy(dtype=np.float64), ratio)
    delivered_kw = own.direction.delivered(expected_kw, metered_kw)
    taken_kw = taken_by_others(own, others, delivered_kw, span, shared_step)
    return taken_kw.reshape(-1, ratio).mean(axis=1) if ratio > 1 else taken_kw


def _baseline_note(rule: BaselineRule, others: Sequence[Claim]) -> str:
    """Say what a reader of the baseline must know."""
    notes = [] if rule.is_verified else [f"baseline rule {rule.baseline_id} has unverified values"]
    if others:
        names = ", ".join(sorted({claim.event_id for claim in others}))
        notes.append(f"baseline less what counts for {names}")
    return "; ".join(notes)


def _make_whole(awards: list[AwardRecord], paid_target_kw: Sequence[float]) -> Decimal:
    """Return the part of a site's make-whole that falls to what is paid for.

    It was reckoned on the whole award; an event that is cancelled, shortened or lowered calls less.
    """
    whole = sum((award.make_whole for award in awards), Decimal(0))
    awarded, called = sum(_awarded_kw(awards)), sum(paid_target_kw)
    if not whole or called >= awarded:
        return whole
    return (whole * Decimal(repr(called)) / Decimal(repr(awarded))).quantize(PRICE_STEP)


def _awarded_kw(awards: list[AwardRecord]) -> list[float]:
    """Sum a site's awards net of the rebound they expect: what its meter was sold to show.

    One that was bought after the event had been shortened has fewer intervals than those before it.
    """
    nets = [net_reduction(award.reduction_kw, award.rebound_kw) for award in awards]
    return [max(0.0, sum(values)) for values in zip_longest(*nets, fillvalue=0.0)]


def _baseline_series(
    record: BaselineRecord | None, span: Interval, product: ProductProfile
) -> tuple[pd.Series, pd.Series]:
    """Return raw and adjusted baseline on the paid intervals; NaN where no rule gave one."""
    step = product.settlement_interval
    count = span.duration // step
    if record is None:
        nothing = regular(np.full(count, np.nan), span.start, step)
        return nothing, nothing
    raw_kw = regular(record.raw_kw[:count], span.start, step)
    return raw_kw, regular(record.adjusted_kw[:count], span.start, step)


def _rule(record: BaselineRecord | None, product: ProductProfile) -> BaselineRule:
    """Return the rule that a baseline was made by; the product's own where none was or none was kept."""
    digest = record.provenance.rule_digest if record is not None and record.provenance is not None else ""
    rules = {rule.digest: rule for rule in product.baseline.rules}
    return rules.get(digest, product.baseline.rule)


def _mean_price(awards: list[AwardRecord], n: int) -> Decimal:
    """Average the prices of a site's awards in one interval, weighted by awarded power.

    Metering sees the site, not the resource, so one price per site and interval is what delivery
    can be paid at. With one clearing price for all, it is that price.
    """
    prices = {award.price_per_mwh[n] for award in awards if award.reduction_kw[n] > 0}
    if not prices:
        return Decimal(0)
    if len(prices) == 1:
        return prices.pop()
    weights = [Decimal(repr(award.reduction_kw[n])) for award in awards]
    total = sum(weights, Decimal(0))
    value = sum(
        (weight * award.price_per_mwh[n] for weight, award in zip(weights, awards, strict=True)), Decimal(0)
    )
    return (value / total).quantize(PRICE_STEP)


def delivered_totals_kwh(deliveries: list[SiteDelivery]) -> tuple[Decimal, Decimal]:
    """Sum target and delivered energy over the intervals that were metered, kWh."""
    target = delivered = Decimal(0)
    for delivery in deliveries:
        for interval in delivery.intervals:
            if interval.delivered_kwh is not None:
                delivered += interval.delivered_kwh
                target += _target_kwh(interval)
    return target, delivered


def _target_kwh(interval: MeasuredInterval) -> Decimal:
    return interval.target_kw * Decimal(repr(hours(interval.interval.duration)))
