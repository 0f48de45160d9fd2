"""A month of 1,000 sites at 15 minutes with 20 events: from evidence to files, from readings to the ledger.

    .venv/bin/pytest tests/benchmarks/test_settlement_month.py -s -n 0                       # some minutes
    VPP_BENCH_SITES=100 .venv/bin/pytest tests/benchmarks/test_settlement_month.py -s -n 0   # some seconds

The floor is a plain pandas group-by of the same rows, one per site, event and quarter hour: what is
delivered, cut to what was asked, times the price, rounded and summed by owner and site. It pays nobody,
judges nothing and writes nothing. Beside it stands what Python's own csv module needs to write as many cells
as the statements have. Times are CPU time, which other work on the machine changes less than the wall's.
"""

import csv
import gc
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import numpy as np
import pytest
from benchmarks.support.session_hub import cpu_s
from benchmarks.support.settlement_month import (
    AGGREGATOR,
    DAYS,
    FACTOR,
    FIRST_DAY,
    PERIOD,
    SettlementMonth,
)
from benchmarks.support.stored_month import correct_a_reading, stored_month
from benchmarks.support.tables import print_table, span
from sqlalchemy import Engine
from support.market import RULES, Market

from vpp.foundation.clock import stopwatch_s
from vpp.rpc.garbage import settle
from vpp.settlement.booking_changes import by_party, changes, lines_of
from vpp.settlement.evidence_delivery import delivery_of
from vpp.settlement.manifest import ManifestFacts
from vpp.settlement.reckoning import reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.statement_columns import COLUMNS
from vpp.settlement.statement_files import write_statement
from vpp.settlement.statement_head import StatementHead
from vpp.workflows.settlement_outcome import RunOutcome
from vpp.workflows.settling import run_settlement

SITES = int(os.environ.get("VPP_BENCH_SITES", "1000"))
WRITTEN_AT: datetime = FIRST_DAY + timedelta(days=DAYS + 5)
FLOOR_REPEATS = 5
pytestmark = pytest.mark.timeout(0)
T = TypeVar("T")


@pytest.fixture(autouse=True)
def _collects_as_a_hub_does() -> Iterator[None]:
    """Look for garbage as rarely as a hub does: with the usual thresholds that is half of the reckoning."""
    thresholds = gc.get_threshold()
    settle()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Do something and say how much CPU time it took, s."""
    before_s = cpu_s()
    result = work()
    return result, cpu_s() - before_s


def group_by_s(month: SettlementMonth) -> tuple[int, float]:
    """Rows and CPU time of the plain group-by, s: the fastest of some."""
    frame = month.frame()

    def grouped() -> int:
        delivered_kwh = ((frame.baseline_kw - frame.metered_kw) * 0.25).clip(lower=0.0)
        paid_kwh = np.minimum(delivered_kwh, frame.target_kw * 0.25)
        amounts = frame.assign(amount=(paid_kwh * frame.price_per_mwh / 1000.0).round(2))
        return len(amounts.groupby(["party_id", "site_id"], sort=True)["amount"].sum())

    return len(frame), min(timed(grouped)[1] for _ in range(FLOOR_REPEATS))


def plain_csv_s(rows: int) -> float:
    """CPU time in which the csv module writes so many rows of as many short cells, s."""
    row = ["0123456789"] * len(COLUMNS)
    writer = csv.writer(io.StringIO(newline=""), quoting=csv.QUOTE_ALL)
    return timed(lambda: writer.writerows([row] * rows))[1]


def test_from_evidence_to_files() -> None:
    month = SettlementMonth(sites=SITES)
    evidence = list(month.evidence())
    rows, floor_s = group_by_s(month)
    deliveries, deliver_s = timed(lambda: [delivery_of(each, month.product) for each in evidence])
    pairs = frozenset((each.event_id, each.site_id) for each in evidence)
    terms = RunTerms(RunType.INITIAL, AGGREGATOR, pairs)
    reckoned, reckon_s = timed(lambda: reckon(PERIOD, deliveries, run=terms))
    parties, compare_s = timed(lambda: by_party(changes(reckoned.charges, {})))
    by_pair = {(each.event_id, each.site_id): each for each in deliveries}

    def written() -> tuple[int, int]:
        lines = size = 0
        for (party_id, currency), own in sorted(parties.items()):
            name = f"{party_id}-{PERIOD}-v1"
            head = StatementHead(name, party_id, PERIOD, 1, RunType.INITIAL, currency)
            facts = ManifestFacts(code_version="benchmark", created_at=WRITTEN_AT)
            own_lines = (line for line, _ in lines_of(own, head, by_pair))
            files = write_statement(head, own_lines, facts, terms=None, signer=None)
            lines += files.tally.line_count
            size += sum(map(len, files.files.values()))
        return lines, size

    (lines, size), write_s = timed(written)
    assert sum(charge.amount for charge in reckoned.charges) > 0
    whole_s = deliver_s + reckon_s + compare_s + write_s
    stages = [
        ("evidence to exact energies", deliver_s),
        ("reckoning", reckon_s),
        ("comparing and sorting by party", compare_s),
        (f"{lines:,} lines into {len(parties)} statements, {size / 1e6:,.0f} MB", write_s),
        ("all of it", whole_s),
    ]
    print_table(
        f"{SITES:,} sites, 20 events, {rows:,} intervals; the group-by of the rows takes {span(floor_s)}, "
        f"the csv module {span(plain_csv_s(lines))} for as many cells",
        ["stage", "CPU", "times the group-by", "per interval"],
        [
            [name, span(took_s), f"{took_s / floor_s:,.0f}", f"{took_s / rows * 1e6:.1f} us"]
            for name, took_s in stages
        ],
    )


def run_row(name: str, market: Market, floor_s: float, check: Callable[[RunOutcome], bool]) -> list[str]:
    """Run the month's settlement once and say what it cost."""
    rules = replace(RULES, emission_factors={"north": FACTOR})
    began_s = stopwatch_s()
    outcome, took_s = timed(lambda: run_settlement(market.units, rules, PERIOD))
    wall_s = stopwatch_s() - began_s
    assert check(outcome), outcome
    entries = outcome.run.entry_count if outcome.run else 0
    statements = len(outcome.run.statement_ids) if outcome.run else 0
    return [
        name,
        f"{entries:,}",
        f"{statements:,}",
        span(took_s),
        span(wall_s),
        f"{took_s / floor_s:,.0f}",
    ]


def test_from_readings_to_the_ledger(engine: Engine) -> None:
    month = SettlementMonth(sites=SITES)
    rows, floor_s = group_by_s(month)
    market = stored_month(engine, month)
    found = [run_row("first run", market, floor_s, lambda told: told.run is not None)]
    found.append(run_row("the same again", market, floor_s, lambda told: told.run is None))
    correct_a_reading(market, month, site=SITES // 2, event=3)
    found.append(
        run_row(
            "one reading corrected",
            market,
            floor_s,
            lambda told: told.run is not None and len(told.run.statement_ids) == 3,
        )
    )
    with market.units(write=False) as uow:
        balances = [amount for _, amount in uow.ledger.balances(period=PERIOD)]
    assert sum(balances, Decimal(0)) == 0
    print_table(
        f"{engine.dialect.name}: {SITES:,} sites, {rows:,} intervals; the group-by takes {span(floor_s)}",
        ["run", "entries", "statements", "CPU", "wall", "times the group-by"],
        found,
    )
