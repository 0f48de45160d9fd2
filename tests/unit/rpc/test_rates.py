import threading
from datetime import timedelta

from vpp.rpc.rates import Rate


def test_a_caller_has_its_share_and_others_have_theirs() -> None:
    rate = Rate(10, timedelta(seconds=10))
    assert [rate.take("a") for _ in range(101)].count(True) == 100
    assert rate.take("b")


def test_what_was_not_counted_costs_nothing() -> None:
    rate = Rate(10, timedelta(seconds=10))
    assert rate.take("a", 60)
    assert not rate.take("a", 60)
    assert rate.take("a", 40)


def test_more_than_can_ever_be_had_at_once_counts_as_all_of_it() -> None:
    rate = Rate(10, timedelta(seconds=10))
    assert rate.most_at_once == 100
    assert rate.take("a", 1_000_000)
    assert not rate.take("a")


def test_a_window_has_whole_seconds() -> None:
    assert Rate(10, timedelta(milliseconds=10)).most_at_once == 10


def test_counting_starts_no_thread_and_keeps_little() -> None:
    rate = Rate(1000, timedelta(seconds=1))
    before = threading.active_count()
    for number in range(10_000):
        rate.take(f"caller-{number % 100}")
    assert threading.active_count() <= before
    assert len(rate) <= 300  # two windows of a hundred callers, and a third that began meanwhile


def test_callers_that_are_gone_are_forgotten() -> None:
    rate = Rate(1000, timedelta(seconds=1))
    counts = rate._counts  # noqa: SLF001  what is kept is what is asked about
    for number in range(100):
        rate.take(f"gone-{number}")
    counts.expirations.update(dict.fromkeys(counts.expirations, 0.0))  # long ago
    for _ in range(5000):
        rate.take("here")
    assert len(rate) <= 20
