"""The hub of a trial: the real one on a shared clock, with points in its transactions and its steps."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from protovalidate import Validator
from sqlalchemy import Engine, event
from support.generous import NO_RATES
from support.kill.defects import PointedUnits
from support.kill.points import KillPoints, SharedClock, SharedTime
from support.kill.steps import counting_factory
from support.market import OPERATOR, RULES

from vpp.foundation.command_keys import read_signing_key
from vpp.hub.inline_pool import InlinePool
from vpp.hub.main import serve
from vpp.hub.preparation import Prepared
from vpp.hub.session_settings import SessionSettings
from vpp.hub.settings import HubSettings, JobSettings, MarketSettings, PartySettings, ServerSettings
from vpp.portfolio.party import PartyKind
from vpp.rpc.identity_interceptor import token_digest
from vpp.rpc.server import warm_up
from vpp.rpc.signing import DeliverySigner
from vpp.storage.engine import make_engine
from vpp.workflows.identity import Principal, Role

SITES = ("a", "b")
OPERATOR_TOKEN = "operator"  # noqa: S105  of a trial
KEYS = ("deliveries.key", "deliveries.pub")
"""With which the hub signs and the sites verify."""
_IDLE = ("BEGIN ", "SELECT min(CASE", "WITH due AS")
"""What a hub asks again and again while nothing happens: the more often, the slower the machine."""
LEASE = timedelta(seconds=1)
TRIAL_RULES = replace(RULES, claim_lease=LEASE)
PRINCIPALS = {
    OPERATOR_TOKEN: OPERATOR,
    **{
        f"agent-{site}": Principal(f"agent-{site}", f"owner-{site}", site, frozenset({Role.SITE_AGENT}))
        for site in SITES
    },
}


@dataclass(frozen=True)
class Warm:
    """What every hub of a session of trials shares, made once before any is forked.

    Attributes:
        validator: With every rule compiled.
    """

    validator: Validator


def warm() -> Warm:
    """Make what takes long."""
    validator = Validator()
    warm_up(validator)
    return Warm(validator)


def run_hub(order: dict[str, Any], points: KillPoints, shared: SharedTime, made: Warm) -> None:
    """Serve until told to stop, or until the point of death.

    Args:
        order: `folder`, `database` (URL) and `port`.
        points: Where to die.
        shared: The trial's time.
        made: What was made before.
    """
    clock, folder = SharedClock(shared), Path(order["folder"])
    engine = make_engine(order["database"], pool_size=8, max_overflow=3)
    _count_statements(engine, points)
    settings = HubSettings(
        base_directory=folder,
        server=ServerSettings(
            port=order["port"],
            port_file=Path("hub.port"),
            plaintext=True,
            stop_grace=timedelta(milliseconds=50),
        ),
        market=MarketSettings(aggregator_party_id="hub", automatic_approval=True),
        parties=(PartySettings(party_id="hub", display_name="Aggregator", kind=PartyKind.AGGREGATOR),),
        session=SessionSettings(
            courier_interval=timedelta(milliseconds=200), resend_interval=timedelta(milliseconds=500)
        ),
        quotas=NO_RATES,
        jobs=JobSettings(longest_wait=timedelta(milliseconds=100), retry_wait=timedelta(milliseconds=100)),
    )
    pool = InlinePool()
    prepared = Prepared(
        settings=settings,
        clock=clock,
        units=PointedUnits(engine, clock, points),
        close_database=engine.dispose,
        pool=pool,
        background_pool=pool,
        emergency_pool=pool,
        rules=TRIAL_RULES,
        validator=made.validator,
        signer=DeliverySigner(read_signing_key((folder / KEYS[0]).read_bytes(), KEYS[0])),
        principals={token_digest(token): principal for token, principal in PRINCIPALS.items()},
    )

    def loop_with_points() -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_task_factory(counting_factory(points))
        return loop

    with asyncio.Runner(loop_factory=loop_with_points) as runner:
        runner.run(serve(prepared))
    engine.dispose()


def _count_statements(engine: Engine, points: KillPoints) -> None:
    def before(*arguments: object) -> None:
        statement = " ".join(str(arguments[2]).split()[:3])
        if statement != "BEGIN" and not statement.startswith(_IDLE):
            points.reach(f"before {statement}")

    event.listen(engine, "before_cursor_execute", before)
