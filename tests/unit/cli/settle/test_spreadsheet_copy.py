import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.cli.settle.column_words import CHINESE, FRENCH, GERMAN, JAPANESE
from vpp.cli.settle.spreadsheet_copy import BYTE_ORDER_MARK, spreadsheet_copy
from vpp.cli.settle.spreadsheet_locale import CopyLocale
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.settlement.csv_table import table_bytes
from vpp.settlement.entry import EntryKey
from vpp.settlement.line_code import LineCode
from vpp.settlement.run_type import RunType
from vpp.settlement.statement_columns import COLUMNS
from vpp.settlement.statement_file import csv_pieces
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_line import StatementLine, line_taken_back

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEAD = StatementHead("acme-2026-03-v1", "acme", "2026-03", 1, RunType.INITIAL, "EUR")
KEY = EntryKey("evening", "north-1", Interval(NOON, NOON + timedelta(hours=1)), LineCode.ENERGY)


def statement(**changes: object) -> bytes:
    line: StatementLine = line_taken_back(KEY, 1, HEAD, booked_before=Decimal("-1234.50"))
    return b"".join(csv_pieces([line._replace(**changes)]))  # type: ignore[arg-type]  # columns by name


def cells(copy: bytes, separator: str) -> dict[str, str]:
    assert copy.startswith(BYTE_ORDER_MARK)
    header, row = csv.reader(io.StringIO(copy.decode("utf-8-sig"), newline=""), delimiter=separator)
    assert len(header) == len(COLUMNS)
    return dict(zip(COLUMNS, row, strict=True))


@pytest.mark.parametrize(
    ("locale", "separator", "amount"),
    [
        (CopyLocale.EN, ",", "1234.50"),
        (CopyLocale.DE, ";", "1234,50"),
        (CopyLocale.FR, ";", "1234,50"),
        (CopyLocale.ZH, ",", "1234.50"),
        (CopyLocale.JA, ",", "1234.50"),
    ],
)
def test_numbers_have_the_locale_s_signs(locale: CopyLocale, separator: str, amount: str) -> None:
    found = cells(spreadsheet_copy(statement(delivered_kwh=Decimal("-0.125")), locale), separator)
    assert found["delta_amount"] == amount
    assert found["delivered_kwh"] == ("-0,125" if separator == ";" else "-0.125")
    assert (found["version"], found["line_no"]) == ("1", "1")


def test_instants_are_dates_to_a_spreadsheet() -> None:
    found = cells(spreadsheet_copy(statement(), CopyLocale.EN), ",")
    assert (found["interval_start_utc"], found["interval_end_utc"]) == (
        "2026-03-02 12:00:00",
        "2026-03-02 13:00:00",
    )
    assert found["settlement_period"] == "2026-03"


@pytest.mark.parametrize(
    "text", ["0012345678901234567", "1e5", "1-2", "3/4", "12:30", "1,5", "mar-1", "Sept 2", "1-mai", "TRUE"]
)
def test_text_that_looks_like_a_number_keeps_its_signs(text: str) -> None:
    assert cells(spreadsheet_copy(statement(meter_id=text), CopyLocale.DE), ";")["meter_id"] == f"'{text}"


@pytest.mark.parametrize(
    "text", ["m-77", "market-1", "marc-1", "true-north", "北京1号", "1 site", "A1", 'a;b,c "d"']
)
def test_other_text_is_copied(text: str) -> None:
    assert cells(spreadsheet_copy(statement(meter_id=text), CopyLocale.DE), ";")["meter_id"] == text


def test_a_guard_stays() -> None:
    assert cells(spreadsheet_copy(statement(note="=1+1"), CopyLocale.ZH), ",")["note"] == "'=1+1"


@pytest.mark.parametrize("words", [CHINESE, JAPANESE, GERMAN, FRENCH])
def test_every_column_has_a_name_of_its_own(words: dict[str, str]) -> None:
    assert tuple(words) == COLUMNS
    assert len(set(words.values())) == len(COLUMNS)


def test_the_english_name_stands_beside() -> None:
    first = spreadsheet_copy(statement(), CopyLocale.ZH).decode("utf-8-sig").splitlines()[0]
    assert '"中标容量 (award_kw)"' in first
    assert spreadsheet_copy(statement(), CopyLocale.EN).decode("utf-8-sig").startswith('"statement_id",')


@pytest.mark.parametrize("content", [b"", b"a,b\r\n", table_bytes(COLUMNS, [["short"]])])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        spreadsheet_copy(content, CopyLocale.EN)
