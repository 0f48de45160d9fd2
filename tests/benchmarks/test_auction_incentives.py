"""What bidders gain by misreporting under each pricing rule, so that a buyer can choose one knowingly.

Run with `VPP_BENCH=full pytest tests/benchmarks/test_auction_incentives.py -s -n 0`.
"""

import os
from statistics import mean

import pytest
from benchmarks.support.misreports import RULES, Gain, gains
from benchmarks.support.scale import count
from benchmarks.support.tables import print_table

pytestmark = pytest.mark.timeout(0)

_GAINS = 0.01  # currency; below it a gain is rounding


def test_gain_of_misreporting() -> None:
    books = int(os.environ.get("VPP_BENCH_SEEDS", count(1, 20)))
    found = [gain for seed in range(1, books + 1) for gain in gains(seed)]
    bidders = len({gain.bidder for gain in found})
    print_table(
        f"Gain of each bidder's best misreport, {books} books of 30 bids and 4 intervals, {bidders} bidders",
        ("rule", "bidders who can gain", "mean gain of all", "as a share of pay", "largest gain"),
        [_best_row(rule, [gain for gain in found if gain.rule == rule]) for rule in RULES],
    )
    told = list(dict.fromkeys(gain.misreport for gain in found))
    print_table(
        "Mean gain of every bidder by what is misreported, in currency",
        ("rule", *told),
        [
            (rule, *(f"{_mean_gain(found, rule, misreport):+.2f}" for misreport in told))
            for rule in RULES
        ],
    )  # fmt: skip


def _best_row(rule: str, found: list[Gain]) -> tuple[str, ...]:
    best: dict[tuple[int, str], float] = {}
    pay: dict[tuple[int, str], float] = {}
    for gain in found:
        best[gain.bidder] = max(best.get(gain.bidder, 0.0), gain.gain)
        pay[gain.bidder] = gain.truthful_pay
    able = sum(value > _GAINS for value in best.values())
    return (
        rule,
        f"{100 * able / len(best):.0f} %",
        f"{mean(best.values()):.2f}",
        f"{100 * sum(best.values()) / sum(pay.values()):.2f} %",
        f"{max(best.values()):.2f}",
    )


def _mean_gain(found: list[Gain], rule: str, misreport: str) -> float:
    return mean(gain.gain for gain in found if gain.rule == rule and gain.misreport == misreport)
