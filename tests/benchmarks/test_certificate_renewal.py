"""How long an agent is without a session while it moves to a renewed certificate."""

import asyncio
import statistics
from collections import Counter
from pathlib import Path

import pytest
from support.made_certificates import new_authority
from support.renewed_agent import RenewedAgent, renewed_agent

from vpp.agent.hub_client import HubClient
from vpp.foundation.clock import SystemClock, stopwatch_s
from vpp.v1 import portfolio_pb2

ROUNDS = 8


@pytest.mark.timeout(120)
async def test_the_gap_at_a_renewal(tmp_path: Path) -> None:
    with new_authority(tmp_path / "ca", SystemClock().now()) as authority:
        async with renewed_agent(tmp_path, authority) as agent:
            floor_s = await _round_trip_s(agent)
            connection_s = await _connection_s(agent)
            telling = asyncio.create_task(agent.keep_telling(every_s=0.01))
            gaps_s = []
            for n in range(ROUNDS):
                agent.renew()
                await agent.met(n + 2)
                gaps_s.append(agent.hub.begun_s[-1] - agent.hub.ended_s[-1])
            telling.cancel()
            await agent.held()
            times = Counter(agent.journal.sequences)
    lost = agent.told - len(times)
    doubled = sum(count > 1 for count in times.values())
    print(
        f"\n{ROUNDS} renewals, {agent.told} deliveries: {lost} lost, {doubled} applied twice; "
        f"without a session {1000 * statistics.median(gaps_s):.1f} ms median, "
        f"{1000 * max(gaps_s):.1f} at most, "
        f"x {statistics.median(gaps_s) / floor_s:.1f} of a call that answers once ({1000 * floor_s:.1f} ms), "
        f"x {statistics.median(gaps_s) / connection_s:.2f} of a new connection ({1000 * connection_s:.1f} ms)"
    )
    assert (lost, doubled) == (0, 0)


async def _round_trip_s(agent: RenewedAgent) -> float:
    async with HubClient(agent.settings) as client:
        await _ask(client, agent)
        return statistics.median([await _ask(client, agent) for _ in range(20)])


async def _connection_s(agent: RenewedAgent) -> float:
    found = []
    for _ in range(10):
        async with HubClient(agent.settings) as client:
            found.append(await _ask(client, agent))
    return statistics.median(found)


async def _ask(client: HubClient, agent: RenewedAgent) -> float:
    begun_s = stopwatch_s()
    request = portfolio_pb2.GetSiteRequest(name=agent.settings.site_name)
    await client.portfolio.GetSite(request, timeout=20.0)
    return stopwatch_s() - begun_s
