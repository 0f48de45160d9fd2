"""One small event to settle: two hours on the evening of 2 March 2026 in London."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.products import shipped_rules

from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
ProductMaker = Callable[..., ProductProfile]
MeasuredMaker = Callable[..., MeasuredInterval]
DeliveryMaker = Callable[..., SiteDelivery]


@pytest.fixture
def product() -> ProductMaker:
    """Make a product of one-hour intervals; keyword arguments replace its money rules."""

    def make(**money: object) -> ProductProfile:
        return ProductProfile.model_validate(
            {
                "product_id": "evening-peak",
                "version": 3,
                "display_name": "Evening peak",
                "jurisdiction": "example",
                "status": "example",
                "time_zone": "Europe/London",
                "settlement_interval": "PT1H",
                "initial_statement_delay": "PT2H",
                "call": {
                    "trigger": "day_ahead_auction",
                    "direction": "load_down",
                    "notice_min": "PT2H",
                    "min_duration": "PT1H",
                    "max_duration": "PT4H",
                    "max_events_per_day": 2,
                    "recovery_window": "PT2H",
                },
                "bid": {
                    "min_bid_kw": 10.0,
                    "increment_kw": 1.0,
                    "price_floor_per_mwh": "0",
                    "price_cap_per_mwh": "3000",
                },
                "baseline": {"rule": shipped_rules()["high-4-of-5"]},
                "money": {
                    "currency": "GBP",
                    "pay_rule": "as_clear",
                    "band_low_ratio": "0.5",
                    "band_full_ratio": "0.9",
                    "band_cap_ratio": "1.2",
                    "penalty_formula_id": "shortfall_at_price",
                    "penalty_ratio": "0.5",
                    "availability_price_per_kw_h": "0",
                    "aggregator_fee_ratio": "0.1",
                    **money,
                },
                "provenance": {"source_tag": "D", "source": "made up", "read_on": "2026-11-22"},
            }
        )

    return make


@pytest.fixture
def measured() -> MeasuredMaker:
    """Make one hour with a baseline of 500 kWh and a target of 100 kW; `delivered` sets the meter."""

    def make(delivered: str = "100", **changes: Any) -> MeasuredInterval:  # noqa: ANN401  any field of the value
        whole = MeasuredInterval(
            site_id="north-1",
            interval=Interval(START, START + HOUR),
            award_kw=Decimal(100),
            target_kw=Decimal(100),
            baseline_raw_kwh=Decimal("490.000"),
            baseline_kwh=Decimal("500.000"),
            metered_kwh=Decimal("500.000") - Decimal(delivered),
            quality=MeterQuality.OK,
        )
        return replace(whole, **changes)

    return make


@pytest.fixture
def delivery(product: ProductMaker, measured: MeasuredMaker) -> DeliveryMaker:
    """Make a site's delivery, one hour per entry of `delivered`, at 80 per MWh."""

    def make(
        delivered: Sequence[str] = ("100", "100"),
        *,
        site_id: str = "north-1",
        start: datetime = START,
        quality: MeterQuality = MeterQuality.OK,
        **changes: Any,  # noqa: ANN401  any field of the value
    ) -> SiteDelivery:
        intervals = tuple(
            measured(
                each,
                site_id=site_id,
                interval=Interval(start + n * HOUR, start + (n + 1) * HOUR),
                quality=quality,
            )
            for n, each in enumerate(delivered)
        )
        fields: dict[str, Any] = {
            "event_id": "evening",
            "product": product(),
            "site_id": site_id,
            "party_id": "acme",
            "operator_party_id": "grid",
            "time_zone": "Europe/London",
            "meter_id": "m-77",
            "award_ids": ("evening-a1",),
            "dispatch_id": f"evening-m0-{site_id}",
            "intervals": intervals,
            "price_per_mwh": (Decimal(80),) * len(intervals),
            "price_basis": product().money.pay_rule,
            "local_starts": tuple(each.interval.start.isoformat() for each in intervals),
        }
        return SiteDelivery(**(fields | changes))

    return make
