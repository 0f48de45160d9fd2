"""Room is kept for the recovery that begins by itself."""

import pytest

from vpp.flexibility.secure_recovery import secure_rebound
from vpp.foundation.errors import InvalidInput

WANTED = {"bess": 50.0, "ups": 30.0, "cooling": 10.0}
URGENT = ("ups", "cooling", "bess")


def test_with_room_for_all_everything_is_allowed() -> None:
    assert secure_rebound(WANTED, URGENT, 90.0) == WANTED


def test_with_less_room_the_largest_that_is_held_back_still_fits() -> None:
    allowed = secure_rebound(WANTED, URGENT, 75.0)
    # 30 of the UPS are allowed only where the battery's 50 fit beside them: 25 and 50 are 75.
    assert allowed == pytest.approx({"bess": 0.0, "ups": 25.0, "cooling": 0.0})


def test_what_is_out_of_control_is_taken_off_first() -> None:
    allowed = secure_rebound(WANTED, URGENT, 90.0, {"bess"})
    assert allowed == {"bess": 0.0, "ups": 30.0, "cooling": 10.0}
    assert secure_rebound(WANTED, URGENT, 50.0, {"bess"}) == {"bess": 0.0, "ups": 0.0, "cooling": 0.0}


def test_a_connection_that_cannot_be_secured_is_shared_all_the_same() -> None:
    assert secure_rebound(WANTED, URGENT, 40.0) == {"bess": 0.0, "ups": 30.0, "cooling": 10.0}


def test_nothing_wanted_is_nothing_allowed() -> None:
    assert secure_rebound({}, URGENT, 40.0) == {}


def test_a_negative_want_is_refused() -> None:
    with pytest.raises(InvalidInput, match="wanted_kw"):
        secure_rebound({"bess": -1.0}, URGENT, 40.0)
