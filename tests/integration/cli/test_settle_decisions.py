# ruff: noqa: N802  the servicers' methods have the wire's names
"""`vpp settle dispute`, `adjust` and `correct` against a server that records what it is asked."""

import json
from collections.abc import Callable, Iterator
from concurrent import futures
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from typer.testing import CliRunner

from vpp.cli.main import app
from vpp.v1 import settlement_pb2 as wire
from vpp.v1 import settlement_pb2_grpc

Context = grpc.ServicerContext
Request = TypeVar("Request", bound=Message)


def stamp(hour: int) -> Timestamp:
    written = Timestamp()
    written.FromDatetime(datetime(2026, 4, 1, hour, tzinfo=UTC))
    return written


DISPUTE = wire.Dispute(
    name="disputes/acme-2026-03-v1-d1",
    statement="statements/acme-2026-03-v1",
    party="parties/acme",
    line_number=[3, 7],
    description="too [bold]little[/bold]",
    state=wire.Dispute.STATE_OPEN,
    raised_by="acme-desk",
    create_time=stamp(9),
)
ADJUSTMENT = wire.Adjustment(
    name="adjustments/adj-2026-03-1",
    settlement_period="2026-03",
    payer="parties/grid",
    payee="parties/acme",
    adjustment_amount=Money(currency_code="GBP", units=12, nanos=500_000_000),
    reason="read by hand [red]",
    site="sites/north-1",
    state=wire.Adjustment.STATE_PROPOSED,
    proposed_by="anna",
    create_time=stamp(10),
)
CORRECTION = wire.RuleCorrection(
    name="ruleCorrections/evening-r1",
    event="events/evening",
    product="products/peak",
    from_version_number=3,
    to_version_number=4,
    reason="read wrongly",
    state=wire.Adjustment.STATE_PROPOSED,
    proposed_by="anna",
    create_time=stamp(11),
)


class Desk(settlement_pb2_grpc.SettlementServiceServicer):
    """Answers with what was asked for and keeps every request."""

    def __init__(self) -> None:
        self.requests: list[Message] = []

    def last(self, kind: type[Request]) -> Request:
        request = self.requests[-1]
        assert isinstance(request, kind)
        return request

    def _dispute(self, request: Message, **changes: object) -> wire.Dispute:
        self.requests.append(request)
        answer = wire.Dispute(**changes)  # type: ignore[arg-type]  # fields of any kind, by name
        dispute = wire.Dispute()
        dispute.CopyFrom(DISPUTE)
        dispute.MergeFrom(answer)
        return dispute

    def CreateDispute(self, request: wire.CreateDisputeRequest, _: Context) -> wire.Dispute:
        return self._dispute(request)

    def GetDispute(self, request: wire.GetDisputeRequest, _: Context) -> wire.Dispute:
        return self._dispute(request)

    def ListDisputes(self, request: wire.ListDisputesRequest, _: Context) -> wire.ListDisputesResponse:
        return wire.ListDisputesResponse(disputes=[self._dispute(request)])

    def UpholdDispute(self, request: wire.UpholdDisputeRequest, _: Context) -> wire.Dispute:
        return self._dispute(
            request,
            state=wire.Dispute.STATE_UPHELD,
            decided_by="anna",
            decide_time=stamp(12),
            resolution=request.resolution,
            measure_again=request.measure_again,
            adjustments=["adjustments/adj-2026-03-1"],
        )

    def RejectDispute(self, request: wire.RejectDisputeRequest, _: Context) -> wire.Dispute:
        return self._dispute(request, state=wire.Dispute.STATE_REJECTED, resolution=request.resolution)

    def WithdrawDispute(self, request: wire.WithdrawDisputeRequest, _: Context) -> wire.Dispute:
        return self._dispute(request, state=wire.Dispute.STATE_WITHDRAWN)

    def _adjustment(self, request: Message) -> wire.Adjustment:
        self.requests.append(request)
        return ADJUSTMENT

    def CreateAdjustment(self, request: wire.CreateAdjustmentRequest, _: Context) -> wire.Adjustment:
        return self._adjustment(request)

    def ApproveAdjustment(self, request: wire.ApproveAdjustmentRequest, _: Context) -> wire.Adjustment:
        return self._adjustment(request)

    def RejectAdjustment(self, request: wire.RejectAdjustmentRequest, _: Context) -> wire.Adjustment:
        return self._adjustment(request)

    def WithdrawAdjustment(self, request: wire.WithdrawAdjustmentRequest, _: Context) -> wire.Adjustment:
        return self._adjustment(request)

    def GetAdjustment(self, request: wire.GetAdjustmentRequest, _: Context) -> wire.Adjustment:
        return self._adjustment(request)

    def ListAdjustments(
        self, request: wire.ListAdjustmentsRequest, _: Context
    ) -> wire.ListAdjustmentsResponse:
        return wire.ListAdjustmentsResponse(adjustments=[self._adjustment(request)])

    def _correction(self, request: Message) -> wire.RuleCorrection:
        self.requests.append(request)
        return CORRECTION

    def CreateRuleCorrection(
        self, request: wire.CreateRuleCorrectionRequest, _: Context
    ) -> wire.RuleCorrection:
        return self._correction(request)

    def ApproveRuleCorrection(
        self, request: wire.ApproveRuleCorrectionRequest, _: Context
    ) -> wire.RuleCorrection:
        return self._correction(request)

    def RejectRuleCorrection(
        self, request: wire.RejectRuleCorrectionRequest, _: Context
    ) -> wire.RuleCorrection:
        return self._correction(request)

    def WithdrawRuleCorrection(
        self, request: wire.WithdrawRuleCorrectionRequest, _: Context
    ) -> wire.RuleCorrection:
        return self._correction(request)

    def GetRuleCorrection(self, request: wire.GetRuleCorrectionRequest, _: Context) -> wire.RuleCorrection:
        return self._correction(request)

    def ListRuleCorrections(
        self, request: wire.ListRuleCorrectionsRequest, _: Context
    ) -> wire.ListRuleCorrectionsResponse:
        return wire.ListRuleCorrectionsResponse(rule_corrections=[self._correction(request)])


Run = Callable[..., str]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def run(desk: Desk, tmp_path: Path) -> Iterator[Run]:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    settlement_pb2_grpc.add_SettlementServiceServicer_to_server(desk, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    token = tmp_path / "token"
    token.write_text("open-sesame\n")
    environment = {
        "VPP_HUB": f"127.0.0.1:{port}", "VPP_PLAINTEXT": "1", "VPP_TOKEN_FILE": str(token),
        "COLUMNS": "200", "NO_COLOR": "1",
    }  # fmt: skip

    def command(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner(env=environment).invoke(app, arguments)
        assert result.exit_code == exit_code, result.output
        return result.output

    yield command
    server.stop(None).wait()


@pytest.mark.parametrize("command", [("settle", "dispute", "raise"), ("operator", "dispute", "create")])
def test_a_dispute_is_raised_as_typed(run: Run, desk: Desk, command: tuple[str, ...]) -> None:
    output = run(*command, "acme-2026-03-v1", "--line", "3", "--line", "7", "--description", "too little")
    request = desk.last(wire.CreateDisputeRequest)
    assert request.dispute == wire.Dispute(
        statement="statements/acme-2026-03-v1", line_number=[3, 7], description="too little"
    )
    assert len(request.request_id) == 36
    assert "acme-2026-03-v1-d1" in output
    assert "too [bold]little[/bold]" in output  # what others wrote never formats this terminal
    assert "2026-04-01 09:00Z by acme-desk" in output


def test_disputes_are_decided_as_typed(run: Run, desk: Desk) -> None:
    name = "acme-2026-03-v1-d1"
    output = run("settle", "dispute", "uphold", name, "--resolution", "agreed", "--measure-again")
    assert desk.last(wire.UpholdDisputeRequest) == wire.UpholdDisputeRequest(
        name=f"disputes/{name}", resolution="agreed", measure_again=True
    )
    shown = ("UPHELD", "2026-04-01 12:00Z by anna", "measured again with the next version", "adj-2026-03-1")
    assert [words for words in shown if words not in output] == []
    assert "by an adjustment" in run("settle", "dispute", "uphold", name, "--resolution", "agreed")
    assert "REJECTED" in run("settle", "dispute", "reject", f"disputes/{name}", "--resolution", "no")
    assert desk.last(wire.RejectDisputeRequest).name == f"disputes/{name}"
    assert "WITHDRAWN" in run("settle", "dispute", "withdraw", name)
    assert desk.last(wire.WithdrawDisputeRequest).name == f"disputes/{name}"
    assert "3, 7" in run("settle", "dispute", "show", name)
    run("settle", "dispute", "uphold", name, exit_code=2)  # a decision without a reason


def test_disputes_are_listed_by_period_and_state(run: Run, desk: Desk) -> None:
    output = run("settle", "dispute", "list", "--period", "2026-03", "--state", "open")
    request = desk.last(wire.ListDisputesRequest)
    assert (request.settlement_period, request.state) == ("2026-03", wire.Dispute.STATE_OPEN)
    assert "too [bold]little[/bold]" in output
    [listed] = json.loads(run("settle", "dispute", "list", "--json"))
    assert listed["state"] == "STATE_OPEN"
    assert desk.last(wire.ListDisputesRequest).state == wire.Dispute.STATE_UNSPECIFIED
    run("settle", "dispute", "list", "--period", "March", exit_code=2)


PROPOSE = (
    "settle", "adjust", "propose", "--period", "2026-03", "--payer", "grid", "--payee", "parties/acme",
    "--currency", "GBP", "--reason", "read by hand", "--site", "north-1",
)  # fmt: skip


def test_an_adjustment_is_proposed_as_typed(run: Run, desk: Desk) -> None:
    output = run(*PROPOSE, "--amount", "12.50", "--dispute", "acme-2026-03-v1-d1")
    request = desk.last(wire.CreateAdjustmentRequest)
    assert request.adjustment == wire.Adjustment(
        settlement_period="2026-03",
        payer="parties/grid",
        payee="parties/acme",
        adjustment_amount=Money(currency_code="GBP", units=12, nanos=500_000_000),
        reason="read by hand",
        site="sites/north-1",
        dispute="disputes/acme-2026-03-v1-d1",
    )
    assert len(request.request_id) == 36
    shown = ("PROPOSED", "12.50 GBP", "read by hand [red]", "2026-04-01 10:00Z by anna")
    assert [words for words in shown if words not in output] == []


@pytest.mark.parametrize("amount", ["twelve", "nan", "12.50000000001", "1e30", "1e12"])
def test_amounts_that_would_be_cut_are_not_sent(run: Run, desk: Desk, amount: str) -> None:
    run(*PROPOSE, "--amount", amount, exit_code=2)
    assert desk.requests == []


def test_adjustments_are_decided_as_typed(run: Run, desk: Desk) -> None:
    name = "adjustments/adj-2026-03-1"
    for command, kind in (
        ("approve", wire.ApproveAdjustmentRequest),
        ("reject", wire.RejectAdjustmentRequest),
        ("withdraw", wire.WithdrawAdjustmentRequest),
        ("show", wire.GetAdjustmentRequest),
    ):
        run("settle", "adjust", command, "adj-2026-03-1")
        assert desk.last(kind).name == name
    assert "read by hand [red]" in run("settle", "adjust", "list", "--period", "2026-03")
    assert desk.last(wire.ListAdjustmentsRequest).settlement_period == "2026-03"


def test_rule_corrections_are_proposed_and_decided_as_typed(run: Run, desk: Desk) -> None:
    output = run("settle", "correct", "propose", "evening", "--to-version", "4", "--reason", "read wrongly")
    request = desk.last(wire.CreateRuleCorrectionRequest)
    assert request.rule_correction == wire.RuleCorrection(
        event="events/evening", to_version_number=4, reason="read wrongly"
    )
    assert len(request.request_id) == 36
    assert "3 to 4" in output
    for command, kind in (
        ("approve", wire.ApproveRuleCorrectionRequest),
        ("reject", wire.RejectRuleCorrectionRequest),
        ("withdraw", wire.WithdrawRuleCorrectionRequest),
        ("show", wire.GetRuleCorrectionRequest),
    ):
        run("settle", "correct", command, "evening-r1")
        assert desk.last(kind).name == "ruleCorrections/evening-r1"
    assert "evening-r1" in run("settle", "correct", "list", "--event", "evening")
    assert desk.last(wire.ListRuleCorrectionsRequest).event == "events/evening"
