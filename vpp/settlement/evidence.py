"""What settlement knows of one site in one event: everything its lines are reckoned from, and nothing else.

Evidence is gathered once per settlement run, kept with its digest, and handed out in bundles. Whoever has it
and the product's rules can reckon every line again, without the hub's database.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import PayRule
from vpp.settlement.site_delivery import EmissionFactor
from vpp.telemetry.quality import MeterQuality


@dataclass(frozen=True, slots=True)
class AroundEvent:
    """Energy before and after an event, reported and never paid.

    Attributes:
        before_kwh: Metered less baseline in the window before it, kWh, signed; None where not known.
        after_kwh: The same in the window after it: the rebound; None where not known.
    """

    before_kwh: Decimal | None
    after_kwh: Decimal | None

    def rebound_kwh(self, direction: Direction) -> Decimal | None:
        """Return what came back after the event against its direction, kWh, 0 or more; None if not known.

        Example:
            >>> AroundEvent(None, Decimal("12.500")).rebound_kwh(Direction.LOAD_DOWN)
            Decimal('12.500')
            >>> AroundEvent(None, Decimal("12.500")).rebound_kwh(Direction.LOAD_UP)
            Decimal('0')
        """
        if self.after_kwh is None:
            return None
        return max(Decimal(0), self.after_kwh if direction is Direction.LOAD_DOWN else -self.after_kwh)

    def net_kwh(self, delivered_kwh: Decimal, direction: Direction) -> Decimal | None:
        """Return what is left of a delivery when its rebound is taken off: `R_net = R - max(0, rebound)`.

        It is for whoever manages the portfolio; what is paid is the delivery.

        Args:
            delivered_kwh: Delivered in the event in its direction, kWh.
            direction: The event's.
        """
        rebound_kwh = self.rebound_kwh(direction)
        return None if rebound_kwh is None else delivered_kwh - rebound_kwh


@dataclass(frozen=True, slots=True)
class BaselineEvidence:
    """The frozen baseline that a site is paid against.

    Attributes:
        rule_id: Rule of the baseline, or the named fallback; empty for the product's own.
        rule_digest: SHA-256 of the rule's content; empty if it was not kept.
        days_used: Civil days that were averaged.
        raw_kw: Before the same-day adjustment, kW; NaN is a gap. Shape (N,).
        adjusted_kw: After it. Shape (N,).
        elsewhere_kw: What counts for other events at the same site, kW, taken off both. Shape (N,).
        loss_ratio: Losses between meter and network, multiplied last.
        note: What a reader must know; stands on every measured line.
        remarks: What else was noted when it was made: fallbacks, estimates, adjustments that were not made.
        data_version: SHA-256 of the readings that it was made from; empty if it was not kept.
    """

    rule_id: str
    rule_digest: str
    days_used: tuple[date, ...]
    raw_kw: tuple[float, ...]
    adjusted_kw: tuple[float, ...]
    elsewhere_kw: tuple[float, ...]
    loss_ratio: float
    note: str
    remarks: tuple[str, ...] = ()
    data_version: str = ""


@dataclass(frozen=True, slots=True)
class AggregateEvidence:
    """The two baselines of all sites of an event together, where the product judges their sum.

    Losses are in both. What counts for other events is in neither: it is the same in both.

    Attributes:
        site_count: How many sites are in both.
        sum_of_baselines_kw: Sum of the sites' own baselines, adjusted, kW. Shape (N,).
        baseline_of_sum_kw: Baseline of the sites' summed load by the product's rule, adjusted, kW; NaN
            where there is none. Shape (N,).
        is_paid_by_sum: Whether the product pays by `baseline_of_sum_kw`.
    """

    site_count: int
    sum_of_baselines_kw: tuple[float, ...]
    baseline_of_sum_kw: tuple[float, ...]
    is_paid_by_sum: bool


@dataclass(frozen=True, slots=True)
class MeterEvidence:
    """The readings that a site is paid by, on the settlement grid.

    Attributes:
        meter_id: Meter that was read.
        source: `telemetry`, or `revenue_meter` where the utility's own readings take their place.
        metered_kw: Mean power at the point of connection, kW, consumption positive; NaN is a gap. Shape (N,).
        quality: How far each can be trusted. Shape (N,).
        data_version: Number of the newest batch of readings that was known.
        device_kw: Output of storage and generation that is metered by itself, kW, discharge positive, NaN is
            a gap; empty where the baseline does not split it off. Shape (N,).
        flags: What was noticed about the readings, in words: gaps, repeats, absurd values.
    """

    meter_id: str
    source: str
    metered_kw: tuple[float, ...]
    quality: tuple[MeterQuality, ...]
    data_version: int
    device_kw: tuple[float, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteEvidence:
    """What settlement knows of one site in one event.

    Attributes:
        event_id: The event.
        product_id: The product.
        product_version: Version of its rules that the event was called under.
        operator_party_id: Who buys.
        site_id: The site.
        site_name: Its name for people.
        party_id: Owner of the site, who is paid.
        party_name: The owner's name for people.
        time_zone: IANA name of the site's civil time.
        boundary: Where the meter sits.
        span: What is settled: delivery, or what was over of it when it was cancelled.
        direction: Which way consumption was asked to move.
        award_ids: Awards that the delivery serves.
        dispatch_id: Instruction that called it; empty if there was none.
        award_kw: Sold per interval, kW. Shape (N,).
        target_kw: Instructed per interval, kW. Shape (N,).
        price_per_mwh: Price per interval in the product's currency. Shape (N,).
        price_basis: How it was set.
        local_starts: Civil time of each interval start, ISO 8601 with offset. Shape (N,).
        make_whole: What the clearing owes beside the energy at full delivery, 0 or more.
        baseline: The frozen baseline; gaps throughout where no rule gave one.
        meter: The readings.
        around: Energy before and after.
        emission_factor: For the CO2 columns; None leaves them empty.
        read_at: When the newest reading was received; None where there is none.
        aggregate: The baselines of the event's sites together; None where each site is judged by itself.
        notes: What could not be found out about this site, in words; it holds up no other.
    """

    event_id: str
    product_id: str
    product_version: int
    operator_party_id: str
    site_id: str
    site_name: str
    party_id: str
    party_name: str
    time_zone: str
    boundary: str
    span: Interval
    direction: Direction
    award_ids: tuple[str, ...]
    dispatch_id: str
    award_kw: tuple[float, ...]
    target_kw: tuple[float, ...]
    price_per_mwh: tuple[Decimal, ...]
    price_basis: PayRule
    local_starts: tuple[str, ...]
    make_whole: Decimal
    baseline: BaselineEvidence
    meter: MeterEvidence
    around: AroundEvent = AroundEvent(None, None)
    emission_factor: EmissionFactor | None = None
    read_at: datetime | None = None
    aggregate: AggregateEvidence | None = None
    notes: tuple[str, ...] = ()

    @property
    def settlement_period(self) -> str:
        """Civil month in which delivery began at the site, as YYYY-MM."""
        return self.local_starts[0][:7]
