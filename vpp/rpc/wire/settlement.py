"""Statements on the wire."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from vpp.foundation.names import name
from vpp.rpc.wire.money_fields import money
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1 import settlement_pb2 as pb
from vpp.workflows.ports import Stored
from vpp.workflows.records import StatementRecord

PIECE_BYTES = 64 * 1024


def statement_message(stored: Stored[StatementRecord], dispute_deadline: datetime) -> pb.Statement:
    """Write a statement without its lines.

    Args:
        stored: The statement.
        dispute_deadline: Until when its lines may be disputed, exclusive.
    """
    record = stored.value
    return pb.Statement(
        name=name("statements", record.statement_id),
        party=name("parties", record.party_id),
        settlement_period=record.period,
        version_number=record.version,
        run_type=pb.Statement.RunType.Value(f"RUN_TYPE_{record.run_type.upper()}"),
        line_count=record.line_count,
        total_amount=money(record.total, record.currency),
        delta_amount=money(record.delta, record.currency),
        csv_sha256=record.csv_sha256,
        create_time=timestamp(stored.created_at),
        settlement_run=name("settlementRuns", record.run_id) if record.run_id else "",
        dispute_deadline_time=timestamp(dispute_deadline),
    )


def pieces(files: Mapping[str, bytes]) -> Iterator[pb.DownloadStatementResponse]:
    """Cut files into pieces, one file after the other by name; an empty file is one empty piece.

    Example:
        >>> [(piece.file_name, len(piece.content)) for piece in pieces({"b": b"", "a": bytes(65537)})]
        [('a', 65536), ('a', 1), ('b', 0)]
    """
    for file_name in sorted(files):
        content = files[file_name]
        for start in range(0, max(1, len(content)), PIECE_BYTES):
            yield pb.DownloadStatementResponse(
                file_name=file_name, content=content[start : start + PIECE_BYTES]
            )
