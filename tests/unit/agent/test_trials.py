"""Tries of a resource: ordered at the site, measured at the meter, learned from, and out of the way."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import (
    MORNING,
    STEP,
    Site,
    connected,
    instruction,
    start_site,
    statuses,
    write_site,
)

from vpp.agent.claim_test import ClaimTest
from vpp.agent.local_desk import LocalDesk
from vpp.agent.local_order import LocalOrder, OrderKind
from vpp.agent.local_test import TrialState
from vpp.agent.order_folder import OrderFolder

HALF = timedelta(minutes=30)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with connected(start_site(write_site(tmp_path))) as running:
        running.run_until(MORNING + 4 * STEP)
        yield running


def tried(site: Site, resource_id: str = "bess", kw: float = 400.0, duration: timedelta = HALF) -> str:
    """Order a try; return why it is not made, or nothing."""
    folder = OrderFolder(site.settings.journal_path)
    order = LocalOrder(
        f"t{site.now:%H%M%S}", OrderKind.TEST, resource_id, site.now, made_by="kim", kw=kw, duration=duration
    )
    folder.leave(order)
    LocalDesk(site.agent, folder).attend(site.now)
    answer = folder.answer_to(order.order_id)
    assert answer is not None
    return str(answer["problem"])


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def newest(site: Site):  # noqa: ANN201  the newest test, whatever its state
    return list(site.agent.memory.local.tests.by_id.values())[-1]


def test_a_try_is_commanded_measured_and_learned_from(site: Site) -> None:
    assert tried(site) == ""
    site.agent.control(site.now)
    assert site.agent.memory.local.actions.newest["bess"].setpoint.reduction_kw == 400.0
    site.run_until(site.now + 3 * HALF)
    test = newest(site)
    assert test.state is TrialState.DONE
    [observation] = site.agent.memory.local.learned.observations["bess"]
    assert observation.commanded_kw == 400.0
    assert observation.metered_kw == pytest.approx(400.0, rel=0.1)
    assert site.agent.memory.local.actions.held() == []
    with site.restart() as again:
        assert again.agent.memory.local.learned.observations["bess"] == [observation]


@pytest.mark.parametrize(
    ("resource_id", "kw", "minutes", "said"),
    [
        ("bess", 5000.0, 30, "the resource has"),
        ("bess", -200.0, 30, "the resource has"),
        ("bess", 100.0, 5, "expected at least"),
        ("flywheel", 10.0, 30, "no resource flywheel"),
    ],
)
def test_a_try_that_cannot_be_is_refused(
    site: Site, resource_id: str, kw: float, minutes: int, said: str
) -> None:
    assert said in tried(site, resource_id, kw, timedelta(minutes=minutes))
    assert site.agent.memory.local.tests.by_id == {}


def test_one_try_at_a_time(site: Site) -> None:
    tried(site)
    site.run_until(site.now + STEP)
    assert "is not over" in tried(site)


def test_no_try_beside_a_promise(site: Site) -> None:
    site.deliver(instruction=instruction([50.0] * 4, start=MORNING + timedelta(minutes=45)))
    assert "would fall into events/peak" in tried(site)


def test_a_delivery_ends_a_try(site: Site) -> None:
    tried(site)
    site.run_until(site.now + STEP)
    start = MORNING + timedelta(minutes=30)
    assert statuses(site.deliver(instruction=instruction([50.0] * 4, start=start))) == [
        ("ACCEPTED", "UNSPECIFIED")
    ]
    assert ("STARTED", "UNSPECIFIED") in statuses(site.run_until(start))
    assert newest(site).state is TrialState.STOPPED
    assert newest(site).detail == "a delivery begins"


def test_a_restart_ends_a_try_and_lets_the_device_go(site: Site) -> None:
    tried(site)
    site.run_until(site.now + STEP)
    with connected(site.restart()) as again:
        assert newest(again).state is TrialState.STOPPED
        again.run_until(again.now + STEP)
        assert again.agent.memory.local.actions.held() == []


def test_a_try_is_stopped_although_the_disk_is_full(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    tried(site)
    site.run_until(site.now + STEP)
    folder = OrderFolder(site.settings.journal_path)
    folder.leave(LocalOrder("stop-it", OrderKind.STOP_TEST, "test", site.now, made_by="kim"))
    with monkeypatch.context() as disk:
        disk.setattr(site.journal, "append", full)
        assert LocalDesk(site.agent, folder).attend(site.now)
        site.agent.control(site.now)
    assert newest(site).state is TrialState.STOPPED
    assert site.agent.memory.local.actions.newest["bess"].setpoint.reduction_kw == 0.0


def test_a_blind_site_tries_nothing_although_the_disk_is_full(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried(site, duration=2 * HALF)
    site.run_until(site.now + STEP)
    monkeypatch.setattr(site.agent.steering.guard, "is_stale", lambda _: True)
    with monkeypatch.context() as disk:
        disk.setattr(site.journal, "append", full)
        site.run_until(site.now + STEP)
    assert newest(site).detail == "the meter shows nothing"
    assert site.agent.memory.local.actions.newest["bess"].setpoint.reduction_kw == 0.0


def test_small_commands_teach_nothing(site: Site) -> None:
    tried(site, kw=2.0)
    site.run_until(site.now + 3 * HALF)
    assert newest(site).state is TrialState.DONE
    assert "too noisy" in newest(site).detail
    assert site.agent.memory.local.learned.observations == {}


def test_what_was_learned_replaces_what_the_configuration_says_in_bids(site: Site) -> None:
    learned = site.agent.memory.local.learned
    assert learned.confidence("bess", 0.9).p10_ratio == 0.9
    for n in range(9):
        tried(site)
        site.run_until(site.now + 4 * HALF)
        assert learned.count("bess") == n + 1
    assert learned.is_learned("bess")
    assert learned.confidence("bess", 0.5).p10_ratio > 0.8


# --- the test of claims itself ---


def walk(noise_kw: float, steps: int, seed: int) -> np.ndarray:
    return 3000.0 + np.cumsum(np.random.default_rng(seed).normal(0.0, noise_kw, steps))


@pytest.mark.parametrize("seed", range(20))
def test_an_honest_device_is_not_doubted_whatever_the_load_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    load_kw = walk(8.0, 300, seed) + 400.0 * (rng.random(300) < 0.02).cumsum() * rng.choice([-0.3, 0.3], 300)
    test = ClaimTest(["a", "b"])
    for t in range(300):
        claim_kw = {
            "a": 200.0 if 100 <= t < 200 else 0.0,
            "b": 120.0 + rng.normal(0.0, 10.0) if t > 150 else 0.0,
        }
        test.see(load_kw[t] - sum(claim_kw.values()), claim_kw)
        assert not test.is_doubtful("a")
        assert not test.is_doubtful("b")


@pytest.mark.parametrize("seed", range(20))
def test_a_device_that_lies_from_the_start_is_found_when_it_is_called(seed: int) -> None:
    load_kw = walk(8.0, 130, seed)
    test = ClaimTest(["a", "b"])
    for t in range(130):
        told_kw = (
            0.0 if t < 100 else 200.0 if t < 110 else 260.0
        )  # short of its target, the site asks for more
        claim_kw = {"a": told_kw, "b": 150.0 if t >= 105 else 0.0}
        test.see(load_kw[t] - claim_kw["b"], claim_kw)
    assert test.is_doubtful("a")
    assert not test.is_doubtful("b")


def test_a_gap_in_the_readings_breaks_the_chain() -> None:
    test = ClaimTest(["a"])
    for t in range(50):
        test.see(1000.0 + t % 2, {"a": 0.0})
    test.see(None, {"a": 0.0})
    test.see(500.0, {"a": 0.0})
    assert not test.is_doubtful("a")
    assert 0.0 < test.noise_kw < 5.0
