"""What is bid can be delivered, however the auction spreads the energy over the intervals."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp.flexibility import battery, chiller, ups
from vpp.flexibility.battery import BatteryParameters, BatteryState
from vpp.flexibility.chiller_curves import AIR_COOLED, WATER_COOLED, ChillerCurves
from vpp.flexibility.chiller_plant import ChillerParameters, ChillerState, settled_kelvin
from vpp.flexibility.offer import Offer
from vpp.flexibility.ups import UpsParameters, UpsState

TARIFF = Decimal("0.60")
SHARES = st.lists(st.floats(0.01, 1.0), min_size=1, max_size=8)


def spread(bid: Offer, shares: list[float], step: timedelta) -> list[float]:
    """Award a share of each interval as long as the offer's energy lasts."""
    left_kwh = bid.energy_limit_kwh
    assert left_kwh is not None
    awarded_kw = []
    for share, reduction_kw in zip(shares, bid.reduction_kw, strict=True):
        kw = min(share * reduction_kw, left_kwh / (step / timedelta(hours=1)))
        left_kwh = max(0.0, left_kwh - kw * (step / timedelta(hours=1)))
        awarded_kw.append(kw)
    return awarded_kw


@settings(deadline=None)
@given(SHARES, st.floats(0.0, 0.9), st.sampled_from([5, 15, 30, 60]))
def test_a_battery_delivers_any_spread(shares: list[float], soc: float, minutes: int) -> None:
    params = BatteryParameters(
        "bess", 4000.0, 2000.0, 1500.0, 0.85, 0.1, 0.9, 600.0, Decimal("0.16"), timedelta(seconds=1), 0.95
    )
    step = timedelta(minutes=minutes)
    state = BatteryState(stored_kwh=max(600.0, soc * 4000.0))
    bid = battery.offer(params, state, len(shares), step, tariff_per_kwh=TARIFF)
    if bid is None:
        assert state.stored_kwh == 600.0
        return
    for kw in spread(bid, shares, step):
        state, change_kw = battery.advance(params, state, kw, step)
        assert -change_kw == pytest.approx(kw, abs=1e-6) or kw == 0.0
    for _ in range(bid.recovery_intervals):
        state, change_kw = battery.advance(params, state, 0.0, step)
        assert change_kw <= bid.max_recovery_kw
    assert state.owed_kwh == pytest.approx(0.0, abs=1e-6)  # paid back within the stated intervals


@settings(deadline=None)
@given(st.floats(0.01, 1.0), st.floats(0.05, 1.0), st.floats(0.0, 1.0))
def test_a_ups_delivers_its_offer(share: float, load: float, charge: float) -> None:
    params = UpsParameters(
        "ups", 1000.0, 300.0, 0.95, Decimal("0.1"), timedelta(seconds=1), 0.9, 0.9, timedelta(minutes=10)
    )
    state = UpsState(stored_kwh=charge * params.full_kwh, load_kw=load * 1000.0)
    step = timedelta(minutes=5)
    bid = ups.offer(params, state, 2, step, tariff_per_kwh=TARIFF)
    if bid is None:
        assert state.stored_kwh <= state.load_kw * 3.0 / 60.0
        return
    for kw in spread(bid, [share, share], step):
        state, change_kw = ups.advance(params, state, kw, step)
        assert -change_kw == pytest.approx(kw, abs=1e-6) or kw == 0.0


@settings(deadline=None)
@given(
    SHARES,
    st.floats(0.05, 0.95),
    st.sampled_from([WATER_COOLED, AIR_COOLED]),
    st.sampled_from([5, 15, 30]),
    st.floats(0.0, 5.0),
)
def test_chillers_deliver_any_spread(
    shares: list[float], load: float, curves: ChillerCurves, minutes: int, deviation_kelvin: float
) -> None:
    params = ChillerParameters(
        "chiller",
        1000.0,
        4.0,
        curves,
        20.0,
        1000.0,
        7.0,
        100.0,
        Decimal("0.01"),
        timedelta(minutes=5),
        0.8,
    )
    step = timedelta(minutes=minutes)
    state = ChillerState(20.0, deviation_kelvin, load * 900.0, 30.0)
    bid = chiller.offer(params, state, len(shares), step, tariff_per_kwh=TARIFF)
    if bid is None:
        return
    for kw in spread(bid, shares, step):
        if kw <= 0.0:
            continue
        state, change_kw = chiller.advance(params, state, kw, step)
        assert -change_kw == pytest.approx(kw, rel=1e-6, abs=1e-6)
    assert state.deviation_kelvin <= max(5.0, deviation_kelvin) + 1e-6
    for _ in range(bid.recovery_intervals):
        state, change_kw = chiller.advance(params, state, 0.0, step)
        assert change_kw <= bid.max_recovery_kw + 1e-6
    assert settled_kelvin(params, state) == pytest.approx(0.0, abs=1e-6)  # all heat is out again
    assert abs(state.deviation_kelvin) < 1.0  # and what is left between air and water evens out
