from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from support.settled import Settled

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import ProductProfile
from vpp.settlement.booking_changes import by_party, changes
from vpp.settlement.line_code import Flow, LineCode
from vpp.settlement.reckoning import reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import EmissionFactor, SiteDelivery
from vpp.settlement.statement import Statement
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


def write(*deliveries: SiteDelivery, party_id: str = "acme") -> Statement:
    return Settled().run(deliveries)[party_id]


def test_the_columns_are_those_of_the_design_in_its_order() -> None:
    assert [*StatementLine._fields] == [*COLUMNS.split(), "adjustment_id"]


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
    settled = Settled()
    first = settled.run([delivery(["60", "100"], quality=MeterQuality.ESTIMATED)])["acme"]
    second = settled.run([delivery(["80", "100"])])["acme"]
    assert first.delta == first.total
    assert (second.run_type, second.previous) == (RunType.RECALC, "acme-2026-03-v1")
    assert [str(line.delta_amount) for line in second.lines] == ["1.60", "-0.16", "0.80", "0.00", "0.00"]
    assert {line.prev_version for line in second.lines} == {1}
    assert first.total + second.delta == second.total


def test_a_line_that_no_longer_applies_is_taken_back(delivery: Delivery) -> None:
    settled = Settled()
    first = settled.run([delivery(["60"])])["acme"]
    second = settled.run([delivery(["100"])])["acme"]
    third = settled.run([delivery(["100"])])["acme"]
    gone = second.lines[-1]
    assert (gone.line_code, str(gone.amount), str(gone.delta_amount)) == (LineCode.PENALTY, "0.00", "1.20")
    assert (gone.statement_id, gone.version, gone.line_no) == ("acme-2026-03-v2", 2, 3)
    assert (gone.penalty_basis_kwh, gone.note) == (None, "taken back: no longer applies")
    assert third.lines[-1].delta_amount == 0
    assert third.lines[-1].note == gone.note
    assert second.total == third.total == first.delta + second.delta + third.delta


def test_a_whole_event_can_be_taken_back(delivery: Delivery) -> None:
    settled = Settled()
    first = settled.run([delivery()])["acme"]
    second = settled.run([])["acme"]
    assert (second.total, second.currency, second.delta) == (0, "GBP", -first.total)


def test_a_second_version_may_settle_further_events_for_the_first_time(delivery: Delivery) -> None:
    settled = Settled()
    first = settled.run([delivery()])["acme"]
    later = delivery(event_id="later", start=datetime(2026, 3, 9, 17, tzinfo=UTC))
    second = settled.run([delivery(), later], RunType.INITIAL)["acme"]
    assert second.delta == second.total - first.total > 0


def test_each_currency_has_a_statement_of_its_own(delivery: Delivery, product: Product) -> None:
    yen = delivery(site_id="south-1", product=product(currency="JPY"))
    charges = reckon("2026-03", [delivery(), yen], run=RunTerms(RunType.INITIAL, "hub")).charges
    assert {purse for purse in by_party(changes(charges, {})) if purse[0] == "acme"} == {
        ("acme", "GBP"),
        ("acme", "JPY"),
    }


def test_a_site_delivers_once_per_event(delivery: Delivery) -> None:
    with pytest.raises(InvalidInput, match="north-1 has two deliveries in event evening"):
        write(delivery(), delivery(["60"]))


def test_nothing_to_state_is_no_statement(delivery: Delivery) -> None:
    assert "bolt" not in Settled().run([delivery()])


@pytest.mark.parametrize("period", ["2026-3", "2026-13", "2026", "2026-03\n"])
def test_the_period_is_a_month(delivery: Delivery, period: str) -> None:
    with pytest.raises(InvalidInput, match="expected YYYY-MM"):
        Settled(period=period).run([delivery()])
