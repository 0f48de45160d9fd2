"""Products and baselines from before rules were whole keep their meaning, there and back."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from support.products import shipped_rules

from vpp.foundation.clock import ManualClock
from vpp.portfolio.baseline_rule import Adjustment, EventWindow
from vpp.portfolio.baseline_terms import BaselineTerms
from vpp.storage.migrate import current_revision, downgrade, migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory

NOW = datetime(2026, 10, 26, 12, tzinfo=UTC)
OLD_BASELINE = {
    "baseline_id": "high-4-of-5",
    "day_count": 4,
    "candidate_count": 5,
    "holiday_day_count": 2,
    "holiday_candidate_count": 3,
    "lookback_days": 45,
    "low_use_ratio": 0.25,
    "latest_day_offset": 2,
    "adjustment_begin": "PT5H",
    "adjustment_end": "PT2H",
    "adjustment_cap_ratio": 0.2,
}
OLD_PRODUCT = {
    "product_id": "peak",
    "version": 1,
    "display_name": "Peak",
    "jurisdiction": "example",
    "status": "example",
    "time_zone": "Europe/London",
    "settlement_interval": "PT30M",
    "initial_statement_delay": "PT2H",
    "call": {
        "trigger": "day_ahead_auction",
        "direction": "load_down",
        "notice_min": "PT2H",
        "min_duration": "PT30M",
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
    "baseline": OLD_BASELINE,
    "money": {
        "currency": "GBP",
        "pay_rule": "as_clear",
        "fixed_price_per_mwh": None,
        "band_low_ratio": "0.5",
        "band_full_ratio": "0.9",
        "band_cap_ratio": "1.2",
        "penalty_formula_id": "none",
        "penalty_ratio": "0",
        "availability_price_per_kw_h": "0",
        "aggregator_fee_ratio": "0.1",
    },
    "provenance": {
        "source_tag": "S",
        "source": "hearsay",
        "read_on": "2026-11-22",
        "unverified_fields": ["bid.min_bid_kw", "baseline.lookback_days"],
    },
}
PARTIES = "INSERT INTO parties VALUES ('grid', 'Grid', 'operator', 1, '{now}', '{now}')"
A_SITE = """
    INSERT INTO sites (site_id, party_id, display_name, zone, time_zone, import_limit_kw, metering_interval_s,
    revision, created_at, updated_at) VALUES ('north-1', 'grid', 'North', 'north', 'Europe/London', 100.0,
    300.0, 1, '{now}', '{now}')
"""
AN_EVENT = """
    INSERT INTO events (event_id, product_id, product_version, zone, delivery_start_at, delivery_end_at,
    target_reduction_kw, awarded_reduction_kw, price_cap_per_mwh, operator_party_id, auction_id, state,
    failure_reason, modification_number, cancelled_at, revision, created_at, updated_at)
    VALUES ('evening', 'peak', 1, 'north', '2026-10-26 17:00:00', '2026-10-26 18:00:00',
    '[100.0, 100.0]', '[]', 2000000000, 'grid', NULL, 'draft', '', 0, NULL, 1, '{now}', '{now}')
"""
A_BASELINE = """
    INSERT INTO baselines (baseline_id, event_id, site_id, delivery_start_at, delivery_end_at, method,
    days_used, raw_kw, adjustment_kw, adjusted, adjusted_kw, revision, created_at, updated_at) VALUES
    ('evening-north-1', 'evening', 'north-1', '2026-10-26 17:00:00', '2026-10-26 18:00:00', 'high-4-of-5',
    '["2026-10-23"]', '[90.0, 91.0]', 1.5, {true}, '[91.5, 92.5]', 1, '{now}', '{now}')
"""


@pytest.fixture
def old_hub(empty_engine: Engine) -> Engine:
    """A database as the older hub left it."""
    migrate(empty_engine)
    downgrade(empty_engine, "0002")
    return empty_engine


def run(engine: Engine, *statements: str) -> None:
    true = "1" if engine.dialect.name == "sqlite" else "true"
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.format(now="2026-10-26 10:00:00", true=true))


def add_product(engine: Engine, document: Mapping[str, Any]) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO products VALUES (:product_id, :version, :document, '2026-10-26 10:00:00')"),
            {
                "product_id": document["product_id"],
                "version": document["version"],
                "document": json.dumps(document),
            },
        )


def documents(engine: Engine) -> dict[tuple[str, int], Any]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT product_id, version, document FROM products")).all()
    return {
        (name, version): json.loads(held) if isinstance(held, str) else held for name, version, held in rows
    }


def units_of(engine: Engine) -> SqlUnitOfWorkFactory:
    return SqlUnitOfWorkFactory(engine, ManualClock(NOW))


def test_the_rule_that_a_product_described_is_written_out(old_hub: Engine) -> None:
    add_product(old_hub, OLD_PRODUCT)
    migrate(old_hub)
    with units_of(old_hub)(write=False) as uow:
        product = uow.products.get("peak", 1)
    assert product is not None
    rule, days = product.baseline.rule, product.baseline.rule.days
    assert (rule.baseline_id, rule.version, rule.jurisdiction) == ("high-4-of-5", 1, "example")
    assert rule.adjustment == Adjustment(
        kind="additive",
        windows=(EventWindow(anchor="start", begin=-timedelta(hours=5), end=-timedelta(hours=2)),),
        cap_ratio=0.2,
    )
    assert days is not None
    kinds = [(*(kind.value for kind in each.kinds), each.average, each.candidates) for each in days.classes]
    assert kinds == [("workday", 4, 5), ("saturday", "sunday", "holiday", 2, 3)]
    assert (days.lookback_days, days.latest_day_offset, days.low_use_ratio) == (45, 2, 0.25)
    assert (rule.source.tag, rule.source.unverified) == ("S", ("lookback_days",))
    assert product.money.currency == "GBP"


def test_no_adjustment_stays_none(old_hub: Engine) -> None:
    none = OLD_BASELINE | {"adjustment_begin": "PT0S", "adjustment_end": "PT0S", "adjustment_cap_ratio": 0.0}
    add_product(old_hub, OLD_PRODUCT | {"baseline": none})
    migrate(old_hub)
    with units_of(old_hub)(write=False) as uow:
        product = uow.products.get("peak", 1)
    assert product is not None
    assert product.baseline.rule.adjustment is None
    downgrade(old_hub, "0002")
    assert documents(old_hub) == {("peak", 1): OLD_PRODUCT | {"baseline": none}}


def test_a_baseline_from_before_says_no_more_than_it_did(old_hub: Engine) -> None:
    add_product(old_hub, OLD_PRODUCT)
    run(old_hub, PARTIES, A_SITE, AN_EVENT, A_BASELINE)
    migrate(old_hub)
    with units_of(old_hub)(write=False) as uow:
        stored = uow.baselines.get("evening-north-1")
    assert stored is not None
    assert stored.value.days_used == (date(2026, 10, 23),)
    assert stored.value.adjusted_kw == (91.5, 92.5)
    assert stored.value.provenance is None


def test_the_way_back_gives_the_older_hub_what_it_had(old_hub: Engine) -> None:
    add_product(old_hub, OLD_PRODUCT)
    run(old_hub, PARTIES, A_SITE, AN_EVENT, A_BASELINE)
    migrate(old_hub)
    downgrade(old_hub, "0002")
    assert documents(old_hub) == {("peak", 1): OLD_PRODUCT}
    migrate(old_hub)


def test_a_product_that_the_older_hub_cannot_apply_goes_unless_it_is_sold(old_hub: Engine) -> None:
    add_product(old_hub, OLD_PRODUCT)
    migrate(old_hub)
    terms = BaselineTerms(rule=shipped_rules()["forecast-robust"])
    second = OLD_PRODUCT | {"version": 2, "baseline": terms.model_dump(mode="json")}
    add_product(old_hub, second)
    downgrade(old_hub, "0002")
    assert set(documents(old_hub)) == {("peak", 1)}
    migrate(old_hub)
    add_product(old_hub, second)
    run(old_hub, PARTIES, AN_EVENT.replace("'peak', 1", "'peak', 2"))
    revision = current_revision(old_hub)
    with pytest.raises(RuntimeError, match="product peak version 2 is sold under a rule"):
        downgrade(old_hub, "0002")
    assert current_revision(old_hub) == revision
    assert set(documents(old_hub)) == {("peak", 1), ("peak", 2)}
