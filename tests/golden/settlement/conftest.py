"""One settlement interval, judged by any money rules."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.judged import assess

from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import MoneyRules
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.performance import Performance
from vpp.telemetry.quality import MeterQuality

START = datetime(2026, 7, 1, 4, tzinfo=UTC)


@pytest.fixture
def settle_hour() -> Callable[..., Performance]:
    """Settle one hour: kW asked for, kW delivered, price per MWh, money rules."""

    def settle(target_kw: str, delivered_kw: str, price_per_mwh: str, **rules: str) -> Performance:
        hour = MeasuredInterval(
            site_id="north-1",
            interval=Interval(START, START + timedelta(hours=1)),
            award_kw=Decimal(target_kw),
            target_kw=Decimal(target_kw),
            baseline_raw_kwh=Decimal(50_000),
            baseline_kwh=Decimal(50_000),
            metered_kwh=Decimal(50_000) - Decimal(delivered_kw),
            quality=MeterQuality.OK,
        )
        money = MoneyRules.model_validate(
            {
                "currency": "CNY",
                "pay_rule": "as_clear",
                "penalty_formula_id": "shortfall_at_price",
                "availability_price_per_kw_h": "0",
                "aggregator_fee_ratio": "0",
                **rules,
            }
        )
        return assess(hour, money, Decimal(price_per_mwh))

    return settle
