from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vpp.cli.baseline.span_file import read_past_events, read_peak_hours
from vpp.foundation.errors import InvalidInput, NotFound
from vpp.foundation.interval import Interval

FIVE = datetime(2026, 1, 19, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)


def written(folder: Path, text: str) -> Path:
    path = folder / "events.csv"
    path.write_text(text)
    return path


def test_events_carry_their_own_rebound_or_the_common_one(tmp_path: Path) -> None:
    text = (
        "start_time,end_time,rebound_minutes,site\n"
        "2026-01-19T17:00Z,2026-01-19T18:00Z,30,north\n"
        "2026-01-20T18:00+01:00,2026-01-20T19:00+01:00,,\n"
    )
    north, everyone = read_past_events(written(tmp_path, text), timedelta(hours=2))
    assert (north.site, north.interval) == ("north", Interval(FIVE, FIVE + HOUR))
    assert north.hidden == (Interval(FIVE + HOUR, FIVE + 1.5 * HOUR),)
    day = timedelta(days=1)
    assert (everyone.site, everyone.interval) == ("", Interval(FIVE + day, FIVE + day + HOUR))
    assert everyone.hidden == (Interval(FIVE + day + HOUR, FIVE + day + 3 * HOUR),)


def test_an_event_without_rebound_hides_nothing_more(tmp_path: Path) -> None:
    path = written(tmp_path, "start_time,end_time\n2026-01-19T17:00Z,2026-01-19T18:00Z\n")
    assert read_past_events(path, timedelta(0))[0].hidden == ()


def test_a_header_alone_says_that_there_were_no_events(tmp_path: Path) -> None:
    assert read_past_events(written(tmp_path, "start_time,end_time\n"), HOUR) == ()


def test_peak_hours_keep_their_order(tmp_path: Path) -> None:
    text = "start_time,end_time\n2026-01-20T17:00Z,2026-01-20T18:00Z\n2026-01-19T17:00Z,2026-01-19T18:00Z\n"
    assert [hour.start.day for hour in read_peak_hours(written(tmp_path, text))] == [20, 19]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty, expected a header start_time,end_time"),
        ("start,end\n", "has the columns start,end, expected start_time,end_time"),
        ("start_time,end_time,rebound\n", r"columns start_time,end_time,rebound, expected"),
        (
            "start_time,end_time\n2026-01-19T17:00,2026-01-19T18:00Z\n",
            "line 2, start_time: '2026-01-19T17:00'",
        ),
        ("start_time,end_time\n2026-01-19T17:00Z,soon\n", "line 2, end_time: 'soon', expected an ISO 8601"),
        (
            "start_time,end_time\n2026-01-19T17:00Z,2026-01-19T17:00Z\n",
            "line 2, end_time: '2026-01-19T17:00Z', expected a time after start_time",
        ),
        (
            "start_time,end_time,rebound_minutes\n2026-01-19T17:00Z,2026-01-19T18:00Z,-5\n",
            "line 2, rebound_minutes: '-5', expected minutes from 0 to a week",
        ),
    ],
)
def test_a_wrong_file_is_named_with_line_and_column(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        read_past_events(written(tmp_path, text), HOUR)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"--past-events .*absent\.csv does not exist"):
        read_past_events(tmp_path / "absent.csv", HOUR)
