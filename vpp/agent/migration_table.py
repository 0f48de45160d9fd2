"""The configuration's `[migration]`: work of this site that an operator may run at another of its sites."""

from datetime import timedelta
from decimal import Decimal

from pydantic import Field

from vpp.agent.quantity_fields import PowerKw
from vpp.agent.table import Id, Table
from vpp.flexibility.migration_plan import MOST_RECEIVERS, MigrationPlan, plan_migration
from vpp.flexibility.migration_site import MigrationEnd, MigrationReceiver, MovableWork

HOUR = timedelta(hours=1)


class EndTable(Table):
    """One of the two sites of a move.

    Attributes:
        site_id: The site.
        resource_id: Its flexible resource.
        zone: Its price or network zone.
        product: Product of its leg; empty if it is not sold.
        baseline: Baseline rule of that product.
        pue: Power usage effectiveness.
        overhead_slope_ratio: Overhead kW per IT kW, as measured; absent while it is not.
        work_per_kwh: Work done with a kWh of IT power, in a unit that all ends share.
        power_price_per_kwh: What a kWh costs at its meter.
        payment_per_kwh: What the product pays per kWh of the leg.
        kg_per_kwh: Emission factor of its grid.
    """

    site_id: Id
    resource_id: Id
    zone: str = Field(pattern="^[A-Za-z][A-Za-z0-9_-]{0,63}$")
    product: str = ""
    baseline: str = ""
    pue: float = Field(ge=1, le=5)
    overhead_slope_ratio: float | None = Field(default=None, ge=0, le=5)
    work_per_kwh: float = Field(gt=0)
    power_price_per_kwh: Decimal
    payment_per_kwh: Decimal = Decimal(0)
    kg_per_kwh: Decimal = Field(ge=0, le=10)

    def end(self) -> MigrationEnd:
        """Return it as a value."""
        return MigrationEnd(**dict(self))


class ReceiverTable(Table):
    """A site that could take the work on.

    Attributes:
        end: The site.
        accelerator: Type of its accelerators.
        residence: Jurisdiction in which its data lie.
        free_it_kw: IT power that is free for it, kW.
        room_kw: Room at its connection, kW.
        latency_ms: From the users to it, ms.
        bandwidth_mbit_per_s: Of the line from this site, Mbit/s.
        transfer_cost_per_gb: Of data moved.
        network_cost: Paid once per move.
    """

    end: EndTable
    accelerator: str = Field(min_length=1)
    residence: str = Field(min_length=1)
    free_it_kw: PowerKw = Field(ge=0)
    room_kw: PowerKw = Field(ge=0)
    latency_ms: float = Field(ge=0)
    bandwidth_mbit_per_s: float = Field(gt=0)
    transfer_cost_per_gb: Decimal = Field(default=Decimal(0), ge=0)
    network_cost: Decimal = Field(default=Decimal(0), ge=0)

    def receiver(self) -> MigrationReceiver:
        """Return it as a value."""
        return MigrationReceiver(**{**dict(self), "end": self.end.end()})


class MigrationTable(Table):
    """Work that may run elsewhere, and where.

    Attributes:
        donor: This site.
        accelerator: Type that the work runs on.
        it_kw: IT power that it draws here, kW.
        data_gb: What must be copied for all of it, GB.
        notice: Time from the decision to the start.
        latency_budget_ms: Longest latency its users bear; absent for any.
        residences: Jurisdictions that its data may lie in; empty for any.
        receivers: Where it could go.
    """

    donor: EndTable
    accelerator: str = Field(min_length=1)
    it_kw: PowerKw = Field(gt=0)
    data_gb: float = Field(default=0.0, ge=0)
    notice: timedelta = Field(ge=timedelta(0))
    latency_budget_ms: float | None = Field(default=None, ge=0)
    residences: frozenset[str] = frozenset()
    receivers: tuple[ReceiverTable, ...] = Field(min_length=1, max_length=MOST_RECEIVERS)

    def plan(self, duration: timedelta) -> MigrationPlan:
        """Return which receivers would take how much of it, for so long.

        Raises:
            InvalidInput: A site is given twice, or lies in this site's own zone.
        """
        work = MovableWork(
            accelerator=self.accelerator,
            it_kw=self.it_kw,
            hours=duration / HOUR,
            data_gb=self.data_gb,
            notice_s=self.notice.total_seconds(),
            latency_budget_ms=self.latency_budget_ms,
            residences=self.residences,
        )
        return plan_migration(self.donor.end(), work, [each.receiver() for each in self.receivers])
