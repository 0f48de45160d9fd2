"""Lines of a statement's file, by number or by what they settle."""

from decimal import Decimal

import pytest
from support.statements import csv_file, line

from vpp.foundation.errors import InvalidInput
from vpp.settlement.disputed_lines import disputed_lines
from vpp.settlement.line_code import LineCode

LINES = [
    line(1, "10.00"),
    line(2, "-1.00", code=LineCode.PENALTY, delta="-0.25"),
    line(3, "10.00", interval=1, site_id="b"),
    line(4, "5.00", event_id="", site_id="", code=LineCode.ADJ_MANUAL, adjustment_id="adj-2026-03-1"),
    line(5, "5.00", event_id="", site_id="", code=LineCode.ADJ_MANUAL, adjustment_id="adj-2026-03-2"),
]
FILE = csv_file(LINES)


def test_all_lines_are_read_in_order_with_their_changes() -> None:
    found = list(disputed_lines(FILE))
    assert [(one.line_no, one.delta) for one in found] == [
        (each.line_no, each.delta_amount) for each in LINES
    ]
    assert found[1].delta == Decimal("-0.25")
    assert found[2].pair == ("evening", "b")
    assert found[1].key == (
        "evening", "a", "2026-03-03T17:00:00Z", "2026-03-03T17:15:00Z", "PENALTY", "",
    )  # fmt: skip


def test_what_lines_settle_tells_them_apart() -> None:
    assert len({one.key for one in disputed_lines(FILE)}) == len(LINES)


def test_lines_are_found_by_number_and_by_what_they_settle() -> None:
    assert [one.line_no for one in disputed_lines(FILE, numbers=(5, 2))] == [2, 5]
    renumbered = csv_file([line(7, "3.00", interval=1, site_id="b"), line(8, "10.00")])
    keys = {one.key for one in disputed_lines(FILE, numbers=(3,))}
    assert [one.line_no for one in disputed_lines(renumbered, keys=keys)] == [7]
    assert not list(disputed_lines(FILE, numbers=(1,), keys=keys))


def test_files_from_before_there_were_adjustments_are_read_too() -> None:
    rows = [row.rpartition(b',"')[0] for row in csv_file(LINES[:3]).split(b"\r\n")[:-1]]
    assert b"adjustment_id" not in rows[0]
    older = list(disputed_lines(b"\r\n".join(rows) + b"\r\n"))
    assert older == list(disputed_lines(csv_file(LINES[:3])))


@pytest.mark.parametrize("content", [b"", b"a,b\r\n1,2\r\n"])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="columns of a statement"):
        list(disputed_lines(content))
