"""Published half-hours of Great Britain's Demand Flexibility Service: bids, volumes and costs add up.

Every accepted bid is a site that delivers what it bid, paid as bid; what the operator owes for a half-hour is
the published cost, and what it bought the published volume. In test events 3000 per MWh was paid, so the
settled volume gives the settled cost: in 39 of 40 half-hours to the rounding of what is published, in one,
whose settled cost is 13 pounds higher than its volume can explain, to that.

Source:
    NESO data portal, utilisation reports and summaries; costs are published in whole pounds, volumes in
    0.01 MW.
"""

import os
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from support.made_events import Row, amounts, event, settled, with_money
from support.products import shipped_products

from vpp.portfolio.product import ProductProfile

SHARED = Path(os.environ.get("VPP_SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
BIDS = SHARED / "bids" / "gb_dfs_bids_2023_01_live.csv"
BIDS_2024 = SHARED / "bids" / "gb_dfs_bids_2024_03_a.csv"
EVENTS = SHARED / "dr_events" / "gb_dfs_events_2022_23.csv"
HALF_POUND = Decimal("0.5")
HALF_HOUR = Decimal("0.5")
TEST_PRICE = Decimal(3000)
DEARER = {"2023-01-31 18:00:00+00:00": Decimal(13)}
CAP = "2"  # up to 1.7 times the bids was settled


def table(path: Path) -> pd.DataFrame:
    if not path.exists():
        pytest.skip(f"published data are not there: {path.name}; set VPP_SHARED_DATA to their folder")
    return pd.read_csv(path, dtype=str)


@pytest.fixture(scope="module")
def product() -> ProductProfile:
    return with_money(
        shipped_products()["example-gb-dfs"], aggregator_fee_ratio="0", band_cap_ratio=CAP, response=None
    )


def cost_of(product: ProductProfile, bids: pd.DataFrame) -> tuple[Decimal, Decimal]:
    """Settle a half-hour's bids as delivered; return MW and pounds."""
    sites = {}
    for n, bid in enumerate(bids.itertuples()):
        kw = str(Decimal(str(bid.volume_mw)) * 1000)
        sites[f"unit-{n}"] = [Row(kw, kw, str(bid.price_gbp_per_mwh), baseline="500000")]
    charges = settled(*event(product, sites))
    energies = [each.performance.payable_kwh for each in charges if each.performance is not None]
    return sum(energies, Decimal(0)) / HALF_HOUR / 1000, amounts(charges)["ENERGY"]


@pytest.mark.parametrize("position", range(5))
def test_the_bids_of_a_live_half_hour_cost_what_was_published(product: ProductProfile, position: int) -> None:
    bids, events = table(BIDS), table(EVENTS)
    accepted = bids[bids["status"] == "Accepted"]
    start = sorted(accepted["start_utc"].unique())[position]
    volume_mw, cost = cost_of(product, accepted[accepted["start_utc"] == start])
    published = events[events["start_utc"] == start].iloc[0]
    assert abs(volume_mw - Decimal(published["procured_mw"])) <= Decimal("0.005")
    assert abs(cost - Decimal(published["accepted_cost_gbp"])) <= HALF_POUND


@pytest.mark.parametrize("position", range(3))
def test_accepted_bids_of_2024_add_up_to_themselves(product: ProductProfile, position: int) -> None:
    bids = table(BIDS_2024)
    accepted = bids[bids["status"] == "Accepted"]
    start = sorted(accepted["start_utc"].unique())[position]
    here = accepted[accepted["start_utc"] == start]
    volume_mw, cost = cost_of(product, here)
    volumes, prices = map(Decimal, here["volume_mw"]), map(Decimal, here["price_gbp_per_mwh"])
    assert volume_mw == sum(map(Decimal, here["volume_mw"]))
    by_hand = sum(volume * HALF_HOUR * price for volume, price in zip(volumes, prices, strict=True))
    assert abs(cost - by_hand) <= len(here) * Decimal("0.005")


def test_settled_volumes_of_test_events_cost_what_was_published(product: ProductProfile) -> None:
    events = table(EVENTS)
    tests = events[events["event_type"] == "Test"]
    assert len(tests) == 40
    for published in tests.itertuples():
        bought, settled_mw = Decimal(published.procured_mw), Decimal(published.settled_mw)
        row = Row(str(bought * 1000), str(settled_mw * 1000), str(TEST_PRICE), baseline="500000")
        cost = amounts(settled(*event(product, {"all": [row]})))["ENERGY"]
        # half of the last digit of the volume is 0.005 MW x 0.5 h x 3000
        off = Decimal(published.settled_cost_gbp) - cost - DEARER.get(published.start_utc, Decimal(0))
        assert abs(off) <= Decimal("7.5") + HALF_POUND, published


def test_live_half_hours_were_settled_between_their_lowest_and_highest_bid() -> None:
    bids, events = table(BIDS), table(EVENTS)
    live = events[events["event_type"] == "Live"]
    assert len(live) == 5
    for published in live.itertuples():
        energy_mwh = Decimal(published.settled_mw) * HALF_HOUR
        mean_price = Decimal(published.settled_cost_gbp) / energy_mwh
        here = bids[(bids["start_utc"] == published.start_utc) & (bids["status"] == "Accepted")]
        prices = sorted(map(Decimal, here["price_gbp_per_mwh"]))
        assert prices[0] <= mean_price <= prices[-1]
