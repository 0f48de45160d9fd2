"""What the audit record costs: the chain against a plain row for each record, as an older hub kept it.

The same transactions in turns on two files of one run: an event that instructs a thousand sites of two
hundred parties, their answers at once, and single answers. CPU of the thread; the floor of each is the same
transaction with a plain row for each record in place of the chain. Then how fast an export is verified,
against hashing its bytes. `VPP_BENCH=full` verifies a million entries.
"""

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest
from benchmarks.support.session_hub import thread_cpu_s
from benchmarks.support.tables import print_table
from benchmarks.test_sessions import crowd
from sqlalchemy import JSON, MetaData, Table, Text
from support.audit_files import made_chain, written
from support.market import EVENING, FIVE, Market, agent_of, make_market

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason, ResourceTarget
from vpp.foundation.audit_verification import verify_export
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.site import Site
from vpp.storage.audit_repository import SqlAuditRepository
from vpp.storage.column_types import UtcDateTime
from vpp.storage.engine import make_engine
from vpp.storage.many_rows import ManyRows
from vpp.storage.migrate import migrate
from vpp.storage.tables.schema import numbered, required
from vpp.workflows.outbox_ports import MessageKind, Owed
from vpp.workflows.records import AuditRecord
from vpp.workflows.reporting import InstructionReport
from vpp.workflows.session_batches import apply_items
from vpp.workflows.session_items import Answer

SITES = [f"site-{number:04}" for number in range(1000)]
PARTIES = 200
ROUNDS = 5
SINGLES = 50
FAN_OUT_SITES = 300
QUARTER = timedelta(minutes=15)
PLAIN = Table(
    "plain_audit",
    MetaData(),
    numbered("number", "order"),
    required("at", UtcDateTime, "when, UTC"),
    required("actor", Text, "who"),
    required("action", Text, "what"),
    required("subject", Text, "of what"),
    required("detail", JSON, "figures"),
)
_PLAIN = ManyRows(PLAIN, ["at", "actor", "action", "subject", "detail"])


def plainly(self: SqlAuditRepository) -> None:
    """Keep records as an older hub did: a row each, and nothing of the rows that were written."""
    rows = [
        {"at": one.at, "actor": one.actor, "action": one.action, "subject": one.subject, "detail": one.detail}
        for one in self.appended
    ]
    if rows:
        _PLAIN.insert(self._transaction, rows)


def thousand_sites(folder: Path) -> Market:
    folder.mkdir()
    market = make_market(folder)
    engine = make_engine(f"sqlite:///{folder}/hub.sqlite")
    PLAIN.metadata.create_all(engine)
    engine.dispose()
    with market.units() as uow:
        for number in range(PARTIES):
            uow.parties.add(f"owner-{number}", Party(f"owner-{number}", "Owner", PartyKind.SITE_OWNER))
        uow.sites.add_all(
            {
                name: Site(name, f"owner-{place % PARTIES}", name, "north", "Europe/London", 3000.0, FIVE)
                for place, name in enumerate(SITES)
            }
        )
        uow.commit()
    return market


def instruct(market: Market, event_id: str) -> None:
    event = Event(
        event_id=event_id,
        product_id="example-peak-shaving",
        product_version=market_version(market),
        zone="north",
        delivery=EVENING,
        target_reduction_kw=(1e5,) * 4,
        awarded_reduction_kw=(1e5,) * 4,
        price_cap_per_mwh=Decimal(2000),
        operator_party_id="grid",
        auction_id=None,
        state=EventState.OFFERED,
    )
    instructions = {
        f"{event_id}-m0-{name}": Instruction(
            instruction_id=f"{event_id}-m0-{name}",
            event_id=event_id,
            site_id=name,
            modification_number=0,
            delivery=EVENING,
            interval=QUARTER,
            target_reduction_kw=(100.0,) * 4,
            resource_targets=(ResourceTarget("battery", (100.0,) * 4),),
            expires_at=EVENING.end,
            state=InstructionState.CREATED,
        )
        for name in SITES
    }
    with market.units() as uow:
        uow.events.add(event_id, event)
        uow.instructions.add_all(instructions)
        uow.outbox.append_all(
            [Owed(each.site_id, MessageKind.INSTRUCTION, key) for key, each in instructions.items()]
        )
        uow.audit.append_all(
            [AuditRecord(uow.now, "hub", "instruct", f"instructions/{key}", {}) for key in instructions]
        )
        uow.commit()


def market_version(market: Market) -> int:
    with market.units(write=False) as uow:
        latest = uow.products.latest("example-peak-shaving")
    assert latest is not None
    return latest.version


def answers(market: Market, event_id: str, names: list[str]) -> list[Answer]:
    now = market.clock.now()
    return [
        Answer(
            agent_of(name),
            name,
            InstructionReport(
                f"{event_id}-m0-{name}", InstructionState.ACCEPTED, RefusalReason.UNSPECIFIED, "", 100.0, now
            ),
        )
        for name in names
    ]


def taken_s(work: Callable[[], object]) -> float:
    began_s = thread_cpu_s()
    work()
    return thread_cpu_s() - began_s


def test_what_the_chain_costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    markets = {name: thousand_sites(tmp_path / name) for name in ("plain", "chain")}
    chained = SqlAuditRepository.write
    spent: dict[tuple[str, str], list[float]] = {}
    for turn in range(ROUNDS):
        for name, market in markets.items():
            monkeypatch.setattr(SqlAuditRepository, "write", plainly if name == "plain" else chained)
            event_id, said = f"event-{turn}", SITES[SINGLES:]
            works: dict[str, Callable[[], object]] = {
                "1,000 instructions of 200 parties": lambda m=market, e=event_id: instruct(m, e),
                f"{len(said)} answers at once": lambda m=market, e=event_id, s=said: apply_items(
                    m.units, answers(m, e, s)
                ),
                f"{SINGLES} answers, each by itself": lambda m=market, e=event_id: [
                    apply_items(m.units, answers(m, e, [one])) for one in SITES[:SINGLES]
                ],
            }
            for title, work in works.items():
                spent.setdefault((title, name), []).append(taken_s(work))
    titles = list(dict.fromkeys(title for title, _ in spent))
    rows = []
    for title in titles:
        plain, chain = (median(spent[title, name]) for name in ("plain", "chain"))
        rows.append([title, f"{1e3 * plain:.1f} ms", f"{1e3 * chain:.1f} ms", f"{chain / plain:.2f}"])
    print_table("Audit record, CPU", ["transaction", "plain rows", "chains", "ratio"], rows)


@pytest.mark.timeout(300)
async def test_what_the_chain_costs_from_dispatch_to_the_last_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's process, with streams, courier and sessions: what an event costs it as a whole."""
    engine = make_engine(f"sqlite:///{tmp_path}/hub.sqlite", pool_size=10)
    migrate(engine)
    PLAIN.metadata.create_all(engine)
    chained, spent = SqlAuditRepository.write, dict[str, list[float]]()
    async with crowd(engine, FAN_OUT_SITES) as (hub, *_):
        for turn in range(2 * ROUNDS + 2):
            name = ("plain", "chain")[turn % 2]
            monkeypatch.setattr(SqlAuditRepository, "write", plainly if name == "plain" else chained)
            run = await hub.fan_out(f"event-{turn}")
            if turn > 1:  # the first two warm up
                spent.setdefault(name, []).append(run.cpu_s)
    engine.dispose()
    plain, chain = median(spent["plain"]), median(spent["chain"])
    title = f"{FAN_OUT_SITES} sites, dispatch to last answer"
    row = [title, f"{1e3 * plain:.0f} ms", f"{1e3 * chain:.0f} ms", f"{chain / plain:.2f}"]
    print_table("Audit record, CPU of the hub", ["path", "plain rows", "chains", "ratio"], [row])


@pytest.mark.timeout(900)
def test_how_fast_an_export_is_verified() -> None:
    count = 1_000_000 if os.environ.get("VPP_BENCH") == "full" else 100_000
    lines = written([made_chain("market", count, signed_every=count)])
    hashing_s = taken_s(lambda: [hashlib.sha256(line).digest() for line in lines])
    verifying_s = taken_s(lambda: verify_export(lines, keys={}))
    rows = [[f"{count:,}", f"{hashing_s:.2f} s", f"{verifying_s:.2f} s", f"{verifying_s / hashing_s:.1f}"]]
    print_table("Verification, CPU", ["entries", "hashing alone", "verifying", "ratio"], rows)
