"""Until when a line may be disputed: the version that changed it last decides."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import pytest
from support.statements import FIRST, csv_file, line, statement

from vpp.foundation.errors import WrongState
from vpp.settlement.disputed_lines import disputed_lines
from vpp.settlement.statement_line import StatementLine
from vpp.workflows.dispute_window import History, check_unchanged_since, check_window
from vpp.workflows.ports import Stored
from vpp.workflows.records import StatementRecord

WINDOW = timedelta(days=28)
DAY = timedelta(days=1)

FIRST_VERSION = [line(1), line(2, interval=1), line(3, "0.00", interval=2)]
SECOND_VERSION = [  # a line of nothing is new, and another changes from nothing to nothing
    line(1, delta="0.00"),
    line(2, "12.00", interval=1, delta="2.00"),
    line(3, "0.00", interval=2, delta="0.00"),
    line(4, "0.00", interval=3),
]
THIRD_VERSION = [
    line(1, "9.00", delta="-1.00"),
    *(each._replace(delta_amount=each.amount * 0) for each in SECOND_VERSION[1:]),
]


def history(*versions: tuple[datetime, Sequence[StatementLine]]) -> History:
    """Return versions with the instants at which they were written."""
    records = [statement("owner-a", number, lines) for number, (_, lines) in enumerate(versions, start=1)]
    stored = [
        Stored(record, 1, written_at, written_at)
        for record, (written_at, _) in zip(records, versions, strict=True)
    ]
    files = {
        record.statement_id: csv_file(lines) for record, (_, lines) in zip(records, versions, strict=True)
    }
    return History(stored, files.__getitem__)


MONTH = history((FIRST, FIRST_VERSION), (FIRST + 40 * DAY, SECOND_VERSION), (FIRST + 60 * DAY, THIRD_VERSION))


def object_to(
    history: History, version: int, numbers: tuple[int, ...], now: datetime, *, held: Collection[int] = ()
) -> None:
    disputed: StatementRecord = history.versions[version - 1].value
    lines = {one.key: one for one in disputed_lines(history.contents(disputed.statement_id), numbers=numbers)}
    check_unchanged_since(history, disputed, lines)
    check_window(
        history,
        disputed,
        lines,
        deadline_of=lambda written_at: written_at + WINDOW,
        held=lambda closed: {key for key in closed if lines[key].line_no in held},
        now=now,
    )


def test_everything_on_a_first_version_may_be_disputed_until_its_window_ends() -> None:
    first = history((FIRST, FIRST_VERSION))
    for numbers in ((), (1,), (1, 2, 3)):
        object_to(first, 1, numbers, FIRST)
        object_to(first, 1, numbers, FIRST + WINDOW - timedelta(microseconds=1))
        with pytest.raises(WrongState, match="can no longer be disputed") as refused:
            object_to(first, 1, numbers, FIRST + WINDOW)
        assert (FIRST + WINDOW).isoformat() in str(refused.value)


def test_later_only_changed_lines_may_be_disputed() -> None:
    two = history((FIRST, FIRST_VERSION), (FIRST + 40 * DAY, SECOND_VERSION))
    now = FIRST + 41 * DAY
    object_to(two, 2, (2,), now)
    for closed in ((1,), (3,), (1, 2), ()):
        with pytest.raises(WrongState, match="no version whose window is open changed them"):
            object_to(two, 2, closed, now)


def test_an_error_counts_what_is_open_and_names_what_is_closed() -> None:
    two = history((FIRST, FIRST_VERSION), (FIRST + 40 * DAY, SECOND_VERSION))
    with pytest.raises(WrongState, match=r"2 of the lines \(1, 3\).*; 2 others may be"):
        object_to(two, 2, (), FIRST + 41 * DAY)


def test_a_line_that_a_later_version_is_the_first_to_show_counts_as_changed() -> None:
    two = history((FIRST, FIRST_VERSION), (FIRST + 40 * DAY, SECOND_VERSION))
    object_to(two, 2, (4,), FIRST + 41 * DAY)  # its amount is nothing, and so is its change
    with pytest.raises(WrongState):
        object_to(two, 2, (4,), FIRST + 40 * DAY + WINDOW)


def test_a_change_stays_open_in_versions_after_it() -> None:
    now = FIRST + 61 * DAY  # within the windows of the second and the third version
    object_to(MONTH, 3, (1,), now)
    object_to(MONTH, 3, (2,), now)
    object_to(MONTH, 3, (4,), now)
    with pytest.raises(WrongState):
        object_to(MONTH, 3, (3,), now)
    with pytest.raises(WrongState):
        object_to(MONTH, 3, (2,), FIRST + 40 * DAY + WINDOW)


def test_a_line_that_was_changed_since_is_its_later_versions_to_defend() -> None:
    now = FIRST + 61 * DAY
    with pytest.raises(
        WrongState, match="line 1 was changed by statements/owner-a-2026-03-v3, where it is line 1"
    ):
        object_to(MONTH, 2, (1,), now)
    object_to(MONTH, 2, (2,), now)
    with pytest.raises(WrongState, match="changed by statements/owner-a-2026-03-v3"):
        object_to(MONTH, 1, (), FIRST)


def test_files_are_read_only_where_the_answer_needs_them() -> None:
    asked = []

    def contents(statement_id: str) -> bytes:
        asked.append(statement_id)
        return MONTH.contents(statement_id)

    object_to(History(MONTH.versions, contents), 3, (1,), FIRST + 61 * DAY)
    assert asked == ["owner-a-2026-03-v3"]


def test_time_in_which_the_other_party_held_a_line_does_not_run_out() -> None:
    object_to(MONTH, 1, (3,), FIRST + WINDOW, held=(3,))
    with pytest.raises(WrongState, match=r"1 of the lines \(1\) .*; 1 others may be"):
        object_to(history((FIRST, FIRST_VERSION)), 1, (1, 3), FIRST + WINDOW, held=(3,))
