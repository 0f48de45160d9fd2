import math
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.flexibility import idle_servers
from vpp.flexibility.idle_servers import IdleServersParameters, IdleServersState, servers_to_keep_awake
from vpp.foundation.errors import InvalidInput

STEP = timedelta(minutes=5)


def servers(**changes: object) -> IdleServersParameters:
    fields: dict[str, object] = {
        "resource_id": "idle",
        "idle_kw_per_server": 0.30,
        "asleep_kw_per_server": 0.05,
        "overhead_slope_ratio": 0.2,
        "shutdown_time": timedelta(minutes=1),
        "wake_time": timedelta(minutes=4),
        "keep_awake_count": 20,
        "wear_cost_per_start": Decimal("0.02"),
        "delivery_ratio": 0.95,
    }
    return IdleServersParameters(**(fields | changes))  # type: ignore[arg-type]


STATE = IdleServersState(idle_count=120)  # 100 may sleep, 0.3 kW each at the connection


def test_all_but_those_kept_awake_may_sleep() -> None:
    assert idle_servers.available_kw(servers(), STATE, STEP) == pytest.approx(30.0)
    assert idle_servers.available_kw(servers(), IdleServersState(15), STEP) == 0.0
    assert idle_servers.available_kw(servers(), IdleServersState(20, 100), STEP) == pytest.approx(30.0)


def test_as_few_sleep_as_give_the_reduction() -> None:
    after, change_kw = idle_servers.advance(servers(), STATE, 10.0, STEP)
    assert (after.idle_count, after.asleep_count) == (86, 34)  # 10 / 0.3 = 33.3
    assert change_kw == pytest.approx(-10.2)
    after, change_kw = idle_servers.advance(servers(), after, 99.0, STEP)
    assert (after.asleep_count, change_kw) == (100, pytest.approx(-30.0))
    after, change_kw = idle_servers.advance(servers(), after, 0.0, STEP)
    assert (after, change_kw) == (STATE, 0.0)
    assert idle_servers.recovery_kw(servers(), after, STEP) == 0.0
    assert idle_servers.available_increase_kw(servers(), after, STEP) == 0.0


def test_no_job_waits_for_a_sleeping_server() -> None:
    busy = [100.0, 103.0, 109.0, math.nan, 112.0, 90.0]
    assert servers_to_keep_awake(busy, STEP, timedelta(minutes=4)) == 6  # one step: 103 to 109
    assert servers_to_keep_awake(busy, STEP, timedelta(minutes=6)) == 9  # two steps: 100 to 109
    assert servers_to_keep_awake([5.0, 4.0], STEP, STEP) == 0


def test_they_are_offered_for_the_wear_alone_any_whole_number_of_them() -> None:
    offer = idle_servers.offer(servers(), STATE, 4, STEP, tariff_per_kwh=Decimal("0.15"))
    assert offer is not None
    # A start wears 0.02, and a server saves 0.3 kW for 20 minutes by it: 0.20 per kWh, less the tariff.
    assert (offer.price_per_mwh, offer.fixed_cost) == (Decimal("50.00"), Decimal(0))
    assert (offer.divisible, offer.min_acceptance_ratio) == (False, pytest.approx(1.0 / 100.0))
    assert (offer.recovery_ratio, offer.reduction_kw) == (0.0, pytest.approx((30.0,) * 4))
    free = idle_servers.offer(servers(), STATE, 4, STEP, tariff_per_kwh=Decimal("0.60"))
    assert free is not None
    assert free.price_per_mwh == Decimal("0.00")
    short = timedelta(minutes=3)
    assert idle_servers.offer(servers(), STATE, 1, short, tariff_per_kwh=Decimal(0)) is None
    assert idle_servers.offer(servers(), IdleServersState(3), 4, STEP, tariff_per_kwh=Decimal(0)) is None


def test_the_envelope_is_in_whole_servers_and_owes_nothing() -> None:
    envelope = idle_servers.envelope(servers(), STATE, tariff_per_kwh=Decimal("0.60"))
    assert (envelope.p_max_kw, envelope.step_kw) == (pytest.approx(30.0), pytest.approx(0.3))
    assert envelope.recovery.energy_kwh == 0.0
    assert envelope.cost.per_kwh == Decimal("-0.60")
    assert idle_servers.envelope(servers(), IdleServersState(0)).why_not != ""


def test_the_planner_sees_load_that_loses_no_work() -> None:
    terms = idle_servers.terms(servers(), STATE, 8, STEP)
    assert terms.load_kw == pytest.approx((36.0,) * 8)
    assert [(each.width_ratio * 36.0, each.lost_ratio) for each in terms.segments] == [
        (pytest.approx(30.0), 0.0)
    ]
    assert terms.start_cost == pytest.approx(2.0)
    assert idle_servers.terms(servers(), IdleServersState(0), 8, STEP).segments == ()


def test_servers_that_save_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="asleep_kw_per_server"):
        servers(asleep_kw_per_server=0.4)
    with pytest.raises(InvalidInput, match="less asleep_kw_per_server"):
        servers(asleep_kw_per_server=0.3)
    with pytest.raises(InvalidInput, match="keep_awake_count"):
        servers(keep_awake_count=-1)
    with pytest.raises(InvalidInput, match="wear_cost_per_start"):
        servers(wear_cost_per_start=Decimal(-1))
    with pytest.raises(InvalidInput, match="idle_count"):
        IdleServersState(-1)
