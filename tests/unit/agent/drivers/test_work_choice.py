"""Which works stand still for a wanted reduction."""

import pytest

from vpp.agent.drivers.work_choice import Choice, Work, chosen_works


def work(key: str, kw: float, flexibility: float = 0.5, priority: float = 0.0, *, ours: bool = False) -> Work:
    return Work(key, kw, flexibility, priority, is_ours=ours)


@pytest.mark.parametrize(
    ("kws", "wanted_kw", "expected"),
    [
        ([30.0, 20.0, 40.0], 50.0, {30.0, 20.0}),
        ([30.0, 20.0, 41.0], 42.0, {30.0, 20.0}),  # not 41 and another
        ([100.0, 60.0, 55.0], 110.0, {60.0, 55.0}),
        ([100.0, 8.0, 3.0], 10.0, {8.0, 3.0}),
        ([100.0, 8.0], 9.0, {100.0}),
        ([10.0, 20.0], 500.0, {10.0, 20.0}),
        ([10.0], 0.0, set()),
    ],
)
def test_the_overshoot_is_small(kws: list[float], wanted_kw: float, expected: set[float]) -> None:
    present = [work(f"{kw:g}", kw) for kw in kws]
    assert {float(key) for key in chosen_works(present, wanted_kw).pause} == expected


def test_among_equals_the_lower_priority_goes_first_and_comes_back_last() -> None:
    present = [work("a", 10.0, priority=5.0), work("b", 10.0, priority=1.0), work("c", 10.0, priority=3.0)]
    assert chosen_works(present, 20.0).pause == ("b", "c")
    held = [work("b", 10.0, priority=1.0, ours=True), work("c", 10.0, priority=3.0, ours=True)]
    assert chosen_works(held, 10.0, wanted_before_kw=20.0) == Choice(resume=("c",), saved_kw=10.0)


def test_what_was_paused_stays_so_until_less_is_wanted() -> None:
    held = [work("small", 5.0, ours=True), work("large", 50.0, ours=True)]
    assert chosen_works(held, 40.0, wanted_before_kw=40.0) == Choice(saved_kw=55.0)
    assert chosen_works(held, 45.0, wanted_before_kw=40.0) == Choice(saved_kw=55.0)
    assert chosen_works(held, 39.0, wanted_before_kw=40.0).resume == ("small",)


def test_of_many_equal_works_the_first_go() -> None:
    """Replicas of one deployment can only go from the last on, which the driver gives as priority."""
    present = [work(f"replica-{n}", 0.99, priority=-n) for n in range(400)]
    assert chosen_works(present, 100.0).pause == tuple(f"replica-{n}" for n in range(399, 297, -1))
    others = [work(f"job-{n}", 7.3 + n / 10) for n in range(60)]
    taken = [key for key in chosen_works(present + others, 300.0).pause if key.startswith("replica")]
    assert sorted(taken) == sorted(f"replica-{n}" for n in range(400 - len(taken), 400))


def test_of_ten_thousand_works_a_sum_is_found_at_once_and_in_order() -> None:
    """Putting all of them together would take minutes."""
    present = [work(f"job-{n}", 0.5 + (n * 0.618034) % 1.0, priority=n) for n in range(10_000)]
    wanted_kw = 0.3 * sum(each.saved_kw for each in present)
    choice = chosen_works(present, wanted_kw)
    assert 0.0 <= choice.saved_kw - wanted_kw < 0.01
    paused = sorted(int(key.removeprefix("job-")) for key in choice.pause)
    assert paused[:2_800] == list(range(2_800))
    assert paused[-1] < 3_200
    again = chosen_works([*present, work("huge", 1e6, 0.1)], 5e5)
    assert again.pause == ("huge",)  # what it makes superfluous runs on


def test_work_that_saves_nothing_is_never_paused() -> None:
    assert chosen_works([work("waiting", 0.0)], 10.0) == Choice()
