"""What changed between two versions of a statement: added, changed, taken back, and the sums."""

from decimal import Decimal

import pytest
from support.csv_rows import with_rows
from support.proved_month import ProvedMonth, adjustment, first_evidence, with_metered

from vpp.foundation.errors import InvalidInput
from vpp.settlement.reckoned_statement import reckoned_statement
from vpp.settlement.statement_diff import ChangeKind, changed_cells, diff_statements
from vpp.settlement.statement_file import csv_pieces

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


def test_versions_that_say_the_same_differ_in_nothing(first: ProvedMonth) -> None:
    found = diff_statements(first.csv(PARTY), first.after({}).csv(PARTY))

    assert found.changes == ()
    assert (found.before_id, found.after_id) == ("owner-a-2026-03-v1", "owner-a-2026-03-v2")
    assert found.delta_amount == 0
    assert found.faults == ()


def test_every_change_is_told_with_both_values(first: ProvedMonth, second: ProvedMonth) -> None:
    found = diff_statements(first.csv(PARTY), second.csv(PARTY))

    kinds = {(each.line_code, each.interval_start_utc[11:16]): each.kind for each in found.changes}
    assert kinds == {
        ("ENERGY", "17:00"): ChangeKind.CHANGED,
        ("AGG_FEE", "17:00"): ChangeKind.CHANGED,
        ("PENALTY", "17:00"): ChangeKind.ADDED,
        ("ENERGY", "17:30"): ChangeKind.CHANGED,
        ("AGG_FEE", "17:30"): ChangeKind.TAKEN_BACK,
        ("MAKE_WHOLE", "17:00"): ChangeKind.CHANGED,
        ("ADJ_MANUAL", "17:00"): ChangeKind.ADDED,
    }
    energy = found.changes[0]
    cells = {cell.column: (cell.before, cell.after) for cell in energy.cells}
    assert cells["metered_kwh"] == ("100.000", "112.500")
    assert cells["band_code"] == ("FULL", "PARTIAL")
    assert (energy.amount_before, energy.amount_after) == (Decimal("2.11"), Decimal("1.05"))
    assert "version" not in cells


def test_a_line_that_is_only_numbered_otherwise_has_not_changed(
    first: ProvedMonth, second: ProvedMonth
) -> None:
    found = diff_statements(first.csv(PARTY), second.csv(PARTY))

    moved = {change.site_id for change in found.changes}
    assert moved == {"north-1"}  # the lines of north-2 come later and are one further down


def test_the_changes_add_up_to_the_difference_of_the_totals(first: ProvedMonth, second: ProvedMonth) -> None:
    for party_id in (PARTY, "owner-b", "grid", "hub"):
        found = diff_statements(first.csv(party_id), second.csv(party_id))

        assert found.total_after - found.total_before == found.delta_amount
        assert sum((change.delta_amount for change in found.changes), Decimal(0)) == found.delta_amount
        assert sum(found.delta_by_code.values(), Decimal(0)) == found.delta_amount


def test_versions_further_apart_can_be_compared(first: ProvedMonth, second: ProvedMonth) -> None:
    third = second.after({CORRECTED: first.evidence[CORRECTED]})

    found = diff_statements(first.csv(PARTY), third.csv(PARTY))

    # The readings of the first version again, so that only the adjustment is left.
    assert [change.line_code for change in found.changes] == ["ADJ_MANUAL"]
    assert found.delta_amount == Decimal("12.34")
    assert found.faults == ()


def test_a_line_that_comes_back_is_added(first: ProvedMonth, second: ProvedMonth) -> None:
    third = second.after({CORRECTED: first.evidence[CORRECTED]})

    found = diff_statements(second.csv(PARTY), third.csv(PARTY))

    by_kind = {(each.line_code, each.interval_start_utc[11:16]): each.kind for each in found.changes}
    assert by_kind["AGG_FEE", "17:30"] is ChangeKind.ADDED
    assert by_kind["PENALTY", "17:00"] is ChangeKind.TAKEN_BACK


def test_a_stated_change_that_is_not_so_is_told(first: ProvedMonth, second: ProvedMonth) -> None:
    forged = with_rows(second.csv(PARTY), {0: {"delta_amount": "0.00"}})

    found = diff_statements(first.csv(PARTY), forged)

    assert found.faults == ("line 1 states a change of 0.00, the amounts differ by -1.06",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"party_id": "owner-c"}, "party_id is 'owner-a' in owner-a-2026-03-v1 and 'owner-c'"),
        ({"settlement_period": "2026-04"}, "two versions of one statement"),
        ({"currency": "JPY"}, "two versions of one statement"),
        ({"version": "0"}, "the earlier version first"),
        ({"version": "two"}, "the earlier version first"),
        ({"amount": "much"}, "amount of line 1 in owner-a-2026-03-v2 is 'much', expected a number"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    first: ProvedMonth, second: ProvedMonth, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        diff_statements(first.csv(PARTY), with_rows(second.csv(PARTY), {0: changes}))


def test_the_later_version_first_is_refused(first: ProvedMonth, second: ProvedMonth) -> None:
    with pytest.raises(InvalidInput, match="the earlier version first"):
        diff_statements(second.csv(PARTY), first.csv(PARTY))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\r\n", "the second file does not have the columns"),
        (b"", "the second file does not have the columns"),
    ],
)
def test_what_is_no_statement_is_refused(first: ProvedMonth, content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        diff_statements(first.csv(PARTY), content)
    header = first.csv(PARTY).split(b"\r\n")[0] + b"\r\n"
    with pytest.raises(InvalidInput, match="first file has no line"):
        diff_statements(header, first.csv(PARTY))
    with pytest.raises(InvalidInput, match="row 1 of the first file has 1 cells"):
        diff_statements(header + b'"x"\r\n', first.csv(PARTY))


@pytest.mark.parametrize("column", ["amount", "delta_amount", "line_no"])
@pytest.mark.parametrize("forged", ["much", "NaN", ""])
def test_what_is_no_number_is_refused(first: ProvedMonth, column: str, forged: str) -> None:
    later = with_rows(first.after({}).csv(PARTY), {0: {column: forged, "note": "changed"}})

    with pytest.raises(InvalidInput, match=f"{column} of line .* expected a number"):
        diff_statements(first.csv(PARTY), later)


def test_one_line_is_compared_with_the_version_before(first: ProvedMonth, second: ProvedMonth) -> None:
    lines = [line for line, _ in reckoned_statement(second.bundle(PARTY)).lines]
    cells = changed_cells(first.csv(PARTY), b"".join(csv_pieces(lines[:1])))
    assert ("metered_kwh", "100.000", "112.500") in [(each.column, each.before, each.after) for each in cells]
    assert changed_cells(first.csv(PARTY), b"".join(csv_pieces(lines[2:3]))) == ()
