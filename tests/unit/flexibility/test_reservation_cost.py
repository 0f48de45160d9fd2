from decimal import Decimal

import pytest

from vpp.flexibility.reservation_cost import (
    curtailment_cost_per_kwh,
    recharge_loss_cost_per_kwh,
    wear_cost_per_kwh,
)
from vpp.foundation.errors import InvalidInput


def test_a_cap_loses_less_work_than_a_pause() -> None:
    # 0.90 x 0.4 of the work lost, 0.30 saved
    assert curtailment_cost_per_kwh(Decimal("0.90"), Decimal("0.30"), Decimal("0.4")) == Decimal("0.06")


def test_recharging_costs_its_losses_and_wear_its_share_of_the_price() -> None:
    assert recharge_loss_cost_per_kwh(Decimal("0.60"), Decimal("1.25")) == Decimal("0.15")
    assert wear_cost_per_kwh(Decimal(960), 6000, Decimal("0.8")) == Decimal("0.2")
    with pytest.raises(InvalidInput, match="expected at least 1 cycle"):
        wear_cost_per_kwh(Decimal(800), 0, Decimal("0.85"))
