"""What the hub's owner decides once for all markets; products decide the rest."""

from dataclasses import dataclass
from datetime import date, timedelta

from vpp.auction.rules import TieRule, UniformPrice
from vpp.solver.report import SolverName


@dataclass(frozen=True, slots=True)
class MarketRules:
    """What the hub's owner decides once for all markets.

    Attributes:
        solver: Which solver clears.
        time_limit: How long a clearing may look for a better answer once it has one.
        relative_gap: A clearing within this share of the bound counts as optimal.
        aggregator_party_id: Who runs the hub and keeps the fee.
        holidays: Civil days that count as holidays in every baseline.
        code_version: Version of the software, for manifests.
        forecast_hour_utc: Hour of the day at which tomorrow is forecast.
        claim_lease: How long a claimed deadline is kept from other hubs.
        telemetry_allowance: How long after an interval its readings may take to arrive before
            baselines are frozen.
        measurement_allowance: How long after an event its readings may take to arrive before
            delivery is measured.
        uniform_price: Which uniform price is published, unless an auction says otherwise.
        tie_rule: Who serves when several ask the same, unless an auction says otherwise.
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
