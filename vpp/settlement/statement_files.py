"""All files of one version of a statement: lines, summary and manifest, written in one go."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vpp.settlement.manifest import ManifestFacts, manifest_name, render_manifest, sha256_of
from vpp.settlement.manifest_signature import StatementSigner
from vpp.settlement.payment_terms import PaymentTerms
from vpp.settlement.statement_file import csv_pieces, file_name
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_line import StatementLine
from vpp.settlement.statement_tally import StatementTally
from vpp.settlement.summary_file import render_summary_csv, summary_file_name


@dataclass(frozen=True, slots=True)
class StatementFiles:
    """All files of one version of a statement.

    Attributes:
        files: Content by file name: lines, summary, manifest.
        csv_sha256: Digest of the file with the lines.
        tally: What the lines add up to.
    """

    files: Mapping[str, bytes]
    csv_sha256: str
    tally: StatementTally


def write_statement(
    head: StatementHead,
    lines: Iterable[StatementLine],
    facts: ManifestFacts,
    *,
    terms: PaymentTerms | None = None,
    signer: StatementSigner | None = None,
) -> StatementFiles:
    """Write all files of one version of a statement.

    Args:
        head: The statement.
        lines: Its lines in order; taken as they are needed, and not kept.
        facts: What the manifest says beside what the files say.
        terms: Tax and payment of the party as configured.
        signer: Signs the manifest; None leaves it unsigned.

    Returns:
        The files; the same arguments give the same bytes.

    Raises:
        InvalidInput: A number on a line is not finite.
    """
    tally = StatementTally(head.currency)
    csv_bytes = b"".join(csv_pieces(lines, tally))
    summary_bytes = render_summary_csv(
        head,
        tally,
        terms,
        written_on=facts.created_at.date(),
        names=facts.names,
        run_label=facts.run_label,
    )
    digest = sha256_of(csv_bytes)
    manifest_bytes = render_manifest(
        head,
        tally,
        sha256=digest,
        summary_sha256=sha256_of(summary_bytes),
        facts=facts,
        signer=signer,
    )
    files = {
        file_name(head): csv_bytes,
        summary_file_name(head): summary_bytes,
        manifest_name(head): manifest_bytes,
    }
    return StatementFiles(files, digest, tally)
