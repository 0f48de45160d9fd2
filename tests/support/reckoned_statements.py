"""First statements of one party, for tests of files, copies and pages."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from support.products import shipped_products
from support.settled import statements_of

from vpp.foundation.interval import Interval
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement
from vpp.settlement.statement_head import statement_id_of
from vpp.telemetry.quality import MeterQuality

OPERATOR, PERIOD = "grid", "2026-03"
START = datetime(2026, 3, 2, 17, tzinfo=UTC)


def small_delivery() -> SiteDelivery:
    """One hour of one site: 60 kWh delivered of 100 asked for, at 80 per MWh."""
    product = shipped_products()["example-peak-shaving"]
    measured = MeasuredInterval(
        site_id="north-1",
        interval=Interval(START, START + timedelta(hours=1)),
        award_kw=Decimal(100),
        target_kw=Decimal(100),
        baseline_raw_kwh=Decimal("490.000"),
        baseline_kwh=Decimal("500.000"),
        metered_kwh=Decimal("440.000"),
        quality=MeterQuality.OK,
    )
    return SiteDelivery(
        event_id="evening",
        product=product,
        site_id="north-1",
        party_id="acme",
        operator_party_id=OPERATOR,
        time_zone="Europe/London",
        meter_id="m-77",
        award_ids=("evening-a1",),
        dispatch_id="evening-m0-north-1",
        intervals=(measured,),
        price_per_mwh=(Decimal(80),),
        price_basis=product.money.pay_rule,
        local_starts=(START.isoformat(),),
    )


def statement_for(
    party_id: str, deliveries: Sequence[SiteDelivery], run_type: RunType = RunType.INITIAL
) -> Statement:
    """Write a party's first statement of deliveries to the operator `grid`; without lines if it has none."""
    sold = [replace(delivery, operator_party_id=OPERATOR) for delivery in deliveries]
    nothing = Statement(
        statement_id_of(party_id, PERIOD, 1),
        party_id,
        PERIOD,
        1,
        run_type,
        sold[0].product.money.currency,
        (),
    )
    return statements_of(sold, run_type).get(party_id, nothing)
