"""What a driver remembers of the works that it paused."""

import math
from collections.abc import Mapping

import pytest
from support.driver_place import NOON, KeptMemory

from vpp.agent.drivers.paused_works import ABSENT_FOR, PausedWorks, Phase, SeenWork, WorkState
from vpp.foundation.errors import InvalidInput


def seen(key: str, state: WorkState) -> dict[str, SeenWork]:
    return {
        key: SeenWork(key, "group", state, kw=10.0, saved_kw=8.0, boards=8.0, facts={"action": "suspend"})
    }


RUNNING, LEAVING = seen("job", WorkState.RUNNING), seen("job", WorkState.LEAVING)
PAUSED, TAKEN = seen("job", WorkState.PAUSED), seen("job", WorkState.TAKEN)
OVER = seen("job", WorkState.OVER)


def asked() -> tuple[PausedWorks, KeptMemory]:
    memory = KeptMemory()
    works = PausedWorks(memory)
    works.ask(RUNNING.values(), 5.0)
    return works, memory


def test_everything_survives_a_restart() -> None:
    works, memory = asked()
    works.observe(PAUSED, NOON)
    again = PausedWorks(memory)
    assert again.works == works.works
    assert (again.works["job"].phase, again.wanted_kw) == (Phase.HELD, 5.0)
    assert again.works["job"].facts == {"action": "suspend"}
    works.let_go(RUNNING)
    assert PausedWorks(memory).works == {}
    assert memory.recall() == {}
    assert works.wanted_kw == math.inf


@pytest.mark.parametrize(
    ("first", "then", "is_kept", "is_left_alone"),
    [
        (RUNNING, RUNNING, True, False),  # not carried out yet
        (LEAVING, PAUSED, True, False),
        (PAUSED, PAUSED, True, False),
        (PAUSED, RUNNING, False, True),  # somebody resumed it
        (PAUSED, TAKEN, False, True),
        (PAUSED, OVER, False, False),
        (RUNNING, OVER, False, False),
        (PAUSED, {}, True, False),  # the listing may be incomplete
        (RUNNING, {}, True, False),
    ],
)
def test_what_is_seen_decides_whose_a_work_is(
    first: dict[str, SeenWork], then: dict[str, SeenWork], *, is_kept: bool, is_left_alone: bool
) -> None:
    works, memory = asked()
    works.observe(first, NOON)
    works.observe(then, NOON)
    assert ("job" in works.works) == is_kept
    assert ("job" in works.left_alone) == is_left_alone
    again = PausedWorks(memory)
    assert (again.works, again.left_alone) == (works.works, works.left_alone)


def test_what_is_not_shown_any_more_is_remembered_for_a_while_even_over_a_release() -> None:
    works, memory = asked()
    works.observe(PAUSED, NOON)
    works.observe({}, NOON)
    works.let_go({})
    assert set(PausedWorks(memory).works) == {"job"}
    works.observe({}, NOON + 0.9 * ABSENT_FOR)
    works.observe(PAUSED, NOON + 0.9 * ABSENT_FOR)
    works.observe({}, NOON + ABSENT_FOR)  # counted anew, since it was shown meanwhile
    assert set(works.works) == {"job"}
    works.observe({}, NOON + 2 * ABSENT_FOR)
    assert not PausedWorks(memory).works
    assert not works.left_alone


def test_what_this_driver_resumes_is_nobody_elses_doing() -> None:
    works, _ = asked()
    works.observe(PAUSED, NOON)
    works.return_(["job"], 0.0)
    works.observe(PAUSED, NOON)
    assert works.works["job"].phase is Phase.RETURNING
    works.observe(RUNNING, NOON)
    assert not works.works
    assert not works.left_alone


def test_a_release_forgets_who_resumed_what_and_keeps_what_still_stands() -> None:
    works, _ = asked()
    works.observe(PAUSED, NOON)
    works.let_go(PAUSED)
    assert set(works.works) == {"job"}
    works.observe(RUNNING, NOON)
    assert works.left_alone == {"job"}
    works.let_go(RUNNING)
    assert not works.left_alone


class Damaged(KeptMemory):
    def __init__(self) -> None:
        super().__init__()
        self.is_damaged = True

    def recall(self) -> Mapping[str, object]:
        if self.is_damaged:
            raise InvalidInput("memory holds no JSON object")
        return super().recall()


def test_a_damaged_memory_is_told_and_read_again_once_it_is_put_right() -> None:
    memory = Damaged()
    works = PausedWorks(memory)
    assert works.is_lost
    works.observe(PAUSED, NOON)
    assert not works.works
    memory.is_damaged = False
    works.recall()
    assert not works.is_lost
    works.ask(RUNNING.values(), 5.0)
    works.recall()
    assert set(works.works) == {"job"}  # what is known is not read over


class FullDisk(KeptMemory):
    def remember(self, content: Mapping[str, object]) -> None:
        del content
        raise OSError(28, "No space left on device")


def test_what_cannot_be_remembered_is_not_begun() -> None:
    works = PausedWorks(FullDisk())
    with pytest.raises(OSError, match="No space"):
        works.ask(RUNNING.values(), 5.0)
    assert not works.works


def test_a_memory_of_something_else_still_gives_works_back() -> None:
    memory = KeptMemory()
    memory.remember({"works": {"job": {"phase": ["odd"], "kw": "ten"}, "other": None}, "left_alone": 3})
    works = PausedWorks(memory)
    assert set(works.works) == {"job", "other"}
    assert all(each.saved_kw == 0.0 for each in works.works.values())
