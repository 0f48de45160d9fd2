import pytest

from vpp.flexibility.shared_storage import SharedStore
from vpp.foundation.errors import InvalidInput

STORE = SharedStore(100.0, 50.0, 50.0, 0.8, {"east": 0.6, "west": 0.4}, {"east": 30.0, "west": 20.0})


def test_nobody_takes_what_is_anothers() -> None:
    after, given_kwh = STORE.discharge("east", 40.0)
    assert (given_kwh, after.account_kwh) == (30.0, {"east": 0.0, "west": 20.0})


def test_nobody_holds_more_than_its_share() -> None:
    after, drawn_kwh = STORE.charge("west", 100.0)
    assert (after.account_kwh["west"], drawn_kwh) == (40.0, 25.0)  # 20 kWh of room, drawn at 0.8


def test_energy_can_be_handed_over() -> None:
    after, moved_kwh = STORE.hand_over("east", "west", 25.0)
    assert (moved_kwh, after.account_kwh) == (20.0, {"east": 10.0, "west": 40.0})
    assert after.stored_kwh == STORE.stored_kwh
    assert STORE.hand_over("east", "east", 5.0) == (STORE, 0.0)


def test_losses_are_borne_in_proportion() -> None:
    assert STORE.measured(45.0).account_kwh == pytest.approx({"east": 27.0, "west": 18.0})


def test_power_goes_to_shares_first_and_then_to_whoever_wants_more() -> None:
    assert STORE.discharge_powers_kw({"east": 40.0, "west": 5.0}, 0.5) == {"east": 40.0, "west": 5.0}
    both = STORE.discharge_powers_kw({"east": 60.0, "west": 60.0}, 0.25)
    assert both == pytest.approx({"east": 30.0, "west": 20.0})
    assert STORE.discharge_powers_kw({"east": 60.0}, 1.0) == {"east": 30.0}  # its account for an hour


def test_impossible_stores_and_strangers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="share_ratio is 1"):
        SharedStore(1.0, 1.0, 1.0, 0.9, {"a": 0.6, "b": 0.6})
    with pytest.raises(InvalidInput, match="account_kwh is 61"):
        SharedStore(100.0, 1.0, 1.0, 0.9, {"a": 0.6}, {"a": 61.0})
    with pytest.raises(InvalidInput, match="member is north, expected one of east, west"):
        STORE.discharge("north", 1.0)


def test_charging_is_shared_like_discharging_and_stays_within_the_stores_power() -> None:
    store = SharedStore(100.0, 50.0, 40.0, 0.8, {"east": 0.6, "west": 0.4}, {"east": 56.0})
    # East has room for 4 kWh, 5 kWh drawn; west takes its own 16 kW and what east leaves.
    powers_kw = store.charge_powers_kw({"east": 100.0, "west": 100.0}, 1.0)
    assert powers_kw == {"east": pytest.approx(5.0), "west": pytest.approx(35.0)}
    full = SharedStore(100.0, 50.0, 40.0, 0.8, {"east": 0.6, "west": 0.4})
    assert full.charge_powers_kw({"east": 100.0, "west": 100.0}, 0.25) == {
        "east": pytest.approx(24.0),
        "west": pytest.approx(16.0),
    }
