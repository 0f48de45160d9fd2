from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import interruptible_load
from vpp.flexibility.interruptible_load import InterruptibleLoadParameters, InterruptibleLoadState
from vpp.foundation.errors import InvalidInput

COLD_ROOM = InterruptibleLoadParameters(
    resource_id="cold-rooms",
    sheddable_ratio=0.8,
    max_duration=timedelta(minutes=45),
    rest=timedelta(hours=1),
    cost_per_kwh=Decimal("0.70"),
    response_time=timedelta(seconds=30),
    delivery_ratio=0.9,
    rebound_ratio=0.9,
    max_rebound_kw=40.0,
    max_activations_per_day=2,
)
DRAWING = InterruptibleLoadState(100.0)
QUARTER = timedelta(minutes=15)


def test_it_is_without_power_for_so_long_and_then_rests() -> None:
    state, shed = DRAWING, []
    for _ in range(5):
        state, change_kw = interruptible_load.advance(COLD_ROOM, state, 500.0, QUARTER)
        shed.append(change_kw)
    # 80 kW for 45 min; then it draws again what it owes: 0.9 x 60 kWh at 40 kW.
    assert shed == [-80.0, -80.0, -80.0, 40.0, 40.0]
    assert state.owed_kwh == pytest.approx(54.0 - 20.0)
    for _ in range(2):
        state, _ = interruptible_load.advance(COLD_ROOM, state, 0.0, QUARTER)
    assert interruptible_load.available_kw(COLD_ROOM, state, QUARTER) == 80.0  # an hour later
    again, _ = interruptible_load.advance(COLD_ROOM, state, 80.0, QUARTER)
    assert again.uses_today == 2
    done = replace(again, held_for=timedelta(0), rested_for=timedelta(hours=3))
    assert interruptible_load.available_kw(COLD_ROOM, done, QUARTER) == 0.0  # twice a day


def test_a_block_goes_as_a_whole() -> None:
    lighting = replace(COLD_ROOM, is_block=True, rebound_ratio=0.0, max_rebound_kw=0.0)
    assert interruptible_load.advance(lighting, DRAWING, 5.0, QUARTER)[1] == -80.0
    envelope = interruptible_load.envelope(lighting, DRAWING)
    assert (envelope.p_min_kw, envelope.p_max_kw, envelope.recovery.energy_kwh) == (80.0, 80.0, 0.0)
    bid = interruptible_load.offer(lighting, DRAWING, 2, QUARTER, tariff_per_kwh=Decimal("0.20"))
    assert bid is not None
    assert (bid.divisible, bid.recovery_intervals) == (False, 0)


def test_an_offer_is_for_a_window_it_can_stand() -> None:
    bid = interruptible_load.offer(COLD_ROOM, DRAWING, 3, QUARTER, tariff_per_kwh=Decimal("0.20"))
    assert bid is not None
    # 0.70 less 0.20 saved, and 0.9 x 0.20 drawn again
    assert bid.price_per_mwh == Decimal("680.00")
    assert bid.recovery_intervals == 6  # 54 kWh at 40 kW
    assert interruptible_load.offer(COLD_ROOM, DRAWING, 4, QUARTER, tariff_per_kwh=Decimal("0.20")) is None
    resting = replace(DRAWING, rested_for=QUARTER)
    assert interruptible_load.offer(COLD_ROOM, resting, 1, QUARTER, tariff_per_kwh=Decimal("0.20")) is None
    assert interruptible_load.envelope(COLD_ROOM, resting).why_not == "it rests after its last use"


def test_the_planner_sees_no_more_than_the_longest_time() -> None:
    free = replace(COLD_ROOM, rest=timedelta(0))
    terms = interruptible_load.terms(free, DRAWING, 6, QUARTER)
    assert terms.load_kw == (100.0, 100.0, 100.0, 0.0, 0.0, 0.0)
    assert (terms.segments[0].width_ratio, terms.segments[0].lost_ratio) == (0.8, 0.9)


def test_a_load_that_rests_is_planned_and_offered_as_one_use() -> None:
    terms = interruptible_load.terms(COLD_ROOM, DRAWING, 6, QUARTER)
    assert terms.segments == ()
    assert terms.pause is not None
    assert (terms.pause.longest_intervals, terms.pause.max_count) == (3, 1)
    assert terms.pause.idle_power_ratio == pytest.approx(0.2)
    assert terms.pause.lost_ratio == pytest.approx(0.72)
    offer = interruptible_load.offer(COLD_ROOM, DRAWING, 2, QUARTER, tariff_per_kwh=Decimal("0.60"))
    assert offer is not None
    assert not offer.divisible  # an acceptance of the first and third interval alone could not be kept
    free = replace(COLD_ROOM, rest=timedelta(0))
    alone = interruptible_load.offer(free, DRAWING, 2, QUARTER, tariff_per_kwh=Decimal("0.60"))
    assert alone is not None
    assert alone.divisible
    # In the middle of a use it goes on for what is left of it; in its rest it may not begin.
    held = replace(DRAWING, held_for=QUARTER)
    pause = interruptible_load.terms(COLD_ROOM, held, 6, QUARTER).pause
    assert pause is not None
    assert (pause.paused_for, pause.longest_intervals) == (1, 3)
    resting = replace(DRAWING, rested_for=timedelta(0))
    pause = interruptible_load.terms(COLD_ROOM, resting, 6, QUARTER).pause
    assert pause is not None
    assert pause.is_allowed == (False,) * 4 + (True,) * 2  # an hour later it may


def test_impossible_parameters_are_refused() -> None:
    with pytest.raises(InvalidInput, match="max_rebound_kw is 0"):
        replace(COLD_ROOM, max_rebound_kw=0.0)
    with pytest.raises(InvalidInput, match="min_duration is"):
        replace(COLD_ROOM, min_duration=timedelta(hours=2))
    with pytest.raises(InvalidInput, match="rest is"):
        replace(COLD_ROOM, rest=timedelta(hours=-1))
    with pytest.raises(InvalidInput, match="sheddable_ratio"):
        replace(COLD_ROOM, sheddable_ratio=1.5)
