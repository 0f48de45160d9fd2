# ruff: noqa: ARG002, N802  the servicer's methods have the wire's names and arguments
"""`vpp operator baselines` against a server whose answers are set."""

import json
from collections.abc import Callable, Iterator
from concurrent import futures
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from typer.testing import CliRunner

from vpp.cli.main import app
from vpp.cli.wire_values import instant_to_wire
from vpp.v1 import baseline_pb2 as pb
from vpp.v1 import baseline_pb2_grpc, rule_choice_pb2, telemetry_pb2

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
Run = Callable[..., str]


def power_series(*values_kw: float) -> telemetry_pb2.PowerSeries:
    series = telemetry_pb2.PowerSeries(start_time=instant_to_wire(START), net_power_kw=values_kw)
    series.sample_interval.FromTimedelta(timedelta(minutes=30))
    return series


SCORE = rule_choice_pb2.RuleScore(
    baseline_id="high-4-of-5",
    version_number=2,
    scored=True,
    passed=True,
    verified=False,
    verdict="RRMSE 4.2%, bias +0.3%",
    event_count=60,
    rrmse_ratio=0.042,
    bias_ratio=0.003,
)
UNSCORED = rule_choice_pb2.RuleScore(baseline_id="jp-nominated", version_number=1, verdict="no plan is given")
BASELINE = pb.Baseline(
    event="events/evening",
    site="sites/north-1",
    method="high-4-of-5",
    days_used=["2026-02-27", "2026-02-26"],
    raw=power_series(1000.0, 990.0),
    adjustment_kw=-12.5,
    adjusted=True,
    adjusted_series=power_series(987.5, 977.5),
    freeze_time=instant_to_wire(START - timedelta(hours=2)),
    baseline_id="high-4-of-5",
    version_number=2,
    rule_digest="ab" * 32,
    engine_version="7",
    data_version="cd" * 32,
    adjustment_ratio=1.0,
    capped=True,
    notes=["unverified: days.lookback_days"],
    score=SCORE,
    flags=[pb.BaselineFlag(kind="raised_load", reason="load 25 % above like days, limit 20 %")],
)
OLD = pb.Baseline(
    event="events/evening", site="sites/north-2", method="high-4-of-5", raw=power_series(10.0),
    adjusted_series=power_series(10.0), freeze_time=instant_to_wire(START),
)  # fmt: skip


class Desk(baseline_pb2_grpc.BaselineServiceServicer):
    """Answers with what is above."""

    differences: tuple[str, ...] = ()

    def ListBaselines(
        self, request: pb.ListBaselinesRequest, context: grpc.ServicerContext
    ) -> pb.ListBaselinesResponse:
        assert request.event == "events/evening"
        return pb.ListBaselinesResponse(baselines=[BASELINE, OLD])

    def GetBaseline(self, request: pb.GetBaselineRequest, context: grpc.ServicerContext) -> pb.Baseline:
        return BASELINE if request.site == "sites/north-1" else OLD

    def VerifyBaseline(
        self, request: pb.VerifyBaselineRequest, context: grpc.ServicerContext
    ) -> pb.VerifyBaselineResponse:
        return pb.VerifyBaselineResponse(matches=not self.differences, differences=self.differences)

    def ListMeterEdits(
        self, request: pb.ListMeterEditsRequest, context: grpc.ServicerContext
    ) -> pb.ListMeterEditsResponse:
        gap = pb.MeterEdit(flag="missing+linear", reason="a line", raw_kw=[float("nan")], edited_kw=[990.0])
        stuck = pb.MeterEdit(flag="stuck", reason="the same value for hours")
        for edit in (gap, stuck):
            edit.interval.start_time.CopyFrom(instant_to_wire(START))
            edit.interval.end_time.CopyFrom(instant_to_wire(START + timedelta(minutes=5)))
        return pb.ListMeterEditsResponse(edits=[gap, stuck])

    def ListRuleChoices(
        self, request: pb.ListRuleChoicesRequest, context: grpc.ServicerContext
    ) -> pb.ListRuleChoicesResponse:
        choice = rule_choice_pb2.RuleChoice(
            site="sites/north-1",
            product="products/peak",
            season="2025-winter",
            baseline_id="high-4-of-5",
            recommended=True,
            reason="own rule passes",
            scores=[SCORE, UNSCORED],
        )
        assert (request.site, request.product) in {("", ""), ("sites/north-1", "products/peak")}
        return pb.ListRuleChoicesResponse(choices=[choice])


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def run(desk: Desk, tmp_path: Path) -> Iterator[Run]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    baseline_pb2_grpc.add_BaselineServiceServicer_to_server(desk, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    (tmp_path / "token").write_text("open-sesame\n")
    environment = {
        "VPP_HUB": f"127.0.0.1:{port}",
        "VPP_PLAINTEXT": "1",
        "VPP_TOKEN_FILE": str(tmp_path / "token"),
        "COLUMNS": "220",
        "NO_COLOR": "1",
    }

    def command(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner(env=environment).invoke(app, ["operator", "baselines", *arguments])
        assert result.exit_code == exit_code, result.output
        return result.output

    yield command
    server.stop(None).wait()


def line_of(output: str, word: str) -> str:
    [line] = [each for each in output.splitlines() if word in each]
    return line


def test_the_list_shows_level_adjustment_score_and_flags(run: Run) -> None:
    output = run("list", "evening")
    first = line_of(output, "north-1")
    assert [words for words in ("-12.5 kW, capped", "4.2%", "raised load") if words not in first] == []
    assert "not scored" in line_of(output, "north-2")


def test_one_baseline_shows_what_stands_behind_it(run: Run) -> None:
    output = run("show", "evening", "--site", "north-1")
    shown = (
        "high-4-of-5 version 2",
        "abababababab",
        "cdcdcdcdcdcd",
        "2026-02-27, 2026-02-26",
        "passes: RRMSE 4.2%, bias +0.3%",
        "unverified: days.lookback_days",
        "raised load: load 25 % above like days, limit 20 %",
        "988 kW",
    )
    assert [words for words in shown if words not in output] == []
    assert json.loads(run("show", "evening", "--site", "north-1", "--json"))["rule_digest"] == "ab" * 32
    assert "? version 0" in run("show", "evening", "--site", "north-2")


def test_what_does_not_verify_ends_with_its_own_code(run: Run, desk: Desk) -> None:
    assert "the same" in run("verify", "evening", "--site", "north-1")
    desk.differences = ("data is abc, was def",)
    output = run("verify", "evening", "--site", "north-1", exit_code=1)
    assert "not the same" in output
    assert "data is abc, was def" in output


def test_edits_show_what_was_read_and_what_was_used(run: Run) -> None:
    output = run("edits", "evening", "--site", "north-1")
    gap = line_of(output, "missing+linear")
    assert "nothing" in gap
    assert "990 kW" in gap
    assert line_of(output, "stuck").count("as read") == 2


def test_rules_show_scores_only_for_one_site(run: Run) -> None:
    assert "Scores" not in run("rules")
    output = run("rules", "--site", "north-1", "--product", "peak")
    scored = line_of(output, "high-4-of-5 v2")
    assert [words for words in ("60", "4.2%", "+0.3%", "yes", "unverified") if words not in scored] == []
    assert "no: no plan is given" in line_of(output, "jp-nominated v1")
