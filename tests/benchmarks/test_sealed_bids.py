"""What it costs to keep bids sealed: entering one, and opening a book of 10,000 when its gate closes.

    .venv/bin/pytest tests/benchmarks/test_sealed_bids.py -s -n 0                        # a minute or two
    VPP_BENCH_BIDS=1000 .venv/bin/pytest tests/benchmarks/test_sealed_bids.py -s -n 0    # some seconds

The floors are the same rows in the clear: written, and at the gate read and written again. Times are CPU
time.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.support.session_hub import cpu_s
from benchmarks.support.tables import print_table
from support.market import Market, make_enrolled_market, step_bid

from vpp.foundation.random_source import SYSTEM_RANDOM_SOURCE
from vpp.rpc.garbage import settle
from vpp.workflows.auctions import close_gate
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.records import BidRecord, BidState
from vpp.workflows.sealing import sealed

BIDS = int(os.environ.get("VPP_BENCH_BIDS", "10000"))
INTERVALS = int(os.environ.get("VPP_BENCH_INTERVALS", "8"))
ENTERED = 100
pytestmark = pytest.mark.timeout(0)


def timed(work: Callable[[], object]) -> float:
    """Return the CPU time that something takes, s."""
    settle()
    begun_s = cpu_s()
    work()
    return cpu_s() - begun_s


def record_of(name: str, *, is_sealed: bool) -> BidRecord:
    bid = replace(step_bid("north-1", 100.0, "60.50", intervals=INTERVALS), bid_id=name, zone="north")
    record = BidRecord(bid, "evening", "example-peak-shaving", None, BidState.SUBMITTED)
    return sealed(record, "GBP", SYSTEM_RANDOM_SOURCE) if is_sealed else record


def add_each(market: Market, *, is_sealed: bool) -> None:
    for n in range(ENTERED):
        with market.units() as uow:
            name = f"{'sealed' if is_sealed else 'clear'}-{n}"
            uow.bids.add(name, record_of(name, is_sealed=is_sealed))
            uow.commit()


def test_entering_a_bid(tmp_path: Path) -> None:
    market = make_enrolled_market(tmp_path)
    market.open_auction()
    whole_s = timed(lambda: [market.bid("north-1", 100.0, "60") for _ in range(20)])
    clear_s = timed(lambda: add_each(market, is_sealed=False))
    sealed_s = timed(lambda: add_each(market, is_sealed=True))
    seal_s = timed(lambda: [record_of("x", is_sealed=True) for _ in range(1000)])
    bare_s = timed(lambda: [record_of("x", is_sealed=False) for _ in range(1000)])
    print_table(
        f"Entering one bid of {INTERVALS} intervals, CPU, mean of {ENTERED}",
        ("what", "ms", "ratio"),
        [
            ("its row in the clear, one commit each", f"{clear_s / ENTERED * 1e3:.3f}", "1.00"),
            ("its row sealed", f"{sealed_s / ENTERED * 1e3:.3f}", f"{sealed_s / clear_s:.2f}"),
            ("content and commitment alone", f"{(seal_s - bare_s):.3f}", "-"),
            ("the whole of CreateBid, checks included", f"{whole_s / 20 * 1e3:.3f}", "-"),
        ],
    )
    market.units.close()


def filled(folder: Path, *, is_sealed: bool) -> Market:
    folder.mkdir()
    market = make_enrolled_market(folder)
    market.open_auction()
    with market.units() as uow:
        names = [f"bid-{n:05}" for n in range(BIDS)]
        uow.bids.add_all({name: record_of(name, is_sealed=is_sealed) for name in names})
        uow.commit()
    return market


def test_opening_a_book(tmp_path: Path) -> None:
    market = filled(tmp_path / "clear", is_sealed=False)

    def read_and_write() -> None:
        with market.units() as uow:
            stored = uow.bids.page(where={"auction_id": "evening"}, limit=EVERYTHING)
            uow.bids.update_all({each.value.bid.bid_id: (each.value, each.revision) for each in stored})
            uow.commit()

    def read() -> None:
        with market.units() as uow:
            uow.bids.page(where={"auction_id": "evening"}, limit=EVERYTHING)
            uow.commit()

    read_s, floor_s = timed(read), timed(read_and_write)
    market.units.close()
    other = filled(tmp_path / "sealed", is_sealed=True)
    gate_s = timed(lambda: close_gate(other.units, "evening"))
    with other.units(write=False) as uow:
        opened = uow.bids.page(where={"auction_id": "evening"}, limit=EVERYTHING)
    assert all(each.value.seal is not None and each.value.seal.is_open for each in opened)
    print_table(
        f"Closing the gate on {BIDS:,} bids of {INTERVALS} intervals, CPU",
        ("what", "s", "ratio"),
        [
            ("the rows in the clear, read", f"{read_s:.2f}", f"{read_s / floor_s:.2f}"),
            ("the rows in the clear, read and written", f"{floor_s:.2f}", "1.00"),
            ("the gate: decrypted, checked, written open", f"{gate_s:.2f}", f"{gate_s / floor_s:.2f}"),
        ],
    )
    other.units.close()
