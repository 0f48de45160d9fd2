# ruff: noqa: N802  the servicers' methods have the wire's names
"""`vpp operator` against a server that records what it is asked: the wire is real, the answers are set."""

import json
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from typer.testing import CliRunner

from vpp.cli.main import app, main
from vpp.v1 import (
    auction_pb2,
    auction_pb2_grpc,
    buyer_pb2,
    event_pb2,
    event_pb2_grpc,
    portfolio_pb2,
    portfolio_pb2_grpc,
    settlement_pb2,
    settlement_pb2_grpc,
)

Context = grpc.ServicerContext
CALLER = "open-sesame"


class Desk(
    portfolio_pb2_grpc.PortfolioServiceServicer,
    auction_pb2_grpc.AuctionServiceServicer,
    event_pb2_grpc.EventServiceServicer,
    settlement_pb2_grpc.SettlementServiceServicer,
):
    """Answers what it can and keeps every request."""

    def __init__(self) -> None:
        self.requests: list[Message] = []
        self.tokens: set[str] = set()
        self.unavailable = 0
        self.document_bytes = 0

    def _keep(self, request: Message, context: Context) -> None:
        self.requests.append(type(request).FromString(request.SerializeToString()))
        self.tokens |= {str(value) for key, value in context.invocation_metadata() if key == "authorization"}
        if self.unavailable:
            self.unavailable -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")

    def GetProduct(self, request: portfolio_pb2.GetProductRequest, context: Context) -> portfolio_pb2.Product:
        self._keep(request, context)
        return portfolio_pb2.Product(
            name=request.name, settlement_interval=Duration(seconds=900), currency_code="GBP"
        )

    def ListSites(
        self, request: portfolio_pb2.ListSitesRequest, context: Context
    ) -> portfolio_pb2.ListSitesResponse:
        self._keep(request, context)
        second = bool(request.page_token)
        site = portfolio_pb2.Site(name=f"sites/north-{2 if second else 1}", import_limit_kw=1500)
        return portfolio_pb2.ListSitesResponse(sites=[site], next_page_token="" if second else "next")

    def CreateAuction(
        self, request: auction_pb2.CreateAuctionRequest, context: Context
    ) -> auction_pb2.Auction:
        self._keep(request, context)
        request.auction.name = "auctions/evening"
        request.auction.state = auction_pb2.Auction.STATE_OPEN
        return request.auction

    def CancelAuction(
        self, request: auction_pb2.CancelAuctionRequest, context: Context
    ) -> auction_pb2.Auction:
        self._keep(request, context)
        return auction_pb2.Auction(name=request.name, state=auction_pb2.Auction.STATE_CANCELLED)

    def GetAuction(self, request: auction_pb2.GetAuctionRequest, context: Context) -> auction_pb2.Auction:
        status = status_pb2.Status(
            code=grpc.StatusCode.NOT_FOUND.value[0], message=f"{request.name} not found"
        )
        packed = any_pb2.Any()
        packed.Pack(error_details_pb2.ErrorInfo(reason="NOT_FOUND", domain="vpp.example"))
        status.details.append(packed)
        context.abort_with_status(rpc_status.to_status(status))
        raise AssertionError

    def GetClearing(self, request: auction_pb2.GetClearingRequest, context: Context) -> auction_pb2.Clearing:
        self._keep(request, context)
        return auction_pb2.Clearing(
            event=request.event, status="OPTIMAL", document_json="x" * self.document_bytes
        )

    def GetEvent(self, request: event_pb2.GetEventRequest, context: Context) -> event_pb2.Event:
        self._keep(request, context)
        event = event_pb2.Event(
            name=request.name, product="products/peak", target_reduction_kw=[500.0] * 8, etag="7"
        )
        event.delivery_interval.start_time.FromJsonString("2026-03-03T17:00:00Z")
        event.delivery_interval.end_time.FromJsonString("2026-03-03T19:00:00Z")
        return event

    def CreateEvent(self, request: event_pb2.CreateEventRequest, context: Context) -> event_pb2.Event:
        self._keep(request, context)
        request.event.name = f"events/{request.event_id}"
        return request.event

    def ListInstructions(
        self, request: event_pb2.ListInstructionsRequest, context: Context
    ) -> event_pb2.ListInstructionsResponse:
        self._keep(request, context)
        withdrawn = event_pb2.Instruction(
            site="sites/north-1",
            state=event_pb2.Instruction.STATE_SUPERSEDED,
            answer=event_pb2.Instruction.STATE_PARTIAL,
            target_reduction_kw=[100.0],
            start_offset=Duration(seconds=42),
        )
        return event_pb2.ListInstructionsResponse(instructions=[withdrawn])

    def UpdateEvent(self, request: event_pb2.UpdateEventRequest, context: Context) -> event_pb2.Event:
        self._keep(request, context)
        return request.event

    def WatchEvent(
        self, request: event_pb2.WatchEventRequest, context: Context
    ) -> Iterator[event_pb2.WatchEventResponse]:
        self._keep(request, context)
        for delivered_kw in (0.0, 480.0):
            yield event_pb2.WatchEventResponse(
                event=event_pb2.Event(name=request.name, state=event_pb2.Event.STATE_ACTIVE),
                present_target_kw=500.0,
                present_delivered_kw=delivered_kw,
            )

    def ListStatements(
        self, request: settlement_pb2.ListStatementsRequest, context: Context
    ) -> settlement_pb2.ListStatementsResponse:
        self._keep(request, context)
        return settlement_pb2.ListStatementsResponse(
            statements=[settlement_pb2.Statement(name="statements/acme-2026-03-v1")]
        )

    def DownloadStatement(
        self, request: settlement_pb2.DownloadStatementRequest, context: Context
    ) -> Iterator[settlement_pb2.DownloadStatementResponse]:
        self._keep(request, context)
        for file_name, content in (("a.csv", b"one"), ("a.csv", b" two"), ("../../b.json", b"{}")):
            yield settlement_pb2.DownloadStatementResponse(file_name=file_name, content=content)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    portfolio_pb2_grpc.add_PortfolioServiceServicer_to_server(desk, server)
    auction_pb2_grpc.add_AuctionServiceServicer_to_server(desk, server)
    event_pb2_grpc.add_EventServiceServicer_to_server(desk, server)
    settlement_pb2_grpc.add_SettlementServiceServicer_to_server(desk, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


@pytest.fixture
def environment(address: str, tmp_path: Path) -> dict[str, str]:
    token = tmp_path / "token"
    token.write_text(f"{CALLER}\n")
    known = {"VPP_HUB": address, "VPP_PLAINTEXT": "1", "VPP_TOKEN_FILE": str(token)}
    return known | {"COLUMNS": "200", "NO_COLOR": "1"}


Run = Callable[..., str]


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def command(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner(env=environment).invoke(app, ["operator", *arguments])
        assert result.exit_code == exit_code, result.output
        return result.output

    return command


OPEN = [
    "auction", "open", "--product", "peak", "--zone", "north", "--cap-price", "249.90",
    "--start", "2026-03-03T17:00Z", "--end", "2026-03-03T19:00Z", "--gate-closure", "2026-03-02T14:30Z",
]  # fmt: skip


def test_an_auction_is_opened_as_typed(run: Run, desk: Desk) -> None:
    output = run(*OPEN, "--target-kw", "500", "--id", "evening")
    request = desk.requests[-1]
    assert isinstance(request, auction_pb2.CreateAuctionRequest)
    assert (request.auction_id, request.auction.product, request.auction.zone) == (
        "evening",
        "products/peak",
        "north",
    )
    assert list(request.auction.target_reduction_kw) == [500.0] * 8
    assert (request.auction.cap_price_per_mwh.units, request.auction.cap_price_per_mwh.nanos) == (
        249,
        900_000_000,
    )
    assert request.auction.gate_closure_time.ToJsonString() == "2026-03-02T14:30:00Z"
    assert not request.auction.HasField("rebound_headroom_kw")
    assert desk.tokens == {f"Bearer {CALLER}"}
    assert "OPEN" in output
    assert "249.90 GBP" in output


def test_what_is_asked_beside_the_target_is_sent_as_typed(run: Run, desk: Desk, tmp_path: Path) -> None:
    terms = tmp_path / "terms.json"
    terms.write_text(
        '{"marginRatio": 0.2, "minSiteCount": 3, "feederLimits": [{"feeder": "east", "sites": ["sites/a"],'
        ' "maxReductionKw": [50]}], "zoneLimits": [{"zone": "north", "maxReboundKw": [9]}]}'
    )
    flags = ["--exact-target", "--margin-ratio", "0.05", "--loss-reserve", "--max-start-ramp-kw", "0"]
    limits = ["--max-reduction-kw", "800", "--uniform-price", "convex-hull", "--ties", "pro-rata"]
    output = run(*OPEN, "--target-kw", "500", "--terms", str(terms), *flags, *limits)
    request = desk.requests[-1]
    assert isinstance(request, auction_pb2.CreateAuctionRequest)
    assert request.auction.buyer_terms == buyer_pb2.BuyerTerms(
        allows_over_delivery=False,
        margin_ratio=0.05,
        has_loss_reserve=True,
        min_site_count=3,
        max_start_ramp_kw=0.0,
        zone_limits=[buyer_pb2.ZoneLimit(zone="north", max_reduction_kw=[800.0], max_rebound_kw=[9.0])],
        feeder_limits=[buyer_pb2.FeederLimit(feeder="east", sites=["sites/a"], max_reduction_kw=[50.0])],
    )
    assert request.auction.uniform_price == buyer_pb2.UNIFORM_PRICE_CONVEX_HULL
    assert request.auction.tie_rule == buyer_pb2.TIE_RULE_PRO_RATA
    shown = ("convex hull", "pro rata", "5.0%", "largest site", "at least 3", "at most 0 kW")
    assert [words for words in shown if words not in output] == []


def test_terms_that_are_none_are_refused(run: Run, tmp_path: Path) -> None:
    terms = tmp_path / "terms.json"
    terms.write_text('{"margin": 0.2}')
    output = run(*OPEN, "--target-kw", "500", "--terms", str(terms), exit_code=2)
    assert "is no JSON of vpp.v1.BuyerTerms" in " ".join(output.split())


def test_a_clearing_of_thousands_of_bids_is_fetched_up_to_a_bound(run: Run, desk: Desk) -> None:
    desk.document_bytes = 20 * 2**20
    document = json.loads(run("clearing", "show", "evening", "--json"))
    assert len(document["document_json"]) == 20 * 2**20
    desk.document_bytes = 65 * 2**20
    assert "OPTIMAL" not in run("clearing", "show", "evening", exit_code=1)


def test_json_has_stable_keys_and_zero_values(run: Run) -> None:
    document = json.loads(run(*OPEN, "--target-kw", "500", "--json"))
    assert document["state"] == "STATE_OPEN"
    assert document["etag"] == ""
    assert document["target_reduction_kw"] == [500.0] * 8


def test_a_repeat_after_unavailable_carries_the_same_request_id(run: Run, desk: Desk) -> None:
    desk.unavailable = 2
    run("auction", "cancel", "evening")
    ids = [
        request.request_id
        for request in desk.requests
        if isinstance(request, auction_pb2.CancelAuctionRequest)
    ]
    assert len(ids) == 3
    assert len(set(ids)) == 1
    assert len(ids[0]) == 36


def test_every_page_is_read(run: Run) -> None:
    sites = json.loads(run("sites", "list", "--json"))
    assert [site["name"] for site in sites] == ["sites/north-1", "sites/north-2"]


def test_an_order_is_sent_as_typed(run: Run, desk: Desk) -> None:
    output = run(
        *("event", "order", "--purpose", "dry-run", "--product", "peak", "--zone", "north"),
        *("--start", "2026-03-03T17:00Z", "--end", "2026-03-03T18:00Z", "--target-kw", "500"),
        *("--site", "north-1", "--site", "sites/north-2", "--id", "rehearsal"),
    )
    request = desk.requests[-1]
    assert isinstance(request, event_pb2.CreateEventRequest)
    assert request.event.purpose == event_pb2.Event.PURPOSE_DRY_RUN
    assert list(request.event.sites) == ["sites/north-1", "sites/north-2"]
    assert list(request.event.target_reduction_kw) == [500.0] * 4
    assert request.event.cap_price_per_mwh.currency_code == "GBP"
    assert (request.event_id, len(request.request_id)) == ("rehearsal", 36)
    assert "dry run" in output
    assert "cap per MWh" not in output


def test_what_a_site_answered_before_a_cancel_is_shown(run: Run) -> None:
    output = run("event", "show", "evening")
    assert "SUPERSEDED" in output
    assert "PARTIAL" in output
    assert "42 s" in output


def test_a_modification_names_only_what_changes(run: Run, desk: Desk) -> None:
    run("event", "modify", "evening", "--end", "2026-03-03T18:00Z")
    request = desk.requests[-1]
    assert isinstance(request, event_pb2.UpdateEventRequest)
    assert sorted(request.update_mask.paths) == ["delivery_interval", "target_reduction_kw"]
    assert list(request.event.target_reduction_kw) == [500.0] * 4
    assert request.event.etag == "7"
    run("event", "modify", "evening", "--target-kw", "300")
    request = desk.requests[-1]
    assert isinstance(request, event_pb2.UpdateEventRequest)
    assert list(request.update_mask.paths) == ["target_reduction_kw"]


def test_an_event_is_watched_to_its_end(run: Run) -> None:
    output = run("event", "watch", "evening")
    assert "480 kW of 500 kW" in output
    reports = run("event", "watch", "evening", "--json", "--count", "1")
    assert json.loads(reports)["present_delivered_kw"] == 0.0


def test_statements_are_written_into_the_folder_only(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "statements"
    run("statements", "download", "--out", str(folder))
    assert (folder / "a.csv").read_bytes() == b"one two"
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "b.json"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([*OPEN, "--target-kw", "500,600"], "expected 1 or one for each of 8"),
        ([*OPEN[:-1], "2026-03-02T14:30", "--target-kw", "500"], "has no offset"),
        (["event", "modify", "evening"], "nothing to modify"),
        (["auction", "open"], "Missing option"),
    ],
)
def test_a_wrong_command_line_sends_nothing_that_changes(
    run: Run, desk: Desk, arguments: list[str], complaint: str
) -> None:
    assert complaint in " ".join(run(*arguments, exit_code=2).split())
    assert not [request for request in desk.requests if hasattr(request, "request_id")]


def test_a_missing_token_file_is_named(address: str, tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    arguments = ["operator", "--plaintext", "--hub", address, "--token-file", str(absent), "sites", "list"]
    result = CliRunner(env={"COLUMNS": "300"}).invoke(app, arguments)
    assert result.exit_code == 2
    assert "cannot be read" in result.output


FILES = ["--ca-file", "absent.pem", "--cert-file", "absent.pem", "--key-file", "absent.key"]


@pytest.mark.parametrize(
    ("options", "plaintext", "complaint"),
    [
        ([], "", "expected --ca-file, --cert-file and --key-file"),
        (["--ca-file", "a.pem"], "", "expected --ca-file, --cert-file and --key-file"),
        (
            ["--cert-file", "c.pem", "--key-file", "c.key"],
            "",
            "expected --ca-file, --cert-file and --key-file",
        ),
        (
            ["--hub", "hub.example:443"],
            "1",
            "--plaintext is for this machine alone, and --hub is hub.example:443",
        ),
        (FILES, "1", "give --plaintext, or --ca-file, --cert-file and --key-file, not both"),
        (FILES, "", "absent.key cannot be read"),
    ],
)
def test_a_token_is_not_sent_in_the_clear_by_mistake(
    environment: dict[str, str], options: list[str], plaintext: str, complaint: str
) -> None:
    result = CliRunner(env=environment | {"COLUMNS": "300", "VPP_PLAINTEXT": plaintext}).invoke(
        app, ["operator", *options, "sites", "list"]
    )
    assert result.exit_code != 0
    assert complaint in result.output + str(result.exception)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str]:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return end.value.code, capsys.readouterr().err


def test_a_refusal_is_one_line_with_its_reason(
    capsys: pytest.CaptureFixture[str], environment: dict[str, str]
) -> None:
    where = ["--plaintext", "--hub", environment["VPP_HUB"], "--token-file", environment["VPP_TOKEN_FILE"]]
    code, text = refusal(capsys, "operator", *where, "auction", "show", "evening")
    assert code == 3
    assert (
        text
        == "error: NOT_FOUND: auctions/evening not found (check the name with the matching list command)\n"
    )


def test_no_hub_has_an_exit_code_of_its_own(
    capsys: pytest.CaptureFixture[str], environment: dict[str, str]
) -> None:
    where = ["--plaintext", "--hub", "127.0.0.1:1", "--token-file", environment["VPP_TOKEN_FILE"]]
    code, text = refusal(capsys, "operator", *where, "sites", "list")
    assert code == 4
    assert text.startswith("error: UNAVAILABLE: ")
    assert text.count("\n") == 1
