"""Whether a statement holds: its manifest, its signature, and every line reckoned again from its bundle.

Nothing here needs a database or a hub, so that a party can check on a machine of its own what it is paid.
Cells are compared as they stand in the file; a cell that differs is named by line and column, with what the
statement says and what the evidence gives.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vpp.foundation.errors import InvalidInput
from vpp.settlement.bundle import Bundle
from vpp.settlement.manifest_signature import SignatureState
from vpp.settlement.product_digest import product_digest
from vpp.settlement.reckoned_statement import ReckonedStatement, only_lines
from vpp.settlement.statement_columns import COLUMNS
from vpp.settlement.statement_file import csv_pieces
from vpp.settlement.statement_rows import cells_digest

KEY = ("event_id", "site_id", "interval_start_utc", "interval_end_utc", "line_code", "adjustment_id")
Row = Mapping[str, str]
Key = tuple[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class CellFault:
    """A cell, or a whole line, that the evidence does not give.

    Attributes:
        line_no: Number of the line as the statement has it; as it should be where the statement lacks it.
        column: The column; empty where the whole line is too many or missing.
        stated: What the statement says; empty where it says nothing.
        reckoned: What the evidence gives; empty where it gives nothing.
        about: What the line settles: event, site, start of the interval, code.
    """

    line_no: str
    column: str
    stated: str
    reckoned: str
    about: str

    @property
    def text(self) -> str:
        """The fault in words."""
        if not self.column:
            what = "is not owed by the evidence" if self.stated else "is missing from the statement"
            return f"line {self.line_no} ({self.about}) {what}"
        return (
            f"line {self.line_no} ({self.about}): {self.column} is {self.stated or 'empty'}, the evidence "
            f"gives {self.reckoned or 'nothing'}"
        )


def check_bundle(csv_bytes: bytes, manifest: Mapping[str, object], bundle: Bundle) -> list[str]:
    """Check that a bundle is the statement's own.

    Args:
        csv_bytes: The statement's file.
        manifest: What its manifest says.
        bundle: The bundle.

    Returns:
        What does not agree, in words; empty if all does.

    Raises:
        InvalidInput: A part of the bundle cannot be read.
    """
    problems, head = [], bundle.head
    stated = manifest.get("statement_id")
    if stated != head.statement_id:
        problems.append(f"bundle is of statement {head.statement_id}, the manifest is of {stated}")
    else:
        problems += _head_problems(manifest, bundle)
    own = bundle.files.get(f"{bundle.head.stem}.csv")
    if own is not None and own != csv_bytes:
        problems.append("the statement's file in the bundle is another one")
    sealed, seal = manifest.get("evidence_sha256"), bundle.seal(bundle.evidence())
    if sealed and sealed != seal:
        problems.append(f"evidence_sha256 of the bundle is {seal}, manifest says {sealed}")
    return problems + _product_problems(manifest, bundle)


def _head_problems(manifest: Mapping[str, object], bundle: Bundle) -> list[str]:
    """Compare what a manifest says of its statement beside the lines with what the bundle says."""
    head = bundle.head
    found = {
        "party_id": head.party_id,
        "settlement_period": head.period,
        "version": head.version,
        "previous": head.previous,
        "run_type": head.run_type.name,
        "currency": head.currency,
        "run_id": bundle.run.run_id,
    }
    return [
        f"{field} of the bundle is {value}, manifest says {manifest[field]}"
        for field, value in found.items()
        if manifest.get(field) and manifest[field] != value
    ]


def _product_problems(manifest: Mapping[str, object], bundle: Bundle) -> list[str]:
    """Compare the products in a bundle with those that the manifest names by their hash."""
    found = {f"{product.product_id} version {product.version}": product for product in bundle.products}
    problems = []
    stated = manifest.get("products")
    for item in stated if isinstance(stated, list) else []:
        if not isinstance(item, dict) or not item.get("sha256"):
            continue
        name = f"{item.get('product_id')} version {item.get('version')}"
        product = found.get(name)
        digest = "missing" if product is None else product_digest(product)
        if digest != item["sha256"]:
            problems.append(
                f"sha256 of product {name} in the bundle is {digest}, manifest says {item['sha256']}"
            )
    return problems


def not_proved(
    manifest: Mapping[str, object],
    state: SignatureState,
    bundle: Bundle | None,
    *,
    has_summary: bool,
    is_from_hub: bool,
) -> list[str]:
    """Say what a check cannot prove, even if nothing was found.

    Whoever makes a statement, its manifest and its bundle can make them agree with each other. Only a
    signature, or the hub itself, shows whose they are; and no arithmetic shows that a reading is right.

    Args:
        manifest: What the statement's manifest says; empty without one.
        state: What is known of its signature.
        bundle: The bundle that its lines were reckoned again from; None if none were.
        has_summary: Whether the summary was there to be checked.
        is_from_hub: Whether the bundle was fetched from the hub for this check.

    Returns:
        What remains open, in words.
    """
    unproved = []
    if state is not SignatureState.VALID:
        why = {
            SignatureState.UNSIGNED: "it is unsigned",
            SignatureState.NOT_CHECKED: "its signature was not checked, as no public key was given",
        }.get(state, "its signature is not one of the public keys given")
        unproved.append(
            f"that the statement comes from the hub: {why}, and "
            + (
                "that the hub handed out the same file just now is all that speaks for it"
                if is_from_hub
                else "whoever made statement, manifest and bundle could make them agree with each other"
            )
        )
    if bundle is None:
        unproved.append("the lines: they were not reckoned again")
    else:
        unproved.append(
            "that readings, baselines, awards and prices are right: the lines follow from what the hub "
            "recorded of them; hold those against your own meter and contracts"
        )
        if not manifest.get("evidence_sha256"):
            unproved.append(
                "that the bundle's evidence is the statement's own: the manifest does not name it"
            )
        if bundle.shared is not None and (bundle.shared.groups or bundle.shared.budgets):
            unproved.append(
                "sums over sites of other owners, which some lines rest on: they are taken as the bundle "
                "gives them"
            )
        if bundle.booked_before:
            unproved.append(
                f"what stood booked before: it is taken as the bundle gives it; `vpp settle diff` holds it "
                f"against {bundle.head.previous}"
            )
    if has_summary:
        unproved.append("tax and payment terms in the summary: they are the hub's settings")
    else:
        unproved.append("the summary: it does not lie beside the statement")
    return unproved


def line_faults(csv_bytes: bytes, reckoned: ReckonedStatement) -> list[CellFault]:
    """Compare every line of a statement with what its bundle gives, cell by cell.

    Args:
        csv_bytes: The statement's file.
        reckoned: The statement reckoned again.

    Returns:
        What differs, in the order of the statement's lines, then what it lacks.

    Raises:
        InvalidInput: The file is no statement.
    """
    expected = b"".join(csv_pieces(only_lines(reckoned.lines)))
    return [] if expected == csv_bytes else list(_faults(csv_bytes, expected))


def _rows(csv_bytes: bytes) -> Iterator[tuple[Key, Row]]:
    """Read the rows of a statement's file, each with what it settles; one that is there again is counted."""
    try:
        table = csv.reader(io.StringIO(csv_bytes.decode(), newline=""), strict=True)
        header = next(table, [])
        if not set(KEY[:-1]) | {"line_no"} <= set(header):
            raise InvalidInput("file does not have the columns of a statement")
        seen: dict[tuple[str, ...], int] = {}
        for number, cells in enumerate(table, start=1):
            if len(cells) != len(header):
                raise InvalidInput(
                    f"row {number} has {len(cells)} cells, expected {len(header)}", row=str(number)
                )
            row = dict(zip(header, cells, strict=True))
            settled = tuple(row.get(column, "") for column in KEY)
            seen[settled] = seen.get(settled, 0) + 1
            yield (settled, seen[settled]), row
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"file is not UTF-8 CSV: {error}") from error


def _faults(csv_bytes: bytes, expected: bytes) -> Iterator[CellFault]:
    """Compare two files; of most of a million rows, only those that differ are held in memory."""
    digests = {key: _digest(row) for key, row in _rows(expected)}
    odd = {key: row for key, row in _rows(csv_bytes) if digests.pop(key, None) != _digest(row)}
    others = {key: row for key, row in _rows(expected) if key in odd}
    for key, row in odd.items():
        other = others.get(key)
        if other is None:
            yield CellFault(row["line_no"], "", "stated", "", _about(row))
            continue
        for column in COLUMNS:
            stated, reckoned = row.get(column, ""), other.get(column, "")
            if stated != reckoned:
                yield CellFault(row["line_no"], column, stated, reckoned, _about(row))
    for key, row in _rows(expected):
        if key in digests:
            yield CellFault(row["line_no"], "", "", "owed", _about(row))


def _digest(row: Row) -> bytes:
    return cells_digest(row.get(column, "") for column in COLUMNS)


def _about(row: Row) -> str:
    parts = (row["event_id"], row["site_id"], row["interval_start_utc"], row["line_code"])
    return " ".join(part for part in (*parts, row.get("adjustment_id", "")) if part)
