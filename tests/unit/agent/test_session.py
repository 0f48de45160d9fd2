import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.agent_site import Site, delivery, held, instruction, start_site, statuses, welcome, write_site

from vpp.agent.session import MOST_PENDING, LinkLost, Outgoing, hold_session
from vpp.agent.steady_clock import SteadyClock
from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import Overloaded
from vpp.v1 import session_pb2


class QueueLink:
    """A link in memory that refuses overlapping sends, as gRPC does."""

    def __init__(self, script: list[session_pb2.ConnectResponse | None]) -> None:
        self.script = script
        self.sent: list[session_pb2.ConnectRequest] = []
        self.is_closed = False
        self._sending = False

    async def send(self, message: session_pb2.ConnectRequest) -> None:
        assert not self._sending
        self._sending = True
        await asyncio.sleep(0)  # noqa: TID251  lets the others run, as a write does
        self.sent.append(message)
        self._sending = False

    async def receive(self) -> session_pb2.ConnectResponse | None:
        for _ in range(50):
            await asyncio.sleep(0)  # noqa: TID251  lets the writer run, as a read does
        return self.script.pop(0)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with start_site(write_site(tmp_path)) as running:
        yield running


async def test_a_session_says_hello_answers_deliveries_and_ends_with_the_link(site: Site) -> None:
    link = QueueLink([welcome(site.now), delivery(1, instruction=instruction([0.0])), None])
    with pytest.raises(LinkLost, match="the hub ended the session"):
        await hold_session(link, site.agent, Outgoing(), ManualClock(site.now), asyncio.Event())
    assert link.sent[0].WhichOneof("message") == "hello"
    assert held(link.sent) == [1]
    assert statuses(link.sent) == [("ACCEPTED", "UNSPECIFIED")]
    assert link.is_closed
    assert not site.agent.is_welcomed


async def test_what_waited_for_the_old_link_is_not_sent_twice(site: Site) -> None:
    outgoing = Outgoing()
    outgoing.put([site.agent.heartbeat(site.now)])
    link = QueueLink([welcome(site.now), None])
    with pytest.raises(LinkLost):
        await hold_session(link, site.agent, outgoing, ManualClock(site.now), asyncio.Event())
    assert "heartbeat" not in [message.WhichOneof("message") for message in link.sent]


async def test_a_heartbeat_is_sent_as_often_as_the_hub_asks(site: Site) -> None:
    first = welcome(site.now)
    first.welcome.heartbeat_interval.FromTimedelta(timedelta(milliseconds=1))
    site.agent.heartbeat_interval = timedelta(milliseconds=1)
    nothing = session_pb2.ConnectResponse()

    class SlowLink(QueueLink):
        async def receive(self) -> session_pb2.ConnectResponse | None:
            while len(self.script) == 1 and len(self.sent) < 4:  # noqa: ASYNC110  the agent rings nothing
                await asyncio.sleep(0)  # noqa: TID251  lets the heartbeat run
            return await super().receive()

    link = SlowLink([first, nothing, None])
    with pytest.raises(LinkLost):
        await hold_session(link, site.agent, Outgoing(), ManualClock(site.now), asyncio.Event())
    assert [message.WhichOneof("message") for message in link.sent].count("heartbeat") >= 1


def test_a_link_that_takes_nothing_is_given_up() -> None:
    outgoing = Outgoing()
    with pytest.raises(Overloaded, match="wait for the link"):
        outgoing.put([session_pb2.ConnectRequest()] * (MOST_PENDING + 1))


async def test_nonsense_from_the_hub_ends_the_session_and_not_the_agent(site: Site) -> None:
    nonsense = welcome(site.now)
    nonsense.welcome.hub_time.seconds = 10**15
    with pytest.raises(LinkLost, match="is no instant"):
        await hold_session(
            QueueLink([nonsense]), site.agent, Outgoing(), ManualClock(site.now), asyncio.Event()
        )


async def test_a_session_ends_when_the_machines_clock_was_set_so_that_the_hub_is_asked(site: Site) -> None:
    machine = ManualClock(site.now)
    clock = SteadyClock(machine, earliest=None, tolerance=timedelta(seconds=2), stopwatch=lambda: 0.0)
    machine.advance_to(site.now + timedelta(hours=1))
    site.agent.heartbeat_interval = timedelta(milliseconds=1)

    class QuietLink(QueueLink):
        async def receive(self) -> session_pb2.ConnectResponse | None:
            await asyncio.Event().wait()
            return None

    with pytest.raises(LinkLost, match="clock was set"):
        await hold_session(QuietLink([]), site.agent, Outgoing(), clock, asyncio.Event())
