"""A real hub and real connections over a bad route: half-open links, loss, a partition, a storm.

Quick by default; `VPP_BENCH=full` takes a thousand agents and parts them from the hub for ten minutes.
"""

import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from benchmarks.test_sessions import database
from support.bad_network import BadNetwork, Verdict, bad_network, half_open, loss_and_delay, partition, storm

pytestmark = pytest.mark.timeout(3600)

FULL = os.environ.get("VPP_BENCH") == "full"
SITE_COUNT = 1000 if FULL else 100
PARTITION_S = 600.0 if FULL else 30.0
TRIALS: dict[str, Callable[[BadNetwork], Awaitable[Verdict]]] = {
    "half-open": half_open,
    "30 % loss, 500 ms delay": partial(loss_and_delay, loss_ratio=0.3, delay_s=0.5, events=3),
    f"partition of {PARTITION_S:.0f} s": partial(partition, seconds=PARTITION_S),
    "reconnect storm": storm,
}


async def test_bad_routes(tmp_path: Path) -> None:
    print(f"\n## A bad network, {SITE_COUNT} agents\n")
    print("| trial | database | lost | doubled | wrong state | seconds |\n|---|---|---|---|---|---|")
    for kind in ("sqlite", "postgresql"):
        for name, trial in TRIALS.items():
            with database(kind) as engine:
                async with bad_network(engine, tmp_path, SITE_COUNT, processes=2) as net:
                    verdict = await trial(net)
            took = ", ".join(f"{what} {seconds:.1f}" for what, seconds in verdict.seconds.items())
            print(f"| {name} | {kind} | {verdict.lost} | {verdict.doubled} | {verdict.wrong} | {took} |")
            assert verdict.is_clean, f"{name} on {kind}: {verdict}"
