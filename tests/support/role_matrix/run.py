"""Walks the role matrix and prints the table: `python -m support.role_matrix.run`, with PYTHONPATH=tests."""

import asyncio
import sys
from collections.abc import Iterable
from contextlib import closing
from itertools import count
from pathlib import Path
from sqlite3 import connect
from tempfile import TemporaryDirectory

from sqlalchemy import event
from support.fuzz.write_watch import WriteWatch
from support.hub_in_process import hub_in_process
from support.market import Market
from support.populated_hub import CALLERS, NOW
from support.reached import reached
from support.role_matrix.additions import decidable_content
from support.role_matrix.subjects import subjects
from support.role_matrix.walk import Findings, Walk

from vpp.foundation.clock import ManualClock
from vpp.hub.inline_pool import InlinePool
from vpp.rpc.roles import ALLOWED
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.identity import Role


async def walk_in(folder: Path, callers: Iterable[str] = tuple(CALLERS)) -> Findings:
    """Walk everything in a folder of its own, as some callers or as all."""
    whole, served = folder / "whole.sqlite", folder / "hub.sqlite"
    for file in (whole, served):
        file.write_bytes(decidable_content())
    clock = ManualClock(NOW)
    reach, engines = reached(make_engine(f"sqlite:///{served}"))
    watches, statements = [WriteWatch(engine) for engine in engines], count(1)
    counted = [0]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", lambda *_: counted.__setitem__(0, next(statements)))
    market = Market(SqlUnitOfWorkFactory(engines[0], clock, reach=reach), clock, InlinePool())
    with closing(connect(whole)) as source, closing(connect(served)) as target:
        target.execute("PRAGMA synchronous = OFF")  # it need not outlive the machine
        async with hub_in_process(market, folder) as hub:
            walk = Walk(
                hub,
                watches,
                subjects(market.units),
                restore=lambda: source.backup(target),  # under the hub's open connections
                statement_count=lambda: counted[0],
            )
            found = await walk.run(callers)
            found.metrics = hub.hub.prepared.metrics.exposition().decode()
            return found


def table() -> str:
    """Return which roles may call which method, as a table in Markdown."""
    roles = sorted(Role, key=lambda role: role.value)
    lines = [
        f"| method | {' | '.join(role.value.replace('_', ' ') for role in roles)} |",
        f"|---|{'---|' * len(roles)}",
    ]
    lines += [
        f"| {method.removeprefix('/vpp.v1.').replace('Service/', '.')} | "
        + " | ".join("x" if role in allowed else "" for role in roles)
        + " |"
        for method, allowed in sorted(ALLOWED.items())
    ]
    return "\n".join(lines)


def main() -> int:
    """Print the table, then what the walk found; 1 if anything was not as it must be."""
    with TemporaryDirectory() as folder:
        found = asyncio.run(walk_in(Path(folder)))
    sys.stdout.write(f"{table()}\n\n")
    for fault in found.faults:
        sys.stdout.write(f"FAULT {fault}\n")
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(found.outcomes.items()))
    sys.stdout.write(
        f"{len(ALLOWED)} methods x {len(Role)} roles; {found.cases} calls ({outcomes}); "
        f"{len(found.faults)} faults or leaks\n"
    )
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
