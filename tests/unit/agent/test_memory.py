"""What is kept through a restart, whatever was open at that moment."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.agent_site import (
    EVENING,
    MORNING,
    Site,
    connected,
    delivery,
    held,
    instruction,
    start_site,
    statuses,
    welcome,
    write_site,
)

from vpp.agent.memory import LONGEST_JOURNAL, RETENTION, AgentMemory
from vpp.agent.plan import Phase
from vpp.v1 import session_pb2

DAY = timedelta(days=1)


def shorten(memory: AgentMemory, now: datetime) -> None:
    """Shorten the journal to what matters, as the memory does when it has grown long."""
    memory._fresh_count = LONGEST_JOURNAL  # noqa: SLF001  twenty thousand entries take seconds
    memory.tidy(now)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with connected(start_site(write_site(tmp_path))) as running:
        yield running


def cancellation(event: str = "events/peak", modification: int = 1) -> session_pb2.Cancellation:
    name = f"instructions/{event.removeprefix('events/')}-m0-site-001"
    return session_pb2.Cancellation(instruction=name, event=event, modification_number=modification)


def test_a_gap_that_is_open_is_open_after_every_restart(site: Site) -> None:
    assert held(site.deliver(instruction=instruction([5.0], event="events/first"))) == [1]
    beyond = delivery(3, instruction=instruction([5.0]))
    assert held(site.agent.receive(beyond, site.now)) == [1]
    with site.restart() as again:  # shortens the journal to what matters
        assert again.agent.memory.deliveries.held == 1
        with again.restart() as third:
            assert third.agent.memory.deliveries.held == 1
            assert third.agent.hello(third.now).hello.resume_sequence == 1
            third.agent.receive(welcome(third.now), third.now)
            between = delivery(2, instruction=instruction([5.0], event="events/between"))
            answers = third.agent.receive(between, third.now)
            assert held(answers) == [3]
            assert statuses(answers) == [("ACCEPTED", "UNSPECIFIED")]


def test_a_cancellation_that_comes_before_its_instruction_holds(site: Site) -> None:
    site.deliver(instruction=instruction([5.0], event="events/first"))
    assert held(site.agent.receive(delivery(3, cancellation=cancellation()), site.now)) == [1]
    with site.restart() as once, once.restart() as again:
        connected(again)
        told = again.agent.receive(delivery(2, instruction=instruction([30.0] * 4)), again.now)
        assert (held(told), statuses(told)) == ([3], [])
        _, item = again.agent.memory.plan.items.values()
        assert item.phase is Phase.OVER
        told = statuses(again.run_until(EVENING + timedelta(minutes=30)))
        assert told == [("STARTED", "UNSPECIFIED"), ("COMPLETED", "UNSPECIFIED")]  # the first one's


def test_a_cancellation_is_forgotten_when_it_cannot_matter_any_more(site: Site) -> None:
    site.deliver(cancellation=cancellation())
    memory = site.agent.memory
    memory.plan.forget(MORNING + 59 * DAY)
    assert len(memory.plan.called_off) == 1
    memory.plan.forget(MORNING + 61 * DAY)
    assert memory.plan.called_off == {}
    shorten(memory, MORNING + 63 * DAY)
    assert not [entry for entry in memory.journal.entries() if entry["kind"] == "delivery"]


def test_the_answer_to_nonsense_is_owed_until_the_hub_has_it(site: Site) -> None:
    nonsense = instruction([5.0, 5.0])
    del nonsense.target_reduction_kw[1:]
    assert statuses(site.deliver(instruction=nonsense)) == [("REFUSED", "SITE_LIMIT")]
    memory = site.agent.memory
    for late in (RETENTION, 2 * RETENTION, 3 * RETENTION):  # the hub is away for days
        shorten(memory, MORNING + late + DAY)
    with site.restart() as again:
        again.agent.hello(again.now)
        owed = again.agent.receive(welcome(again.now), again.now)
        assert statuses(owed) == [("REFUSED", "SITE_LIMIT")]
        again.agent.heartbeat(again.now)
        echo = session_pb2.Heartbeat()
        echo.agent_time.FromDatetime(again.now)
        again.agent.receive(session_pb2.ConnectResponse(heartbeat=echo), again.now)
        assert again.agent.memory.outbox.statuses == {}
