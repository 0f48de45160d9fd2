from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from vpp.foundation.errors import InvalidInput, WrongState
from vpp.portfolio.product import ProductProfile
from vpp.settlement.line_code import Flow, LineCode
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import EmissionFactor, SiteDelivery
from vpp.settlement.statement import Statement, build_statement
from vpp.settlement.statement_line import StatementLine
from vpp.telemetry.quality import MeterQuality

Delivery = Callable[..., SiteDelivery]
Product = Callable[..., ProductProfile]
COLUMNS = (
    "statement_id version run_type line_no line_code settlement_period party_id site_id resource_id "
    "meter_id boundary product_id product_version event_id award_id dispatch_id direction "
    "interval_start_utc interval_end_utc local_start tz award_kw target_kw baseline_id "
    "baseline_raw_kwh adjustment_kwh baseline_kwh metered_kwh quality delivered_kwh payable_kwh "
    "band_code availability_kw_h price price_unit price_basis amount currency flow "
    "penalty_formula_id penalty_basis_kwh delta_amount prev_version emission_factor_kg_per_kwh "
    "co2_kg ef_source note"
)


def write(*deliveries: SiteDelivery, party_id: str = "acme", **changes: Any) -> Statement:  # noqa: ANN401
    return build_statement(
        party_id,
        changes.pop("period", "2026-03"),
        deliveries,
        operator_party_id="grid",
        aggregator_party_id="hub",
        **changes,
    )


def test_the_columns_are_those_of_the_design_in_its_order() -> None:
    assert [field.name for field in fields(StatementLine)] == COLUMNS.split()


def test_a_line_shows_how_its_amount_came_about(delivery: Delivery) -> None:
    statement = write(delivery(["60"], emission_factor=EmissionFactor(Decimal("0.4"), "grid mean")))
    energy, fee, penalty = statement.lines
    assert statement.statement_id == energy.statement_id == "acme-2026-03-v1"
    assert (energy.baseline_raw_kwh, energy.adjustment_kwh, energy.baseline_kwh) == (490, 10, 500)
    assert (energy.metered_kwh, energy.delivered_kwh, energy.payable_kwh) == (440, 60, 60)
    assert (energy.price, energy.price_unit, energy.amount) == (80, "GBP/MWh", Decimal("4.80"))
    assert (energy.co2_kg, energy.ef_source) == (Decimal("24.000"), "grid mean")
    assert (energy.product_version, energy.baseline_id, energy.boundary) == (3, "high-4-of-5", "poc")
    assert (fee.amount, fee.flow, fee.payable_kwh) == (Decimal("-0.48"), Flow.CHARGE, None)
    assert (penalty.penalty_formula_id, penalty.penalty_basis_kwh) == ("shortfall_at_price", 30)
    assert (penalty.amount, penalty.price) == (Decimal("-1.20"), 40)
    assert [line.line_no for line in statement.lines] == [1, 2, 3]
    assert statement.total == Decimal("3.12")


def test_each_party_sees_its_side(delivery: Delivery) -> None:
    site = delivery(["60"], make_whole=Decimal(2))
    owner, operator, aggregator = (write(site, party_id=party) for party in ("acme", "grid", "hub"))
    assert {code.name: str(total) for code, total in operator.totals.items()} == {
        "ENERGY": "-4.80",
        "PENALTY": "1.20",
        "MAKE_WHOLE": "-1.20",
    }
    assert {code.name: str(total) for code, total in aggregator.totals.items()} == {"AGG_FEE": "0.48"}
    assert owner.total + operator.total + aggregator.total == 0
    # grid income = site payments + fee + retained penalty, none of which is retained here
    assert -operator.total == owner.total + aggregator.total


def test_only_the_party_s_deliveries_of_the_period_are_on_it(delivery: Delivery) -> None:
    other_owner = delivery(site_id="south-1", party_id="bolt")
    april = datetime(2026, 4, 2, 17, tzinfo=UTC)
    later = delivery(event_id="later", start=april)
    mine = write(delivery(), other_owner, later)
    assert {(line.event_id, line.site_id) for line in mine.lines} == {("evening", "north-1")}
    operator = write(delivery(), other_owner, later, party_id="grid")
    assert {line.site_id for line in operator.lines} == {"north-1", "south-1"}


def test_the_order_of_deliveries_does_not_matter(delivery: Delivery) -> None:
    one, two = delivery(), delivery(event_id="dawn", site_id="south-1")
    assert write(one, two) == write(two, one)


def test_a_version_shows_its_change(delivery: Delivery) -> None:
    first = write(delivery(["60", "100"], quality=MeterQuality.ESTIMATED))
    second = write(delivery(["80", "100"]), version=2, previous=first)
    assert first.delta == first.total
    assert (second.run_type, second.previous) == (RunType.RECALC, "acme-2026-03-v1")
    assert [str(line.delta_amount) for line in second.lines] == ["1.60", "-0.16", "0.80", "0.00", "0.00"]
    assert {line.prev_version for line in second.lines} == {1}
    assert first.total + second.delta == second.total


def test_a_line_that_no_longer_applies_is_taken_back(delivery: Delivery) -> None:
    first = write(delivery(["60"]))
    second = write(delivery(["100"]), version=2, previous=first)
    third = write(delivery(["100"]), version=3, previous=second)
    gone = second.lines[-1]
    assert (gone.line_code, str(gone.amount), str(gone.delta_amount)) == (LineCode.PENALTY, "0.00", "1.20")
    assert (gone.statement_id, gone.version, gone.line_no) == ("acme-2026-03-v2", 2, 3)
    assert (gone.penalty_basis_kwh, gone.note) == (None, "taken back: no longer applies after version 1")
    assert third.lines[-1].delta_amount == 0
    assert third.lines[-1].note == gone.note
    assert second.total == third.total == first.delta + second.delta + third.delta


def test_a_whole_event_can_be_taken_back(delivery: Delivery) -> None:
    second = write(version=2, previous=write(delivery()))
    assert (second.total, second.currency) == (0, "GBP")


def test_a_second_version_may_settle_further_events_for_the_first_time(delivery: Delivery) -> None:
    first = write(delivery())
    later = delivery(event_id="later", start=datetime(2026, 3, 9, 17, tzinfo=UTC))
    second = write(delivery(), later, version=2, previous=first, run_type=RunType.INITIAL)
    assert second.delta == second.total - first.total > 0


@pytest.mark.parametrize("run_type", [RunType.FINAL, RunType.ADJUSTMENT])
def test_after_the_final_version_only_disputes_change_anything(delivery: Delivery, run_type: RunType) -> None:
    closed = write(delivery(), run_type=run_type)
    with pytest.raises(WrongState, match="only an ADJUSTMENT may follow, not RECALC"):
        write(delivery(), version=2, previous=closed)
    assert write(delivery(), version=2, previous=closed, run_type=RunType.ADJUSTMENT).delta == 0


def test_mixed_currencies_are_refused(delivery: Delivery, product: Product) -> None:
    yen = delivery(site_id="south-1", product=product(currency="JPY"))
    with pytest.raises(InvalidInput, match="are in GBP, JPY, expected one currency"):
        write(delivery(), yen)


def test_a_site_delivers_once_per_event(delivery: Delivery) -> None:
    with pytest.raises(InvalidInput, match="north-1 has two deliveries in event evening"):
        write(delivery(), delivery(["60"]))


def test_nothing_to_state_is_refused(delivery: Delivery) -> None:
    with pytest.raises(InvalidInput, match="no delivery in 2026-03 concerns bolt"):
        write(delivery(), party_id="bolt")


@pytest.mark.parametrize("period", ["2026-3", "2026-13", "2026", "2026-03\n"])
def test_the_period_is_a_month(delivery: Delivery, period: str) -> None:
    with pytest.raises(InvalidInput, match="expected YYYY-MM"):
        write(delivery(), period=period)


def test_versions_follow_each_other(delivery: Delivery) -> None:
    first = write(delivery())
    with pytest.raises(InvalidInput, match="version is 2, expected 1 without a previous one"):
        write(delivery(), version=2)
    with pytest.raises(InvalidInput, match="acme-2026-03-v3 does not follow acme-2026-03-v1"):
        write(delivery(), version=3, previous=first)
    with pytest.raises(InvalidInput, match="hub-2026-03-v2 does not follow acme-2026-03-v1"):
        write(delivery(), party_id="hub", version=2, previous=first)
