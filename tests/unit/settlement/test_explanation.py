"""Why a line is what it is: days, readings, rule, formula, and what changed against the version before."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.csv_rows import with_rows
from support.proved_month import ProvedMonth, adjustment, first_evidence, with_metered

from vpp.foundation.errors import NotFound
from vpp.settlement.explanation import Explanation, explain
from vpp.settlement.line_code import LineCode
from vpp.settlement.reckoned_statement import reckoned_statement

PARTY = "owner-a"
CORRECTED = ("alone", "north-1")


@pytest.fixture(scope="module")
def first() -> ProvedMonth:
    """The first version."""
    return ProvedMonth(first_evidence())


@pytest.fixture(scope="module")
def second(first: ProvedMonth) -> ProvedMonth:
    """One reading is lower, one is gone, and there is an adjustment."""
    changed = with_metered(first.evidence[CORRECTED], (450.0, 395.0, float("nan"), 402.5))
    return first.after({CORRECTED: changed}, adjustment())


def explained(month: ProvedMonth, line_no: int, party_id: str = PARTY) -> Explanation:
    return explain(month.csv(party_id), month.bundle(party_id), line_no)


def line_with(month: ProvedMonth, code: LineCode, note: str = "") -> int:
    lines = reckoned_statement(month.bundle(PARTY)).lines
    return next(line.line_no for line, _ in lines if line.line_code is code and note in line.note)


def test_an_energy_line_says_days_readings_rule_and_formula(first: ProvedMonth) -> None:
    found = explained(first, 1)

    assert found.meaning == "payment for delivered energy"
    assert (found.payer, found.payee) == ("grid:operator:GBP", "owner-a:site:north-1:GBP")
    assert found.site_name == "Site north-1 上海"
    assert found.product_name == "Example day-ahead peak shaving"
    assert found.baseline is not None
    assert [day.day for day in found.baseline.days_used] == [25, 26, 27]
    assert found.baseline.rule_id == found.line.baseline_id
    assert found.baseline.notes == ("a day with an event was left out",)
    assert found.meter is not None
    assert (found.meter.source, found.meter.data_version) == ("telemetry", 7)
    assert [reading.metered_kw for reading in found.readings] == [400.0, 395.0, 410.0, 402.5]
    assert [reading.is_explained for reading in found.readings] == [True, False, False, False]
    assert found.around == (Decimal("-1.250"), Decimal("12.500"))
    assert found.faults == ()


def test_the_last_step_gives_the_amount(first: ProvedMonth) -> None:
    found = explained(first, 1)

    assert "25.000 kWh * 84.250000 GBP/MWh / 1000 = 2.10625" in found.steps[-1].text
    assert f"{found.line.amount:f}" in found.steps[-1].text


def test_a_gap_is_told_and_never_zero(second: ProvedMonth) -> None:
    found = explained(second, line_with(second, LineCode.ENERGY, "missing"))

    assert [reading.metered_kw for reading in found.readings] == [450.0, 395.0, None, 402.5]
    assert found.line.amount == 0


def test_every_line_of_every_party_can_be_explained(second: ProvedMonth) -> None:
    for party_id in (PARTY, "owner-b", "grid", "hub"):
        for line_no in range(1, len(reckoned_statement(second.bundle(party_id)).lines) + 1):
            found = explained(second, line_no, party_id)

            assert found.meaning
            assert found.change.booked_before + found.change.delta == found.change.amount
            assert found.steps or found.adjustment is not None or not found.payer


def test_the_first_version_has_nothing_before_it(first: ProvedMonth) -> None:
    change = explained(first, 1).change

    assert (change.previous, change.booked_before, change.delta) == ("", 0, change.amount)
    assert "first version" in change.reason


def test_a_corrected_reading_is_the_reason(second: ProvedMonth) -> None:
    change = explained(second, 1).change

    assert (change.booked_before, change.amount) == (Decimal("2.11"), Decimal("1.05"))
    assert change.reason == "the readings are other than in owner-a-2026-03-v1"
    assert ("metered_kwh", "100.000", "112.500") in [
        (cell.column, cell.before, cell.after) for cell in change.cells
    ]


def test_what_is_new_what_is_gone_and_what_stays_is_told(second: ProvedMonth) -> None:
    reasons = {
        name: explained(second, line_with(second, code, note)).change.reason
        for name, code, note in (
            ("new", LineCode.PENALTY, ""),
            ("gone", LineCode.AGG_FEE, "taken back"),
        )
    }

    assert reasons["new"] == "owner-a-2026-03-v1 had no such line"
    assert reasons["gone"] == "owner-a-2026-03-v1 had an amount here that no longer applies"
    assert explained(second, 4).change.reason == "the amount is that of owner-a-2026-03-v1"


def test_an_adjustment_says_who_agreed(second: ProvedMonth) -> None:
    found = explained(second, line_with(second, LineCode.ADJ_MANUAL))

    assert found.adjustment is not None
    assert (found.adjustment.proposed_by, found.adjustment.decided_by) == ("ann", "bob")
    assert found.change.reason == "two people agreed to the adjustment after the version before"


def test_a_changed_baseline_is_the_reason(first: ProvedMonth) -> None:
    was = first.evidence[CORRECTED]
    raised = tuple(power_kw + 10 for power_kw in was.baseline.adjusted_kw)
    changed = replace(was, baseline=replace(was.baseline, adjusted_kw=raised))

    change = explained(first.after({CORRECTED: changed}), 1).change

    assert change.reason == "the baseline is other than in owner-a-2026-03-v1"


def test_what_the_file_says_otherwise_is_told(first: ProvedMonth) -> None:
    forged = with_rows(first.csv(PARTY), {0: {"amount": "99.00"}, 1: {"note": "x"}})

    found = explain(forged, first.bundle(PARTY), 1)

    assert [(fault.column, fault.stated, fault.reckoned) for fault in found.faults] == [
        ("amount", "99.00", "2.11")
    ]
    assert found.line.amount == Decimal("2.11")


@pytest.mark.parametrize("line_no", [0, -1, 35, 10**9])
def test_a_line_that_is_not_there_is_refused(first: ProvedMonth, line_no: int) -> None:
    with pytest.raises(NotFound, match="has lines 1 to 34"):
        explained(first, line_no)
