"""Where net reductions are summed, and who belongs where."""

import numpy as np
from support.hand_cleared import book, steps

from vpp.auction.bid import Migration
from vpp.auction.buyer import BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.auction.market.accounts import REST, Accounts
from vpp.auction.market.canonical import CanonicalBook

INF = np.inf


def accounts(terms: BuyerTerms, *zones: str, **fields: object) -> Accounts:
    bids = (steps(f"b{n}", (10.0, 1.0), zone=zone, **fields) for n, zone in enumerate(zones))
    return Accounts(CanonicalBook(book((100.0,), *bids, terms=terms, recovery=1)))


def names(found: Accounts) -> list[tuple[str, str]]:
    return [(account.kind, account.name) for account in found.all]


def test_zones_that_nothing_tells_apart_share_an_account() -> None:
    assert names(accounts(BuyerTerms(), "Z1", "Z2")) == [("zone", REST)]


def test_a_limited_zone_has_its_own_and_the_others_share_one() -> None:
    found = accounts(BuyerTerms(zones=(ZoneLimit("Z2", max_reduction_kw=(50.0, 60.0)),)), "Z1", "Z2", "Z3")
    assert names(found) == [("zone", "Z2"), ("zone", REST)]
    assert found.all[0].high_kw.tolist() == [50.0, 60.0]
    assert found.zone_account("Z1") == found.zone_account("Z3") == 1


def test_there_is_no_shared_account_where_every_zone_is_limited() -> None:
    found = accounts(BuyerTerms(zones=(ZoneLimit("Z1", max_rebound_kw=(5.0, 6.0)),)), "Z1")
    assert names(found) == [("zone", "Z1")]
    assert found.all[0].low_kw.tolist() == [-5.0, -6.0]


def test_a_limit_that_limits_nothing_makes_no_account() -> None:
    assert names(accounts(BuyerTerms(zones=(ZoneLimit("Z1"),)), "Z1")) == [("zone", REST)]


def test_a_site_serves_no_more_than_its_share_where_something_is_asked_for() -> None:
    found = accounts(BuyerTerms(min_site_count=2, margin_ratio=0.1), "Z1")
    assert names(found) == [("zone", REST), ("site", "site-b0")]
    assert found.all[1].high_kw.tolist() == [55.00000000000001, INF]


def test_every_site_is_told_apart_for_the_reserve_against_its_loss() -> None:
    found = accounts(BuyerTerms(has_loss_reserve=True), "Z1", "Z1")
    assert [name for kind, name in names(found) if kind == "site"] == ["site-b0", "site-b1"]


def test_a_bid_is_counted_in_its_zone_its_feeders_and_its_site() -> None:
    terms = BuyerTerms(
        feeders=(FeederLimit("f", ("site-b0",), max_reduction_kw=(9.0, 9.0)),),
        sites=(SiteLimit("site-b0", max_rebound_kw=(3.0, 3.0)),),
    )
    found = accounts(terms, "Z1", "Z1")
    bids = found.canonical.bids
    assert [names(found)[place] for place in found.of_bid(bids[0])] == [
        ("zone", REST), ("feeder", "f"), ("site", "site-b0"),
    ]  # fmt: skip
    assert [names(found)[place] for place in found.of_bid(bids[1])] == [("zone", REST)]


def test_a_path_is_an_account_where_it_is_limited() -> None:
    moving = {"migration": Migration("Z2", 1.0)}
    free = accounts(BuyerTerms(), "Z1", **moving)
    assert free.path_of(free.canonical.bids[0]) is None
    found = accounts(BuyerTerms(paths=(PathLimit("Z1", "Z2", (7.0,)),)), "Z1", **moving)
    path = found.path_of(found.canonical.bids[0])
    assert path is not None
    assert names(found)[path] == ("path", "Z1>Z2")
    assert found.all[path].high_kw.tolist() == [7.0, INF]
