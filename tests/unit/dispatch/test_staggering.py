from dataclasses import replace
from datetime import UTC, datetime, timedelta

from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.dispatch.staggering import spread_offsets, staggered
from vpp.foundation.interval import Interval

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
STEP = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


def told(site_id: str, kw: float) -> Instruction:
    delivery = Interval(START, START + 2 * STEP)
    return Instruction(
        f"evening-m0-{site_id}",
        "evening",
        site_id,
        0,
        delivery,
        STEP,
        (kw, kw),
        (),
        delivery.end,
        InstructionState.CREATED,
    )


def test_the_portfolio_rises_about_linearly() -> None:
    power_kw = {f"site-{n}": 50.0 + 100.0 * (n % 3) for n in range(300)}
    offsets = spread_offsets(power_kw, MINUTE, "evening")
    total_kw = sum(power_kw.values())
    for second in range(0, 61, 5):
        begun_kw = sum(kw for site, kw in power_kw.items() if offsets[site] <= timedelta(seconds=second))
        assert abs(begun_kw / total_kw - second / 60.0) < 0.1


def test_offsets_depend_on_the_event() -> None:
    site_ids = [f"site-{n}" for n in range(20)]
    one, two = (spread_offsets(site_ids, MINUTE, event) for event in ("one", "two"))
    assert one == spread_offsets(reversed(site_ids), MINUTE, "one")
    assert not {site_id for site_id in site_ids if one[site_id] == two[site_id]}
    assert spread_offsets([], MINUTE, "one") == {}


def test_an_offset_tells_nothing_of_who_else_is_called_nor_for_how_much() -> None:
    def of_b(*others: Instruction) -> Instruction:
        every = staggered([*others, told("b", 20.0)], start_spread=MINUTE, release_spread=MINUTE)
        return every[-1]

    alone = of_b()
    assert alone.start_offset != alone.release_offset
    assert of_b(told("a", 10.0)) == of_b(told("a", 500.0), told("c", 1.0)) == alone


def test_starts_keep_within_a_fifth_of_the_first_interval() -> None:
    every = staggered(
        [told(f"site-{n}", 10.0) for n in range(50)],
        start_spread=timedelta(hours=1),
        release_spread=timedelta(minutes=10),
    )
    assert max(each.start_offset for each in every) <= STEP / 5
    assert STEP / 5 < max(each.release_offset for each in every) <= timedelta(minutes=10)
    assert len({each.start_offset for each in every}) == 50


def test_without_a_spread_nothing_changes() -> None:
    plain = [told("a", 10.0), told("b", 20.0)]
    assert staggered(plain, start_spread=timedelta(0), release_spread=timedelta(0)) == plain
    assert staggered([], start_spread=MINUTE, release_spread=MINUTE) == []


def test_who_is_released_last_need_not_have_begun_last() -> None:
    every = staggered(
        [told(f"site-{n}", 10.0) for n in range(20)], start_spread=MINUTE, release_spread=MINUTE
    )
    starts = sorted(every, key=lambda each: each.start_offset)
    ends = sorted(every, key=lambda each: each.release_offset)
    assert [each.site_id for each in starts] != [each.site_id for each in ends]
    assert {replace(each, start_offset=timedelta(0), release_offset=timedelta(0)) for each in every} == {
        told(f"site-{n}", 10.0) for n in range(20)
    }
