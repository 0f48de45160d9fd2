"""Attacks below gRPC, each in a small form: the hub answers or cuts, and honest callers are served.

How large they may be, and what they cost, prints `python -m support.abuse.run`.
"""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from support.abuse import attacks
from support.abuse.raw_connection import Target
from support.market import Market
from support.serving import Served, bearer, served

from vpp.v1 import event_pb2
from vpp.v1.event_pb2_grpc import EventServiceStub

SMALL: dict[str, tuple[attacks.Attack, str]] = {
    "gzip bomb": (partial(attacks.gzip_bomb, unpacked_bytes=16 * attacks.MEBIBYTE), "header frames came"),
    "oversized message": (attacks.oversized_message, "header frames came"),
    "endless metadata": (partial(attacks.endless_metadata, frame_count=2000), "cut"),
    "ping flood": (partial(attacks.ping_flood, count=3000), "cut with a reason"),
    "rapid reset": (partial(attacks.rapid_reset, count=200), "given up"),
    "deep nesting": (attacks.deep_nesting, "header frames came"),
    "no HTTP/2": (attacks.garbage, "closed"),
}


@pytest.fixture
async def hub(two_sites: Market, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(two_sites, tmp_path) as serving:
        yield serving


@pytest.mark.parametrize("name", SMALL)
async def test_an_attack_touches_nobody_else(hub: Served, name: str) -> None:
    attack, expected = SMALL[name]
    host, _, port = hub.address.rpartition(":")
    said = await attack(Target(host, int(port), None, bearer("agent-a")))
    assert expected in said
    stub = EventServiceStub(hub.channel)
    await stub.ListEvents(event_pb2.ListEventsRequest(), metadata=bearer("operator"), timeout=10)
