"""Fuzzes a hub from the command line; see tools/fuzz."""

import argparse
import asyncio
import sys
from multiprocessing import get_context
from pathlib import Path

from support.fuzz.campaign import Findings, report_of, run_campaign

SHARE = 20_000
"""Requests that one process sends to one hub before the next begins."""


def _share(each: tuple[int, int]) -> Findings:
    findings = asyncio.run(run_campaign(*each))
    findings.by_code = dict(findings.by_code)  # without its factory, which no process can hand to another
    return findings


def main() -> int:
    """Run shares of messages on all cores; 1 if there was any fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000, help="requests to send in all")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn")
    parser.add_argument("--cores", type=int, default=1, help="processes at a time")
    parser.add_argument(
        "--out", type=Path, default=Path("build/fuzz/report.md"), help="where the report goes"
    )
    options = parser.parse_args()
    shares = max(1, -(-options.messages // SHARE))
    done: list[Findings] = []
    options.out.parent.mkdir(parents=True, exist_ok=True)
    each = [
        (options.seed * 100_000 + number, min(SHARE, options.messages - number * SHARE))
        for number in range(shares)
    ]
    with get_context("spawn").Pool(options.cores, maxtasksperchild=1) as pool:
        for number, findings in enumerate(pool.imap_unordered(_share, each), 1):
            done.append(findings)
            total = sum(one.messages for one in done)
            faults = {kind for one in done for kind in one.counts}
            sys.stdout.write(f"{number}/{shares} shares, {total} messages, {len(faults)} kinds of fault\n")
            sys.stdout.flush()
            options.out.write_text(report_of(done), encoding="utf-8")
    sys.stdout.write(options.out.read_text(encoding="utf-8"))
    return 1 if any(one.counts for one in done) else 0


if __name__ == "__main__":
    sys.exit(main())
