"""One writer at a time; who stands behind lets the others go first, and still gets its turn."""

from collections.abc import Callable
from threading import Event, Thread

import pytest

from vpp.foundation.errors import Overloaded
from vpp.storage.write_turns import TURNS_BEFORE, WriterPlace, WriteTurns


class Writers:
    """Threads that stand in line one after the other, and tell in which order they wrote."""

    def __init__(self) -> None:
        self.turns = WriteTurns()
        self.order: list[str] = []
        self._threads: list[Thread] = []

    def stand(self, name: str, place: WriterPlace) -> None:
        standing = len(self._waiting())

        def write() -> None:
            place.take()
            self.order.append(name)
            place.give_back()

        self._threads.append(Thread(target=write))
        self._threads[-1].start()
        until(lambda: len(self._waiting()) == standing + 1)

    def _waiting(self) -> list[Event]:
        return [*self.turns._first, *self.turns._behind]  # noqa: SLF001  nothing else tells that a thread waits

    def joined(self) -> list[str]:
        for thread in self._threads:
            thread.join(20)
        return self.order


def until(condition: Callable[[], bool]) -> None:
    beat = Event()
    for _ in range(2000):
        if condition():
            return
        beat.wait(0.005)
    raise AssertionError("it never came to be")


def test_others_go_first() -> None:
    writers = Writers()
    writers.turns.first.take()
    writers.stand("readings", writers.turns.behind)
    writers.stand("dispatch", writers.turns.first)
    writers.stand("answer", writers.turns.first)
    writers.turns.first.give_back()
    assert writers.joined() == ["dispatch", "answer", "readings"]


def test_who_stands_behind_is_not_kept_out_for_ever() -> None:
    writers = Writers()
    writers.turns.first.take()
    writers.stand("readings", writers.turns.first.behind())
    for n in range(TURNS_BEFORE + 2):
        writers.stand(f"dispatch {n}", writers.turns.first)
    writers.turns.first.give_back()
    assert writers.joined().index("readings") == TURNS_BEFORE


def test_a_turn_that_does_not_come_is_an_overload() -> None:
    turns = WriteTurns(patience_s=0.01)
    turns.first.take()
    with pytest.raises(Overloaded, match=r"the turn to write did not come within 0\.01 s"):
        turns.first.take()
    turns.first.give_back()
    turns.first.take()  # the line is as if nobody had waited
    turns.first.give_back()


class Interrupted(BaseException):
    """Comes to a thread while it waits."""


@pytest.mark.parametrize("has_come", [False, True])
def test_a_writer_that_is_interrupted_leaves_the_line(
    monkeypatch: pytest.MonkeyPatch, *, has_come: bool
) -> None:
    turns = WriteTurns(patience_s=5.0)
    turns.first.take()

    def interrupted(_: object, timeout: float | None = None) -> bool:
        assert timeout == 5.0
        if has_come:
            turns.first.give_back()
        raise Interrupted

    with monkeypatch.context() as waiting:
        waiting.setattr(Event, "wait", interrupted)
        with pytest.raises(Interrupted):
            turns.first.take()
    if not has_come:
        turns.first.give_back()
    turns.first.take()  # the turn is with nobody
    turns.first.give_back()
