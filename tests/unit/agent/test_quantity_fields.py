import pytest
from pydantic import BaseModel, ValidationError

from vpp.agent.quantity_fields import EnergyKwh, PowerKw, read_quantities
from vpp.agent.unit_tables import units_of
from vpp.foundation.errors import InvalidInput


class Unit(BaseModel):
    rated_kw: PowerKw
    capacity_kwh: EnergyKwh


def test_a_number_is_in_the_fields_unit_and_a_text_in_its_own() -> None:
    unit = Unit.model_validate({"rated_kw": 250, "capacity_kwh": "90 MWh"})
    assert (unit.rated_kw, unit.capacity_kwh) == (250.0, 90_000.0)


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(ValidationError) as refusal:
        Unit.model_validate({"rated_kw": "200兆ワット", "capacity_kwh": "90"})
    errors = {str(each["loc"][0]): each["msg"] for each in refusal.value.errors()}
    assert "two ways" in errors["rated_kw"]
    assert "no unit" in errors["capacity_kwh"]


def test_tables_are_read_at_any_depth_and_prices_left_alone() -> None:
    table = {
        "groups": [{"load_kw": "2万千瓦", "name": "5 kW"}],
        "floor": {"backup_floor_kwh": "3 MWh"},
        "job_value_per_kwh": "0.8",
        "cost_per_kw": "1.5",
        "levels_kw": ["1 MW", 5.0],
    }
    assert read_quantities(table, "r") == {
        "groups": [{"load_kw": 20_000.0, "name": "5 kW"}],
        "floor": {"backup_floor_kwh": 3000.0},
        "job_value_per_kwh": "0.8",
        "cost_per_kw": "1.5",
        "levels_kw": [1000.0, 5.0],
    }


def test_a_resources_table_takes_text() -> None:
    table = {
        "capacity_kwh": "1.2 MWh",
        "max_discharge_kw": "600 kW",
        "max_charge_kw": "600 kW",
        "round_trip_ratio": 0.85,
        "wear_cost_per_kwh": "0.08",
        "response_time": "PT1S",
        "delivery_ratio": 0.95,
        "min_soc_ratio": 0.1,
        "max_soc_ratio": 0.9,
        "backup_floor_kwh": 0.0,
    }
    (unit,) = units_of({"battery": {"bess": table}}, None)
    assert unit.resource_id == "bess"
    with pytest.raises(InvalidInput, match=r"resources\.battery\.bess\.capacity_kwh: '1.2 MW' is a power"):
        units_of({"battery": {"bess": {**table, "capacity_kwh": "1.2 MW"}}}, None)
