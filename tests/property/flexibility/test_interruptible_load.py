"""A load that is let go comes back in time, rests, and owes exactly what it says."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.flexibility import interruptible_load
from vpp.flexibility.interruptible_load import InterruptibleLoadParameters, InterruptibleLoadState

MINUTES = st.integers(1, 90).map(lambda minutes: timedelta(minutes=minutes))


@given(
    st.lists(st.floats(0.0, 500.0) | st.just(0.0), min_size=1, max_size=40),
    MINUTES,
    MINUTES,
    MINUTES,
    st.sampled_from(["whole", "any"]),
)
def test_limits_and_balance_hold(
    commands: list[float], step: timedelta, longest: timedelta, rest: timedelta, taken: str
) -> None:
    params = InterruptibleLoadParameters(
        "cold",
        0.7,
        longest,
        rest,
        Decimal("0.5"),
        timedelta(seconds=30),
        0.9,
        rebound_ratio=0.8,
        max_rebound_kw=60.0,
        is_block=taken == "whole",
        max_activations_per_day=3,
    )
    state, shed_kwh, drawn_kwh = InterruptibleLoadState(200.0), 0.0, 0.0
    held, since, uses = timedelta(0), None, 0
    for command_kw in commands:
        expected_kw = interruptible_load.recovery_kw(params, state, step)
        state, change_kw = interruptible_load.advance(params, state, command_kw, step)
        if change_kw < 0.0:
            assert -change_kw == pytest.approx(140.0 if taken == "whole" else min(140.0, command_kw))
            if held == timedelta(0):
                uses += 1
                assert since is None or since >= rest
            held, since, shed_kwh = held + step, None, shed_kwh - change_kw * (step / timedelta(hours=1))
            assert held <= longest
        else:
            assert change_kw == pytest.approx(expected_kw)
            since = step if held > timedelta(0) else None if since is None else since + step
            held, drawn_kwh = timedelta(0), drawn_kwh + change_kw * (step / timedelta(hours=1))
    assert uses == state.uses_today <= 3
    assert state.owed_kwh == pytest.approx(0.8 * shed_kwh - drawn_kwh, abs=1e-6)
