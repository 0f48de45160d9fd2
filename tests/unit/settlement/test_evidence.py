from decimal import Decimal

import pytest
from support.site_evidences import evidence

from vpp.foundation.direction import Direction
from vpp.settlement.evidence import AroundEvent


@pytest.mark.parametrize(
    ("direction", "after", "rebound", "net"),
    [
        (Direction.LOAD_DOWN, "20", "20", "80"),
        (Direction.LOAD_DOWN, "-20", "0", "100"),
        (Direction.LOAD_UP, "-20", "20", "80"),
        (Direction.LOAD_UP, "20", "0", "100"),
    ],
)
def test_what_comes_back_is_taken_off_and_nothing_else(
    direction: Direction, after: str, rebound: str, net: str
) -> None:
    around = AroundEvent(Decimal(5), Decimal(after))
    assert around.rebound_kwh(direction) == Decimal(rebound)
    assert around.net_kwh(Decimal(100), direction) == Decimal(net)


def test_a_rebound_that_is_not_known_is_not_0() -> None:
    around = AroundEvent(Decimal(5), None)
    assert around.rebound_kwh(Direction.LOAD_DOWN) is None
    assert around.net_kwh(Decimal(100), Direction.LOAD_DOWN) is None


def test_the_period_is_the_civil_month_at_the_site() -> None:
    late = ("2026-04-01T00:00:00+09:00", "2026-04-01T00:15:00+09:00")
    assert evidence(local_starts=late).settlement_period == "2026-04"
