"""Whether the connection bears what devices draw when nobody commands them."""

from pathlib import Path

from support.agent_site import write_site

from vpp.agent.left_alone import left_alone
from vpp.agent.settings import AgentSettings


def site(folder: Path, import_limit_kw: float) -> AgentSettings:
    return write_site(
        folder,
        resources={
            "battery": {
                "bess": {
                    "capacity_kwh": 600.0,
                    "max_charge_kw": 180.0,
                    "max_discharge_kw": 300.0,
                    "round_trip_ratio": 0.9,
                    "min_soc_ratio": 0.1,
                    "max_soc_ratio": 0.9,
                    "backup_floor_kwh": 0.0,
                    "wear_cost_per_kwh": "0.16",
                    "response_time": "PT1S",
                    "delivery_ratio": 0.95,
                }
            }
        },
        site__import_limit_kw=import_limit_kw,
        site__minimum_load_kw=100.0,
    )


def test_what_the_connection_bears_is_worth_knowing(tmp_path: Path) -> None:
    problems, [note] = left_alone(site(tmp_path, 1000.0))
    assert problems == []
    assert "180.0 kW recover at once: bess" in note
    assert note.endswith("up to a load of 820.0 kW")


def test_what_it_bears_at_no_load_is_a_contradiction(tmp_path: Path) -> None:
    [problem], notes = left_alone(site(tmp_path, 250.0))
    assert problem.startswith("site.import_limit_kw: if the agent dies in an event, up to 180.0 kW")
    assert notes == []


def test_a_device_whose_recovery_depends_on_its_state_is_named(tmp_path: Path) -> None:
    _, [note] = left_alone(write_site(tmp_path))
    assert "(and batch, cooling what their state asks for)" in note
