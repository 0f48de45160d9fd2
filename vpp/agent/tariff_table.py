"""The configuration's `[tariff]`: what a kWh costs this site."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from vpp.agent.table import Id, Table
from vpp.agent.tariff_file import load_tariff
from vpp.agent.tariff_inputs import read_calls, read_series
from vpp.flexibility.carbon import CarbonPrice, EmissionFactor, FactorKind
from vpp.flexibility.contract_position import ContractKind, ContractPosition
from vpp.flexibility.site_prices import SitePrices
from vpp.flexibility.tariff_subsidy import SubMeter, Subsidy

KWH_PER_MWH = 1000


class SubMeterTable(Table):
    """A meter behind the site's own.

    Attributes:
        sub_meter_id: Its name at the site.
        eligible_share_ratio: Share of its consumption that is eligible.
        site_share_ratio: Its share of the site's whole consumption.
        resources: Flexible resources behind it.
    """

    sub_meter_id: Id
    eligible_share_ratio: Decimal = Field(ge=0, le=1)
    site_share_ratio: Decimal = Field(ge=0, le=1)
    resources: frozenset[Id] = frozenset()


class SubsidyTable(Table):
    """A share of the price that somebody else pays for eligible consumption.

    Attributes:
        reduction_ratio: Share of the price that is taken off.
        sub_meters: Where eligible equipment is metered.
    """

    reduction_ratio: Decimal = Field(ge=0, le=1)
    sub_meters: tuple[SubMeterTable, ...] = Field(min_length=1)

    def subsidy(self) -> Subsidy:
        """Return it as a value."""
        meters = (
            SubMeter(each.sub_meter_id, each.eligible_share_ratio, each.site_share_ratio, each.resources)
            for each in self.sub_meters
        )
        return Subsidy(self.reduction_ratio, tuple(meters))


class ContractTable(Table):
    """A share of the consumption whose price was fixed ahead.

    Attributes:
        contract_id: Its name.
        kind: as_consumed or take_or_pay.
        share_ratio: Share of a marginal kWh that it covers.
        price_per_kwh: The contract's price.
        resale_per_kwh: What a kWh that was paid and is not drawn earns; only with take or pay.
        is_green: Whether it is green power.
    """

    contract_id: Id
    kind: ContractKind
    share_ratio: Decimal = Field(gt=0, le=1)
    price_per_kwh: Decimal
    resale_per_kwh: Decimal = Decimal(0)
    is_green: bool = False

    def position(self) -> ContractPosition:
        """Return it as a value."""
        return ContractPosition(**dict(self))


class CarbonTable(Table):
    """What emissions cost the site.

    Attributes:
        price_per_tonne: Per 1000 kg CO2e.
        kg_per_kwh: Emission factor where the file says nothing.
        kind: average or marginal.
        source: Who publishes the factor.
        factor_file: CSV with start_utc and kg_per_kwh, relative to the configuration's folder.
        step: Length of its intervals.
    """

    price_per_tonne: Decimal = Field(ge=0)
    kg_per_kwh: Decimal = Field(ge=0, le=10)
    kind: FactorKind
    source: str = Field(min_length=1)
    factor_file: Path | None = None
    step: timedelta = Field(default=timedelta(hours=1), gt=timedelta(0), le=timedelta(days=1))

    def price(self, folder: Path) -> CarbonPrice:
        """Return it as a value, its file read."""
        series = None
        if self.factor_file is not None:
            series = read_series(folder / self.factor_file, "kg_per_kwh", self.step)
        return CarbonPrice(
            EmissionFactor(self.source, self.kind, self.kg_per_kwh, series), self.price_per_tonne
        )


class TariffTable(Table):
    """What a kWh costs this site; files are relative to the configuration's folder.

    Attributes:
        file: The supplier's tariff.
        spot_file: CSV with start_utc and price_per_mwh; only with a tariff that follows a market.
        calls_file: CSV with start_utc and end_utc of called critical peaks; only with a tariff that
            knows them.
        subsidy: What somebody else pays.
        contracts: What was bought ahead.
        carbon: What emissions cost.
    """

    file: Path
    spot_file: Path | None = None
    calls_file: Path | None = None
    subsidy: SubsidyTable | None = None
    contracts: tuple[ContractTable, ...] = ()
    carbon: CarbonTable | None = None

    @model_validator(mode="after")
    def _whole_at_most(self) -> Self:
        total = sum((each.share_ratio for each in self.contracts), Decimal(0))
        if total > 1:
            raise ValueError(f"contracts cover {total} of the consumption, expected 1 at most")
        return self

    def files(self, folder: Path) -> tuple[Path, ...]:
        """List the files that it is read from, besides the configuration itself."""
        named = (self.file, self.spot_file, self.calls_file, self.carbon and self.carbon.factor_file)
        return tuple(folder / each for each in named if each)

    def prices(self, folder: Path) -> SitePrices:
        """Read the files; return what a kWh costs the site.

        Raises:
            InvalidInput: A file cannot be read, or does not fit the tariff.
        """
        tariff = load_tariff(folder / self.file)
        spot = None
        if self.spot_file is not None:
            step = timedelta(hours=1) if tariff.spot is None else tariff.spot.step
            spot = read_series(folder / self.spot_file, "price_per_mwh", step, KWH_PER_MWH)
        calls = () if self.calls_file is None else read_calls(folder / self.calls_file)
        return SitePrices(
            tariff=tariff.calendar(spot, calls),
            subsidy=None if self.subsidy is None else self.subsidy.subsidy(),
            contracts=tuple(each.position() for each in self.contracts),
            carbon=None if self.carbon is None else self.carbon.price(folder),
        )
