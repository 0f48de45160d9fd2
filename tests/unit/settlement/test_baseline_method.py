"""A statement names the rule that was applied, not the one that should have been."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.products import shipped_products
from support.settled import statements_of

from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import PayRule
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.line_code import LineCode
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

START = datetime(2026, 3, 5, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "named"),
    [
        ("", "example-high-4-of-5"),
        ("example-high-4-of-5/mean-of-available-2", "example-high-4-of-5/mean-of-available-2"),
    ],
)
def test_the_fallback_stands_on_the_line(method: str, named: str) -> None:
    product = shipped_products()["example-peak-shaving"]
    kwh = Decimal("25.000")
    interval = MeasuredInterval(
        "north-1",
        Interval(START, START + timedelta(minutes=15)),
        Decimal(100),
        Decimal(100),
        kwh * 10,
        kwh * 10,
        kwh * 9,
        MeterQuality.OK,
    )
    delivery = SiteDelivery(
        event_id="evening",
        product=product,
        site_id="north-1",
        party_id="owner",
        operator_party_id="grid",
        time_zone="Europe/London",
        meter_id="north-1-poc",
        award_ids=("evening-1",),
        dispatch_id="evening-m0-north-1",
        intervals=(interval,),
        price_per_mwh=(Decimal(80),),
        price_basis=PayRule.AS_CLEAR,
        local_starts=("2026-03-05T17:00:00+00:00",),
    )
    note = "baseline rule ten-of-ten has unverified values"
    statements = statements_of([replace(delivery, baseline_method=method, baseline_note=note)])
    lines = [
        line
        for statement in statements.values()
        for line in statement.lines
        if line.line_code is LineCode.ENERGY
    ]
    assert [line.baseline_id for line in lines] == [named, named]
    assert [line.note for line in lines] == [note, note]
