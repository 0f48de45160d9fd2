import base64
import json
from pathlib import Path

from vpp.cli.demo.journals import journal_fact
from vpp.v1 import event_pb2, session_pb2


def line(**entry: object) -> str:
    return json.dumps(entry) + "\n"


def delivery(sequence: int, **content: object) -> str:
    message = session_pb2.Delivery(sequence=sequence, **content)
    return line(kind="delivery", content=base64.b64encode(message.SerializeToString()).decode())


def test_a_journal_is_read_without_its_torn_end(tmp_path: Path) -> None:
    name = "instructions/evening-m0-north-1"
    path = tmp_path / "journal.jsonl"
    path.write_text(
        line(kind="position", held=2)
        + delivery(3, instruction=event_pb2.Instruction(name=name))
        + line(kind="status", instruction=name, state="ACCEPTED")
        + line(kind="status", instruction=name, state="COMPLETED")
        + line(kind="batch", sequence=1)
        + '{"kind": "status", "instr'
    )
    fact = journal_fact("north-1", path)
    assert (fact.held_before, fact.sequences, fact.instructions) == (2, [3], [name])
    assert fact.final_states == [(name, "COMPLETED")]


def test_a_delivery_that_is_kept_with_its_bids_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    invited = json.loads(delivery(1, invitation=session_pb2.Invitation()))
    path.write_text(
        line(kind="together", entries=[invited, {"kind": "bid"}, {"kind": "bid"}])
        + delivery(2, award_notice=session_pb2.AwardNotice())
    )
    assert journal_fact("north-1", path).sequences == [1, 2]
