import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from vpp.rpc.stream_watch import StreamWatch


class Timer:
    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.is_cancelled = at, call, False

    def cancel(self) -> None:
        self.is_cancelled = True


class ManualLoop:
    """As much of an event loop as a watch needs, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Timer(at, call))
        return self.timers[-1]

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [timer for timer in self.timers if not timer.is_cancelled and timer.at <= end]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = first.at
            first.call()
        self.now = end


class Watched:
    def __init__(self) -> None:
        self.loop: Any = ManualLoop()
        self.silent: list[tuple[float, float]] = []
        self.stuck: list[float] = []
        self.watch = StreamWatch(
            self.loop,
            write_deadline_s=20.0,
            silent=lambda deadline_s: self.silent.append((deadline_s, self.loop.now)),
            stuck=lambda: self.stuck.append(self.loop.now),
        )


@pytest.mark.parametrize("patience_s", [5.0, 45.0])
def test_silence_is_noticed_at_its_deadline(patience_s: float) -> None:
    watched = Watched()
    watched.watch.listen(patience_s)
    watched.loop.advance(patience_s - 0.1)
    assert watched.silent == []
    watched.loop.advance(0.1)
    assert watched.silent == [(patience_s, 100.0 + patience_s)]


def test_a_message_in_time_begins_the_wait_anew() -> None:
    watched = Watched()
    for _ in range(10):
        watched.watch.listen(45.0)
        watched.loop.advance(44.0)
        watched.watch.heard()
    assert watched.silent == []
    watched.loop.advance(1000.0)  # it works on the message and does not listen
    assert watched.silent == []
    watched.watch.listen(45.0)
    watched.loop.advance(45.0)
    assert [at for _, at in watched.silent] == [100.0 + 440.0 + 1000.0 + 45.0]


def test_a_shorter_patience_holds_at_once() -> None:
    watched = Watched()
    watched.watch.listen(1000.0)
    watched.watch.heard()
    watched.watch.listen(3.0)
    watched.loop.advance(3.0)
    assert watched.silent == [(3.0, 103.0)]


@pytest.mark.parametrize("begins_after_s", [0.0, 7.0, 19.9, 333.0])
def test_a_message_that_is_not_taken_is_noticed_at_its_deadline(begins_after_s: float) -> None:
    watched = Watched()
    watched.watch.listen(10_000.0)
    watched.loop.advance(begins_after_s)
    watched.watch.begin_send()
    watched.watch.end_send()
    watched.watch.begin_send()
    watched.loop.advance(19.9)
    assert watched.stuck == []
    watched.loop.advance(0.2)
    assert watched.stuck == [pytest.approx(100.0 + begins_after_s + 20.0)]


def test_what_was_taken_is_not_waited_for() -> None:
    watched = Watched()
    watched.watch.listen(10_000.0)
    watched.watch.begin_send()
    watched.loop.advance(19.0)
    watched.watch.end_send()
    watched.loop.advance(1000.0)
    assert watched.stuck == []


def test_nothing_is_watched_after_the_end() -> None:
    watched = Watched()
    watched.watch.listen(10.0)
    watched.watch.stop()
    watched.watch.stop()
    watched.loop.advance(1000.0)
    assert (watched.silent, watched.stuck) == ([], [])


def test_it_works_on_a_real_loop() -> None:
    async def listen() -> float:
        silent: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        watch = StreamWatch(
            asyncio.get_running_loop(), write_deadline_s=9.0, silent=silent.set_result, stuck=lambda: None
        )
        watch.listen(0.01)
        return await silent

    assert asyncio.run(listen()) == 0.01
