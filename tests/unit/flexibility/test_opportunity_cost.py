from decimal import Decimal

import pytest

from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput

STORE = OpportunityCost(wear_per_kwh=Decimal("0.16"), recovery_ratio=Decimal("1.25"))


def test_a_store_sells_dear_power_and_buys_cheap_power_back() -> None:
    # 0.16 wear + 1.25 x 0.20 later - 1.00 saved now
    assert STORE.at(Decimal("1.00"), Decimal("0.20")) == Decimal("-0.59")
    assert STORE.at(Decimal("0.20"), Decimal("1.00")) == Decimal("1.21")


def test_more_consumption_costs_its_power_and_saves_later() -> None:
    early = OpportunityCost(wear_per_kwh=Decimal("0.02"), recovery_ratio=Decimal("0.9"))
    # 0.02 + 0.30 now - 0.9 x 0.50 later
    assert early.at(Decimal("0.30"), Decimal("0.50"), Direction.LOAD_UP) == Decimal("-0.13")


@pytest.mark.parametrize("direction", list(Direction))
def test_the_parts_add_up(direction: Direction) -> None:
    cost = OpportunityCost(Decimal("0.9"), Decimal("0.1"), Decimal("0.05"), Decimal("1.1"))
    parts = cost.parts(Decimal("0.6"), Decimal("0.2"), direction)
    assert sum(parts.values()) == cost.at(Decimal("0.6"), Decimal("0.2"), direction)
    assert cost.own_per_kwh == Decimal("1.05")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"wear_per_kwh": Decimal("NaN")}, "wear_per_kwh"),
        ({"lost_value_per_kwh": Decimal("Infinity")}, "lost_value_per_kwh"),
        ({"recovery_ratio": Decimal("-0.1")}, "recovery_ratio"),
    ],
)
def test_what_is_no_cost_is_refused(changes: dict[str, Decimal], field: str) -> None:
    with pytest.raises(InvalidInput, match=field):
        OpportunityCost(**changes)
