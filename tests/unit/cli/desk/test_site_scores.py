import io

from google.protobuf.duration_pb2 import Duration
from rich.console import Console

from vpp.cli.desk.site_scores import scores_table
from vpp.v1.event_pb2 import Event
from vpp.v1.site_score_pb2 import SiteScore

GOOD = SiteScore(
    site="sites/north-1",
    event="events/drill",
    purpose=Event.PURPOSE_TEST,
    target_kw=250.0,
    observability_ratio=0.995,
    measurability_ratio=0.8,
    controllability_ratio=0.91,
    reached_ratio=0.97,
    full_delay=Duration(seconds=120),
    ramp_kw_per_min=100.0,
)


def printed(*scores: SiteScore) -> str:
    stream = io.StringIO()
    Console(file=stream, width=160).print(scores_table(scores))
    return stream.getvalue()


def test_a_line_says_what_the_site_has_shown() -> None:
    line = printed(GOOD).splitlines()[-2]
    for cell in ("north-1", "drill", "test", "250 kW", "0.99", "0.80", "0.91", "97%", "120 s", "100 kW/min"):
        assert cell in line, cell


def test_a_site_that_never_reached_its_target_has_no_delay_and_no_ramp() -> None:
    line = printed(SiteScore(site="sites/a", event="events/e", purpose=Event.PURPOSE_MARKET)).splitlines()[-2]
    assert "never" in line
    assert "market" in line
    assert "kW/min" not in line
