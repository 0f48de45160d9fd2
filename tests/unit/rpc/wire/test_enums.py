"""Every state of the hub has a name on the wire, and every name but UNSPECIFIED is a state of the hub."""

import enum
from typing import Any

import pytest

from vpp.auction.result import ClearingStatus
from vpp.auction.tender import TenderState
from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState, RefusalReason
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.call_rules import Activation, Trigger
from vpp.portfolio.enrolment import EnrolmentState
from vpp.portfolio.money_rules import PayRule
from vpp.portfolio.party import PartyKind
from vpp.portfolio.resource import ResourceKind
from vpp.rpc.wire.enum_fields import member
from vpp.settlement.adjustment import AdjustmentState
from vpp.settlement.run_type import RunType
from vpp.telemetry.quality import MeterQuality
from vpp.v1 import auction_pb2, buyer_pb2, event_pb2, portfolio_pb2, settlement_pb2, telemetry_pb2
from vpp.workflows.records import BidState, DisputeState

PAIRS = [
    (PartyKind, portfolio_pb2.Party.Kind, "KIND_"),
    (ResourceKind, portfolio_pb2.Resource.Kind, "KIND_"),
    (Trigger, portfolio_pb2.Product.Trigger, "TRIGGER_"),
    (Activation, portfolio_pb2.Product.Activation, "ACTIVATION_"),
    (PayRule, portfolio_pb2.Product.PayRule, "PAY_RULE_"),
    (EnrolmentState, portfolio_pb2.Enrolment.State, "STATE_"),
    (TenderState, auction_pb2.Auction.State, "STATE_"),
    (BidState, auction_pb2.Bid.State, "STATE_"),
    (EventState, event_pb2.Event.State, "STATE_"),
    (InstructionState, event_pb2.Instruction.State, "STATE_"),
    (RefusalReason, event_pb2.Instruction.Reason, "REASON_"),
    (RunType, settlement_pb2.Statement.RunType, "RUN_TYPE_"),
    (DisputeState, settlement_pb2.Dispute.State, "STATE_"),
    (AdjustmentState, settlement_pb2.Adjustment.State, "STATE_"),
    (MeterQuality, telemetry_pb2.MeterQuality, "METER_QUALITY_"),
    (Direction, buyer_pb2.Direction, "DIRECTION_"),
]


@pytest.mark.parametrize(("kind", "wire", "prefix"), PAIRS, ids=[kind.__name__ for kind, _, _ in PAIRS])
def test_names_agree(kind: type[enum.Enum], wire: Any, prefix: str) -> None:  # noqa: ANN401  an enum of the wire
    on_the_wire = {name.removeprefix(prefix) for name in wire.keys()} - {"UNSPECIFIED"}  # noqa: SIM118  no mapping
    assert on_the_wire == {one.name for one in kind} - {"UNSPECIFIED"}


def test_qualities_have_the_numbers_of_the_wire() -> None:
    assert {one.name: one.value for one in MeterQuality} == {
        name.removeprefix("METER_QUALITY_"): number
        for name, number in telemetry_pb2.MeterQuality.items()
        if number
    }


def test_the_wire_names_every_status_of_a_clearing() -> None:
    comment = "OPTIMAL, FEASIBLE (time limit or gap) or FALLBACK (merit order)."
    assert all(status.name in comment for status in ClearingStatus)


def test_unspecified_is_refused_by_the_path_of_its_field() -> None:
    with pytest.raises(InvalidInput, match=r"party\.kind is UNSPECIFIED, expected one of OPERATOR"):
        member(PartyKind, "KIND_UNSPECIFIED", "KIND_", "party.kind")
