"""Settlement runs, bundles and balances on the wire."""

from collections.abc import Iterator
from decimal import Decimal

from vpp.foundation.names import name
from vpp.rpc.wire.money_fields import money
from vpp.rpc.wire.settlement import PIECE_BYTES
from vpp.rpc.wire.time_fields import timestamp
from vpp.settlement.account import Account
from vpp.settlement.run_type import RunType
from vpp.v1 import settlement_pb2 as pb
from vpp.workflows.settlement_outcome import PartyChange, RunOutcome
from vpp.workflows.settlement_records import RunRecord

_PREFIX = "RUN_TYPE_"


def run_type_value(run_type: RunType) -> pb.Statement.RunType.ValueType:
    """Write why a run is made.

    Example:
        >>> run_type_value(RunType.FINAL) == pb.Statement.RUN_TYPE_FINAL
        True
    """
    return pb.Statement.RunType.Value(f"{_PREFIX}{run_type.name}")


def run_type_of(value: pb.Statement.RunType.ValueType) -> RunType | None:
    """Read why a run is made; None where the hub is to choose.

    Example:
        >>> run_type_of(pb.Statement.RUN_TYPE_UNSPECIFIED), run_type_of(pb.Statement.RUN_TYPE_FINAL)
        (None, <RunType.FINAL: 'final'>)
    """
    if value == pb.Statement.RUN_TYPE_UNSPECIFIED:
        return None
    return RunType[pb.Statement.RunType.Name(value).removeprefix(_PREFIX)]


def run_message(run: RunRecord) -> pb.SettlementRun:
    """Write a run."""
    return pb.SettlementRun(
        name=name("settlementRuns", run.run_id),
        settlement_period=run.period,
        run_number=run.number,
        run_type=run_type_value(run.run_type),
        as_of_time=timestamp(run.as_of),
        evidence_sha256=run.evidence_digest,
        code_version=run.code_version,
        actor=run.actor,
        entry_count=run.entry_count,
        statements=[name("statements", statement_id) for statement_id in run.statement_ids],
        create_time=timestamp(run.created_at),
    )


def progress_message(stage: str, done: int, total: int) -> pb.RunSettlementResponse:
    """Write how far a run is."""
    progress = pb.RunSettlementResponse.Progress(stage=stage, done_count=done, total_count=total)
    return pb.RunSettlementResponse(progress=progress)


def outcome_message(outcome: RunOutcome) -> pb.RunSettlementResponse:
    """Write what a run did, or would do."""
    result = pb.RunSettlementResponse.Result(
        settlement_run=None if outcome.run is None else run_message(outcome.run),
        changes=[_change_message(change) for change in outcome.changes],
        notes=outcome.notes,
        waiting_reason=outcome.waiting_reason,
    )
    return pb.RunSettlementResponse(result=result)


def _change_message(change: PartyChange) -> pb.RunSettlementResponse.Change:
    return pb.RunSettlementResponse.Change(
        party=name("parties", change.party_id),
        version_number=change.version,
        changed_line_count=change.changed_line_count,
        total_amount=money(change.total, change.currency),
        delta_amount=money(change.delta, change.currency),
    )


def bundle_pieces(file_name: str, content: bytes) -> Iterator[pb.DownloadBundleResponse]:
    """Cut a bundle into pieces.

    Example:
        >>> [len(piece.content) for piece in bundle_pieces("b.zip", bytes(65537))]
        [65536, 1]
    """
    for start in range(0, len(content), PIECE_BYTES):
        yield pb.DownloadBundleResponse(file_name=file_name, content=content[start : start + PIECE_BYTES])


def balance_message(account: Account, balance: Decimal) -> pb.Balance:
    """Write what stands on an account."""
    return pb.Balance(
        account=account.account_id,
        party=name("parties", account.party_id),
        kind=account.kind.value,
        site=name("sites", account.site_id) if account.site_id else "",
        balance_amount=money(balance, account.currency),
    )
