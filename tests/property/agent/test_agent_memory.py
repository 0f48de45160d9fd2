"""Whatever is delivered and wherever the agent is killed, a restart finds the same state."""

import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.agent_site import (
    EVENING,
    MORNING,
    QUARTER,
    STEP,
    award_notice,
    baseline_notice,
    connected,
    instruction,
    start_site,
    welcome,
    write_site,
)

from vpp.agent.deliveries import Deliveries
from vpp.agent.journal import Journal
from vpp.agent.memory import AgentMemory
from vpp.agent.outbox import cut_batches
from vpp.v1 import session_pb2

FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
EVENTS = st.sampled_from(["events/a", "events/b"])


@st.composite
def contents(draw: st.DrawFn) -> dict[str, object]:
    event = draw(EVENTS)
    start = EVENING + draw(st.integers(-20, 4)) * QUARTER
    count = draw(st.integers(1, 4))
    match draw(st.sampled_from(["instruction", "baseline_notice", "award_notice", "cancellation"])):
        case "instruction":
            target_kw = [draw(st.floats(0.0, 300.0))] * count
            number = draw(st.integers(0, 3))
            return {"instruction": instruction(target_kw, event=event, modification=number, start=start)}
        case "baseline_notice":
            return {"baseline_notice": baseline_notice([800.0] * count, event=event, start=start)}
        case "award_notice":
            return {"award_notice": award_notice({"bess": [20.0] * count}, event=event, start=start)}
        case _:
            name = f"instructions/{event.removeprefix('events/')}-m0-site-001"
            number = draw(st.integers(0, 3))
            return {
                "cancellation": session_pb2.Cancellation(
                    instruction=name, event=event, modification_number=number
                )
            }


def picture(memory: AgentMemory) -> tuple[object, ...]:
    plan = memory.plan
    alive = {
        name: (item.phase, item.limit_kw, item.was_agreed, item.continues)
        for name, item in plan.items.items()
    }
    return (
        alive,
        plan.baselines,
        {event: commitments for event, commitments in plan.awards.items() if commitments},
        plan.cancelled_events & plan.awards.keys(),
        memory.deliveries.held,
        memory.deliveries.above,
        memory.outbox.statuses,
        memory.outbox.batches,
        memory.outbox.status_count,
        memory.outbox.batch_sequence,
        memory.metered_until,
    )


@FEW
@given(st.lists(st.tuples(contents(), st.integers(0, 6)), min_size=1, max_size=8))
def test_a_restart_finds_what_the_dead_agent_knew(steps: list[tuple[dict[str, object], int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site_settings = write_site(Path(folder))
        with connected(start_site(site_settings)) as site:
            for content, quarters in steps:
                site.deliver(**content)  # type: ignore[arg-type]  # each is one message of a delivery
                site.run_until(site.now + quarters * QUARTER)
            before = picture(site.agent.memory)
        for _ in range(2):  # the second start reads what the first one has shortened
            with Journal(site_settings.folder / site_settings.journal_file) as journal:
                memory = AgentMemory(journal)
                memory.recover(site.now)
                assert picture(memory) == before


@FEW
@given(st.lists(contents(), min_size=1, max_size=4))
def test_a_repeat_of_everything_changes_nothing(items: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder, connected(start_site(write_site(Path(folder)))) as site:
        for content in items:
            site.deliver(**content)  # type: ignore[arg-type]  # each is one message of a delivery
        before = picture(site.agent.memory)
        site.sequence = 0
        for content in items:
            site.deliver(**content)  # type: ignore[arg-type]  # each is one message of a delivery
        assert picture(site.agent.memory) == before


@FEW
@given(st.integers(0, 10_000))
def test_a_journal_torn_at_any_byte_gives_a_prefix(cut: int) -> None:
    entries = [{"kind": "x", "n": n, "text": "y" * (n % 7)} for n in range(40)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        with Journal(path) as journal:
            for entry in entries:
                journal.append(entry)
        content = path.read_bytes()
        path.write_bytes(content[: min(cut, len(content))])
        with Journal(path) as journal:
            found = journal.entries()
            assert found == entries[: len(found)]
            journal.append({"kind": "z"})
            assert journal.entries() == [*found, {"kind": "z"}]


@given(st.lists(st.integers(1, 12), max_size=60))
def test_each_delivery_is_applied_once_and_the_acknowledgement_never_falls(sequences: list[int]) -> None:
    deliveries = Deliveries()
    applied: list[int] = []
    held = 0
    for sequence in sequences:
        if deliveries.admit(sequence, first_of_session=False):
            applied.append(sequence)
        assert deliveries.held >= held
        held = deliveries.held
    assert len(applied) == len(set(applied))


@given(
    st.lists(st.one_of(st.floats(-1e5, 1e5), st.just(float("nan"))), max_size=60),
    st.integers(1, 10),
    st.integers(1, 5),
)
def test_batches_hold_every_reading_once(values: list[float], longest: int, first_sequence: int) -> None:
    batches = cut_batches(MORNING, STEP, np.array(values), first_sequence, longest)
    found = {batch.start + n * STEP: value for batch in batches for n, value in enumerate(batch.net_kw)}
    assert found == {MORNING + n * STEP: value for n, value in enumerate(values) if np.isfinite(value)}
    assert [batch.sequence for batch in batches] == list(range(first_sequence, first_sequence + len(batches)))
    assert all(1 <= len(batch.net_kw) <= longest for batch in batches)


@FEW
@given(st.integers(0, 30), st.floats(0.0, 0.3), st.floats(-0.05, 0.05))
def test_wherever_the_agent_is_killed_it_never_delivers_after_the_end(
    killed_after: int, ratio: float, error: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with connected(start_site(write_site(Path(folder)))) as site:
            load_kw = site.natural_kw(EVENING, 4)
            site.deliver(instruction=instruction([ratio * load_kw[0]] * 4))
            site.deliver(baseline_notice=baseline_notice([kw * (1.0 + error) for kw in load_kw]))
            site.run_until(EVENING - timedelta(hours=1))
            site.run_until(site.now + killed_after * STEP)
            reborn = site.restart()
        with reborn:
            reborn.agent.hello(reborn.now)
            reborn.agent.receive(welcome(reborn.now), reborn.now)
            reborn.run_until(EVENING + timedelta(hours=2))
            after_kw = np.array(reborn.metered_kw(EVENING + timedelta(hours=1), 12, STEP))
            natural_kw = np.array(reborn.natural_kw(EVENING + timedelta(hours=1), 12, STEP))
        # The first step still feels the devices' lag; the meter's noise is 0.2 %.
        assert (after_kw[1:] >= natural_kw[1:] * 0.98).all()
