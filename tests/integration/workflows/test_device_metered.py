"""Storage behind the meter by its own meter: what it served of the load counts, what it exported does not."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from support.market import EVENING, NOON, OPERATOR, QUARTER, RULES, Market, make_market
from support.products import changed_product, shipped_products
from support.settled_evening import clear_evening

from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.delivering import site_deliveries
from vpp.workflows.identity import Principal, Role
from vpp.workflows.importing_meters import import_readings
from vpp.workflows.revenue_checks import MeterRun
from vpp.workflows.settlement_evidence import gather_events
from vpp.workflows.verifying_baselines import verify_baseline

METERS = Principal("meters", "hub", None, frozenset({Role.METER_DATA_MANAGER}))
DAYS = timedelta(days=12)
USUAL_KW = 50.0


def battery(
    market: Market, start: datetime, values_kw: list[float], quality: MeterQuality = MeterQuality.OK
) -> None:
    """Bring in what the battery gave."""
    run = MeterRun(start, QUARTER, np.array(values_kw), quality)
    import_readings(market.units, METERS, "north-1", [run], device_id="battery", source_name="battery.csv")


@pytest.fixture
def market(tmp_path: Path) -> Market:
    """A load of 1050 kW, of which the battery usually gives 50."""
    found = make_market(tmp_path)
    shipped = shipped_products()["example-peak-shaving"]
    rule = shipped.baseline.rule.model_dump(mode="json") | {
        "baseline_id": "split",
        "device": {"like_hours": 4},
    }
    product = changed_product(
        shipped,
        version=shipped.version + 1,
        baseline={"rule": rule, "alternatives": [], "named": []},
        measurement={"device_metered": "generator_output"},
    )
    with found.units() as uow:
        uow.products.add(product)
        uow.commit()
    found.enrol("north-1")
    found.enrol("north-2")
    start = NOON - DAYS
    battery(found, start, [USUAL_KW] * ((NOON - start) // QUARTER))
    return found


def evening(market: Market, load_kw: float, output_kw: float | None) -> dict[str, SiteDelivery]:
    """Let the evening pass; the battery's readings come in after it."""
    clear_evening(market)
    market.advance(EVENING.end)
    shown_kw = load_kw - (output_kw or 0.0)
    values = np.concatenate((np.full(5 * 12 + 24 * 12, 1000.0), np.full(24, shown_kw)))
    market.meter("north-1", 1000, NOON, values)
    if output_kw is not None:
        battery(market, EVENING.start, [output_kw] * 8)
    market.advance(EVENING.end + timedelta(hours=3))
    with market.units(write=False) as uow:
        return {one.site_id: one for one in site_deliveries(uow, market.event(), RULES)}


def test_what_the_battery_gave_beyond_its_usual_counts(market: Market) -> None:
    [first, *_] = evening(market, load_kw=1030.0, output_kw=150.0)["north-1"].intervals
    assert first.baseline_kwh == Decimal("250.000")  # 1050 kW of load less 50 kW, for a quarter hour
    assert first.metered_kwh == Decimal("220.000")
    assert first.delivered_kwh == Decimal("30.000")  # 20 kW of load and 100 kW of the battery


def test_what_it_exported_does_not(market: Market) -> None:
    [first, *_] = evening(market, load_kw=1050.0, output_kw=1400.0)["north-1"].intervals
    assert (first.metered_kwh, first.delivered_kwh) == (Decimal("0.000"), Decimal("250.000"))


def test_a_battery_that_was_not_read_leaves_a_gap_and_holds_up_no_other(market: Market) -> None:
    found = evening(market, load_kw=1050.0, output_kw=None)
    assert {each.quality for each in found["north-1"].intervals} == {MeterQuality.MISSING}
    assert found["north-1"].meter_note == "no meter of a device has been read, which the baseline splits off"
    # A site without a battery's meter has no baseline by this rule; that is its own matter.
    assert {each.baseline_kwh for each in found["north-2"].intervals} == {None}


def test_the_baseline_can_be_made_again_from_what_was_known(market: Market) -> None:
    evening(market, load_kw=1030.0, output_kw=150.0)
    battery(market, NOON - DAYS, [70.0] * 200)  # a correction that came later
    again = verify_baseline(market.units, OPERATOR, market.pool, "evening", "north-1")
    assert (again.matches, again.differences) == (True, ())


def test_evidence_holds_both_meters(market: Market) -> None:
    evening(market, load_kw=1030.0, output_kw=150.0)
    with market.units(write=False) as uow:
        [first, _] = gather_events(uow, [market.event()], RULES)["evening"]
    assert first.meter.metered_kw == (880.0,) * 8
    assert first.meter.device_kw == (150.0,) * 8
    assert first.baseline.adjusted_kw == (1000.0,) * 8
    assert first.around.after_kwh is None


def test_what_rests_on_an_estimate_of_the_battery_is_an_estimate(market: Market) -> None:
    evening(market, load_kw=1030.0, output_kw=150.0)
    battery(market, EVENING.start, [140.0] * 3, MeterQuality.ESTIMATED)
    battery(market, EVENING.start + QUARTER, [0.0], MeterQuality.BAD)
    with market.units(write=False) as uow:
        [first, _] = site_deliveries(uow, market.event(), RULES)
    ok, estimated, missing = MeterQuality.OK, MeterQuality.ESTIMATED, MeterQuality.MISSING
    assert [each.quality for each in first.intervals] == [estimated, missing, estimated, *[ok] * 5]
    assert first.intervals[0].delivered_kwh == Decimal("30.000")  # 880 + 140 kW of load, 140 kW served
