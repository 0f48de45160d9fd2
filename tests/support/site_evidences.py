"""One site's evidence in one event, to be varied by tests."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import PayRule
from vpp.settlement.evidence import BaselineEvidence, MeterEvidence, SiteEvidence
from vpp.telemetry.quality import MeterQuality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
OK = MeterQuality.OK


def evidence(**changes: object) -> SiteEvidence:
    """Two quarter hours at noon: 100 and 110 kW expected, 70 and 80 kW metered, 30 kW told."""
    plain = SiteEvidence(
        event_id="evening",
        product_id="example-peak-shaving",
        product_version=1,
        operator_party_id="grid",
        site_id="north-1",
        site_name="North 1",
        party_id="owner",
        party_name="Owner",
        time_zone="Europe/London",
        boundary="poc",
        span=Interval(NOON, NOON + 2 * QUARTER),
        direction=Direction.LOAD_DOWN,
        award_ids=("evening-bid",),
        dispatch_id="evening-m0-north-1",
        award_kw=(30.0, 30.0),
        target_kw=(30.0, 30.0),
        price_per_mwh=(Decimal(60), Decimal(60)),
        price_basis=PayRule.AS_CLEAR,
        local_starts=("2026-03-02T12:00:00+00:00", "2026-03-02T12:15:00+00:00"),
        make_whole=Decimal(0),
        baseline=baseline(),
        meter=meter(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields of the evidence


def baseline(**changes: object) -> BaselineEvidence:
    plain = BaselineEvidence(
        rule_id="example-high-4-of-5",
        rule_digest="ab" * 32,
        days_used=(date(2026, 2, 27), date(2026, 2, 26)),
        raw_kw=(96.0, 106.0),
        adjusted_kw=(100.0, 110.0),
        elsewhere_kw=(0.0, 0.0),
        loss_ratio=1.0,
        note="",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields of the evidence


def meter(**changes: object) -> MeterEvidence:
    plain = MeterEvidence("north-1-poc", "telemetry", (70.0, 80.0), (OK, OK), 7)
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields of the evidence
