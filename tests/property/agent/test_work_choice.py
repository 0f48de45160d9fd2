"""Which works stand still, for any works and any wishes one after the other."""

import math
from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from vpp.agent.drivers.work_choice import LEVELS, TOLERANCE_KW, Work, chosen_works

POWERS = st.one_of(st.integers(1, 20).map(float), st.floats(0.1, 500.0))


@st.composite
def works(draw: st.DrawFn) -> list[Work]:
    count = draw(st.integers(0, 12))
    return [
        Work(
            f"work-{n}",
            draw(POWERS),
            draw(st.sampled_from([0.10, 0.25, 0.50])),
            draw(st.integers(0, 3).map(float)),
        )
        for n in range(count)
    ]


def after(present: list[Work], pause: tuple[str, ...], resume: tuple[str, ...]) -> list[Work]:
    return [
        replace(work, is_ours=(work.is_ours or work.key in pause) and work.key not in resume)
        for work in present
    ]


def held_kw(present: list[Work]) -> float:
    return math.fsum(work.saved_kw for work in present if work.is_ours)


@settings(max_examples=60)
@given(works(), st.lists(st.floats(0.0, 2500.0), min_size=1, max_size=6))
def test_wishes_one_after_the_other_are_met_as_far_as_there_is_work(
    present: list[Work], wishes: list[float]
) -> None:
    before_kw = math.inf
    all_kw = math.fsum(work.saved_kw for work in present)
    for wanted_kw in wishes:
        was = {work.key for work in present if work.is_ours}
        choice = chosen_works(present, wanted_kw, wanted_before_kw=before_kw)
        present = after(present, choice.pause, choice.resume)
        held = held_kw(present)
        assert math.isclose(held, choice.saved_kw, abs_tol=1e-6)
        assert held >= min(wanted_kw, all_kw) - 1e-5
        if wanted_kw >= before_kw:
            assert not choice.resume  # nothing that stands still goes on while no less is wanted
        assert not (choice.pause and choice.resume)
        assert not was & set(choice.pause)
        # Said again, nothing changes.
        again = chosen_works(present, wanted_kw, wanted_before_kw=wanted_kw)
        assert (again.pause, again.resume) == ((), ())
        before_kw = wanted_kw


@settings(max_examples=60)
@given(works(), st.floats(0.1, 2500.0))
def test_no_work_too_many_is_paused_and_the_most_flexible_first(
    present: list[Work], wanted_kw: float
) -> None:
    choice = chosen_works(present, wanted_kw)
    paused = [work for work in present if work.key in choice.pause]
    if choice.saved_kw > wanted_kw + TOLERANCE_KW:
        least_kw = min(work.saved_kw for work in paused)
        assert choice.saved_kw - least_kw < wanted_kw  # without the smallest it would not reach
    # Work of less flexibility is touched only where all of more would not have been enough.
    for flexibility in (0.25, 0.10):
        if any(work.flexibility_ratio == flexibility for work in paused):
            more_kw = math.fsum(work.saved_kw for work in present if work.flexibility_ratio > flexibility)
            assert more_kw < wanted_kw


@given(st.lists(POWERS, max_size=10), st.floats(0.1, 2500.0))
@example([2.0, 2.0, 5.0], 2.00001)
def test_the_overshoot_is_the_least_that_there_is(kws: list[float], wanted_kw: float) -> None:
    present = [Work(f"work-{n}", kw, 0.5) for n, kw in enumerate(kws)]
    sums = [0.0]
    for kw in kws:
        sums += [each + kw for each in sums]
    least_kw = min((each for each in sums if each >= wanted_kw - TOLERANCE_KW), default=sum(kws))
    assert chosen_works(present, wanted_kw).saved_kw <= least_kw + len(kws) * wanted_kw / LEVELS + 1e-5


@settings(max_examples=60)
@given(works(), st.floats(0.1, 1000.0), st.floats(0.0, 1000.0))
def test_when_less_is_wanted_nothing_superfluous_stands_still(
    present: list[Work], first_kw: float, then_kw: float
) -> None:
    present = after(present, chosen_works(present, first_kw).pause, ())
    choice = chosen_works(present, min(first_kw, then_kw), wanted_before_kw=math.inf)
    present = after(present, (), choice.resume)
    held = held_kw(present)
    for work in present:
        if work.is_ours:
            assert held - work.saved_kw < min(first_kw, then_kw)
