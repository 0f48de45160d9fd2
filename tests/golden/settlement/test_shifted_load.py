"""A load that was shifted: 100 kW for one and a half hours at 0.800 kg/kWh are 150 kWh and 120 kg CO2.

The case is given as 150 kWh each leg and 120 kg CO2, from which a net factor of 0.800 kg/kWh follows. The
CO2 columns are an estimate from that factor: the leg that used less avoids 120 kg, the other causes them.
"""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.made_events import Row, delivery, settled
from support.products import product_for

from vpp.foundation.direction import Direction
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import EmissionFactor
from vpp.settlement.statement_head import StatementHead
from vpp.settlement.statement_line import StatementLine, line_of

FACTOR = EmissionFactor(Decimal("0.800"), "Example, 2026; estimate, not a certificate")


def lines(direction: Direction, factor: EmissionFactor | None = FACTOR) -> list[StatementLine]:
    """Settle six quarter hours of 100 kW and show the operator's lines."""
    made = delivery(product_for(direction), [Row("100", "100", "80")] * 6)
    head = StatementHead("grid-2026-07-v1", "grid", "2026-07", 1, RunType.INITIAL, "GBP")
    charges = settled(replace(made, emission_factor=factor))
    own = [charge for charge in charges if "grid" in (charge.payer_party_id, charge.payee_party_id)]
    return [line_of(charge, number, head) for number, charge in enumerate(own, start=1)]


def total(found: list[StatementLine], column: str) -> Decimal:
    return sum((getattr(line, column) or Decimal(0) for line in found), Decimal(0))


@pytest.mark.parametrize(("direction", "kg"), [(Direction.LOAD_DOWN, 120), (Direction.LOAD_UP, -120)])
def test_a_leg_of_150_kwh_moves_120_kg(direction: Direction, kg: int) -> None:
    found = lines(direction)
    assert total(found, "delivered_kwh") == 150
    assert total(found, "co2_kg") == kg
    assert {line.emission_factor_kg_per_kwh for line in found} == {Decimal("0.800")}
    assert {line.ef_source for line in found} == {"Example, 2026; estimate, not a certificate"}


def test_without_a_factor_the_columns_stay_empty() -> None:
    found = lines(Direction.LOAD_DOWN, None)
    assert total(found, "delivered_kwh") == 150
    assert {(line.emission_factor_kg_per_kwh, line.co2_kg, line.ef_source) for line in found} == {
        (None, None, "")
    }
