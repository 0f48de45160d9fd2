import math

import pytest

from vpp.flexibility.hall import Hall
from vpp.foundation.errors import InvalidInput

HALL = Hall(loop_kwh_per_k=23.26, air_kwh_per_k=3.28, exchange_kw_per_k=65.2)


def stepped(hall: Hall, loop: float, air: float, loop_kw: float, hours: float) -> tuple[float, float]:
    """Integrate the two balances in many small steps."""
    count = 200_000
    span = hours / count
    for _ in range(count):
        exchanged_kw = hall.exchange_kw_per_k * (air - loop)
        loop, air = (
            loop + (exchanged_kw + loop_kw) * span / hall.loop_kwh_per_k,
            air - exchanged_kw * span / hall.air_kwh_per_k,
        )
    return loop, air


@pytest.mark.parametrize(
    ("loop", "air", "loop_kw", "hours"), [(0.0, 0.0, 500.0, 0.25), (3.0, 1.0, -200.0, 0.1)]
)
def test_one_step_is_what_many_small_steps_come_to(
    loop: float, air: float, loop_kw: float, hours: float
) -> None:
    assert HALL.after(loop, air, loop_kw, hours) == pytest.approx(
        stepped(HALL, loop, air, loop_kw, hours), abs=1e-4
    )


def test_two_half_steps_are_one_step() -> None:
    halfway = HALL.after(1.0, 2.0, 300.0, 0.05)
    assert HALL.after(*halfway, 300.0, 0.05) == pytest.approx(HALL.after(1.0, 2.0, 300.0, 0.1))


def test_the_air_lags_the_water_and_both_settle_at_the_heat_over_the_capacity() -> None:
    loop, air = HALL.after(0.0, 0.0, 530.8, 0.25)
    assert loop > 5.0 > air > 4.0  # 132.7 kWh in 26.54 kWh/K settle at 5 K
    assert HALL.after(loop, air, 0.0, 10.0) == pytest.approx((5.0, 5.0))


def test_matrices_give_the_same_step() -> None:
    decay, gain = HALL.decay(0.25), HALL.gain(0.25)
    loop = decay[0][0] * 1.0 + decay[0][1] * 2.0 + gain[0] * 300.0
    air = decay[1][0] * 1.0 + decay[1][1] * 2.0 + gain[1] * 300.0
    assert (loop, air) == pytest.approx(HALL.after(1.0, 2.0, 300.0, 0.25))


def test_a_hall_without_loop_water_is_one_node() -> None:
    dry = Hall(0.0, 5.0, 50.0)
    assert math.isinf(dry.rate_per_hour)
    assert dry.after(1.0, 1.0, 10.0, 0.5) == (2.0, 2.0)
    assert dry.settled_difference_kelvin(10.0) == 0.0


def test_a_hall_without_air_or_exchange_is_refused() -> None:
    with pytest.raises(InvalidInput, match="air_kwh_per_k is 0"):
        Hall(1.0, 0.0, 1.0)
    with pytest.raises(InvalidInput, match="exchange_kw_per_k"):
        Hall(1.0, 1.0, 0.0)
