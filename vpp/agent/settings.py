"""One site's configuration file."""

import os
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, model_validator

from vpp.agent.capacity_table import CapacityTable
from vpp.agent.migration_table import MigrationTable
from vpp.agent.operation_tables import FaultsTable, OperationTable, PlanningTable
from vpp.agent.quantity_fields import PowerKw
from vpp.agent.table import Id, Kw, Span, Table
from vpp.agent.tariff_table import TariffTable
from vpp.foundation.clock import AcceleratedClock, Clock, Speed, SystemClock
from vpp.foundation.errors import InvalidInput
from vpp.foundation.hub_address import is_local
from vpp.foundation.interval import Interval

HOUR = timedelta(hours=1)
_TOKENS = frozenset({"token_file", "token_environment"})


class SiteTable(Table):
    """The site as it is enrolled.

    Attributes:
        site_id: Last part of `sites/{site}`.
        display_name: Name for people.
        zone: Price or network zone.
        time_zone: IANA name of the site's civil time.
        import_limit_kw: Largest net consumption the connection allows, kW.
        metering_interval: Length of a metering interval; divides an hour.
        minimum_load_kw: Net consumption that is never shed, kW; negative where the site may export.
        control_interval: How often the site is steered; divides the metering interval. Absent: once per
            metering interval, which is all that a meter with no faster readings allows.
        transformer_limit_kw: Largest net consumption that the transformer takes, kW; absent where it is
            not known. The lower of this and the import limit binds.
    """

    site_id: Id
    display_name: str = Field(min_length=1, max_length=200)
    zone: str = Field(pattern="^[A-Za-z][A-Za-z0-9_-]{0,63}$")
    time_zone: str = Field(min_length=1, max_length=64)
    import_limit_kw: PowerKw = Field(gt=0, le=10_000_000)
    metering_interval: timedelta = Field(ge=timedelta(seconds=1), le=HOUR)
    minimum_load_kw: PowerKw = Field(default=0.0, ge=-10_000_000, le=10_000_000)
    control_interval: timedelta | None = Field(default=None, ge=timedelta(seconds=1), le=HOUR)
    transformer_limit_kw: PowerKw | None = Field(default=None, gt=0, le=10_000_000)

    @property
    def largest_import_kw(self) -> float:
        """Largest net consumption that connection and transformer allow, kW."""
        transformer_kw = self.transformer_limit_kw
        return self.import_limit_kw if transformer_kw is None else min(self.import_limit_kw, transformer_kw)

    @model_validator(mode="after")
    def _fits_an_hour(self) -> Self:
        if HOUR % self.metering_interval:
            raise ValueError(f"metering_interval {self.metering_interval} does not divide an hour")
        if self.control_interval is not None and self.metering_interval % self.control_interval:
            raise ValueError(
                f"control_interval {self.control_interval} does not divide metering_interval "
                f"{self.metering_interval}"
            )
        return self


class TlsTable(Table):
    """Files of mutual TLS as `vpp certs` writes them, relative to the configuration's folder.

    They are read again when they change: a renewed certificate needs no restart and drops no session.

    Attributes:
        authority_file: Certificate of the authority that signed the hub's.
        certificate_file: The site's certificate; its name is who the agent is to the hub.
        key_file: Its private key.
    """

    authority_file: Path
    certificate_file: Path
    key_file: Path


class HubTable(Table):
    """How the hub is reached.

    Attributes:
        address: host:port; the hub's certificate must hold for the host.
        token_file: On plaintext, file that holds the site's token, relative to the configuration's folder.
        token_environment: Environment variable that holds it instead.
        tls: Files of mutual TLS.
        plaintext: Do without TLS; only for a hub on the same machine.
        reconnect_initial_s: Longest first wait before a new attempt, s of the machine.
        reconnect_longest_s: Longest wait between attempts, s of the machine.
        verify_key_file: The hub's public keys, PEM; with it, only what one of them signed is believed.
        longest_delivery_age: With keys, the largest difference between the site's clock and the time
            at which the hub signed, in the machine's time.
    """

    address: str = Field(min_length=3)
    token_file: Path | None = None
    token_environment: str | None = None
    tls: TlsTable | None = None
    plaintext: bool = False
    reconnect_initial_s: float = Field(default=1.0, gt=0, le=60)
    reconnect_longest_s: float = Field(default=30.0, gt=0, le=600)
    verify_key_file: Path | None = None
    longest_delivery_age: timedelta = Field(
        default=timedelta(minutes=5), gt=timedelta(0), le=timedelta(days=1)
    )

    @model_validator(mode="before")
    @classmethod
    def _without_token(cls, values: object) -> object:
        if isinstance(values, dict) and values.get("tls") and _TOKENS & values.keys():
            raise ValueError(
                "a token goes with plaintext alone; with hub.tls the certificate says who calls: name "
                "certificate_file and key_file in [hub.tls], as `vpp certs` writes them"
            )
        return values

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.tls is None) != self.plaintext:
            raise ValueError(
                "give either hub.tls, or plaintext = true to do without on this machine; `vpp certs` writes "
                "the files of hub.tls"
            )
        if self.plaintext and not is_local(self.address):
            raise ValueError(
                f"plaintext is for this machine alone, and address is {self.address}: give hub.tls"
            )
        if self.token_file is not None and self.token_environment is not None:
            raise ValueError("give token_file or token_environment, not both")
        return self


class SpeedTable(Table):
    """One stretch of an accelerated clock.

    Attributes:
        start: From when on, in the clock's own time, UTC.
        factor: Seconds of the clock per second of the machine.
    """

    start: AwareDatetime
    factor: float = Field(gt=0)


class ClockTable(Table):
    """An accelerated clock for simulations; the hub must be given the same.

    Attributes:
        machine_start: Machine time at which the profile begins, UTC.
        speeds: Speeds in order of their start.
    """

    machine_start: AwareDatetime
    speeds: tuple[SpeedTable, ...] = Field(min_length=1)


class LimitsTable(Table):
    """What the site allows, whatever the hub says.

    Attributes:
        max_reduction_kw: Largest reduction of the whole site, kW; None for no such limit.
        max_clock_skew: Largest difference between the clocks of hub and site, in the machine's
            time.
        late_tolerance: An instruction may arrive this long after its start.
        accepts_in_part: Accept what is possible; otherwise refuse what is not possible in full.
        max_ramp_kw_per_min: Fastest rise of consumption while the site recovers, kW per minute.
        max_rebound_kw: Largest rebound of all resources together, kW.
        site_vetoed: Refuse everything.
        vetoed_events: Events that are refused: names, or patterns such as `events/test-*`.
        vetoed_resources: Resources that are not used.
    """

    max_reduction_kw: Kw | None = None
    max_clock_skew: Span = timedelta(seconds=2)
    late_tolerance: Span = timedelta(0)
    accepts_in_part: bool = True
    max_ramp_kw_per_min: Kw | None = None
    max_rebound_kw: Kw | None = None
    site_vetoed: bool = False
    vetoed_events: tuple[str, ...] = ()
    vetoed_resources: tuple[Id, ...] = ()


class MaintenanceTable(Table):
    """Planned work during which the site refuses.

    Attributes:
        start: First instant, UTC.
        end: First instant after it, UTC.
    """

    start: AwareDatetime
    end: AwareDatetime

    def interval(self) -> Interval:
        """Return the span."""
        return Interval(self.start, self.end)


class TrackingTable(Table):
    """How the site follows its target.

    Attributes:
        aim_ratio: Share of the target that is aimed at; slightly above 1 so that noise does not
            fall short.
        correction_limit_ratio: Most that the last steps of a delivery interval may make up for
            the first, as a share of the target.
    """

    aim_ratio: float = Field(default=1.01, ge=0.9, le=1.2)
    correction_limit_ratio: float = Field(default=1.0, ge=0, le=10)


class BiddingTable(Table):
    """How the site bids.

    Attributes:
        tariff_per_kwh: What the site pays for a kWh; not used where `[tariff]` is given.
        currency: ISO 4217 code of all prices here.
        price_margin_ratio: Added to every reservation price, as a share of it.
        reserve_ratio: Share of every resource that is kept back, so that a wrong baseline can
            be made good.
        displaced_value_per_kwh: What a kWh of a battery's own use earns; absent for nothing.
    """

    tariff_per_kwh: Decimal = Field(ge=0)
    currency: str = Field(pattern="^[A-Z]{3}$")
    price_margin_ratio: Decimal = Field(default=Decimal(0), ge=0, le=10)
    reserve_ratio: float = Field(default=0.2, ge=0, lt=1)
    displaced_value_per_kwh: Decimal | None = Field(default=None, ge=0)


class StandingBidTable(Table):
    """A bid that stands for an emergency product.

    Attributes:
        product: Last part of `products/{product}`.
        resources: Which resources stand by.
        duration: Longest call that the offer must survive.
        share_ratio: Share of the resource that stands by.
    """

    product: Id
    resources: tuple[Id, ...] = Field(min_length=1)
    duration: timedelta = Field(default=HOUR, gt=timedelta(0), le=timedelta(days=1))
    share_ratio: float = Field(default=0.5, gt=0, le=1)


class TelemetryTable(Table):
    """How readings are sent.

    Attributes:
        batch_interval_count: Metering intervals collected before they are sent.
        history_days: History uploaded at the first start.
    """

    batch_interval_count: int = Field(default=1, ge=1, le=3600)
    history_days: int = Field(default=28, ge=0, le=366)


class AgentSettings(Table):
    """One site agent.

    Attributes:
        folder: Folder of the configuration; relative paths start there.
        site: The site as it is enrolled.
        hub: How the hub is reached.
        journal_file: The agent's durable memory.
        products: Products the site enrols in.
        clock: An accelerated clock; absent for the machine's own.
        limits: What the site allows.
        maintenance: Spans in which the site refuses.
        tracking: How the site follows its target.
        bidding: How the site bids.
        tariff: What a kWh costs by the hour; absent for `bidding.tariff_per_kwh` at all hours.
        migration: Work that an operator may run at another of its sites; absent for none.
        capacity_curve: Caps that a resource's flexible work follows by the hour, by resource id.
        standing_bids: Bids that stand: for emergencies, and as reserve in events of every product.
        telemetry: How readings are sent.
        operation: Who decides at the site.
        faults: What the site does when a meter or a device cannot be relied on.
        planning: Who plans bids and the split over resources.
        resources: Parameters by kind and resource id.
        driver: Handed to the driver factory as it is.
    """

    folder: Path
    site: SiteTable
    hub: HubTable
    journal_file: Path
    products: tuple[Id, ...] = Field(min_length=1)
    clock: ClockTable | None = None
    limits: LimitsTable = LimitsTable()
    maintenance: tuple[MaintenanceTable, ...] = ()
    tracking: TrackingTable = TrackingTable()
    bidding: BiddingTable
    tariff: TariffTable | None = None
    migration: MigrationTable | None = None
    capacity_curve: dict[str, CapacityTable] = Field(default_factory=dict)
    standing_bids: tuple[StandingBidTable, ...] = ()
    telemetry: TelemetryTable = TelemetryTable()
    operation: OperationTable = OperationTable()
    faults: FaultsTable = FaultsTable()
    planning: PlanningTable = PlanningTable()
    resources: dict[str, dict[str, dict[str, Any]]] = Field(min_length=1)
    driver: dict[str, Any] = Field(default_factory=dict)

    @property
    def control_step(self) -> timedelta:
        """How often the site is steered."""
        return self.site.control_interval or self.site.metering_interval

    @property
    def journal_path(self) -> Path:
        """Where the agent's durable memory is."""
        return self.folder / self.journal_file

    @property
    def site_name(self) -> str:
        """The site's name on the wire."""
        return f"sites/{self.site.site_id}"

    def token(self, environment: Mapping[str, str] | None = None) -> SecretStr | None:
        """Read the site's token; None if the certificate identifies the site.

        Raises:
            InvalidInput: The file or variable is missing or empty.
        """
        hub = self.hub
        if hub.token_file is not None:
            path = self.folder / hub.token_file
            try:
                value = path.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise InvalidInput(f"token_file {path} cannot be read: {error}") from error
            source = f"token_file {path}"
        elif hub.token_environment is not None:
            value = (os.environ if environment is None else environment).get(hub.token_environment, "")
            source = f"environment variable {hub.token_environment}"
        else:
            return None
        if not value:
            raise InvalidInput(f"{source} is empty")
        return SecretStr(value)

    def build_clock(self) -> Clock:
        """Build the site's clock."""
        if self.clock is None:
            return SystemClock()
        speeds = [Speed(speed.start, speed.factor) for speed in self.clock.speeds]
        return AcceleratedClock(self.clock.machine_start, speeds)


def load_settings(path: Path) -> AgentSettings:
    """Read a site's configuration file.

    Raises:
        InvalidInput: The file cannot be read, or a key is unknown, missing or out of bounds.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return AgentSettings.model_validate({**table, "folder": path.resolve().parent})
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise InvalidInput(
            f"configuration {path} cannot be used: {error}", configuration=str(path)
        ) from error


def floor_to_grid(instant: datetime, step: timedelta) -> datetime:
    """Return the last instant of a step's grid at or before an instant, on UTC days.

    Example:
        >>> from datetime import UTC
        >>> floor_to_grid(datetime(2026, 3, 2, 12, 7, tzinfo=UTC), timedelta(minutes=5)).minute
        5
    """
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (instant - midnight) // step * step
