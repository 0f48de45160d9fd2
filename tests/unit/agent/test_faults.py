"""Devices that fail, lie or complain, and a meter that shows nothing: what the site does and says."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import (
    EVENING,
    MORNING,
    STEP,
    Site,
    award_notice,
    baseline_notice,
    connected,
    instruction,
    start_site,
    statuses,
    write_site,
)

HOUR = timedelta(hours=1)
END = EVENING + 2 * HOUR


def faulty(tmp_path: Path, *faults: tuple[str, str], begin: timedelta = HOUR, **changes: object) -> Site:
    """Start a site of which something fails in the second half of the evening."""
    table = [
        {"resource_id": name, "kind": kind, "start": EVENING + begin, "end": END + 6 * HOUR}
        for name, kind in faults
    ]
    return connected(start_site(write_site(tmp_path, driver__faults=table, **changes)))


def called(site: Site, ratio: float) -> list[float]:
    """Have the site deliver a share of its load, all of it sold of the battery."""
    natural_kw = site.natural_kw(EVENING, 8)
    wanted_kw = [ratio * float(np.mean(natural_kw))] * 8
    site.deliver(award_notice=award_notice({"bess": wanted_kw}))
    site.deliver(instruction=instruction(wanted_kw))
    site.deliver(baseline_notice=baseline_notice(natural_kw))
    return wanted_kw


def delivered_kw(site: Site) -> np.ndarray:
    return np.array(site.natural_kw(EVENING, 8)) - np.array(site.metered_kw(EVENING, 8))


def told_kw(site: Site, resource_id: str) -> float:
    return site.agent.memory.local.actions.newest[resource_id].setpoint.reduction_kw


@pytest.mark.parametrize("kind", ["lost", "failing", "alarming", "deaf", "lying"])
def test_what_a_device_does_not_do_is_taken_over_by_the_others(tmp_path: Path, kind: str) -> None:
    with faulty(tmp_path, ("bess", kind), faults__retry_after="PT3H") as site:
        wanted_kw = called(site, 0.06)
        site.run_until(EVENING + HOUR)
        told = statuses(site.run_until(END))
        # Left alone the battery fills up, which more than doubles what the others have to make good: the
        # first quarter may suffer.
        ratio = delivered_kw(site) / np.array(wanted_kw)
        assert ratio[:4] == pytest.approx(np.full(4, 1.01), abs=0.06)
        assert ratio[5:].min() > 0.9
        assert told[-1][0] == "COMPLETED"
        assert "bess" in site.agent.steering.watch.reasons(site.now - STEP)


@pytest.mark.parametrize(
    ("kind", "word"),
    [("failing", "failed"), ("alarming", "alarm"), ("deaf", "silent"), ("lying", "doubtful")],
)
def test_why_a_device_is_left_out_is_known_by_its_kind(tmp_path: Path, kind: str, word: str) -> None:
    with faulty(tmp_path, ("bess", kind)) as site:
        called(site, 0.06)
        site.run_until(EVENING + HOUR + 8 * STEP)
        assert site.agent.steering.watch.kinds(site.now)["bess"] == word


def test_a_device_in_alarm_is_told_nothing_at_all(tmp_path: Path) -> None:
    with faulty(tmp_path, ("bess", "alarming")) as site:
        called(site, 0.06)
        site.run_until(EVENING + HOUR)
        before = site.agent.memory.local.actions.newest["bess"]
        site.run_until(END)
        assert site.agent.memory.local.actions.newest["bess"].setpoint == before.setpoint


def test_a_failed_command_is_reported_as_failed_when_nothing_makes_it_good(tmp_path: Path) -> None:
    with faulty(tmp_path, ("bess", "failing"), limits__vetoed_resources=["batch", "ups"]) as site:
        wanted_kw = called(site, 0.15)
        assert site.agent.memory.plan.promised_kw(EVENING) > 0.0
        told = site.run_until(END)
        [last] = [
            each.instruction_status for each in told if statuses([each]) == [("COMPLETED", "DEVICE_FAULT")]
        ]
        assert "bess (failed)" in last.reason_detail
        assert delivered_kw(site)[6] < 0.9 * wanted_kw[6]


def test_a_delivery_ends_when_next_to_nothing_of_it_is_left(tmp_path: Path) -> None:
    vetoed = ["batch", "ups", "cooling"]
    with faulty(tmp_path, ("bess", "failing"), limits__vetoed_resources=vetoed) as site:
        called(site, 0.05)
        told = statuses(site.run_until(EVENING + HOUR + 2 * STEP))
        assert told[-1] == ("ABORTED", "DEVICE_FAULT")


def test_before_the_meter_is_stale_the_site_goes_on_and_then_holds_what_it_does(tmp_path: Path) -> None:
    with faulty(tmp_path, ("meter", "stale")) as site:
        called(site, 0.06)
        site.run_until(EVENING + HOUR + 4 * STEP)
        assert site.agent.steering.guard.is_stale(site.now)
        held = {key: each.setpoint for key, each in site.agent.memory.local.actions.newest.items()}
        site.run_until(END - STEP)
        now = {key: each.setpoint for key, each in site.agent.memory.local.actions.newest.items()}
        assert now == held
        assert held["bess"].reduction_kw > 0.0
        assert statuses(site.run_until(END)) == [("COMPLETED", "UNSPECIFIED")]
        assert told_kw(site, "bess") == 0.0


def test_while_the_meter_is_stale_no_device_is_held_beyond_what_it_has(tmp_path: Path) -> None:
    """The meter is blind, the devices are not: a UPS keeps its ride-through, a battery its floor."""
    faults = [{"resource_id": "meter", "start": EVENING + HOUR, "end": EVENING + 3 * HOUR, "kind": "stale"}]
    with connected(start_site(write_site(tmp_path, driver__faults=faults))) as site:
        site.deliver(instruction=instruction([600.0] * 12))
        site.run_until(EVENING + HOUR + 4 * STEP)
        assert site.agent.steering.guard.is_stale(site.now)
        newest = site.agent.memory.local.actions.newest
        [(key, told_kw)] = [
            (key, each.setpoint.reduction_kw)
            for key, each in newest.items()
            if each.setpoint.reduction_kw > 0.0
        ][:1]
        unit = site.agent.units[key]
        for left_kw in (0.5 * told_kw, 0.0):
            unit.available_kw = lambda *_, left_kw=left_kw: left_kw  # type: ignore[method-assign]  nearly empty
            site.run_until(site.now + STEP)
            assert newest[key].setpoint.reduction_kw == pytest.approx(left_kw)


def test_a_site_may_let_go_when_its_meter_is_stale(tmp_path: Path) -> None:
    with faulty(tmp_path, ("meter", "stale"), faults__on_stale_meter="release") as site:
        called(site, 0.06)
        told = statuses(site.run_until(EVENING + HOUR + 4 * STEP))
        assert told[-1] == ("ABORTED", "STALE_METER")
        assert told_kw(site, "bess") == 0.0


def test_absurd_readings_are_taken_for_none_and_are_never_sent(tmp_path: Path) -> None:
    with faulty(tmp_path, ("meter", "garbage")) as site:
        called(site, 0.06)
        sent = site.run_until(END)
        values = [
            kw
            for each in sent
            if each.HasField("telemetry")
            for kw in each.telemetry.power_series.net_power_kw
        ]
        assert values
        assert max(values) < site.settings.site.import_limit_kw
        assert site.agent.steering.guard.absurd_count > 0


def test_a_delivery_that_would_begin_blind_does_not_begin(tmp_path: Path) -> None:
    with faulty(tmp_path, ("meter", "stale"), begin=-HOUR) as site:
        called(site, 0.06)
        told = statuses(site.run_until(EVENING))
        assert told[-1] == ("ABORTED", "STALE_METER")
        assert told_kw(site, "bess") == 0.0


def test_a_restart_lets_go_of_what_the_journal_says_was_held(tmp_path: Path) -> None:
    with faulty(tmp_path) as site:
        called(site, 0.06)
        site.run_until(EVENING + HOUR)
        assert [action.resource_id for action in site.agent.memory.local.actions.held()] == ["bess"]
        limits = site.settings.limits.model_copy(update={"vetoed_resources": ("bess",)})
        site.settings = site.settings.model_copy(update={"limits": limits})
        with connected(site.restart()) as again:
            assert [action.resource_id for action in again.agent.memory.local.actions.held()] == ["bess"]
            again.run_until(again.now + STEP)
            held = {action.resource_id for action in again.agent.memory.local.actions.held()}
            assert "bess" not in held
            assert again.plant.state("bess", again.now)["reduction_kw"] >= 0.0


def test_a_command_is_in_the_journal_before_it_is_given(tmp_path: Path) -> None:
    class Unplugged(Exception):
        pass

    def unplugged(*_: object) -> None:
        raise Unplugged

    with faulty(tmp_path) as site:
        called(site, 0.06)
        site.run_until(EVENING - STEP)
        site.plant.command = unplugged  # type: ignore[method-assign]  the process dies within the command
        with pytest.raises(Unplugged):
            site.run_until(EVENING)
        with site.restart() as again:
            assert [action.resource_id for action in again.agent.memory.local.actions.held()] == ["bess"]


def test_what_is_held_is_let_go_although_the_disk_took_no_word_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with connected(start_site(write_site(tmp_path))) as site:
        site.deliver(instruction=instruction([300.0] * 8))
        site.run_until(EVENING - STEP)
        with monkeypatch.context() as disk:
            disk.setattr(site.journal, "append", full)
            site.run_until(EVENING)
            held = {action.resource_id for action in site.agent.memory.local.actions.held()}
            assert held
            limits = site.settings.limits.model_copy(update={"vetoed_resources": tuple(held)})
            site.agent.steering.settings = site.settings.model_copy(update={"limits": limits})
            site.run_until(EVENING + STEP)
            assert not held & {action.resource_id for action in site.agent.memory.local.actions.held()}
            site.agent.steering.settings = site.settings
            site.run_until(EVENING + 2 * STEP)
            again = {action.resource_id for action in site.agent.memory.local.actions.held()}
            assert again
        site.run_until(EVENING + 3 * STEP)  # nothing new is told, and yet it is written down now
        with site.restart() as reborn:
            assert {action.resource_id for action in reborn.agent.memory.local.actions.held()} >= again


def test_a_device_that_is_back_is_used_again(tmp_path: Path) -> None:
    fault = {"resource_id": "bess", "kind": "failing", "start": EVENING, "end": EVENING + 2 * STEP}
    with connected(start_site(write_site(tmp_path, driver__faults=[fault]))) as site:
        called(site, 0.06)
        site.run_until(EVENING + STEP)
        assert site.agent.steering.watch.kinds(site.now) == {"bess": "failed"}
        site.run_until(EVENING + 5 * STEP)
        assert site.agent.steering.watch.kinds(site.now) == {}
        assert told_kw(site, "bess") > 0.0


def test_nothing_is_doubted_through_a_quiet_day_and_an_honest_event(tmp_path: Path) -> None:
    with connected(start_site(write_site(tmp_path), MORNING)) as site:
        called(site, 0.12)
        while site.now < END + 3 * HOUR:
            site.run_until(site.now + STEP)
            assert site.agent.steering.watch.kinds(site.now) == {}
