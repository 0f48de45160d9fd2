"""What agents say often is checked by hand in place of protovalidate: the verdicts are the same."""

import math
from collections.abc import Callable
from typing import TypeVar

import pytest
from google.protobuf.message import Message
from protovalidate import Validator

from vpp.foundation.errors import InvalidInput
from vpp.rpc.wire.session_requests import heartbeat_at, held_sequence, report
from vpp.v1 import event_pb2
from vpp.v1.session_pb2 import Acknowledgement, ConnectRequest, Heartbeat, InstructionStatus

M = TypeVar("M", bound=Message)
Change = Callable[[InstructionStatus], object]
VALIDATOR = Validator()
LAST_SECOND = 253_402_300_799  # of the year 9999


def status() -> InstructionStatus:
    message = InstructionStatus(
        instruction="instructions/evening-m0-north-1", state=event_pb2.Instruction.STATE_ACCEPTED
    )
    message.status_time.FromJsonString("2026-03-02T12:00:00Z")
    return message


def field(name: str, value: object) -> Change:
    return lambda message: setattr(message, name, value)


STATUSES: dict[str, Change] = {
    "as it should be": lambda _: None,
    "no name": lambda message: message.ClearField("instruction"),
    "another collection": field("instruction", "events/evening"),
    "no id": field("instruction", "instructions/"),
    "upper case": field("instruction", "instructions/Evening"),
    "a digit first": field("instruction", "instructions/1evening"),
    "a hyphen last": field("instruction", "instructions/evening-"),
    "a line feed": field("instruction", "instructions/evening\n"),
    "longest name": field("instruction", f"instructions/a{'b' * 199}"),
    "too long a name": field("instruction", f"instructions/a{'b' * 200}"),
    "no state": field("state", 0),
    "unknown state": field("state", 99),
    "negative state": field("state", -1),
    "the hub's own state": field("state", event_pb2.Instruction.STATE_EXPIRED),
    "a reason": field("reason", event_pb2.Instruction.REASON_LOCAL_VETO),
    "unknown reason": field("reason", 99),
    "longest detail": field("reason_detail", "ü" * 1000),
    "too long a detail": field("reason_detail", "a" * 1001),
    "most power": field("accepted_reduction_kw", 1e7),
    "too much power": field("accepted_reduction_kw", math.nextafter(1e7, math.inf)),
    "negative power": field("accepted_reduction_kw", -1e-9),
    "not a number": field("accepted_reduction_kw", math.nan),
    "infinite power": field("accepted_reduction_kw", math.inf),
    "no time": lambda message: message.ClearField("status_time"),
}


def agree(read: Callable[[M], object], message: M, request: ConnectRequest) -> bool:
    """Tell whether both find a message good; fails if they disagree."""
    violations = VALIDATOR.collect_violations(request)
    try:
        read(message)
    except InvalidInput:
        is_good = False
    else:
        is_good = True
    assert is_good is not bool(violations)
    return is_good


@pytest.mark.parametrize("change", STATUSES.values(), ids=STATUSES.keys())
def test_the_verdicts_on_a_status_agree(change: Change) -> None:
    message = status()
    change(message)
    agree(report, message, ConnectRequest(instruction_status=message))


def test_both_verdicts_occur() -> None:
    verdicts = set()
    for change in STATUSES.values():
        message = status()
        change(message)
        verdicts.add(agree(report, message, ConnectRequest(instruction_status=message)))
    assert verdicts == {True, False}


@pytest.mark.parametrize(("sequence", "is_good"), [(1, True), (2**63 - 1, True), (0, False), (-1, False)])
def test_the_verdicts_on_an_acknowledgement_agree(sequence: int, *, is_good: bool) -> None:
    message = Acknowledgement(held_sequence=sequence)
    assert agree(held_sequence, message, ConnectRequest(acknowledgement=message)) is is_good


@pytest.mark.parametrize("seconds", [0, 1_772_000_000, LAST_SECOND, None])
def test_the_verdicts_on_a_heartbeat_agree(seconds: int | None) -> None:
    message = Heartbeat()
    if seconds is not None:
        message.agent_time.seconds = seconds
        message.agent_time.nanos = 1  # below a microsecond, which is cut off
    assert agree(heartbeat_at, message, ConnectRequest(heartbeat=message)) is (seconds is not None)


def test_what_a_status_says_is_read() -> None:
    message = status()
    message.state = event_pb2.Instruction.STATE_PARTIAL
    message.reason = event_pb2.Instruction.REASON_SITE_LIMIT
    message.reason_detail, message.accepted_reduction_kw = "half", 12.5
    read = report(message)
    assert (read.instruction_id, read.state.name, read.reason.name) == (
        "evening-m0-north-1",
        "PARTIAL",
        "SITE_LIMIT",
    )
    assert (read.reason_detail, read.accepted_reduction_kw) == ("half", 12.5)
    assert read.status_at.isoformat() == "2026-03-02T12:00:00+00:00"


def test_every_state_and_reason_of_the_wire_is_known() -> None:
    for name, number in event_pb2.Instruction.State.items():
        message = status()
        message.state = number
        if name == "STATE_UNSPECIFIED":
            continue
        assert f"STATE_{report(message).state.name}" == name
    for name, number in event_pb2.Instruction.Reason.items():
        message = status()
        message.reason = number
        assert f"REASON_{report(message).reason.name}" == name
