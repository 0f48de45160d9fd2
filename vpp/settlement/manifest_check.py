"""Checks a statement's files against its manifest, and the manifest against a public key."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vpp.foundation.errors import InvalidInput
from vpp.settlement.csv_table import table_rows
from vpp.settlement.manifest import sha256_of
from vpp.settlement.manifest_signature import SignatureState, signature_state, signature_words
from vpp.settlement.statement_columns import COLUMNS, NUMBER, known_columns
from vpp.settlement.statement_tally import QUANTITIES

ZERO = Decimal(0)
IN_EVERY_ROW = {"statement_id": "statement_id", "currency": "currency"}
"""Columns that hold the same in every row, and the manifest's field that says what."""


def verify(
    csv_bytes: bytes,
    manifest_bytes: bytes,
    *,
    summary_bytes: bytes | None = None,
    keys: Mapping[str, Ed25519PublicKey] | None = None,
) -> list[str]:
    """Check a statement's files against its manifest.

    Hash, row count, control totals and signature are checked each on its own, so that the answer says
    what differs and not only that something does.

    Args:
        csv_bytes: The file with the lines.
        manifest_bytes: Its manifest.
        summary_bytes: Its summary; None leaves it out.
        keys: Public keys by their ids; with them, the manifest has to be signed by one of them.

    Returns:
        What does not agree, in words; empty if all does.
    """
    try:
        manifest = read_manifest(manifest_bytes)
    except InvalidInput as error:
        return [str(error)]
    problems = []
    if keys and signature_state(manifest, keys) is not SignatureState.VALID:
        problems.append(signature_words(manifest, keys))
    problems += _hash_problems("sha256", csv_bytes, manifest)
    try:
        rows = table_rows(csv_bytes)
        count = known_columns(rows[0] if rows else ())
    except InvalidInput as error:
        return [*problems, str(error)]
    if any(len(row) != count for row in rows):
        return [*problems, "a row does not have as many cells as there are columns"]
    columns = {column: [row[n] for row in rows[1:]] for n, column in enumerate(COLUMNS[:count])}
    problems += _content_problems(columns, manifest)
    # Manifests of earlier versions of the program say nothing of summaries.
    if summary_bytes is not None and "summary_sha256" in manifest:
        problems += _hash_problems("summary_sha256", summary_bytes, manifest)
        problems += _summary_problems(summary_bytes, manifest)
    return problems


def read_manifest(manifest_bytes: bytes) -> dict[str, Any]:
    """Read a manifest.

    Raises:
        InvalidInput: It is no JSON object.
    """
    try:
        manifest = json.loads(manifest_bytes)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"manifest is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise InvalidInput("manifest is not a JSON object")
    return manifest


def _hash_problems(field: str, content: bytes, manifest: Mapping[str, Any]) -> list[str]:
    digest = sha256_of(content)
    return [] if manifest.get(field) == digest else [_differs(field, digest, manifest)]


def _content_problems(columns: Mapping[str, Sequence[str]], manifest: Mapping[str, Any]) -> list[str]:
    """Compare what the rows add up to with what the manifest says."""
    numbers: dict[str, list[Decimal]] = {}
    for column in ("amount", "delta_amount", *QUANTITIES):
        cells = columns[column]
        is_amount = column not in QUANTITIES
        if not all(NUMBER.fullmatch(cell) for cell in set(cells) if cell or is_amount):
            return [f"{'an amount' if is_amount else 'a cell of ' + column} in the file is not a number"]
        numbers[column] = [Decimal(cell) if cell else ZERO for cell in cells]
    totals: dict[str, Decimal] = {}
    for code, amount in zip(columns["line_code"], numbers["amount"], strict=True):
        totals[code] = totals.get(code, ZERO) + amount
    problems = (
        []
        if manifest.get("row_count") == len(numbers["amount"])
        else [_differs("row_count", len(numbers["amount"]), manifest)]
    )
    problems += _total_problems("control total", totals, manifest.get("control_totals"))
    if "quantity_totals" in manifest:  # manifests of earlier versions of the program have none
        quantities = {column: sum(numbers[column], ZERO) for column in QUANTITIES}
        problems += _total_problems("quantity total", quantities, manifest["quantity_totals"])
    problems += [
        _differs(field, found, manifest)
        for field, found in (
            ("total_amount", sum(numbers["amount"], ZERO)),
            ("delta_amount", sum(numbers["delta_amount"], ZERO)),
        )
        if not _same(manifest.get(field), found)
    ]
    for column, field in IN_EVERY_ROW.items():
        values = set(columns[column])
        if any(value != manifest.get(field) for value in values):
            problems.append(_differs(field, ", ".join(sorted(values)), manifest))
    return problems


def _total_problems(what: str, found: Mapping[str, Decimal], stated: object) -> list[str]:
    """Compare sums by name; what only one side has differs as well."""
    by_name = stated if isinstance(stated, dict) else {}
    return [
        f"{what} {name} of the file is {found.get(name)}, manifest says {by_name.get(name)}"
        for name in sorted(found.keys() | by_name.keys())
        if not _same(by_name.get(name), found.get(name))
    ]


def _summary_problems(summary_bytes: bytes, manifest: Mapping[str, Any]) -> list[str]:
    """Compare the rows of a summary with the totals of the lines, and its tax with its own figures."""
    try:
        header, *rows = table_rows(summary_bytes)
        sums = dict.fromkeys(("taxable_base", "tax_amount", "gross_amount", "delta_amount"), ZERO)
        for row in rows:
            cells = dict(zip(header, row, strict=True))
            for name in sums:
                sums[name] += Decimal(cells[name] or 0)
    except (InvalidInput, ValueError, KeyError, ArithmeticError) as error:
        return [f"summary cannot be read: {error}"]
    problems = [
        f"{name} of the summary is {sums[name]}, manifest says {manifest.get(field)}"
        for name, field in (("taxable_base", "total_amount"), ("delta_amount", "delta_amount"))
        if not _same(manifest.get(field), sums[name])
    ]
    if sums["gross_amount"] != sums["taxable_base"] + sums["tax_amount"]:
        problems.append("gross_amount of the summary is not taxable_base and tax_amount together")
    return problems


def _same(stated: object, found: Decimal | None) -> bool:
    """Tell whether the manifest's text is that number."""
    is_number = isinstance(stated, str) and NUMBER.fullmatch(stated)
    return found is not None and bool(is_number) and Decimal(str(stated)) == found


def _differs(field: str, found: object, manifest: Mapping[str, Any]) -> str:
    """Say what does not agree."""
    return f"{field} of the file is {found}, manifest says {manifest.get(field)}"
