"""A generator never runs beyond its permit, its fuel or the site's load, and never shorter than it must."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vpp.flexibility import generator
from vpp.flexibility.generator import GeneratorParameters, GeneratorState

MINUTES = st.integers(1, 90).map(lambda minutes: timedelta(minutes=minutes))


@given(
    st.lists(st.floats(0.0, 2_000.0) | st.just(0.0), min_size=1, max_size=40),
    MINUTES,
    MINUTES,
    st.floats(0.0, 20.0),
    st.floats(0.0, 5_000.0),
    st.floats(0.0, 2_000.0),
)
def test_hard_limits_hold(  # noqa: PLR0913, PLR0917  drawn one by one
    commands: list[float],
    step: timedelta,
    min_run: timedelta,
    hours_left: float,
    fuel_kwh: float,
    load_kw: float,
) -> None:
    params = GeneratorParameters(
        "diesel",
        1000.0,
        250.0,
        0.01,
        Decimal("1.8"),
        0.7,
        0.95,
        is_enabled=True,
        min_run=min_run,
        tank_kwh=5_000.0,
        fuel_reserve_kwh=1_000.0,
    )
    state = GeneratorState(load_kw, hours_left, fuel_kwh=fuel_kwh)
    hours = step / timedelta(hours=1)
    used_hours = made_kwh = 0.0
    run = timedelta(0)
    for command_kw in commands:
        after, change_kw = generator.advance(params, state, command_kw, step)
        assert -min(1000.0, load_kw) <= change_kw <= 0.0
        if change_kw < 0.0:
            assert -change_kw >= min(250.0, load_kw)
            used_hours, made_kwh, run = used_hours + hours, made_kwh - change_kw * hours, run + step
        else:
            short_run = timedelta(0) < run < min_run
            # A run ends early only where fuel is down to what is kept for emergencies.
            assert not short_run or generator.why_not(params, state, step)
            run = timedelta(0)
        assert after.fuel_kwh >= min(fuel_kwh, 1_000.0) - 1e-6
        state = after
    assert used_hours <= hours_left + 1e-6
    assert made_kwh <= max(0.0, fuel_kwh - 1_000.0) + 1e-6
