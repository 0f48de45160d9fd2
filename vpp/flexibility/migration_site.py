"""Sites that load moves between, and the work that moves."""

from dataclasses import dataclass
from decimal import Decimal

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.measurement_boundary import assumed_overhead_slope_ratio
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class MigrationEnd:
    """One of the two sites of a move.

    Attributes:
        site_id: The site.
        resource_id: Its flexible resource that sheds or takes on the work.
        zone: Price or network zone: its own grid.
        product: Product under which its leg is sold; empty if it is not.
        baseline: Baseline rule of that product; empty if the leg is not sold.
        pue: Power usage effectiveness, 1 or more.
        work_per_kwh: Work done with a kWh of IT power, in any unit that both ends share.
        power_price_per_kwh: What a kWh costs at its meter.
        payment_per_kwh: What the product pays per kWh of the leg.
        kg_per_kwh: Emission factor of its grid, kg CO2e per kWh.
        overhead_slope_ratio: k, overhead kW per IT kW, as measured; None while it is not.
    """

    site_id: str
    resource_id: str
    zone: str
    product: str
    baseline: str
    pue: float
    work_per_kwh: float
    power_price_per_kwh: Decimal
    payment_per_kwh: Decimal
    kg_per_kwh: Decimal
    overhead_slope_ratio: float | None = None

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_within(self.pue, "pue", 1.0)
        check_above_zero(self.work_per_kwh, "work_per_kwh")
        if self.overhead_slope_ratio is not None:
            check_within(self.overhead_slope_ratio, "overhead_slope_ratio")
        for field in ("power_price_per_kwh", "payment_per_kwh", "kg_per_kwh"):
            if not getattr(self, field).is_finite():
                raise InvalidInput(
                    f"{self.site_id}.{field} is {getattr(self, field)}, expected a finite amount"
                )

    @property
    def slope_ratio(self) -> float:
        """k, overhead kW per IT kW: as measured, else as assumed from the PUE."""
        measured = self.overhead_slope_ratio
        return assumed_overhead_slope_ratio(self.pue) if measured is None else measured


@dataclass(frozen=True, slots=True)
class MigrationReceiver:
    """A site that could take the work on.

    Attributes:
        end: The site.
        accelerator: Type of its accelerators.
        residence: Jurisdiction in which its data lie.
        free_it_kw: IT power that is free for it, kW.
        room_kw: Room at its connection, kW: import and transformer limit less forecast load.
        latency_ms: From the users to it, ms.
        bandwidth_mbit_per_s: Of the line from the donor, Mbit/s.
        transfer_cost_per_gb: Of data moved.
        network_cost: Paid once if it is used at all.
    """

    end: MigrationEnd
    accelerator: str
    residence: str
    free_it_kw: float
    room_kw: float
    latency_ms: float
    bandwidth_mbit_per_s: float
    transfer_cost_per_gb: Decimal = Decimal(0)
    network_cost: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        for field in ("free_it_kw", "room_kw", "latency_ms"):
            check_within(getattr(self, field), field)
        check_above_zero(self.bandwidth_mbit_per_s, "bandwidth_mbit_per_s")


@dataclass(frozen=True, slots=True)
class MovableWork:
    """Work that may run elsewhere.

    Attributes:
        accelerator: Type it runs on; it moves to no other.
        it_kw: IT power that it draws at the donor, kW, above 0.
        hours: How long it would run elsewhere, h.
        data_gb: What must be copied for all of it, GB; in proportion for a part.
        notice_s: Time from the decision to the start, s.
        latency_budget_ms: Longest latency its users bear; None for any.
        residences: Jurisdictions that its data may lie in; empty for any.
    """

    accelerator: str
    it_kw: float
    hours: float
    data_gb: float
    notice_s: float
    latency_budget_ms: float | None = None
    residences: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_above_zero(self.it_kw, "it_kw")
        check_above_zero(self.hours, "hours")
        check_within(self.data_gb, "data_gb")
        check_within(self.notice_s, "notice_s")
