"""What each kind promised and delivered, read from awards and from the plant's own file."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import EVENING, STEP, write_site

from vpp.cli.demo.kinds import deliveries_by_kind, kinds_section, reduced_kwh
from vpp.cli.demo.results import EventResult
from vpp.cli.wire_values import interval_to_wire
from vpp.foundation.device_terms import Setpoint
from vpp.foundation.interval import Interval
from vpp.simulator.plant import simulated_site
from vpp.v1 import auction_pb2, event_pb2, portfolio_pb2

HOUR = timedelta(hours=1)
DELIVERY = Interval(EVENING, EVENING + HOUR)
Told = event_pb2.Instruction


def played(tmp_path: Path) -> Path:
    """Let a battery reduce by 50 kW through the hour, and return the configuration's path."""
    settings = write_site(tmp_path)
    site = simulated_site(settings.driver, settings.folder, STEP)
    site.meter(EVENING - HOUR, EVENING - HOUR)
    for n in range(12):
        site.command(EVENING + n * STEP, {"bess": Setpoint(50.0)})
    site.command(EVENING + HOUR, {"bess": Setpoint()})
    return settings.folder / "site.toml"


def event(state: Told.State.ValueType) -> EventResult:
    told = [
        Told(
            site="sites/site-001",
            state=state,
            modification_number=number,
            resource_targets=[
                event_pb2.ResourceTarget(resource="sites/site-001/resources/bess", reduction_kw=[kw] * 4)
            ],
        )
        for number, kw in ((0, 90.0), (1, 60.0))
    ]
    return EventResult(
        event=event_pb2.Event(name="events/peak", delivery_interval=interval_to_wire(DELIVERY)),
        product=portfolio_pb2.Product(),
        clearing=auction_pb2.Clearing(),
        bids=[],
        awards=[],
        instructions=told,
        baseline_kw={},
    )


def test_promise_and_delivery_are_added_up_by_kind(tmp_path: Path) -> None:
    kinds = deliveries_by_kind([event(Told.STATE_COMPLETED)], {"site-001": played(tmp_path)})
    assert [each.kind for each in kinds] == ["battery", "chiller", "deferrable_load", "ups"]
    battery = kinds[0]
    assert (battery.resource_count, battery.called_count) == (1, 1)
    assert battery.promised_kwh == 60.0
    assert battery.delivered_kwh == pytest.approx(50.0, rel=0.01)
    assert [each.delivered_kwh for each in kinds[1:]] == pytest.approx([0.0] * 3)


def test_a_site_that_refused_promised_nothing(tmp_path: Path) -> None:
    kinds = deliveries_by_kind([event(Told.STATE_REFUSED)], {"site-001": played(tmp_path)})
    assert all(each.promised_kwh == each.delivered_kwh == 0.0 for each in kinds)


def test_a_plant_that_never_ran_delivered_nothing(tmp_path: Path) -> None:
    assert reduced_kwh(tmp_path, [DELIVERY]) == {}


def test_the_table_shows_the_ratio_only_where_something_was_promised(tmp_path: Path) -> None:
    kinds = deliveries_by_kind([event(Told.STATE_COMPLETED)], {"site-001": played(tmp_path)})
    rows = kinds_section(kinds).rows
    assert rows[0][0] == "battery"
    assert float(rows[0][-1]) == pytest.approx(50.0 / 60.0, abs=0.02)
    assert {row[-1] for row in rows[1:]} == {"-"}


def test_a_restart_of_the_plant_loses_none_of_its_history(tmp_path: Path) -> None:
    config = played(tmp_path)
    settings = write_site(tmp_path / "other")
    site = simulated_site({**settings.driver, "state_file": "again.jsonl"}, settings.folder, STEP)
    site.meter(EVENING - HOUR, EVENING - HOUR)
    for n in range(6):
        site.command(EVENING + n * STEP, {"bess": Setpoint(50.0)})
    site = simulated_site({**settings.driver, "state_file": "again.jsonl"}, settings.folder, STEP)
    for n in range(6, 12):
        site.command(EVENING + n * STEP, {"bess": Setpoint(50.0)})
    site.command(EVENING + HOUR, {"bess": Setpoint()})
    (settings.folder / "plant.jsonl").write_bytes((settings.folder / "again.jsonl").read_bytes())
    whole, parts = (reduced_kwh(path, [DELIVERY]) for path in (config.parent, settings.folder))
    assert np.array(list(parts.values())) == pytest.approx(np.array(list(whole.values())))
