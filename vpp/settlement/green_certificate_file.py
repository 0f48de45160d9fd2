"""Lists of green certificates as CSV: read as a registry's account gives them, written for whoever asks.

To be read, a file needs the columns of `REQUIRED`, in any order and beside any others; UTF-8, with or without
a byte-order mark. A file is taken whole or not at all.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from vpp.foundation.errors import InvalidInput
from vpp.settlement.csv_cell import guarded, unguarded
from vpp.settlement.csv_table import table_bytes, table_rows
from vpp.settlement.green_certificate import GreenCertificate, GreenCertificateKind

REQUIRED = ("issuer", "serial", "kind", "first_day", "last_day", "mwh")
WRITTEN = ("certificate_id", *REQUIRED, "party_id", "state", "site_id", "settlement_period")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MAX_CERTIFICATES = 20_000
"""Most certificates of one file: twenty gigawatt hours."""


def read_certificates(content: bytes, party_id: str) -> list[GreenCertificate]:
    """Read certificates that a party holds.

    Args:
        content: The file.
        party_id: Who holds them.

    Returns:
        The certificates in the order of the file, at least one.

    Raises:
        InvalidInput: The file is not UTF-8 CSV, lacks a column, has no row or too many; a cell cannot be
            read; a certificate is not of exactly 1 MWh or stands in two rows. The message names row
            (the header is row 1), column, value and what was expected.
    """
    rows = table_rows(content.removeprefix(BYTE_ORDER_MARK))
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        raise InvalidInput(
            f"file has no column {', '.join(missing)}, expected {', '.join(REQUIRED)}", column=missing[0]
        )
    found: dict[str, int] = {}
    certificates = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue  # spreadsheets leave empty rows at the end
        if len(row) != len(header):
            raise InvalidInput(
                f"row {number} has {len(row)} cells, expected {len(header)}, one per column", row=str(number)
            )
        certificate = _certificate(number, dict(zip(header, row, strict=True)), party_id)
        before = found.setdefault(certificate.certificate_id, number)
        if before != number:
            raise InvalidInput(
                f"row {number} has serial {certificate.serial!r} of {certificate.issuer}, as row {before}; "
                "expected every certificate once",
                row=str(number),
                column="serial",
            )
        certificates.append(certificate)
    if not 1 <= len(certificates) <= MAX_CERTIFICATES:
        raise InvalidInput(
            f"file has {len(certificates)} certificates, expected 1 to {MAX_CERTIFICATES}; split longer ones",
            count=str(len(certificates)),
        )
    return certificates


def _certificate(number: int, cells: Mapping[str, str], party_id: str) -> GreenCertificate:
    def text(column: str) -> str:
        return unguarded(cells[column].strip())

    def refuse(column: str, expected: str) -> InvalidInput:
        return InvalidInput(
            f"row {number} has {column} {text(column)!r}, expected {expected}", row=str(number), column=column
        )

    def day(column: str) -> date:
        try:
            return date.fromisoformat(text(column))
        except ValueError:
            raise refuse(column, "a day as YYYY-MM-DD") from None

    if text("mwh") != "1":
        raise refuse("mwh", "1: a certificate is of exactly 1 MWh")
    try:
        kind = GreenCertificateKind(text("kind").lower())
    except ValueError:
        raise refuse("kind", f"one of {', '.join(kind.value for kind in GreenCertificateKind)}") from None
    try:
        return GreenCertificate(
            text("issuer"), text("serial"), party_id, kind, day("first_day"), day("last_day")
        )
    except InvalidInput as error:
        if "row" in error.metadata:
            raise
        raise InvalidInput(f"row {number}: {error}", row=str(number), **error.metadata) from error


def write_certificates(certificates: Iterable[GreenCertificate]) -> bytes:
    """Write certificates as CSV, by id; the same certificates give the same bytes.

    Serials are text that spreadsheets may take for numbers: open the file by importing that column as text.
    """
    rows = [
        [
            one.certificate_id,
            one.issuer,
            guarded(one.serial),
            one.kind.value,
            one.first_day.isoformat(),
            one.last_day.isoformat(),
            "1",
            one.party_id,
            one.state.value,
            one.site_id,
            one.period,
        ]
        for one in sorted(certificates, key=lambda one: one.certificate_id)
    ]
    return table_bytes(WRITTEN, rows)
