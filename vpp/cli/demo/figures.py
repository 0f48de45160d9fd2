"""The ten numbers of the demo."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from vpp.cli.demo.results import DemoResults, EventResult
from vpp.cli.output import power
from vpp.cli.report import Headline
from vpp.cli.wire_series import series_from_wire
from vpp.cli.wire_values import energy_of, money_from_wire

_RECOVERY = timedelta(hours=2)
_STEP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class ForecastQuality:
    """How good the day-ahead forecasts were where nobody was asked to reduce.

    Attributes:
        p50_mape_ratio: Mean absolute error of the median as a share of the load, mean over sites.
        coverage_ratio: Share of intervals whose load lay between the 10 % and 90 % quantiles.
    """

    p50_mape_ratio: float
    coverage_ratio: float


@dataclass(frozen=True, slots=True)
class DemoFigures:
    """The numbers of the demo.

    Attributes:
        site_count: Sites enrolled.
        bid_count: Bids cleared, standing ones included.
        target_kw: Highest target of the auction, kW.
        awarded_kw: Awarded in it, mean over delivery, kW.
        delivered_kw: Delivered in it, mean over delivery, kW.
        clearing_price_per_mwh: Price of the auction, mean over delivery.
        emergency_price_per_mwh: Price of the emergency, mean over delivery.
        delivered_kwh: Energy delivered in all events.
        target_kwh: Energy instructed in all events.
        paid_to_sites: What the owners' statements add up to.
        currency: ISO 4217 code.
        forecast: How good the forecasts were.
        wall_s: How long the demo took, s.
    """

    site_count: int
    bid_count: int
    target_kw: float
    awarded_kw: float
    delivered_kw: float
    clearing_price_per_mwh: float
    emergency_price_per_mwh: float
    delivered_kwh: float
    target_kwh: float
    paid_to_sites: Decimal
    currency: str
    forecast: ForecastQuality
    wall_s: float

    def headlines(self) -> list[Headline]:
        """Write the ten numbers for people."""
        return [
            Headline("sites", str(self.site_count)),
            Headline("bids cleared", str(self.bid_count)),
            Headline("auction: target", power(self.target_kw)),
            Headline("auction: awarded", power(self.awarded_kw)),
            Headline("auction: delivered, mean", power(self.delivered_kw)),
            Headline("auction: clearing price", f"{self.clearing_price_per_mwh:,.2f} {self.currency}/MWh"),
            Headline("emergency: clearing price", f"{self.emergency_price_per_mwh:,.2f} {self.currency}/MWh"),
            Headline(
                "energy delivered",
                f"{self.delivered_kwh:,.0f} kWh ({self.delivered_kwh / self.target_kwh:.1%})",
            ),
            Headline("paid to sites", f"{self.paid_to_sites:,.2f} {self.currency}"),
            Headline(
                "forecast error, coverage",
                f"{self.forecast.p50_mape_ratio:.1%}, {self.forecast.coverage_ratio:.0%} of 80%",
            ),
            Headline("wall time", f"{self.wall_s:.1f} s"),
        ]

    def document(self) -> dict[str, Any]:
        """Write the numbers for machines; amounts as text, so that no reader rounds them."""
        return {**asdict(self), "paid_to_sites": str(self.paid_to_sites)}


def demo_figures(
    results: DemoResults,
    *,
    evening: EventResult,
    emergency: EventResult,
    paid_to_sites: Decimal,
    wall_s: float,
) -> DemoFigures:
    """Work the numbers out.

    Args:
        results: The day.
        evening: The auction's event.
        emergency: The emergency event.
        paid_to_sites: What the owners' statements add up to.
        wall_s: How long the demo took, s.
    """
    count = len(evening.event.target_reduction_kw)
    hours = evening.delivery.duration / timedelta(hours=1)
    return DemoFigures(
        site_count=len(results.sites),
        bid_count=sum(len(event.bids) for event in results.events),
        target_kw=max(evening.event.target_reduction_kw),
        awarded_kw=sum(sum(award.reduction_kw) for award in evening.awards) / count,
        delivered_kw=delivered_kwh(results, evening) / hours,
        clearing_price_per_mwh=mean_price(evening),
        emergency_price_per_mwh=mean_price(emergency),
        delivered_kwh=sum(delivered_kwh(results, event) for event in results.events),
        target_kwh=sum(target_kwh(event) for event in results.events),
        paid_to_sites=paid_to_sites,
        currency=evening.product.currency_code,
        forecast=forecast_quality(results),
        wall_s=wall_s,
    )


def delivered_kwh(results: DemoResults, event: EventResult) -> float:
    """Baseline less metered over delivery, all called sites, kWh; a gap counts nothing."""
    called = {instruction.site for instruction in event.instructions}
    total = 0.0
    for site in sorted(called & event.baseline_kw.keys()):
        baseline_kw = event.baseline_kw[site]
        reduced_kw = (baseline_kw - results.load_kw[site].reindex(baseline_kw.index)).fillna(0.0)
        total += energy_of(reduced_kw.tolist(), _STEP)
    return total


def target_kwh(event: EventResult) -> float:
    """Energy instructed, all called sites, kWh."""
    called = {instruction.site for instruction in event.instructions}
    return sum(energy_of(event.target_kw(site).tolist(), _STEP) for site in called)


def mean_price(event: EventResult) -> float:
    """Clearing price, mean over delivery."""
    return float(
        np.mean([float(money_from_wire(price).amount) for price in event.clearing.clearing_price_per_mwh])
    )


def forecast_quality(results: DemoResults) -> ForecastQuality:
    """Compare forecasts with the load, leaving out events and the two hours after them."""
    errors, covered = [], []
    for site, forecast in results.forecasts.items():
        p10, p50, p90 = (series_from_wire(part) for part in (forecast.p10, forecast.p50, forecast.p90))
        load_kw = results.load_kw[site].reindex(p50.index)
        quiet = ~_near_events(p50.index, results.events) & load_kw.notna()
        if not quiet.any():
            continue
        load_kw = load_kw[quiet]
        errors.append(float(((p50[quiet] - load_kw).abs() / load_kw.abs()).mean()))
        covered.append(float(((p10[quiet] <= load_kw) & (load_kw <= p90[quiet])).mean()))
    if not errors:
        return ForecastQuality(float("nan"), float("nan"))
    return ForecastQuality(float(np.mean(errors)), float(np.mean(covered)))


def _near_events(index: pd.Index, events: Sequence[EventResult]) -> pd.Series:
    near = pd.Series(data=False, index=index)
    for event in events:
        near |= (index >= event.delivery.start) & (index < event.delivery.end + _RECOVERY)
    return near
