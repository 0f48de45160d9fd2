"""Other programs on the part of a book that they can express: steps and blocks in one zone.

Each peer lives in an environment of its own, outside this project:

    python3 -m venv ../linopy && ../linopy/bin/pip install linopy highspy
    python3 -m venv ../assume && ../assume/bin/pip install assume-framework highspy
    export VPP_LINOPY_PYTHON=../linopy/bin/python VPP_ASSUME_PYTHON=../assume/bin/python
    pytest tests/benchmarks/test_auction_peers.py -s -n 0

Ours includes prices, a reason for every bid and the verified result, theirs the model and its
solution; all use HiGHS on one thread.
"""

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from benchmarks.support.apart import apart
from benchmarks.support.plain_books import plain_book, write_neutral
from benchmarks.support.scale import Size
from benchmarks.support.tables import print_table, span

from vpp.auction.clearing import clear
from vpp.auction.rules import ClearingRules
from vpp.foundation.clock import stopwatch_s
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

pytestmark = pytest.mark.timeout(0)

SIZES = (
    Size(100, 24, quick=1, full=5),
    Size(1_000, 4, quick=1, full=5),
    Size(1_000, 24, quick=1, full=5),
    Size(1_000, 96, quick=0, full=3),
    Size(10_000, 4, quick=0, full=3),
)
_LIMIT_S = 60.0
_PATIENCE_S = 600.0


def ours(bids: int, intervals: int, seed: int, gap: float) -> tuple[float, float]:
    """Clear a book and return time and cost."""
    rules = ClearingRules(
        PayRule.AS_CLEAR, None, SolverName.HIGHS, timedelta(seconds=_LIMIT_S), relative_gap=gap
    )
    clear(plain_book(20, 4, 1), rules)
    book = plain_book(bids, intervals, seed)
    began_s = stopwatch_s()
    clearing = clear(book, rules)
    return stopwatch_s() - began_s, float(clearing.objective)


@pytest.mark.parametrize("peer", ["linopy", "assume"])
def test_peer(peer: str, tmp_path: Path) -> None:
    python = os.environ.get(f"VPP_{peer.upper()}_PYTHON")
    if not python:
        pytest.skip(f"VPP_{peer.upper()}_PYTHON names no interpreter that has {peer}")
    script = Path(__file__).parent / "peers" / f"{peer}_clearing.py"
    rows = []
    for size in SIZES:
        for seed in size.seeds:
            file = tmp_path / f"{size.name}-{seed}.json"
            write_neutral(plain_book(size.bids, size.intervals, seed), file)
            rows.append((size.name, str(seed), *_compared(python, script, file, size, seed)))
    print_table(
        f"{peer} beside this engine, gap 0.1 %, the peer's search limited to {_LIMIT_S:.0f} s",
        ("book", "seed", "peer builds", "peer solves", "ours, all", "peer/ours", "peer's cost/ours"),
        rows,
    )


def _compared(python: str, script: Path, file: Path, size: Size, seed: int) -> tuple[str, ...]:
    (our_s, our_cost), _ = apart(ours, size.bids, size.intervals, seed, size.gap)
    command = [str(Path(python).absolute()), str(script), str(file), str(size.gap), str(_LIMIT_S)]
    try:
        run = subprocess.run(
            command, cwd=file.parent, capture_output=True, text=True, timeout=_PATIENCE_S, check=True
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines() or ["nothing"]
        return ("-", f"failed: {said[-1][:60]}", span(our_s), "-", "-")
    except subprocess.TimeoutExpired:
        return ("-", f"> {_PATIENCE_S:.0f} s", span(our_s), f"> {_PATIENCE_S / our_s:.3g}x", "-")
    said = json.loads(run.stdout.strip().splitlines()[-1])
    theirs_s = (said["build_s"] or 0.0) + said["solve_s"]
    built = "-" if said["build_s"] is None else span(said["build_s"])
    return (
        built,
        span(said["solve_s"]),
        span(our_s),
        f"{theirs_s / our_s:.3g}x",
        f"{said['cost'] / our_cost:.6f}",
    )
