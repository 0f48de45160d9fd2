import json
from dataclasses import replace
from decimal import Decimal

import pytest

from vpp.auction.result import BidReason, Clearing, ClearingMethod, ClearingStatus
from vpp.cli.auction.summary import summarise, summary_document
from vpp.cli.auction.summary_rows import summary_rows


def test_a_clearing_adds_up(clearing: Clearing) -> None:
    summary = summarise(clearing)
    assert (summary.target_kwh, summary.margin_kwh) == (1500.0, 75.0)
    assert (summary.shortfall_kwh, summary.unserved_kwh) == (200.0, 125.0)
    assert (summary.awarded_kwh, summary.rebound_kwh) == (1525.0, 225.0)
    # 12:00: 1.025 MWh at 140 = 143.5; 13:00: 0.5 MWh at 3000 = 1500; and 5 made whole
    assert summary.paid == Decimal("1648.5")
    assert summary.make_whole == 5
    assert summary.prices == (Decimal(140), Decimal(1570), Decimal(3000))
    assert summary.accepted_count == 3
    assert dict(summary.reasons) == {
        BidReason.ACCEPTED_IN_PART: 3,
        BidReason.REJECTED_PRICE_ABOVE_CLEARING: 3,
        BidReason.REJECTED_INDIVISIBLE: 1,
    }


def test_prices_of_intervals_without_a_target_are_left_out(clearing: Clearing) -> None:
    assert summarise(replace(clearing, target_kw=(1000.0, 0.0))).prices == (Decimal(140),) * 3
    assert summarise(replace(clearing, target_kw=(0.0, 0.0))).prices is None


def test_the_table_says_what_matters(clearing: Clearing) -> None:
    rows = dict(summary_rows(clearing, summarise(clearing)))
    assert rows["status"] == "feasible: the best found when time ran out"
    assert rows["method"] == "linear relaxation, rounded and solved again (highs 1.11.0)"
    assert rows["cost"] == "531.75 GBP"
    assert rows["gap"] == "0.141 %"
    assert rows["target served"] == "1.38 MWh of 1.50 MWh (91.66 %)"
    assert rows["shortfall"] == "200 kWh in 2 of 2 intervals, 75 kWh of it margin"
    assert rows["make-whole"] == "5.00 GBP to 1 bid"
    assert rows["paradoxically rejected"] == "1: run-e"
    assert rows["margin"] == "75 kWh beyond the target at a cost of 7.50 GBP"
    assert rows["time"] == "0.250 s: build 0.010, solve 0.200, price 0.010, explain 0.020, verify 0.010"


@pytest.mark.parametrize(
    ("status", "words"),
    [(ClearingStatus.OPTIMAL, "highs not needed"), (ClearingStatus.FALLBACK, "highs had nothing better")],
)
def test_a_solver_without_a_version_did_not_decide(
    clearing: Clearing, status: ClearingStatus, words: str
) -> None:
    silent = replace(clearing, status=status, solver=replace(clearing.solver, version=""))
    assert words in dict(summary_rows(silent, summarise(silent)))["method"]


def test_nothing_proven_is_not_a_gap_of_zero(clearing: Clearing) -> None:
    unproven = replace(clearing, bound=None, gap_ratio=None)
    rows = dict(summary_rows(unproven, summarise(unproven)))
    assert (rows["proven bound"], rows["gap"]) == ("none", "not proven")


@pytest.mark.parametrize("local", [(), (("z1", (0.0, 10.0)),)])
def test_missed_local_targets_are_named(
    clearing: Clearing, local: tuple[tuple[str, tuple[float, ...]], ...]
) -> None:
    short = replace(clearing, local_shortfall_kw=local)
    assert ("1 zone" in dict(summary_rows(short, summarise(short)))["shortfall"]) == bool(local)


def test_the_document_is_json_with_exact_amounts(clearing: Clearing) -> None:
    document = json.loads(json.dumps(summary_document(clearing, summarise(clearing))))
    assert document["objective"] == "531.75"
    assert document["price_per_mwh"] == {"min": "140", "mean": "1570.000000", "max": "3000"}
    assert document["make_whole"] == {"count": 1, "sum": "5.000000"}
    assert document["served_kwh"] == 1375.0


@pytest.mark.parametrize("method", list(ClearingMethod))
@pytest.mark.parametrize("status", list(ClearingStatus))
def test_every_outcome_has_words(clearing: Clearing, status: ClearingStatus, method: ClearingMethod) -> None:
    ended = replace(clearing, status=status, method=method)
    rows = dict(summary_rows(ended, summarise(ended)))
    assert rows["status"].startswith(status.value)
    assert rows["method"]
