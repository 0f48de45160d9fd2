from datetime import UTC, datetime, timedelta

from vpp.agent.attendance_book import AttendanceBook

START = datetime(2026, 3, 4, 10, tzinfo=UTC)
STEP = timedelta(minutes=5)


def test_every_step_counts_once_and_not_the_one_under_way_at_the_start() -> None:
    book = AttendanceBook(START)
    for at, is_metered in (
        (START, False),
        (START + STEP, True),
        (START + STEP, False),
        (START + 2 * STEP, False),
    ):
        book.see(at, is_metered=is_metered, is_healthy={"bess": True, "ups": is_metered})
    assert book.document() == {
        "since": START.isoformat(),
        "step_count": 2,
        "metered_count": 1,
        "healthy_count": {"bess": 2, "ups": 1},
    }
