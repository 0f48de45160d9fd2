"""What the hub's owner decides once for all markets; products decide the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from vpp.auction.rules import TieRule, UniformPrice
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.scoring.season import HALF_YEARS, SeasonStart
from vpp.dispatch.reliability import ReliabilityChoices
from vpp.dispatch.scoring import ScoreChoices
from vpp.dispatch.tracking.rules import TrackingRules
from vpp.settlement.manifest_signature import StatementSigner
from vpp.settlement.payment_terms import PaymentBook
from vpp.settlement.site_delivery import EmissionFactor
from vpp.solver.report import SolverName
from vpp.workflows.settlement_rules import SettlementRules
from vpp.workflows.telemetry_rules import TelemetryRules


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
        start_spread: Sites begin within this time of an event's start, one after the other.
        release_spread: Sites go back to their own load within this time of its end, likewise.
        clearing_allowance: How much of a product's notice a clearing may take; one that is later is
            refused, and its event fails.
        emergency_time_limit: The same as `time_limit` for emergencies, where the sites wait.
        tracking: How closely events are followed in their course; None for not at all.
        scores: What scores of sites weigh.
        reliability: How much of what a site offers counts, by what it has shown.
        telemetry: How long readings are kept, and how they are summed up.
        payment_book: Tax and payment by party, for summaries of statements.
        statement_signer: Signs manifests of statements; None leaves them unsigned.
        settlement: When versions of statements are due, and in which currency.
        emission_factors: For the CO2 columns of statements, by zone of the site.
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
    start_spread: timedelta = timedelta(0)
    release_spread: timedelta = timedelta(0)
    clearing_allowance: timedelta = timedelta(minutes=5)
    emergency_time_limit: timedelta = timedelta(seconds=5)
    tracking: TrackingRules | None = None
    scores: ScoreChoices = field(default_factory=ScoreChoices)
    reliability: ReliabilityChoices = field(default_factory=ReliabilityChoices)
    telemetry: TelemetryRules = field(default_factory=TelemetryRules)
    payment_book: PaymentBook = field(default_factory=PaymentBook)
    statement_signer: StatementSigner | None = None
    settlement: SettlementRules = field(default_factory=SettlementRules)
    emission_factors: Mapping[str, EmissionFactor] = field(default_factory=dict)
