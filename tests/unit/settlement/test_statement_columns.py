from datetime import UTC, datetime
from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule
from vpp.settlement.line_code import LineCode
from vpp.settlement.statement_columns import COLUMNS, column_kinds, known_columns, readers, writers

WRITE = dict(zip(COLUMNS, writers(), strict=True))
READ = dict(zip(COLUMNS, readers(), strict=True))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "values", "texts"),
    [
        ("amount", [Decimal("1.20"), Decimal("-0.05")], ["1.20", "-0.05"]),
        ("price", [None, Decimal("0.000000"), Decimal("1.5")], ["", "0.000000", "1.5"]),
        ("version", [1, 12], ["1", "12"]),
        ("prev_version", [None, 3], ["", "3"]),
        ("line_code", [LineCode.ENERGY, LineCode.AGG_FEE, LineCode.ENERGY], ["ENERGY", "AGG_FEE", "ENERGY"]),
        ("price_basis", [None, PayRule.AS_BID], ["", "as_bid"]),
        ("interval_start_utc", [NOON, NOON], ["2026-03-02T12:00:00Z"] * 2),
        ("note", ["", "=1", "北京", "1.5"], ["", "'=1", "北京", "1.5"]),
    ],
)
def test_columns_are_written_and_read_back(column: str, values: list[object], texts: list[str]) -> None:
    assert WRITE[column](values) == texts
    assert READ[column](texts) == values


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+3", "1000"), ("1E-7", "0.0000001"), ("-0E-9", "-0.000000000"), ("12E1", "120")],
)
def test_no_number_has_an_exponent(value: str, text: str) -> None:
    assert WRITE["price"]([Decimal("2.5"), Decimal(value), None]) == ["2.5", text, ""]


@pytest.mark.parametrize("value", ["NaN", "-NaN1", "sNaN", "Infinity", "-Infinity"])
def test_only_finite_numbers_are_written(value: str) -> None:
    with pytest.raises(InvalidInput, match="expected a finite one"):
        WRITE["amount"]([Decimal("1.00"), Decimal(value)])


def test_quotes_in_text_are_doubled_once() -> None:
    assert WRITE["note"](['a "b"', 'a "b"']) == ['a ""b""'] * 2


@pytest.mark.parametrize(
    ("column", "text"),
    [
        *(("amount", text) for text in ("", "1e3", "1,5", " 1", "1_0", "NaN", "+1", ".5", "1.")),
        ("amount", "١"),  # noqa: RUF001  a digit of another script
        *(("version", text) for text in ("", "1.5", "x")),
        ("version", "１"),  # noqa: RUF001  a wide digit
        *(("line_code", text) for text in ("", "energy", "OTHER")),
        *(("quality", text) for text in ("0", "ok")),
        *(("price_basis", text) for text in ("AS_BID", "x")),
        *(
            ("interval_start_utc", text)
            for text in ("", "2026-03-02", "2026-03-02T12:00:00+00:00", "T12:00Z")
        ),
    ],
)
def test_other_cells_are_not_read(column: str, text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        READ[column]([text])


def test_the_columns_of_earlier_programs_are_known() -> None:
    assert known_columns(COLUMNS) == len(COLUMNS)
    assert known_columns(COLUMNS[:-1]) == len(COLUMNS) - 1
    for other in ((), COLUMNS[:-2], (*COLUMNS, "more"), ("x", *COLUMNS[1:]), COLUMNS[1:]):
        with pytest.raises(InvalidInput, match="does not have the columns of a statement"):
            known_columns(other)


def test_every_column_has_a_kind() -> None:
    kinds = dict(zip(COLUMNS, column_kinds(), strict=True))
    assert kinds["amount"] == (Decimal, False)
    assert kinds["price"] == (Decimal, True)
    assert kinds["product_version"] == (int, True)
    assert kinds["adjustment_id"] == (str, False)
