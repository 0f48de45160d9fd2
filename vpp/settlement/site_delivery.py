"""Everything settlement needs to know about one site in one event."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import PayRule
from vpp.portfolio.product import ProductProfile
from vpp.settlement.delivery import MeasuredInterval

PAID_BOUNDARY = "poc"


@dataclass(frozen=True, slots=True)
class EmissionFactor:
    """What a kWh not consumed is taken to avoid: an estimate, never a certificate.

    Attributes:
        kg_per_kwh: Emissions per kWh, kg CO2.
        source: Where the figure comes from.
    """

    kg_per_kwh: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class SiteDelivery:
    """What one site sold, was told and delivered in one event.

    Attributes:
        event_id: The event.
        product: The product's rules as they were when the tender opened.
        site_id: The site.
        party_id: Owner of the site, who is paid.
        operator_party_id: Grid operator, who buys.
        time_zone: IANA name of the site's civil time.
        meter_id: Meter that was read.
        award_ids: Awards that the delivery serves.
        dispatch_id: Instruction that called it; empty if there was none.
        intervals: Measured settlement intervals in order of time, not overlapping. Shape (N,).
        price_per_mwh: Price of each interval in the product's currency. Shape (N,).
        price_basis: How that price was set.
        local_starts: Civil time of each interval start, ISO 8601 with its UTC offset, as the
            calendar gives it: the hour that a clock change repeats is told apart. Shape (N,).
        make_whole: What the clearing owes beside the energy at full delivery, 0 or more.
        boundary: Where the meter sits; a product pays at the point of connection only.
        emission_factor: For the CO2 columns; None leaves them empty.
        baseline_method: Rule that made the baseline, or the fallback that history allowed; empty
            for the product's own rule.
        baseline_note: What a reader of the baseline must know; stands on every measured line.
        meter_note: What was noticed about the readings; stands on every measured line.
        aggregate_shift_kwh: Baseline of all sites' summed load less the sum of their baselines, kWh per
            interval; the same at every site of an event. Empty where the sum of baselines is paid by, or
            where each site is judged by itself. None in an interval without one. Shape (N,) or (0,).
    """

    event_id: str
    product: ProductProfile
    site_id: str
    party_id: str
    operator_party_id: str
    time_zone: str
    meter_id: str
    award_ids: tuple[str, ...]
    dispatch_id: str
    intervals: tuple[MeasuredInterval, ...]
    price_per_mwh: tuple[Decimal, ...]
    price_basis: PayRule
    local_starts: tuple[str, ...]
    make_whole: Decimal = Decimal(0)
    boundary: str = PAID_BOUNDARY
    emission_factor: EmissionFactor | None = None
    baseline_method: str = ""
    baseline_note: str = ""
    meter_note: str = ""
    aggregate_shift_kwh: tuple[Decimal | None, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be put on a statement."""
        count = len(self.intervals)
        if not count or {len(self.price_per_mwh), len(self.local_starts)} != {count}:
            raise InvalidInput(
                f"{self._where()} has {count} intervals, {len(self.price_per_mwh)} prices and "
                f"{len(self.local_starts)} local starts, expected one of each per interval, at least one",
                site_id=self.site_id,
            )
        for field, value in (
            ("make_whole", self.make_whole),
            *(("price_per_mwh", price) for price in self.price_per_mwh),
        ):
            if not value.is_finite():
                raise InvalidInput(f"{field} of {self._where()} is {value}, expected a finite number")
        if self.make_whole < 0:
            raise InvalidInput(
                f"make_whole of {self._where()} is {self.make_whole}, must not be negative",
                make_whole=str(self.make_whole),
            )
        paid_at = self.product.measurement.boundaries
        if self.boundary not in paid_at:
            expected = " or ".join(map(repr, paid_at))
            raise InvalidInput(
                f"boundary of {self._where()} is {self.boundary!r}, expected {expected}",
                boundary=self.boundary,
            )
        self._check_intervals()

    def _check_intervals(self) -> None:
        """Refuse intervals of another site or direction, out of order, or with a wrong local start."""
        for earlier, later in zip(self.intervals, self.intervals[1:], strict=False):
            if later.interval.start < earlier.interval.end:
                raise InvalidInput(
                    f"intervals of {self._where()} overlap or are out of order at {later.interval.start}",
                    site_id=self.site_id,
                )
        direction = self.product.call.direction
        for measured, local_start in zip(self.intervals, self.local_starts, strict=True):
            if measured.direction is not direction:
                raise InvalidInput(
                    f"{self._where()} holds an interval of direction {measured.direction.value}, expected "
                    f"{direction.value}, the product's",
                    direction=measured.direction.value,
                )
            if measured.site_id != self.site_id:
                raise InvalidInput(
                    f"{self._where()} holds an interval of site {measured.site_id}", site_id=measured.site_id
                )
            if _instant(local_start) != measured.interval.start:
                raise InvalidInput(
                    f"local_start {local_start!r} of {self._where()} is not the instant "
                    f"{measured.interval.start.isoformat()}",
                    local_start=local_start,
                )

    def _where(self) -> str:
        """Name the delivery in an error."""
        return f"{self.site_id} in {self.event_id}"

    @property
    def delivery(self) -> Interval:
        """From the first interval's start to the last one's end."""
        return Interval(self.intervals[0].interval.start, self.intervals[-1].interval.end)

    @property
    def settlement_period(self) -> str:
        """Civil month in which delivery began at the site, as YYYY-MM."""
        return self.local_starts[0][:7]


def _instant(local_start: str) -> datetime | None:
    """Read a local start; None if it is not ISO 8601 with an offset."""
    try:
        instant = datetime.fromisoformat(local_start)
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
