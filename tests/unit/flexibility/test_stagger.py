from datetime import timedelta

import pytest

from vpp.flexibility.stagger import command_offset, own_share, release_offset, trigger_offset
from vpp.foundation.errors import InvalidInput

SITES = [f"sites/site-{n:04d}" for n in range(1000)]


def test_no_two_of_a_thousand_sites_move_at_one_instant() -> None:
    waits = sorted(command_offset(site, "ups", timedelta(seconds=30)) for site in SITES)
    assert len(set(waits)) == 1000  # to the microsecond
    ticks = [wait // timedelta(milliseconds=300) for wait in waits]
    fullest = max(ticks.count(tick) for tick in set(ticks))
    assert fullest <= 25  # of 1,000 sites over 100 ticks: ten on average
    assert 450 <= sum(wait < timedelta(seconds=15) for wait in waits) <= 550


def test_a_trigger_is_answered_in_time_and_not_by_all_at_once() -> None:
    required, own = timedelta(seconds=0.7), timedelta(seconds=0.2)
    waits = [trigger_offset(site, "ups", required, own) for site in SITES]
    assert all(wait is not None and wait + own < required for wait in waits)
    assert len(set(waits)) >= 998  # within half a second, to the microsecond
    assert trigger_offset("sites/slow", "ups", required, timedelta(seconds=1)) is None


def test_the_share_is_the_sites_own_and_differs_by_occasion() -> None:
    spread = timedelta(seconds=10)
    assert command_offset("sites/a", "ups", spread) == command_offset("sites/a", "ups", spread)
    assert command_offset("sites/a", "ups", spread) != command_offset("sites/a", "ups-2", spread)
    assert command_offset("sites/a", "ups", spread) != release_offset("sites/a", "ups", spread)
    assert command_offset("sites/a", "ups", timedelta(0)) == timedelta(0)
    assert 0.0 <= own_share("x") < 1.0


def test_a_negative_spread_is_refused() -> None:
    with pytest.raises(InvalidInput, match="spread is"):
        command_offset("sites/a", "ups", timedelta(seconds=-1))
    with pytest.raises(InvalidInput, match="spread is"):
        release_offset("sites/a", "ups", timedelta(seconds=-1))
