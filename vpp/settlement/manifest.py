"""What proves that a statement's file is the one that was written."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from vpp.foundation.errors import InvalidInput
from vpp.settlement.csv_cell import utc_text
from vpp.settlement.statement import Statement
from vpp.settlement.statement_file import COLUMNS, file_name, table_rows

UNSIGNED = ""


def manifest_name(statement: Statement) -> str:
    """Name a statement's manifest."""
    return file_name(statement).removesuffix(".csv") + ".manifest.json"


def render_manifest(
    statement: Statement,
    csv_bytes: bytes,
    *,
    code_version: str,
    created_at: datetime,
    signer: str = UNSIGNED,
) -> bytes:
    """Describe a statement's file so that anyone can check it.

    Args:
        statement: The statement.
        csv_bytes: Its file.
        code_version: Version of the program that wrote it.
        created_at: When, UTC.
        signer: Who vouches for the manifest; empty while nobody signs.

    Returns:
        JSON in UTF-8, keys sorted, amounts as text so that no reader rounds them.

    Source:
        Settlement design, section 2, rule 7.
    """
    document = {
        "statement_id": statement.statement_id,
        "previous": statement.previous,
        "run_type": statement.run_type.name,
        "currency": statement.currency,
        "file_name": file_name(statement),
        "sha256": hashlib.sha256(csv_bytes).hexdigest(),
        "row_count": len(statement.lines),
        "control_totals": {code.name: format(total, "f") for code, total in statement.totals.items()},
        "total_amount": format(statement.total, "f"),
        "delta_amount": format(statement.delta, "f"),
        "products": [
            {"product_id": product_id, "version": version}
            for product_id, version in sorted(
                {(line.product_id, line.product_version) for line in statement.lines}
            )
        ],
        "baselines": [
            {"baseline_id": baseline_id, "product_id": product_id, "product_version": version}
            for baseline_id, product_id, version in sorted(
                {
                    (line.baseline_id, line.product_id, line.product_version)
                    for line in statement.lines
                    if line.baseline_id
                }
            )
        ],
        "code_version": code_version,
        "created_at": utc_text(created_at),
        "signer": signer,
    }
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
    return f"{text}\n".encode()


def verify(csv_bytes: bytes, manifest_bytes: bytes) -> list[str]:
    """Check a statement's file against its manifest.

    Hash, row count and control totals are checked each on its own, so that the answer says what
    differs and not only that something does.

    Args:
        csv_bytes: The file.
        manifest_bytes: Its manifest.

    Returns:
        What does not agree, in words; empty if all does.
    """
    try:
        manifest = json.loads(manifest_bytes)
    except ValueError as error:
        return [f"manifest is not JSON: {error}"]
    if not isinstance(manifest, dict):
        return ["manifest is not a JSON object"]
    problems = []
    digest = hashlib.sha256(csv_bytes).hexdigest()
    if manifest.get("sha256") != digest:
        problems.append(f"sha256 of the file is {digest}, manifest says {manifest.get('sha256')}")
    try:
        rows = table_rows(csv_bytes)
    except InvalidInput as error:
        return [*problems, str(error)]
    if not rows or tuple(rows[0]) != COLUMNS:
        return [*problems, "file does not have the columns of a statement"]
    if any(len(row) != len(COLUMNS) for row in rows):
        return [*problems, "a row does not have as many cells as there are columns"]
    return problems + _content_problems([dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]], manifest)


def _content_problems(rows: Sequence[Mapping[str, str]], manifest: Mapping[str, Any]) -> list[str]:
    """Compare what the rows add up to with what the manifest says."""
    totals: dict[str, Decimal] = {}
    total = delta = Decimal(0)
    try:
        for row in rows:
            amount = Decimal(row["amount"])
            totals[row["line_code"]] = totals.get(row["line_code"], Decimal(0)) + amount
            total += amount
            delta += Decimal(row["delta_amount"])
    except InvalidOperation:
        return ["an amount in the file is not a number"]
    stated = manifest.get("control_totals")
    by_code = stated if isinstance(stated, dict) else {}
    problems = [] if manifest.get("row_count") == len(rows) else [_differs("row_count", len(rows), manifest)]
    problems += [
        f"control total {code} of the file is {totals.get(code)}, manifest says {by_code.get(code)}"
        for code in sorted(totals.keys() | by_code.keys())
        if not _same(by_code.get(code), totals.get(code))
    ]
    problems += [
        _differs(field, amount, manifest)
        for field, amount in (("total_amount", total), ("delta_amount", delta))
        if not _same(manifest.get(field), amount)
    ]
    for field in ("statement_id", "currency"):
        values = {row[field] for row in rows}
        if any(value != manifest.get(field) for value in values):
            problems.append(_differs(field, ", ".join(sorted(values)), manifest))
    return problems


def _same(stated: object, found: Decimal | None) -> bool:
    """Tell whether the manifest's text is that amount."""
    try:
        return found is not None and isinstance(stated, str) and Decimal(stated) == found
    except InvalidOperation:
        return False


def _differs(field: str, found: object, manifest: Mapping[str, Any]) -> str:
    """Say what does not agree."""
    return f"{field} of the file is {found}, manifest says {manifest.get(field)}"
