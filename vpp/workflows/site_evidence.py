"""One site's evidence in one event, from what was read for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from vpp.baseline.calendar import SiteCalendar
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import starts
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.settlement.evidence import AroundEvent, SiteEvidence
from vpp.settlement.site_delivery import PAID_BOUNDARY
from vpp.workflows.award_terms import awarded_kw, declined_readiness, make_whole_due, mean_price
from vpp.workflows.baseline_evidence import around_event, baseline_evidence, no_baseline
from vpp.workflows.event_frame import EventFrame, SiteParts
from vpp.workflows.event_loads import ODD
from vpp.workflows.metered_site import metered_site, unreadable_site
from vpp.workflows.records import BaselineRecord


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a site sold and was told, by its awards and its instruction.

    Attributes:
        award_kw: Sold per interval, kW. Shape (N,).
        target_kw: Instructed per interval, kW. Shape (N,).
        price_per_mwh: Price per interval. Shape (N,).
        make_whole: What the clearing owes beside the energy.
    """

    award_kw: tuple[float, ...]
    target_kw: tuple[float, ...]
    price_per_mwh: tuple[Decimal, ...]
    make_whole: Decimal


def site_evidence(frame: EventFrame, parts: SiteParts, calendar: SiteCalendar) -> SiteEvidence:
    """Put a site's evidence together.

    What is wrong with one site's readings, baseline or awards makes gaps and a note of it, and holds up no
    other: then nothing is paid, and nothing charged for.

    Args:
        frame: The event.
        parts: What was read of the site.
        calendar: The site's civil time.
    """
    site, count = parts.site, frame.count
    rule = _rule(frame, parts.baseline)
    declined = declined_readiness(frame.product, parts.instruction)
    notes: tuple[str, ...] = (declined,) if declined else ()
    try:
        metered = metered_site(frame, parts, rule)
    except ODD as error:
        metered, notes = unreadable_site(frame, parts), (*notes, f"readings could not be used: {error}")
    try:
        terms = _terms(frame, parts, is_declined=bool(declined))
    except ODD as error:
        nothing_kw = (0.0,) * count
        terms = _Terms(nothing_kw, nothing_kw, (Decimal(0),) * count, Decimal(0))
        metered, notes = unreadable_site(frame, parts), (*notes, f"awards could not be used: {error}")
    try:
        baseline = baseline_evidence(frame, parts, rule, metered)
        around = around_event(frame, parts, rule, metered)
    except ODD as error:
        baseline, around = no_baseline(rule, count), AroundEvent(None, None)
        notes = (*notes, f"baseline could not be used: {error}")
    heard = parts.load.heard
    return SiteEvidence(
        event_id=frame.event.event_id,
        product_id=frame.product.product_id,
        product_version=frame.product.version,
        operator_party_id=frame.event.operator_party_id,
        site_id=site.site_id,
        site_name=site.display_name,
        party_id=site.party_id,
        party_name=parts.party_name,
        time_zone=site.time_zone,
        boundary=PAID_BOUNDARY,
        span=frame.span,
        direction=frame.event.direction,
        award_ids=tuple(award.award_id for award in parts.awards),
        dispatch_id=parts.instruction.instruction_id,
        award_kw=terms.award_kw,
        target_kw=terms.target_kw,
        price_per_mwh=terms.price_per_mwh,
        price_basis=frame.product.money.pay_rule,
        local_starts=_local_starts(calendar, frame.span, frame.product.settlement_interval),
        make_whole=terms.make_whole,
        baseline=baseline,
        meter=metered.meter,
        around=around,
        emission_factor=parts.emission_factor,
        read_at=heard.received_at if heard else None,
        aggregate=parts.aggregate,
        notes=notes,
    )


def _terms(frame: EventFrame, parts: SiteParts, *, is_declined: bool) -> _Terms:
    """State what a site sold and was told.

    Raises:
        InvalidInput: Its instruction is of fewer intervals than are paid.
    """
    count = frame.count
    target_kw = tuple(map(float, parts.instruction.target_reduction_kw[:count]))
    if len(target_kw) != count:
        raise InvalidInput(f"the instruction is of {len(target_kw)} intervals, expected {count}")
    sold_kw = [0.0] * count if is_declined else [*awarded_kw(parts.awards), *[0.0] * count][:count]
    return _Terms(
        award_kw=tuple(map(float, sold_kw)),
        target_kw=target_kw,
        price_per_mwh=tuple(mean_price(parts.awards, n) for n in range(count)),
        make_whole=make_whole_due(parts.awards, _called_kw(frame, parts, sold_kw)),
    )


def _called_kw(frame: EventFrame, parts: SiteParts, sold_kw: Sequence[float]) -> Sequence[float]:
    """Return what a make-whole was reckoned for, kW: where sites act by themselves, what stood ready."""
    if frame.product.call.is_instructed:
        return parts.instruction.target_reduction_kw[: frame.count]
    return sold_kw


@lru_cache(maxsize=1024)
def _local_starts(calendar: SiteCalendar, span: Interval, step: timedelta) -> tuple[str, ...]:
    return tuple(calendar.local_iso(start) for start in starts(span, step))


def _rule(frame: EventFrame, record: BaselineRecord | None) -> BaselineRule:
    """Return the rule that a baseline was made by; the product's own where none was or none was kept."""
    digest = record.provenance.rule_digest if record is not None and record.provenance is not None else ""
    return frame.rules.get(digest, frame.rules[""])
