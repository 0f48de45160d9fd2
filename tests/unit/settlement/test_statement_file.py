import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from support.reckoned_statements import statement_for

from vpp.foundation.errors import InvalidInput
from vpp.settlement.csv_table import table_bytes, table_rows
from vpp.settlement.site_delivery import EmissionFactor, SiteDelivery
from vpp.settlement.statement import Statement
from vpp.settlement.statement_columns import COLUMNS
from vpp.settlement.statement_file import csv_pieces, file_name, parse_csv, parse_lines, render_csv
from vpp.settlement.statement_tally import StatementTally

Delivery = Callable[..., SiteDelivery]
NUMBER = re.compile(r"-?\d+(\.\d+)?")


@pytest.fixture
def statement(delivery: Delivery) -> Statement:
    site = delivery(
        ["60", "100"], make_whole=Decimal(3), emission_factor=EmissionFactor(Decimal("0.4"), "=x")
    )
    return statement_for("acme", [site])


def test_the_file_is_named_after_party_period_and_version(statement: Statement) -> None:
    assert file_name(statement) == "statement_acme_2026-03_v1.csv"


def test_every_cell_is_quoted_and_every_row_ends_in_crlf(statement: Statement) -> None:
    header, *rows, end = render_csv(statement).decode().split("\r\n")
    assert header == ",".join(f'"{column}"' for column in COLUMNS)
    assert end == ""
    assert len(rows) == len(statement.lines) == 6
    assert all(row.startswith('"') and row.endswith('"') for row in rows)


def test_the_file_comes_back_as_it_was(statement: Statement) -> None:
    assert parse_csv(render_csv(statement)) == statement


@pytest.mark.parametrize("statement_id", ["acme-2026-03-v", "acme-2026-03-jpy-v"])
def test_a_later_version_comes_back_too(statement: Statement, statement_id: str) -> None:
    lines = tuple(
        line._replace(statement_id=f"{statement_id}2", version=2, prev_version=1) for line in statement.lines
    )
    second = replace(
        statement,
        statement_id=f"{statement_id}2",
        version=2,
        lines=lines,
        previous=f"{statement_id}1",
    )
    assert parse_csv(render_csv(second)) == second


def test_a_line_without_product_and_with_an_adjustment_comes_back(statement: Statement) -> None:
    first = statement.lines[0]._replace(product_id="", product_version=None, adjustment_id="adj-2026-03-1")
    adjusted = replace(statement, lines=(first, *statement.lines[1:]))
    assert parse_csv(render_csv(adjusted)) == adjusted


def test_a_file_of_before_there_were_adjustments_can_be_read(statement: Statement) -> None:
    header, *rows = table_rows(render_csv(statement))
    assert header[-1] == "adjustment_id"
    older = table_bytes(header[:-1], [row[:-1] for row in rows])
    assert parse_csv(older) == statement


def test_pieces_are_the_file_and_are_counted_on_their_way(statement: Statement) -> None:
    many = [statement.lines[n % len(statement.lines)] for n in range(10_000)]
    tally = StatementTally("GBP")
    pieces = list(csv_pieces(iter(many), tally))
    assert len(pieces) == 4  # a header and three pieces, none of them the whole file
    assert b"".join(pieces) == render_csv(replace(statement, lines=tuple(many)))
    assert tally.line_count == len(many)
    assert tally.total == sum(line.amount for line in many)


def test_the_same_statement_gives_the_same_bytes(statement: Statement) -> None:
    assert render_csv(statement) == render_csv(replace(statement))


def test_number_columns_hold_numbers(statement: Statement) -> None:
    header, *rows = table_rows(render_csv(statement))
    columns = [n for n, name in enumerate(header) if name.endswith(("_kw", "_kwh", "amount", "price"))]
    cells = [row[n] for row in rows for n in columns if row[n]]
    assert len(cells) > 20
    assert [cell for cell in cells if not NUMBER.fullmatch(cell)] == []


def test_text_that_looks_like_a_formula_is_disarmed(statement: Statement) -> None:
    header, first, *_ = table_rows(render_csv(statement))
    assert first[header.index("ef_source")] == "'=x"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not have the columns"),
        (b"a,b\r\n", "does not have the columns"),
        (b"\xff", "not UTF-8 CSV"),
        (b'"a', "not UTF-8 CSV"),
    ],
)
def test_other_files_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_csv(content)


def test_damaged_rows_are_refused(statement: Statement) -> None:
    content = render_csv(statement)
    header_only = content.split(b"\r\n")[0] + b"\r\n"
    with pytest.raises(InvalidInput, match="no line"):
        parse_csv(header_only)
    assert parse_lines(header_only) == ()
    with pytest.raises(InvalidInput, match="row 1 has 1 cells"):
        parse_csv(header_only + b'"a"\r\n')
    with pytest.raises(InvalidInput, match="row 1 has line_code 'ENERGIE'"):
        parse_csv(content.replace(b'"ENERGY"', b'"ENERGIE"'))
    for cell in ("4,80", "4.8E0", " 4.80", "NaN", "٤.٨"):
        with pytest.raises(InvalidInput, match=f"row 1 has amount '{re.escape(cell)}'"):
            parse_csv(content.replace(b'"4.80"', f'"{cell}"'.encode()))
    with pytest.raises(InvalidInput, match="row 2 has line_no ''"):
        parse_csv(content.replace(b'"INITIAL","2"', b'"INITIAL",""'))
    with pytest.raises(InvalidInput, match="row 1 has interval_start_utc '2026-03-02T17:00:00'"):
        parse_csv(content.replace(b'"2026-03-02T17:00:00Z"', b'"2026-03-02T17:00:00"', 1))
