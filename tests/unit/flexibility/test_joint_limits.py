from decimal import Decimal

import pytest

from vpp.flexibility.joint_limits import JointLimits
from vpp.flexibility.site_envelope import shared_carried_load, shared_cooling
from vpp.flexibility.split import split_target

PRICES = {"chiller": Decimal(10), "gpu": Decimal(300), "ups": Decimal(100), "diesel": Decimal(900)}


def test_a_kilowatt_of_cooling_is_saved_once() -> None:
    joint = JointLimits((shared_cooling(180.0, ["chiller"], ["gpu"], 0.25),))
    shares_kw = split_target(1000.0, {"chiller": 170.0, "gpu": 800.0}, PRICES, {}, joint)
    # The chillers keep 10 kW that a cut of computers may still save: 0.2 kW for each of theirs.
    assert shares_kw == {"chiller": 170.0, "gpu": pytest.approx(50.0)}
    assert split_target(1000.0, {"chiller": 170.0, "gpu": 800.0}, PRICES, {})["gpu"] == 800.0


def test_a_load_is_carried_once_and_what_was_sold_comes_first() -> None:
    joint = JointLimits((shared_carried_load(500.0, ["ups"], ["gpu"], 0.0),))
    shares_kw = split_target(600.0, {"ups": 400.0, "gpu": 400.0}, PRICES, {"gpu": 300.0}, joint)
    assert shares_kw == {"ups": 200.0, "gpu": 300.0}


def test_what_cannot_be_used_together_is_not() -> None:
    joint = JointLimits(exclusions=(frozenset({"ups", "diesel"}),))
    available_kw = {"ups": 400.0, "diesel": 400.0}
    assert split_target(600.0, available_kw, PRICES, {}, joint) == {"ups": 400.0, "diesel": 0.0}
    assert split_target(600.0, available_kw, PRICES, {"diesel": 100.0}, joint) == {
        "ups": 0.0,
        "diesel": 400.0,
    }
