from dataclasses import replace
from datetime import date

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.settlement.csv_table import table_rows
from vpp.settlement.green_certificate import GreenCertificateKind, GreenCertificateState
from vpp.settlement.green_certificate_file import (
    MAX_CERTIFICATES,
    REQUIRED,
    read_certificates,
    write_certificates,
)

HEADER = ",".join(REQUIRED)
FIRST = "rego,G01/77,wind,2026-03-01,2026-03-31,1"
SECOND = "rego,G01/78,Solar,2026-03-01,2026-03-31,1"


def text(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join([header, *rows, ""]).encode()


def test_a_registrys_list_is_read_in_its_order() -> None:
    first, second = read_certificates(text(FIRST, SECOND), "owner")
    assert (first.issuer, first.serial, first.party_id) == ("rego", "G01/77", "owner")
    assert (first.first_day, first.last_day) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (first.kind, second.kind) == (GreenCertificateKind.WIND, GreenCertificateKind.SOLAR)
    assert (second.serial, second.state) == ("G01/78", GreenCertificateState.HELD)


def test_marks_other_columns_another_order_and_empty_rows_are_taken_as_they_come() -> None:
    header = "note,mwh, Serial ,issuer,kind,first_day,last_day"
    content = b"\xef\xbb\xbf" + text("x,1,G01/77,rego,wind,2026-03-01,2026-03-31", ",,,,,,", header=header)
    assert read_certificates(content, "owner") == read_certificates(text(FIRST), "owner")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "file is not UTF-8 CSV"),
        (b"", "file has no column issuer, serial, kind, first_day, last_day, mwh, expected issuer"),
        (text(FIRST, header=HEADER.replace("mwh", "MW")), "file has no column mwh, expected issuer"),
        (text(), "file has 0 certificates, expected 1 to 20000; split longer ones"),
        (text(FIRST, FIRST[:-2]), "row 3 has 5 cells, expected 6, one per column"),
        (text(FIRST.replace(",1", ",2")), "row 2 has mwh '2', expected 1: a certificate is of exactly 1 MWh"),
        (text(FIRST[:-1] + "0.5"), "row 2 has mwh '0.5', expected 1"),
        (text(FIRST.replace("wind", "coal")), "row 2 has kind 'coal', expected one of wind, solar"),
        (text(FIRST.replace("2026-03-01", "1.3.2026")), "row 2 has first_day '1.3.2026', expected a day as"),
        (text(FIRST.replace("2026-03-31", "2026-02-30")), "row 2 has last_day '2026-02-30', expected a day"),
        (text(FIRST.replace("2026-03-31", "2026-02-28")), "row 2: last_day of rego-g01-77 is 2026-02-28"),
        (text(FIRST, FIRST.replace("G01/77", "6.43E+29")), r"row 3: serial is '6.43E\+29'"),
        (text(FIRST, "", SECOND.replace("G01/78", "g01-77")), "row 4 has serial 'g01-77' of rego, as row 2;"),
    ],
)
def test_a_file_with_a_fault_is_refused_by_row_and_column(content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_certificates(content, "owner")


def test_as_many_as_a_request_takes_are_read_and_one_more_is_not() -> None:
    rows = [FIRST.replace("77", str(n)) for n in range(MAX_CERTIFICATES)]
    assert len(read_certificates(text(*rows), "owner")) == MAX_CERTIFICATES
    with pytest.raises(InvalidInput, match="file has 20001 certificates, expected 1 to 20000"):
        read_certificates(text(*rows, SECOND.replace("78", "x")), "owner")


def test_what_is_written_is_in_order_of_id_and_can_be_read_again() -> None:
    first, second = read_certificates(text(FIRST, SECOND), "owner")
    used = replace(second, state=GreenCertificateState.RETIRED, site_id="a", period="2026-03")
    written = write_certificates([used, first])
    assert written == write_certificates([first, used])
    assert table_rows(written)[2] == [
        *("rego-g01-78", "rego", "G01/78", "solar", "2026-03-01", "2026-03-31", "1"),
        *("owner", "retired", "a", "2026-03"),
    ]
    assert read_certificates(written, "owner") == [first, second]
