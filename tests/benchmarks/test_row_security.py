"""What the database's own line costs: the same transaction with all rows in reach, and with one's own."""

from sqlalchemy import Engine
from support.populated_database import populate
from support.populated_hub import CALLERS, NOW

from vpp.foundation.clock import ManualClock, stopwatch_s
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.acting import acting_as

ROUNDS, AT_ONCE = 25, 20
HUB = "the hub itself"
WHO = (HUB, "auditor", "owner-alder", "agent-alder")


def test_row_security(engine: Engine) -> None:
    """Reads a site and its bids in a transaction; who reads takes turns, the least of the rounds counts."""
    populate(engine)
    units = SqlUnitOfWorkFactory(engine, ManualClock(NOW))

    def read_s(caller: str) -> float:
        with acting_as(CALLERS.get(caller)):
            begun_s = stopwatch_s()
            for _ in range(AT_ONCE):
                with units(write=False) as uow:
                    uow.bids.page(where={"site_id": "alder"})
                    uow.sites.get("alder")
            return (stopwatch_s() - begun_s) / AT_ONCE

    rounds = [{caller: read_s(caller) for caller in WHO} for _ in range(ROUNDS)]
    least_s = {caller: min(taken[caller] for taken in rounds) for caller in WHO}
    print(f"\n{engine.dialect.name}: {HUB} reads in {least_s[HUB] * 1e3:.2f} ms, with all rows in reach")
    for caller in WHO[1:]:
        print(f"  {caller}: x {least_s[caller] / least_s[HUB]:.2f}")
