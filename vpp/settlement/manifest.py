"""What proves that a statement's files are the ones that were written, and from what."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vpp.foundation.signed_head import SignedHead
from vpp.settlement.csv_cell import utc_text
from vpp.settlement.manifest_signature import SIGNATURE_FIELD, SIGNER_FIELD, StatementSigner
from vpp.settlement.statement_file import file_name
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_names import StatementNames
from vpp.settlement.statement_tally import QUANTITIES, StatementTally
from vpp.settlement.summary_file import summary_file_name

AUDIT_HEAD = "audit_head"
"""Field of the signed head."""


@dataclass(frozen=True, slots=True)
class ManifestFacts:
    """What a manifest says beside what the files themselves say.

    Attributes:
        code_version: Version of the program that wrote them.
        created_at: When, UTC.
        run_id: The settlement run; empty if it is not one of the hub's.
        run_label: Which run it is, for example `RECALC_2`; the run type if empty.
        evidence_sha256: Seal of the evidence that the statement's lines were reckoned from.
        data_versions: Number of the newest batch of readings by site.
        product_sha256: Digest of each product's rules by id and version.
        rule_sha256: Digest of each baseline rule by its id.
        names: Names for people.
        previous_manifest_sha256: Digest of the manifest of the version before, so that versions are a chain.
        audit_head: The newest signed head of the party's chain in the hub's audit record, which the party
            keeps with its statement; None where there is none.
    """

    code_version: str
    created_at: datetime
    run_id: str = ""
    run_label: str = ""
    evidence_sha256: str = ""
    data_versions: Mapping[str, int] = field(default_factory=dict)
    product_sha256: Mapping[tuple[str, int], str] = field(default_factory=dict)
    rule_sha256: Mapping[str, str] = field(default_factory=dict)
    names: StatementNames = field(default_factory=StatementNames)
    previous_manifest_sha256: str = ""
    audit_head: SignedHead | None = None


def manifest_name(head: StatementHead) -> str:
    """Name a statement's manifest."""
    return f"{head.stem}.manifest.json"


def sha256_of(content: bytes) -> str:
    """Return a file's digest as the manifest gives it."""
    return hashlib.sha256(content).hexdigest()


def render_manifest(  # noqa: PLR0913  all but two by keyword
    head: StatementHead,
    tally: StatementTally,
    *,
    sha256: str,
    summary_sha256: str,
    facts: ManifestFacts,
    signer: StatementSigner | None = None,
) -> bytes:
    """Describe a statement's files so that anyone can check them.

    Args:
        head: The statement.
        tally: What its lines add up to.
        sha256: Digest of its CSV file.
        summary_sha256: Digest of its summary.
        facts: What else is to be said.
        signer: Signs the manifest; None leaves it unsigned.

    Returns:
        JSON in UTF-8, keys sorted, amounts as text so that no reader rounds them.

    Source:
        Settlement design, section 2, rule 7.
    """
    document: dict[str, Any] = {
        "statement_id": head.statement_id,
        "party_id": head.party_id,
        "settlement_period": head.period,
        "version": head.version,
        "previous": head.previous,
        "previous_manifest_sha256": facts.previous_manifest_sha256,
        "run_id": facts.run_id,
        "run_type": head.run_type.name,
        "run_label": facts.run_label or head.run_type.name,
        "currency": head.currency,
        "file_name": file_name(head),
        "sha256": sha256,
        "summary_file_name": summary_file_name(head),
        "summary_sha256": summary_sha256,
        "row_count": tally.line_count,
        "control_totals": {code.name: format(total, "f") for code, total in tally.totals.items()},
        "quantity_totals": {column: format(tally.total_quantity(column), "f") for column in QUANTITIES},
        "total_amount": format(tally.total, "f"),
        "delta_amount": format(tally.delta, "f"),
        "products": [
            {"product_id": product_id, "version": version}
            | _digest(facts.product_sha256.get((product_id, version)))
            for product_id, version in sorted(tally.products)
        ],
        "baselines": [
            {"baseline_id": baseline_id, "product_id": product_id, "product_version": version}
            | _digest(facts.rule_sha256.get(baseline_id))
            for baseline_id, product_id, version in sorted(tally.baselines)
        ],
        "evidence_sha256": facts.evidence_sha256,
        "data_versions": {
            site_id: number for site_id, number in facts.data_versions.items() if site_id in tally.sites
        },
        "party_name": facts.names.party_name,
        "site_names": {
            site_id: name for site_id, name in facts.names.site_names.items() if site_id in tally.sites
        },
        "code_version": facts.code_version,
        "created_at": utc_text(facts.created_at),
        SIGNER_FIELD: "",
        SIGNATURE_FIELD: "",
    }
    if facts.audit_head is not None:
        document[AUDIT_HEAD] = facts.audit_head.document()
    if signer is not None:
        document = signer.signed(document)
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
    return f"{text}\n".encode()


def _digest(sha256: str | None) -> dict[str, str]:
    return {"sha256": sha256} if sha256 else {}
