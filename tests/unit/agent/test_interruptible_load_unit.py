from datetime import timedelta

import pytest

from vpp.agent.interruptible_load_unit import InterruptibleLoadUnit
from vpp.agent.unit_tables import units_of

QUARTER = timedelta(minutes=15)


def test_the_agent_knows_it_by_its_table() -> None:
    table = {
        "sheddable_ratio": 0.5,
        "max_duration": "PT1H",
        "rest": "PT1H",
        "cost_per_kwh": "0.50",
        "response_time": "PT10S",
        "delivery_ratio": 0.9,
    }
    (unit,) = units_of({"interruptible_load": {"pumps": table}}, None)
    assert isinstance(unit, InterruptibleLoadUnit)
    unit.observe({"available": 1.0, "reduction_kw": 0.0, "load_kw": 60.0})
    assert unit.envelope().p_max_kw == 30.0
    unit.observe({"available": 1.0, "reduction_kw": 30.0, "load_kw": 60.0, "held_s": 3500.0})
    assert unit.available_kw(unit.observed, QUARTER) == 0.0
    assert unit.energy_kwh(unit.observed) == pytest.approx(30.0 * 100.0 / 3600.0)
