"""Real half-hours of the GB Demand Flexibility Service, cleared again as bid.

The data are not part of the project. VPP_SHARED_DATA names the folder they lie in.

In each half-hour the bids that were bought are a prefix of the merit order that fills the target
exactly, so no cheaper way to serve it exists: each kW bought costs at most what any kW left would.
A clearing must therefore reach the published volume at the published cost to the penny.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from vpp.auction.clearing import clear
from vpp.auction.dfs_book import DfsHalfHour, dfs_books
from vpp.auction.dfs_rows import read_dfs_rows
from vpp.auction.result import ClearingStatus
from vpp.auction.rules import ClearingRules
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

DEFAULT_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data"
BIDS = Path(os.environ.get("VPP_SHARED_DATA", DEFAULT_FOLDER)) / "bids"

# Start, MW and GBP as published: sums of the files' accepted bids, for 2023 also the event list's own
# totals (323.81 MW for 637 240 and so on).
PUBLISHED = [
    ("gb_dfs_bids_2023_01_live.csv", "2023-01-23T17:00:00+00:00", "323.80959", "637240.192"),
    ("gb_dfs_bids_2023_01_live.csv", "2023-01-23T17:30:00+00:00", "336.8888", "669232.007"),
    ("gb_dfs_bids_2023_01_live.csv", "2023-01-24T16:30:00+00:00", "288.61542", "693400.23"),
    ("gb_dfs_bids_2023_01_live.csv", "2023-01-24T17:00:00+00:00", "314.19059", "744993.985"),
    ("gb_dfs_bids_2023_01_live.csv", "2023-01-24T17:30:00+00:00", "327.1778", "783792.8"),
    ("gb_dfs_bids_2024_03_a.csv", "2024-03-01T18:00:00+00:00", "56", "15911"),
    ("gb_dfs_bids_2024_03_a.csv", "2024-03-02T18:00:00+00:00", "100", "36045"),
    ("gb_dfs_bids_2024_03_a.csv", "2024-03-14T18:00:00+00:00", "56", "17057.5"),
]

HalfHourOf = Callable[[str, str], DfsHalfHour]


@pytest.fixture(scope="module")
def half_hour_of() -> HalfHourOf:
    if not BIDS.is_dir():
        pytest.skip(f"no bid files in {BIDS}; VPP_SHARED_DATA names the folder that holds them")
    read: dict[str, dict[datetime, DfsHalfHour]] = {}

    def found(name: str, start: str) -> DfsHalfHour:
        if name not in read:
            rows = read_dfs_rows((BIDS / name).read_text(encoding="utf-8"))
            read[name] = {half_hour.book.start: half_hour for half_hour in dfs_books(rows)}
        return read[name][datetime.fromisoformat(start)]

    return found


@pytest.mark.parametrize(("name", "start", "volume_mw", "cost_gbp"), PUBLISHED)
def test_a_book_holds_what_was_published(
    half_hour_of: HalfHourOf, name: str, start: str, volume_mw: str, cost_gbp: str
) -> None:
    half_hour = half_hour_of(name, start)
    assert half_hour.accepted_kw == float(Decimal(volume_mw) * 1000)
    assert half_hour.accepted_cost_gbp == Decimal(cost_gbp)
    assert len(half_hour.book.bids) + len(half_hour.empty_rows) in range(34, 47)


@pytest.mark.parametrize("solver", list(SolverName))
@pytest.mark.parametrize(("name", "start", "volume_mw", "cost_gbp"), PUBLISHED)
def test_clearing_reaches_the_published_volume_at_the_published_cost(  # noqa: PLR0913, PLR0917  the case's columns
    half_hour_of: HalfHourOf, name: str, start: str, volume_mw: str, cost_gbp: str, solver: SolverName
) -> None:
    half_hour = half_hour_of(name, start)
    rules = ClearingRules(PayRule.AS_BID, solver=solver, time_limit=timedelta(seconds=20))
    clearing = clear(half_hour.book, rules)
    assert clearing.status is ClearingStatus.OPTIMAL
    assert clearing.shortfall_kw == (0.0,)
    awarded_kw = sum(award.reduction_kw[0] for award in clearing.awards)
    assert awarded_kw == pytest.approx(float(volume_mw) * 1000, abs=1e-3)
    paid = sum(
        Decimal(str(award.reduction_kw[0])) / 1000 / 2 * award.price_per_mwh[0] + award.make_whole
        for award in clearing.awards
    )
    assert abs(paid - Decimal(cost_gbp)) <= Decimal("0.01")
    offered_kw = {bid.bid_id: bid.offer.profile_kw[0] for bid in half_hour.book.bids}
    for award in clearing.awards:  # whole or not at all
        assert award.reduction_kw[0] in {0.0, offered_kw[award.bid_id]}


@pytest.mark.parametrize("solver", list(SolverName))
@pytest.mark.parametrize(("start", "margin", "at_margin_mw"), [("01", 750, 18), ("02", 1000, 3)])
def test_a_tie_at_the_margin_does_not_depend_on_the_order_of_the_book(
    half_hour_of: HalfHourOf, start: str, margin: int, at_margin_mw: int, solver: SolverName
) -> None:
    half_hour = half_hour_of("gb_dfs_bids_2024_03_a.csv", f"2024-03-{start}T18:00:00+00:00")
    at_margin = {bid.bid_id for bid in half_hour.book.bids if bid.offer.price_per_mwh == margin}
    assert set(half_hour.accepted_bid_ids) & at_margin < at_margin  # some were bought and some were not
    clearing = clear(half_hour.book, ClearingRules(PayRule.AS_BID, solver=solver))
    bought_mw = {award.bid_id: award.reduction_kw[0] / 1000 for award in clearing.awards}
    assert sum(bought_mw[bid_id] for bid_id in at_margin) == at_margin_mw
    turned = replace(half_hour.book, bids=half_hour.book.bids[::-1])
    assert clear(turned, ClearingRules(PayRule.AS_BID, solver=solver)).awards == clearing.awards
