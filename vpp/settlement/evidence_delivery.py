r"""From evidence to what a site delivered: powers become exact energies, once.

Per settlement interval, with `l` the rule's loss ratio and `h` the interval's hours, each energy rounded half
up to 0.001 kWh, and `level` and `delivered` those of the event's direction:

    baseline_kwh = level(baseline_kw, elsewhere_kw) * l * h         raw and adjusted alike
    metered_kwh  = metered_kw * l * h
    delivered    = delivered(baseline_kwh, metered_kwh)

Where the baseline splits off a device with a meter of its own, what the device served of the site's load
counts, what it exported does not, and neither is counted twice:

    load_kw    = metered_kw + device_kw
    served_kw  = min(max(device_kw, 0), max(load_kw, 0))
    metered_kw = load_kw - served_kw          in place of the meter's, in the formulas above

so that the delivery is `(load baseline - load) + (served - typical output)`: the typical output is off the
baseline already. Charging in the event counts neither way.

Source:
    Baseline reference, section 2: metering generator output, losses last.
"""

import math
from decimal import Decimal
from functools import lru_cache

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.money import energy_kwh
from vpp.foundation.series import hours
from vpp.portfolio.product import ProductProfile
from vpp.settlement.delivery import MeasuredInterval, measured_intervals
from vpp.settlement.evidence import AggregateEvidence, MeterEvidence, SiteEvidence
from vpp.settlement.site_delivery import SiteDelivery


def delivery_of(evidence: SiteEvidence, product: ProductProfile) -> SiteDelivery:
    """Measure what a site delivered.

    Args:
        evidence: What settlement knows of the site in the event.
        product: The product in the version that the event was called under.

    Returns:
        The delivery in exact energies.

    Raises:
        InvalidInput: The product is another one, or a field of the evidence has not one value per
            settlement interval.
    """
    _check(evidence, product)
    baseline, direction = evidence.baseline, evidence.direction
    loss_ratio = baseline.loss_ratio
    measured = measured_intervals(
        evidence.site_id,
        grid_of(evidence.span, product),
        award_kw=evidence.award_kw,
        target_kw=evidence.target_kw,
        baseline_raw_kw=[
            direction.level(level_kw, taken_kw) * loss_ratio
            for level_kw, taken_kw in zip(baseline.raw_kw, baseline.elsewhere_kw, strict=True)
        ],
        baseline_kw=[
            direction.level(level_kw, taken_kw) * loss_ratio
            for level_kw, taken_kw in zip(baseline.adjusted_kw, baseline.elsewhere_kw, strict=True)
        ],
        metered_kw=[power_kw * loss_ratio for power_kw in counted_kw(evidence.meter)],
        quality=evidence.meter.quality,
        direction=direction,
    )
    return SiteDelivery(
        event_id=evidence.event_id,
        product=product,
        site_id=evidence.site_id,
        party_id=evidence.party_id,
        time_zone=evidence.time_zone,
        meter_id=evidence.meter.meter_id,
        award_ids=evidence.award_ids,
        dispatch_id=evidence.dispatch_id,
        intervals=measured,
        price_per_mwh=evidence.price_per_mwh,
        price_basis=evidence.price_basis,
        local_starts=evidence.local_starts,
        make_whole=evidence.make_whole,
        boundary=evidence.boundary,
        emission_factor=evidence.emission_factor,
        baseline_method=baseline.rule_id,
        baseline_note=baseline.note,
        operator_party_id=evidence.operator_party_id,
        meter_note="; ".join((*evidence.notes, *evidence.meter.flags)),
        aggregate_shift_kwh=_shift_kwh(evidence.aggregate, measured),
    )


def counted_kw(meter: MeterEvidence) -> tuple[float, ...]:
    """Return what of a meter's power counts: all of it, or the load that its device did not serve, kW.

    Example:
        A load of 80 kW; the device gives 30 kW, then 100 kW of which 20 kW are exported:

        >>> from vpp.telemetry.quality import MeterQuality
        >>> meter = MeterEvidence(
        ...     "north-1-poc", "telemetry", (50.0, -20.0), (MeterQuality.OK,) * 2, 1, device_kw=(30.0, 100.0))
        >>> counted_kw(meter)
        (50.0, 0.0)
    """
    if not meter.device_kw:
        return meter.metered_kw
    counted = []
    for net_kw, device_kw in zip(meter.metered_kw, meter.device_kw, strict=True):
        load_kw = net_kw + device_kw
        is_known = not math.isnan(load_kw)
        counted.append(load_kw - min(max(device_kw, 0.0), max(load_kw, 0.0)) if is_known else math.nan)
    return tuple(counted)


@lru_cache(maxsize=1024)
def _grid(span: Interval, step_s: float) -> tuple[Interval, ...]:
    """Cut a span; every site of an event shares the result."""
    count = round(span.duration.total_seconds() / step_s)
    step = span.duration / count
    return tuple(Interval(span.start + n * step, span.start + (n + 1) * step) for n in range(count))


def grid_of(span: Interval, product: ProductProfile) -> tuple[Interval, ...]:
    """Return a span's settlement intervals.

    Raises:
        InvalidInput: The span is not a whole number of them.
    """
    step = product.settlement_interval
    if span.duration % step:
        raise InvalidInput(
            f"span of {span.duration} is not a whole number of settlement intervals of {step}",
            span=str(span.duration),
        )
    return _grid(span, step.total_seconds())


def _shift_kwh(
    aggregate: AggregateEvidence | None, measured: tuple[MeasuredInterval, ...]
) -> tuple[Decimal | None, ...]:
    """Return how far the paid baseline of the sum lies above the sum of baselines, kWh; None without one."""
    if aggregate is None or not aggregate.is_paid_by_sum:
        return ()
    step_hours = hours(measured[0].interval.duration)
    return tuple(
        None if math.isnan(of_sum_kw - sum_kw) else energy_kwh((of_sum_kw - sum_kw) * step_hours)
        for of_sum_kw, sum_kw in zip(aggregate.baseline_of_sum_kw, aggregate.sum_of_baselines_kw, strict=True)
    )


def _check(evidence: SiteEvidence, product: ProductProfile) -> None:
    """Refuse evidence of another product, and fields of another length than the span's."""
    where = f"evidence of {evidence.site_id} in {evidence.event_id}"
    if (evidence.product_id, evidence.product_version) != (product.product_id, product.version):
        raise InvalidInput(
            f"{where} is of product {evidence.product_id} version {evidence.product_version}, expected "
            f"{product.product_id} version {product.version}",
            product_id=evidence.product_id,
        )
    count = len(grid_of(evidence.span, product))
    for field, values in (
        ("award_kw", evidence.award_kw),
        ("target_kw", evidence.target_kw),
        ("price_per_mwh", evidence.price_per_mwh),
        ("local_starts", evidence.local_starts),
        ("baseline.raw_kw", evidence.baseline.raw_kw),
        ("baseline.adjusted_kw", evidence.baseline.adjusted_kw),
        ("baseline.elsewhere_kw", evidence.baseline.elsewhere_kw),
        ("meter.metered_kw", evidence.meter.metered_kw),
        ("meter.quality", evidence.meter.quality),
        ("meter.device_kw", evidence.meter.device_kw or evidence.meter.metered_kw),
    ):
        if len(values) != count:
            raise InvalidInput(f"{field} in {where} has {len(values)} values, expected {count}", field=field)
