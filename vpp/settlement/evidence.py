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
        note: What a reader must know.
    """

    rule_id: str
    rule_digest: str
    days_used: tuple[date, ...]
    raw_kw: tuple[float, ...]
    adjusted_kw: tuple[float, ...]
    elsewhere_kw: tuple[float, ...]
    loss_ratio: float
    note: str


@dataclass(frozen=True, slots=True)
class MeterEvidence:
    """The readings that a site is paid by, on the settlement grid.

    Attributes:
        meter_id: Meter that was read.
        source: `telemetry`, or `revenue_meter` where the utility's own readings take their place.
        metered_kw: Mean power at the point of connection, kW, consumption positive; NaN is a gap. Shape (N,).
        quality: How far each can be trusted. Shape (N,).
        data_version: Number of the newest batch of readings that was known.
        device_kw: Output of a device that is metered by itself, kW, not negative; empty for none. Shape (N,).
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

    @property
    def settlement_period(self) -> str:
        """Civil month in which delivery began at the site, as YYYY-MM."""
        return self.local_starts[0][:7]
