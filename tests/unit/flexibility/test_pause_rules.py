from datetime import timedelta

import pytest

from vpp.flexibility.pause_rules import PauseRules
from vpp.foundation.errors import InvalidInput

MINUTE = timedelta(minutes=1)
RULES = PauseRules(
    checkpoint_interval=60 * MINUTE,
    restart_time=4 * MINUTE,
    save_time=2 * MINUTE,
    restart_failure_ratio=0.1,
    mend_time=30 * MINUTE,
)


@pytest.mark.parametrize(
    ("since_min", "notice_min", "wait_min", "lost_min"),
    [
        (50, 15, 12, 4),  # 10 min to the checkpoint and 2 to save it: only the restart is lost
        (50, 11, 0, 54),  # it does not fit: all since the last checkpoint is lost
        (0, 61, 0, 4),
        (0, 62, 62, 4),
    ],
)
def test_a_pause_waits_for_a_checkpoint_that_fits_the_notice(
    since_min: int, notice_min: int, wait_min: int, lost_min: int
) -> None:
    assert RULES.wait(since_min * MINUTE, notice_min * MINUTE) == wait_min * MINUTE
    assert RULES.lost(since_min * MINUTE, notice_min * MINUTE) == lost_min * MINUTE


def test_a_restart_that_may_fail_is_reckoned_with() -> None:
    assert RULES.worst_mending == 30 * MINUTE
    assert RULES.expected_mending == 3 * MINUTE
    sure = PauseRules(60 * MINUTE, 4 * MINUTE, mend_time=30 * MINUTE)
    assert sure.worst_mending == timedelta(0)


def test_what_is_no_pause_is_refused() -> None:
    with pytest.raises(InvalidInput, match="checkpoint_interval"):
        PauseRules(timedelta(0), MINUTE)
    with pytest.raises(InvalidInput, match=r"restart_failure_ratio is 1\.0"):
        PauseRules(MINUTE, MINUTE, restart_failure_ratio=1.0)
    with pytest.raises(InvalidInput, match="mend_time"):
        PauseRules(MINUTE, MINUTE, mend_time=-MINUTE)
