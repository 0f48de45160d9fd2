from collections.abc import Callable
from decimal import Decimal

import pytest
from support.reckoned_statements import statement_for

from vpp.foundation.errors import InvalidInput
from vpp.settlement.line_code import LineCode
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement import Statement
from vpp.settlement.statement_line import StatementLine
from vpp.settlement.statement_tally import QUANTITIES, StatementTally


@pytest.fixture
def statement(delivery: Callable[..., SiteDelivery]) -> Statement:
    return statement_for("acme", [delivery(["60", "100"]), delivery(["60"], site_id="south-1")])


def columns_of(lines: tuple[StatementLine, ...]) -> dict[str, tuple[object, ...]]:
    return dict(zip(StatementLine._fields, zip(*lines, strict=True), strict=True))


def test_lines_are_summed_by_code(statement: Statement) -> None:
    tally = statement.tally
    assert {code.name: str(total) for code, total in tally.totals.items()} == {
        "ENERGY": "17.60",
        "AGG_FEE": "-1.76",
        "PENALTY": "-2.40",
    }
    assert tally.counts == {LineCode.ENERGY: 3, LineCode.AGG_FEE: 3, LineCode.PENALTY: 2}
    assert (str(tally.total), str(tally.delta), tally.line_count) == ("13.44", "13.44", 8)
    assert tally.deltas == tally.totals
    assert tally.sites == {"north-1", "south-1"}
    assert tally.products == {("evening-peak", 3)}
    assert tally.baselines == {("high-4-of-5", "evening-peak", 3)}


def test_quantities_are_summed_by_code(statement: Statement) -> None:
    tally = statement.tally
    assert tally.quantity(LineCode.ENERGY, "delivered_kwh") == 220
    assert tally.quantity(LineCode.PENALTY, "delivered_kwh") == 0
    assert tally.quantity(LineCode.PENALTY, "penalty_basis_kwh") == 60
    assert tally.total_quantity("metered_kwh") == 1280
    for column in QUANTITIES:
        whole = sum((getattr(line, column) or Decimal(0) for line in statement.lines), Decimal(0))
        assert tally.total_quantity(column) == whole


@pytest.mark.parametrize("cut", [1, 3, 7])
def test_pieces_add_up_to_the_whole(statement: Statement, cut: int) -> None:
    tally = StatementTally("GBP")
    for lines in (statement.lines[:cut], statement.lines[cut:]):
        tally.add(columns_of(lines))
    whole = statement.tally
    assert (tally.totals, tally.deltas, tally.counts) == (whole.totals, whole.deltas, whole.counts)
    assert [tally.total_quantity(column) for column in QUANTITIES] == [
        whole.total_quantity(column) for column in QUANTITIES
    ]
    assert (tally.sites, tally.products, tally.baselines) == (whole.sites, whole.products, whole.baselines)


def test_totals_are_in_the_order_of_the_codes(statement: Statement) -> None:
    tally = StatementTally("GBP")
    tally.add(columns_of(statement.lines[::-1]))
    assert list(tally.totals) == [LineCode.ENERGY, LineCode.AGG_FEE, LineCode.PENALTY]


def test_nothing_adds_up_to_no_money_with_its_places() -> None:
    assert (str(StatementTally("GBP").total), str(StatementTally("JPY").delta)) == ("0.00", "0")
    with pytest.raises(InvalidInput, match="currency is 'XXX'"):
        StatementTally("XXX")


def test_adjustments_without_product_or_site_name_none(statement: Statement) -> None:
    line = statement.lines[0]._replace(product_id="", product_version=None, baseline_id="", site_id="")
    tally = StatementTally("GBP")
    tally.add(columns_of((line,)))
    assert (tally.products, tally.baselines, tally.sites) == (set(), set(), set())
