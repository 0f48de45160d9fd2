import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.settlement.site_delivery import EmissionFactor, SiteDelivery
from vpp.settlement.statement import Statement, build_statement
from vpp.settlement.statement_file import COLUMNS, file_name, parse_csv, render_csv, table_rows

Delivery = Callable[..., SiteDelivery]
NUMBER = re.compile(r"-?\d+(\.\d+)?")


@pytest.fixture
def statement(delivery: Delivery) -> Statement:
    site = delivery(
        ["60", "100"], make_whole=Decimal(3), emission_factor=EmissionFactor(Decimal("0.4"), "=x")
    )
    return build_statement("acme", "2026-03", [site], operator_party_id="grid", aggregator_party_id="hub")


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


def test_a_later_version_comes_back_too(delivery: Delivery, statement: Statement) -> None:
    second = build_statement(
        "acme",
        "2026-03",
        [delivery(["100", "100"])],
        operator_party_id="grid",
        aggregator_party_id="hub",
        version=2,
        previous=parse_csv(render_csv(statement)),
    )
    assert parse_csv(render_csv(second)) == second
    assert second.previous == "acme-2026-03-v1"


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
    with pytest.raises(InvalidInput, match="row 1 has 1 cells"):
        parse_csv(header_only + b'"a"\r\n')
    with pytest.raises(InvalidInput, match="row 1 has line_code 'ENERGIE'"):
        parse_csv(content.replace(b'"ENERGY"', b'"ENERGIE"'))
    with pytest.raises(InvalidInput, match="row 1 has amount '4,80'"):
        parse_csv(content.replace(b'"4.80"', b'"4,80"'))
