"""Disputes, adjustments and rule corrections on the wire: who may do what, and what others learn of it."""

from collections.abc import Mapping
from typing import Any

import grpc
import pytest
from google.type.money_pb2 import Money
from support.serving import Served
from support.statements import keep, line, statement

from vpp.v1 import settlement_pb2 as pb
from vpp.v1.settlement_pb2_grpc import SettlementServiceStub

Code = grpc.StatusCode
OWNERS = "statements/owner-a-2026-03-v1"
ADJUSTMENT = pb.Adjustment(
    settlement_period="2026-03",
    payer="parties/grid",
    payee="parties/owner-a",
    adjustment_amount=Money(currency_code="GBP", units=12, nanos=500_000_000),
    reason="meter read by hand",
    site="sites/a",
)


@pytest.fixture
async def desk(hub: Served) -> "Desk":
    """A hub with a settled month of an owner and the operator."""
    keep(
        hub.market,
        statement("owner-a", 1, [line(1), line(2, interval=1)]),
        statement("grid", 1, [line(1, "-10.00"), line(2, "-10.00", interval=1)]),
    )
    return Desk(hub)


class Desk:
    """Calls SettlementService as somebody."""

    def __init__(self, hub: Served) -> None:
        self._hub = hub

    async def call(self, token: str, method: str, **fields: object) -> Any:  # noqa: ANN401  the method's response
        return await self._hub.call(token, SettlementServiceStub, method, _request(method, fields))

    async def refused(self, token: str, method: str, **fields: object) -> tuple[grpc.StatusCode, str]:
        code, _, text = await self._hub.refused(
            token, SettlementServiceStub, method, _request(method, fields)
        )
        return code, text

    async def raise_dispute(self, *numbers: int) -> pb.Dispute:
        dispute = pb.Dispute(statement=OWNERS, line_number=numbers, description="too little")
        raised: pb.Dispute = await self.call("owner-a", "CreateDispute", dispute=dispute)
        return raised


def _request(method: str, fields: Mapping[str, object]) -> Any:  # noqa: ANN401  any request
    return getattr(pb, f"{method}Request")(**fields)


async def test_a_dispute_is_raised_upheld_and_seen_by_its_party(desk: Desk) -> None:
    raised = await desk.raise_dispute(2)
    assert (raised.state, raised.party, raised.raised_by, raised.settlement_period) == (
        pb.Dispute.STATE_OPEN,
        "parties/owner-a",
        "owner-a",
        "2026-03",
    )
    assert not raised.HasField("decide_time")
    upheld = await desk.call(
        "settlement", "UpholdDispute", name=raised.name, resolution="agreed", measure_again=True
    )
    assert (upheld.state, upheld.decided_by, upheld.resolution, upheld.measure_again) == (
        pb.Dispute.STATE_UPHELD,
        "settlement",
        "agreed",
        True,
    )
    assert upheld.HasField("decide_time")
    assert await desk.call("owner-a", "GetDispute", name=raised.name) == upheld
    listed = await desk.call("auditor", "ListDisputes", state=pb.Dispute.STATE_UPHELD)
    assert list(listed.disputes) == [upheld]
    nothing = await desk.call("auditor", "ListDisputes", state=pb.Dispute.STATE_OPEN)
    assert not nothing.disputes
    assert not (await desk.call("auditor", "ListDisputes", settlement_period="2026-04")).disputes


async def test_rejected_and_withdrawn_disputes_say_so(desk: Desk) -> None:
    first, second = await desk.raise_dispute(1), await desk.raise_dispute(2)
    rejected = await desk.call("settlement", "RejectDispute", name=first.name, resolution="as metered")
    withdrawn = await desk.call("owner-a", "WithdrawDispute", name=second.name)
    assert (rejected.state, rejected.resolution) == (pb.Dispute.STATE_REJECTED, "as metered")
    assert withdrawn.state == pb.Dispute.STATE_WITHDRAWN
    code, text = await desk.refused("owner-a", "WithdrawDispute", name=first.name)
    assert (code, "REJECTED" in text) == (Code.FAILED_PRECONDITION, True)


async def test_the_other_party_of_a_line_learns_that_it_is_disputed_already(desk: Desk) -> None:
    await desk.raise_dispute(1)
    dispute = pb.Dispute(statement="statements/grid-2026-03-v1", line_number=[1], description="too much")
    code, text = await desk.refused("operator", "CreateDispute", dispute=dispute)
    assert (code, "line 1 of statements/grid-2026-03-v1" in text) == (Code.ALREADY_EXISTS, True)


async def test_what_is_another_partys_answers_as_what_is_not_there(desk: Desk) -> None:
    raised = await desk.raise_dispute(1)
    proposed = await desk.call("settlement", "CreateAdjustment", adjustment=ADJUSTMENT)
    await desk.call("settlement-2", "ApproveAdjustment", name=proposed.name)
    hidden = {
        "GetDispute": (raised.name, "disputes/none"),
        "WithdrawDispute": (raised.name, "disputes/none"),
        "GetAdjustment": (proposed.name, "adjustments/none"),
    }
    for method, (theirs, absent) in hidden.items():
        code, text = await desk.refused("owner-b", method, name=theirs)
        same_code, same_text = await desk.refused("owner-b", method, name=absent)
        assert code is same_code is Code.NOT_FOUND
        assert text.replace(theirs, absent) == same_text
    for statement_name in (OWNERS, "statements/none-2026-03-v1"):
        dispute = pb.Dispute(statement=statement_name, description="too little")
        code, text = await desk.refused("owner-b", "CreateDispute", dispute=dispute)
        assert (code, text) == (Code.NOT_FOUND, f"{statement_name} does not exist")
    assert not (await desk.call("owner-b", "ListDisputes")).disputes
    assert not (await desk.call("owner-b", "ListAdjustments")).adjustments


async def test_an_adjustment_needs_two_tokens(desk: Desk) -> None:
    proposed = await desk.call("settlement", "CreateAdjustment", adjustment=ADJUSTMENT)
    assert (proposed.state, proposed.proposed_by, proposed.decided_by) == (
        pb.Adjustment.STATE_PROPOSED,
        "settlement",
        "",
    )
    for method in ("ApproveAdjustment", "RejectAdjustment"):
        code, text = await desk.refused("settlement", method, name=proposed.name)
        assert (code, "was proposed by you" in text) == (Code.PERMISSION_DENIED, True)
    approved = await desk.call("settlement-2", "ApproveAdjustment", name=proposed.name)
    assert (approved.state, approved.decided_by) == (pb.Adjustment.STATE_APPROVED, "settlement-2")
    assert (approved.adjustment_amount, approved.site) == (ADJUSTMENT.adjustment_amount, "sites/a")
    assert await desk.call("owner-a", "GetAdjustment", name=proposed.name) == approved
    listed = await desk.call("owner-a", "ListAdjustments", settlement_period="2026-03")
    assert list(listed.adjustments) == [approved]


async def test_an_adjustment_that_cannot_be_names_its_field(desk: Desk) -> None:
    refused = [
        ("amount is -1 GBP", {"adjustment_amount": Money(currency_code="GBP", units=-1)}),
        (
            "adjustment.adjustment_amount has 1 units",
            {"adjustment_amount": Money(currency_code="GBP", units=1, nanos=-1)},
        ),
        ("currency is ''", {"adjustment_amount": Money(units=12, nanos=1)}),
        ("payer", {"payer": "parties/Not An Id"}),
        ("settlement_period", {"settlement_period": "2026-13"}),
        ("reason", {"reason": "x" * 1001}),
    ]
    for named, change in refused:
        kept = {field.name: value for field, value in ADJUSTMENT.ListFields()}
        adjustment = pb.Adjustment(**(kept | change))
        code, text = await desk.refused("settlement", "CreateAdjustment", adjustment=adjustment)
        assert (code, named in text) == (Code.INVALID_ARGUMENT, True), text
    assert not (await desk.call("settlement", "ListAdjustments")).adjustments


async def test_a_rule_correction_is_for_the_desk_alone(desk: Desk) -> None:
    correction = pb.RuleCorrection(event="events/never", to_version_number=2, reason="read wrongly")
    code, text = await desk.refused("settlement", "CreateRuleCorrection", rule_correction=correction)
    assert (code, text) == (Code.NOT_FOUND, "events/never does not exist")
    for method in ("ApproveRuleCorrection", "RejectRuleCorrection", "WithdrawRuleCorrection"):
        code, _ = await desk.refused("settlement", method, name="ruleCorrections/never-r1")
        assert code is Code.NOT_FOUND
    assert not (await desk.call("operator", "ListRuleCorrections")).rule_corrections
    code, _ = await desk.refused("owner-a", "GetRuleCorrection", name="ruleCorrections/never-r1")
    assert code is Code.PERMISSION_DENIED
