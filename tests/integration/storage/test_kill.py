"""A writer that is killed leaves what it had committed, and nothing of what it had not."""

import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from vpp.foundation.clock import ManualClock
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory

# Commits a transaction of several rows again and again, telling the last one that is durable; then,
# in the middle of one more, tells that it may be killed.
WRITER = """
import sys
from datetime import UTC, datetime
from vpp.foundation.clock import ManualClock
from vpp.portfolio.party import Party, PartyKind
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory

units = SqlUnitOfWorkFactory(make_engine(sys.argv[1]), ManualClock(datetime(2026, 3, 2, tzinfo=UTC)))

def write(uow, number):
    for part in range(3):
        name = f"party-{number:03}-{part}"
        uow.parties.add(name, Party(name, "x" * 5000, PartyKind.SITE_OWNER))

for number in range(20):
    with units() as uow:
        write(uow, number)
        uow.commit()
with units() as uow:
    write(uow, 20)
    print("in the middle", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_in_the_middle_of_a_transaction(kind: str, request: pytest.FixtureRequest) -> None:
    engine: Engine = request.getfixturevalue(f"{kind}_engine")
    url = engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "in the middle\n"
        writer.send_signal(signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
    units = SqlUnitOfWorkFactory(engine, ManualClock(datetime(2026, 3, 2, tzinfo=UTC)))
    with units() as uow:  # and the lock is free again
        kept = [stored.value.party_id for stored in uow.parties.page()]
    assert kept == [f"party-{number:03}-{part}" for number in range(20) for part in range(3)]
