import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from google.type.interval_pb2 import Interval as WireInterval
from rich.console import Console

from vpp.cli.charts.event_course import course_chart
from vpp.cli.desk.event_live import live_panel, look_table
from vpp.cli.desk.event_looks import COLUMNS, course_of, write_csv
from vpp.cli.wire_values import instant_to_wire
from vpp.v1 import event_pb2 as wire
from vpp.v1 import portfolio_pb2 as portfolio_wire

START = datetime(2026, 3, 4, 17, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def intervals(metered: int) -> list[wire.IntervalDelivery]:
    return [
        wire.IntervalDelivery(
            start_time=instant_to_wire(START + n * QUARTER),
            target_kw=1500.0,
            instructed_kw=1550.0,
            delivered_kw=1480.0 if n < metered else 0.0,
            expected_kw=1480.0 if n < metered else 1500.5,
            metered_ratio=1.0 if n < metered else 0.0,
        )
        for n in range(4)
    ]


def event() -> wire.Event:
    return wire.Event(
        name="events/evening",
        state=wire.Event.STATE_ACTIVE,
        delivery_interval=WireInterval(
            start_time=instant_to_wire(START), end_time=instant_to_wire(START + 4 * QUARTER)
        ),
    )


def looks() -> list[wire.Look]:
    counts = [
        wire.SiteCount(delivery=wire.SiteCount.DELIVERY_ON_TARGET, site_count=3),
        wire.SiteCount(delivery=wire.SiteCount.DELIVERY_SILENT, site_count=1),
    ]
    actions = [
        wire.TrackingAction(kind=wire.TrackingAction.KIND_TOP_UP, site="sites/a", change_kw=[0.0, 40.0]),
        wire.TrackingAction(kind=wire.TrackingAction.KIND_TRIM, site="sites/b", change_kw=[-12.0, 0.0]),
        wire.TrackingAction(
            kind=wire.TrackingAction.KIND_HOLD, site="sites/c", release_offset=Duration(seconds=900)
        ),
    ]
    return [
        wire.Look(
            due_time=instant_to_wire(START + n * QUARTER),
            look_time=instant_to_wire(START + n * QUARTER),
            intervals=intervals(n),
            planned_energy_kwh=1500.0,
            expected_energy_kwh=1485.0,
            reserve_kw=700.0,
            site_counts=counts,
            actions=actions if n == 1 else [],
        )
        for n in range(3)
    ]


def printed(renderable: object) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_a_report_says_what_is_delivered_expected_and_by_whom() -> None:
    report = wire.WatchEventResponse(
        event=event(),
        present_target_kw=1500.0,
        present_delivered_kw=1480.0,
        planned_energy_kwh=1500.0,
        expected_energy_kwh=1485.0,
        reserve_kw=700.0,
        status_time=instant_to_wire(START + QUARTER),
        intervals=intervals(1),
        site_counts=looks()[0].site_counts,
    )
    text = printed(live_panel(report))
    for words in (
        "1,485 kWh expected of 1,500 kWh, 99.0%",
        "700 kW could still",
        "3 on target, 1 silent",
        "17:45Z",
    ):
        assert words in text


def test_a_report_from_before_the_start_has_nothing_to_show_of_delivery() -> None:
    text = printed(live_panel(wire.WatchEventResponse(event=event(), status_time=instant_to_wire(START))))
    assert "no instructions yet" in text
    assert "expected" not in text


def test_every_look_says_what_was_done_to_whom() -> None:
    text = printed(look_table(looks()))
    for words in ("top up a +40 kW", "trim b -12 kW", "hold c for 0:15:00", "99.0%"):
        assert words in text


def test_the_file_has_a_row_per_look_and_interval(tmp_path: Path) -> None:
    write_csv(tmp_path / "looks.csv", looks())
    text = (tmp_path / "looks.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 3 * 4
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["interval_start_time"] == "2026-03-04T17:00:00+00:00"
    assert float(rows[-1]["expected_kw"]) == 1500.5


def test_the_picture_shows_the_course_and_marks_what_was_done() -> None:
    product = portfolio_wire.Product(settlement_interval=Duration(seconds=900))
    course = course_of(event(), looks(), product)
    assert [(action.kind, action.site_count) for action in course.actions] == [
        ("hold", 1),
        ("top up", 1),
        ("trim", 1),
    ]
    chart = course_chart(course)
    assert chart.png.startswith(b"\x89PNG")
    for words in ("target", "told to the sites", "delivered", "17:30"):
        assert words in chart.svg
