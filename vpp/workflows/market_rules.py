"""What the hub's owner decides once for all markets; products decide the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from vpp.auction.rules import TieRule, UniformPrice
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.scoring.season import HALF_YEARS, SeasonStart
from vpp.solver.report import SolverName


@dataclass(frozen=True, slots=True)
class MarketRules:
    """What the hub's owner decides once for all markets.

    Attributes:
        solver: Which solver clears.
        time_limit: How long a clearing may look for a better answer once it has one.
        relative_gap: A clearing within this share of the bound counts as optimal.
        aggregator_party_id: Who runs the hub and keeps the fee.
        holidays: Civil days that count as holidays in every baseline, beside the countries' own.
        code_version: Version of the software, for manifests.
        forecast_hour_utc: Hour of the day at which tomorrow is forecast.
        claim_lease: How long a claimed deadline is kept from other hubs.
        telemetry_allowance: How long after an interval its readings may take to arrive before
            baselines are frozen.
        measurement_allowance: How long after an event its readings may take to arrive before
            delivery is measured.
        uniform_price: Which uniform price is published, unless an auction says otherwise.
        tie_rule: Who serves when several ask the same, unless an auction says otherwise.
        holiday_countries: Time zone of sites to the country whose public holidays they keep.
        seasons: When seasons begin, for which each site keeps one baseline rule.
        forecast_mix: Which models make forecasts.
        intraday_interval: How often every site is forecast again through the day, dividing a day; None
            for never.
    """

    solver: SolverName
    time_limit: timedelta
    relative_gap: float
    aggregator_party_id: str
    holidays: frozenset[date]
    code_version: str
    forecast_hour_utc: int
    claim_lease: timedelta
    telemetry_allowance: timedelta = timedelta(minutes=10)
    measurement_allowance: timedelta = timedelta(minutes=30)
    uniform_price: UniformPrice = UniformPrice.FIXED_BINARIES
    tie_rule: TieRule = TieRule.PRICE_TIME
    holiday_countries: Mapping[str, str] = field(default_factory=dict)
    seasons: tuple[SeasonStart, ...] = HALF_YEARS
    forecast_mix: ForecastMix = "mean"
    intraday_interval: timedelta | None = None
