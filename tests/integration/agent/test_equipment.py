"""A site with real equipment: threads, a Modbus peer with physics of its own, faults, and a restart."""

import math
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.equipment_bench import (
    LOAD_KW,
    STEP,
    BatteryAndMeter,
    Bench,
    bench_settings,
    manual_clock,
    started,
)
from support.made_up_device import MadeUpDevice
from support.modbus_peer import Fault, ModbusPeer

from vpp.agent.equipment import EquipmentSite, equipment_site
from vpp.agent.equipment_check import unreachable_devices
from vpp.agent.equipment_command import StandingCommand
from vpp.agent.equipment_device import ReductionMeter
from vpp.agent.equipment_memory import FileMemory
from vpp.agent.equipment_meter import SiteMeter
from vpp.agent.equipment_meter_file import MeterFile
from vpp.agent.equipment_settings import DeviceTable
from vpp.agent.equipment_worker import DeviceWorker
from vpp.foundation.device_terms import DeviceCondition, Health, Outcome, Setpoint
from vpp.foundation.errors import InvalidInput

HUNDRED = Setpoint(reduction_kw=100.0)


@pytest.fixture
def peer() -> Iterator[ModbusPeer]:
    with ModbusPeer() as server:
        yield server


@pytest.fixture
def bench(peer: ModbusPeer, tmp_path: Path) -> Iterator[Bench]:
    clock = manual_clock()
    BatteryAndMeter(peer, clock)
    made = started(bench_settings(tmp_path, peer.port), clock)
    yield made
    peer.fault = None
    made.site.close()


def bess(bench: Bench) -> DeviceCondition:
    return bench.site.condition("bess", bench.now)


def outcome(bench: Bench) -> Outcome | None:
    action = bess(bench).last_action
    return None if action is None else action.outcome


def test_what_is_commanded_shows_at_the_device_and_at_the_meter(bench: Bench) -> None:
    start = bench.now
    assert bench.site.meter_begins_at == start
    bench.go_on(60)
    bench.site.command(bench.now, {"bess": HUNDRED})
    bench.settle()
    assert outcome(bench) is Outcome.APPLIED
    bench.go_on(120)
    state = bench.site.state("bess", bench.now)
    assert state["reduction_kw"] == pytest.approx(100.0, abs=1.0)
    assert state["recent_reduction_kw"] == pytest.approx(100.0, abs=1.0)
    assert state["available"] == 1.0
    assert 0.85 < state["state_of_charge_ratio"] < 0.9
    means = bench.site.meter(start, bench.now)
    # The counter counts hundredths of a kWh: 0.6 kW in the mean of a minute.
    assert means[0] == pytest.approx(LOAD_KW, abs=0.7)
    assert means[2] == pytest.approx(LOAD_KW - 100.0, abs=1.5)
    assert bench.site.recent_kw(bench.now - timedelta(seconds=20), bench.now) == pytest.approx(
        LOAD_KW - 100.0, abs=3.0
    )


def test_a_command_that_nobody_repeats_is_taken_back(bench: Bench, peer: ModbusPeer) -> None:
    bench.site.command(bench.now, {"bess": HUNDRED})
    bench.settle()
    assert peer.holding[204] == 1
    bench.go_on(299, by=13)
    assert peer.holding[204] == 1
    bench.go_on(13, by=13)
    bench.settle()
    assert peer.holding[204] == 0


def test_a_recharge_that_is_not_allowed_does_not_happen(bench: Bench, peer: ModbusPeer) -> None:
    bench.site.command(bench.now, {"bess": HUNDRED})
    bench.go_on(120)
    bench.site.command(bench.now, {"bess": Setpoint(recovery_limit_kw=10.0)})
    bench.go_on(60)
    assert bench.site.state("bess", bench.now)["recent_reduction_kw"] == pytest.approx(0.0, abs=0.1)
    bench.site.command(bench.now, {"bess": Setpoint(recovery_limit_kw=80.0)})
    bench.go_on(60)
    assert bench.site.state("bess", bench.now)["recent_reduction_kw"] == pytest.approx(-60.0, abs=1.0)
    assert peer.holding[204] == 0


@pytest.mark.parametrize("fault", ["silent", "garbage", "busy"])
def test_a_device_that_does_not_answer_is_lost_and_its_meter_has_gaps(
    peer: ModbusPeer, tmp_path: Path, fault: Fault
) -> None:
    clock = manual_clock()
    BatteryAndMeter(peer, clock)
    bench = started(bench_settings(tmp_path, peer.port, timeout_s=0.2), clock)
    start = bench.now
    bench.site.command(bench.now, {"bess": HUNDRED})
    bench.settle_until(lambda: outcome(bench) is Outcome.APPLIED)
    bench.go_on(60)
    peer.fault = fault
    bench.go_on(120, by=60)
    assert bess(bench).health is Health.LOST
    state = bench.site.state("bess", bench.now)
    assert (state["available"], state["reduction_kw"]) == (0.0, 0.0)
    assert math.isnan(bench.site.meter(start, bench.now)[2])
    bench.site.command(bench.now, {"bess": Setpoint(reduction_kw=50.0)})
    bench.settle_until(lambda: outcome(bench) is Outcome.FAILED)
    peer.fault = None
    bench.settle_until(lambda: outcome(bench) is Outcome.APPLIED)  # the newest command is said again
    bench.settle_until(lambda: bess(bench).health is Health.OK)
    bench.go_on(10)
    assert bench.site.state("bess", bench.now)["recent_reduction_kw"] == pytest.approx(50.0, abs=1.0)
    bench.site.close()


def test_a_device_that_confirms_and_forgets_is_reported_failed(bench: Bench, peer: ModbusPeer) -> None:
    peer.fault = "deaf"
    bench.site.command(bench.now, {"bess": HUNDRED})
    bench.settle()
    assert outcome(bench) is Outcome.FAILED


def test_a_device_that_holds_the_command_and_does_nothing_is_reported_failed(
    bench: Bench, peer: ModbusPeer
) -> None:
    peer.written = lambda _address, _values: (
        None
    )  # the registers keep what is written; the battery does not hear
    bench.site.command(bench.now, {"bess": HUNDRED})
    bench.settle()
    assert outcome(bench) is Outcome.APPLIED
    bench.go_on(70)
    assert outcome(bench) is Outcome.FAILED
    assert bess(bench).last_action is not None
    assert "shows" in bess(bench).last_action.detail  # type: ignore[union-attr]  # asserted above


def test_absurd_values_are_refused_and_never_reach_the_agent(bench: Bench, peer: ModbusPeer) -> None:
    bench.settle()
    good = bench.site.state("bess", bench.now)
    show = peer.before

    def garbled() -> None:
        show()
        peer.set_input(100, [64_000])  # a state of charge of 64
        peer.set_input(0, [0x7F7F, 0xFFFF])  # the largest float there is
        peer.set_input(2, [0xFFFF, 0xFFFF])

    peer.before = garbled
    bench.go_on(60, by=20)
    assert bess(bench).health is Health.LOST
    assert "state_of_charge_ratio" in bess(bench).detail
    assert bench.site.state("bess", bench.now)["state_of_charge_ratio"] == good["state_of_charge_ratio"]
    assert bench.site.condition("grid", bench.now).health is Health.LOST


def test_an_alarm_takes_the_device_out(bench: Bench, peer: ModbusPeer) -> None:
    peer.discrete[5] = True
    bench.settle()
    condition = bess(bench)
    assert (condition.health, condition.alarms) == (Health.ALARM, ("battery_management_fault",))
    assert bench.site.state("bess", bench.now)["available"] == 0.0


def test_an_unknown_device_is_refused_before_any_is_commanded(bench: Bench, peer: ModbusPeer) -> None:
    with pytest.raises(InvalidInput, match="ghost is no device"):
        bench.site.command(bench.now, {"bess": HUNDRED, "ghost": HUNDRED})
    bench.settle()
    assert peer.holding[204] == 0


@pytest.mark.parametrize("releases", [True, False])
def test_a_stop_releases_the_devices_if_the_site_says_so(
    peer: ModbusPeer, tmp_path: Path, *, releases: bool
) -> None:
    clock = manual_clock()
    BatteryAndMeter(peer, clock)
    bench = started(bench_settings(tmp_path, peer.port, release_on_stop=releases), clock)
    bench.site.command(bench.now, {"bess": HUNDRED})
    bench.settle()
    bench.site.close()
    assert peer.holding[204] == (0 if releases else 1)


def test_a_restart_knows_that_the_device_is_commanded_and_what_was_metered(
    peer: ModbusPeer, tmp_path: Path
) -> None:
    clock = manual_clock()
    BatteryAndMeter(peer, clock)
    settings = bench_settings(tmp_path, peer.port, release_on_stop=False)
    first = started(settings, clock)
    start = first.now
    first.site.command(start, {"bess": HUNDRED})
    first.go_on(120)
    before = first.site.meter(start, first.now)
    first.site.close()
    peer.set_holding(205, [65_535])
    again = started(settings, clock)
    assert again.site.meter(start, start + 2 * STEP) == pytest.approx(before)
    again.settle()
    assert again.site.state("bess", again.now)["reduction_kw"] == pytest.approx(100.0, abs=1.0)
    assert peer.holding[204] == 1, "it may go on: whoever commanded it may come back in time"
    again.go_on(200, by=20)
    assert peer.holding[204] == 0, "nobody did"
    again.site.close()


def test_what_an_operator_has_commanded_outlasts_a_start_and_a_stop(peer: ModbusPeer, tmp_path: Path) -> None:
    clock = manual_clock()
    BatteryAndMeter(peer, clock)
    peer.set_holding(200, [0, 300])
    peer.set_holding(204, [1])
    bench = started(bench_settings(tmp_path, peer.port, release_on_stop=True), clock)
    bench.go_on(60)
    bench.site.close()
    assert [peer.holding[n] for n in (200, 201, 204)] == [0, 300, 1]


def test_two_agents_never_command_one_site(peer: ModbusPeer, tmp_path: Path) -> None:
    clock = manual_clock()
    BatteryAndMeter(peer, clock)
    settings = bench_settings(tmp_path, peer.port)
    first = started(settings, clock)
    with pytest.raises(InvalidInput, match="is used by another agent"):
        equipment_site(settings, clock)
    first.site.close()
    started(settings, clock).site.close()


def test_devices_that_cannot_be_reached_hold_nobody_up(tmp_path: Path) -> None:
    with ModbusPeer() as gone:
        port = gone.port
    clock = manual_clock()
    settings = bench_settings(tmp_path, port)
    bench = started(settings, clock)
    assert bess(bench).health is Health.LOST
    assert bess(bench).detail == "cannot be reached"
    with pytest.raises(InvalidInput, match="bess has not been read yet"):
        bench.site.state("bess", bench.now)
    bench.site.command(bench.now, {"bess": HUNDRED})
    bench.clock.advance_to(bench.now + STEP)
    assert math.isnan(bench.site.meter(bench.now - STEP, bench.now)[0])
    bench.site.close()
    told = unreachable_devices(settings, clock)
    assert sorted(told) == ["bess: cannot be reached", "grid: cannot be reached"]


def test_a_check_reads_every_device_and_tells_what_is_amiss(peer: ModbusPeer, tmp_path: Path) -> None:
    clock = manual_clock()
    BatteryAndMeter(peer, clock)
    settings = bench_settings(tmp_path, peer.port)
    assert unreachable_devices(settings, clock) == []
    peer.before = lambda: None
    peer.discrete[5] = True
    assert unreachable_devices(settings, clock) == ["bess: alarm battery_management_fault"]
    peer.discrete[5] = False
    peer.set_input(100, [65_535])
    (told,) = unreachable_devices(settings, clock)
    assert "no reading of state_of_charge_ratio" in told
    assert not peer.holding.get(204), "it commands nothing"


def test_a_driver_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    clock = manual_clock()
    let_go = threading.Event()
    stuck, well, grid = MadeUpDevice(clock), MadeUpDevice(clock), MadeUpDevice(clock)
    stuck.on_read = let_go.wait  # type: ignore[assignment]  # what it returns is of no interest
    meter = SiteMeter(MeterFile(tmp_path / "meter.bin", STEP, clock.now()), clock, STEP, 0.8, 1e4)
    table = DeviceTable(kind="made_up", poll_interval=timedelta(milliseconds=10))

    def worker_of(name: str, device: MadeUpDevice) -> tuple[DeviceWorker, ReductionMeter]:
        command = StandingCommand(
            FileMemory(tmp_path / f"{name}.json"),
            clock.now(),
            hold=timedelta(minutes=5),
            repeat_interval=None,
            confirm_within=timedelta(minutes=1),
            confirm_ratio=0.75,
        )
        reduction = ReductionMeter(clock.now(), STEP, timedelta(seconds=30), 0.8)
        return DeviceWorker(name, device, table, clock, command, reduction.take), reduction

    site = EquipmentSite(
        meter,
        {"grid": worker_of("grid", grid)[0]},
        {"stuck": worker_of("stuck", stuck), "well": worker_of("well", well)},
        release_on_stop=True,
        stop_within_s=0.2,
    )
    site.start(0.2)
    site.command(clock.now(), {"stuck": HUNDRED, "well": HUNDRED})
    assert not site.wait_for_rounds(3, 0.2)
    assert site.condition("stuck", clock.now()).health is Health.LOST
    assert site.condition("well", clock.now()).health is Health.OK
    assert well.said == [HUNDRED]
    site.close()
    assert well.said == [HUNDRED, None]
    assert well.is_closed
    assert not stuck.is_closed
    let_go.set()
    assert len({*well.threads, *stuck.threads, *grid.threads}) == 3, "each has a thread of its own"
