# ruff: noqa: ARG002, N802  the servicers' methods have the wire's names and arguments
"""`vpp operator forecasts` against a server that records what it is asked."""

import json
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from typer.testing import CliRunner

from vpp.cli.main import app
from vpp.v1 import baseline_pb2, baseline_pb2_grpc, telemetry_pb2, telemetry_pb2_grpc

Context = grpc.ServicerContext
Run = Callable[..., str]


def series(level_kw: float, count: int = 8) -> telemetry_pb2.PowerSeries:
    message = telemetry_pb2.PowerSeries(
        sample_interval=Duration(seconds=900), net_power_kw=[level_kw + n for n in range(count)]
    )
    message.start_time.FromJsonString("2026-03-03T17:00:00Z")
    return message


def forecast(site: str, kind: baseline_pb2.Forecast.Kind.ValueType) -> baseline_pb2.Forecast:
    message = baseline_pb2.Forecast(
        site=site,
        method="mean-of-members",
        p10=series(900.0),
        p50=series(1000.0),
        p90=series(1200.0),
        kind=kind,
        notes=["one member failed"],
    )
    message.create_time.FromJsonString("2026-03-02T09:00:00Z")
    return message


class Desk(baseline_pb2_grpc.BaselineServiceServicer, telemetry_pb2_grpc.TelemetryServiceServicer):
    """Answers with set figures and keeps every request."""

    def __init__(self) -> None:
        self.requests: list[Message] = []

    def GetForecast(
        self, request: baseline_pb2.GetForecastRequest, context: Context
    ) -> baseline_pb2.Forecast:
        self.requests.append(request)
        return forecast(request.site, baseline_pb2.Forecast.KIND_INTRADAY)

    def CreateForecast(
        self, request: baseline_pb2.CreateForecastRequest, context: Context
    ) -> baseline_pb2.Forecast:
        self.requests.append(request)
        return forecast(request.site, baseline_pb2.Forecast.KIND_ON_REQUEST)

    def ListForecasts(
        self, request: baseline_pb2.ListForecastsRequest, context: Context
    ) -> baseline_pb2.ListForecastsResponse:
        self.requests.append(request)
        made = forecast(request.site, baseline_pb2.Forecast.KIND_DAY_AHEAD)
        return baseline_pb2.ListForecastsResponse(
            forecasts=[made], next_page_token="" if request.page_token else "next"
        )

    def GetPortfolioForecast(
        self, request: baseline_pb2.GetPortfolioForecastRequest, context: Context
    ) -> baseline_pb2.PortfolioForecast:
        self.requests.append(request)
        return baseline_pb2.PortfolioForecast(
            sites=request.sites,
            missing_sites=["sites/new"],
            p10=series(1900.0),
            p50=series(2000.0),
            p90=series(2200.0),
            error_day_count=42,
        )

    def QueryReadings(
        self, request: telemetry_pb2.QueryReadingsRequest, context: Context
    ) -> telemetry_pb2.QueryReadingsResponse:
        self.requests.append(request)
        hourly = telemetry_pb2.PowerSeries(
            start_time=request.interval.start_time,
            sample_interval=request.sample_interval,
            net_power_kw=[990.0] * 24,
        )
        return telemetry_pb2.QueryReadingsResponse(power_series=[hourly])


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def run(desk: Desk, tmp_path: Path) -> Iterator[Run]:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    baseline_pb2_grpc.add_BaselineServiceServicer_to_server(desk, server)
    telemetry_pb2_grpc.add_TelemetryServiceServicer_to_server(desk, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    token = tmp_path / "token"
    token.write_text("open-sesame\n")
    environment = {
        "VPP_HUB": f"127.0.0.1:{port}",
        "VPP_PLAINTEXT": "1",
        "VPP_TOKEN_FILE": str(token),
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }

    def command(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner(env=environment).invoke(app, ["operator", "forecasts", *arguments])
        assert result.exit_code == exit_code, result.output
        return result.output

    yield command
    server.stop(None).wait()


def test_a_forecast_is_shown_by_the_hour_and_drawn(run: Run, desk: Desk, tmp_path: Path) -> None:
    picture = tmp_path / "forecast.png"
    output = run("show", "north-1", "--at", "2026-03-03T17:00Z", "--kind", "intraday", "--plot", str(picture))
    asked = desk.requests[0]
    assert isinstance(asked, baseline_pb2.GetForecastRequest)
    assert (asked.site, asked.kind) == ("sites/north-1", baseline_pb2.Forecast.KIND_INTRADAY)
    assert asked.covered_time.ToJsonString() == "2026-03-03T17:00:00Z"
    # Quarters of an hour of 1000, 1001, 1002 and 1003 kW are 1001.5 kW over the hour.
    for words in ("Tue 03 Mar 17:00Z", "902 kW", "1.00 MW", "1.20 MW", "made 2026-03-02 09:00Z, intraday"):
        assert words in output
    assert "one member failed" in output
    readings = desk.requests[1]
    assert isinstance(readings, telemetry_pb2.QueryReadingsRequest)
    assert readings.interval.start_time.ToJsonString() == "2026-03-02T17:00:00Z"
    assert readings.interval.end_time.ToJsonString() == "2026-03-03T19:00:00Z"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_forecast_is_asked_for_with_a_span(run: Run, desk: Desk) -> None:
    span = ["--start", "2026-03-03T17:00Z", "--end", "2026-03-03T19:00Z"]
    answer = json.loads(run("make", "north-1", *span, "--json"))
    assert answer["kind"] == "KIND_ON_REQUEST"
    (asked,) = desk.requests
    assert isinstance(asked, baseline_pb2.CreateForecastRequest)
    assert len(asked.request_id) == 36
    assert asked.horizon_interval.end_time.ToJsonString() == "2026-03-03T19:00:00Z"
    run("make", "north-1")
    last = desk.requests[-1]
    assert isinstance(last, baseline_pb2.CreateForecastRequest)
    assert not last.HasField("horizon_interval")


def test_every_page_of_forecasts_is_listed(run: Run, desk: Desk) -> None:
    output = run("list", "north-1", "--kind", "day_ahead")
    assert output.count("mean-of-members") == 2
    assert "1.00 MW to 1.01 MW" in output
    assert [getattr(request, "page_token", "") for request in desk.requests] == ["", "next"]


def test_sites_are_added_up_and_drawn(run: Run, desk: Desk, tmp_path: Path) -> None:
    picture = tmp_path / "sum.png"
    output = run("portfolio", "--site", "a", "--site", "sites/b", "--zone", "north", "--plot", str(picture))
    (asked,) = desk.requests
    assert isinstance(asked, baseline_pb2.GetPortfolioForecastRequest)
    assert (list(asked.sites), asked.zone) == (["sites/a", "sites/b"], "north")
    for words in ("2 sites together", "band from 42 past days", "without a forecast: new", "2.00 MW"):
        assert words in output
    assert picture.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["show", "north-1", "--kind", "weekly"], "--kind 'weekly' is none of day_ahead"),
        (["make", "north-1", "--start", "2026-03-03T17:00Z"], "--start and --end go together"),
        (["show", "north-1", "--at", "2026-03-03T17:00"], "has no offset"),
        (["show", "north-1", "--plot", "/no/such/folder/x.png"], "cannot be written"),
    ],
)
def test_a_wrong_command_line_is_refused(run: Run, arguments: list[str], complaint: str) -> None:
    assert complaint in " ".join(run(*arguments, exit_code=2).split())
