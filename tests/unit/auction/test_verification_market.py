"""The buyer's terms, cleared by hand, and what is found when one of them is broken."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.hand_cleared import book, changed, cleared, steps

from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, FeederLimit, SiteLimit, ZoneLimit
from vpp.auction.result import Clearing, PriceBranch, ZonePrice
from vpp.auction.verification import findings


def found(of: Book, clearing: Clearing, words: str) -> None:
    told = findings(of, clearing)
    assert any(words in text for text in told), told


def with_terms(of: Book, terms: BuyerTerms) -> Book:
    return replace(of, terms=terms)


# Known answer A17: zone 1 bears no more than 4, zone 3 wants 3 of its own.
ZONES = BuyerTerms(
    zones=(ZoneLimit("1", None, (4.0, 9.0), (0.0, 0.0)), ZoneLimit("3", (3.0,), (20.0, 20.0), (5.0, 5.0)))
)
ZONE_BOOK = book(
    (15.0,),
    steps("a", (9, 60), zone="1"),
    steps("b", (9, 130), zone="2"),
    steps("c", (9, 100), zone="3"),
    recovery=1,
    terms=ZONES,
)
ZONE = cleared(
    ZONE_BOOK,
    {"a": ((4,), ()), "b": ((2,), ()), "c": ((9,), ())},
    objective="1.4",
    prices={"1": (60, 0), "2": (130, 0), "3": (130, 0)},
    price_per_mwh=(Decimal(130),),
    local_shortfall_kw=(("3", (0.0,)),),
)


def test_zones_by_hand() -> None:
    assert findings(ZONE_BOOK, ZONE) == ()


@pytest.mark.parametrize(
    ("clearing", "words"),
    [
        (
            changed(ZONE, "a", reduction_kw=(6.0,)),
            "zone 1 is reduced by 6 kW in interval 0, its limit is 4",
        ),
        (
            changed(ZONE, "c", rebound_kw=(0.0, 6.0)),
            "zone 3 rebounds by 6 kW in interval 1, its limit is 5",
        ),
        (changed(ZONE, "c", reduction_kw=(1.0,)), "zone 3 serves 1 and misses 0 of its local 3 kW"),
        (replace(ZONE, local_shortfall_kw=(("3", (1.0,)),)), "zone 3 serves 9 and misses 1"),
        (replace(ZONE, local_shortfall_kw=(("3", (-1.0,)),)), "zone 3 serves 9 and misses -1"),
        (replace(ZONE, local_shortfall_kw=(("1", (1.0,)),)), "zone 1 serves 4 and misses 1"),
        (replace(ZONE, local_shortfall_kw=(("2", (0.0,)),)), "zone 2 has a local shortfall and no local"),
        (replace(ZONE, local_shortfall_kw=(("3", (0.0, 0.0)),)), "local shortfall of zone 3 has 2 intervals"),
        (replace(ZONE, local_shortfall_kw=(("3", (0.0,)),) * 2), "stated twice"),
        (
            replace(ZONE, zone_prices=(ZonePrice("3", (Decimal(5001), Decimal(0))),)),
            "a price of zone 3 is above the cap of 5000",
        ),
    ],
)
def test_tampered_zones_are_found(clearing: Clearing, words: str) -> None:
    found(ZONE_BOOK, clearing, words)


def test_a_local_shortfall_is_valued_at_the_cap() -> None:
    # 3 of the local 12 kW are missing: 3 * 5000 = 15.00 more.
    terms = BuyerTerms(zones=(ZONES.zones[0], replace(ZONES.zones[1], local_target_kw=(12.0,))))
    short = replace(
        ZONE, local_shortfall_kw=(("3", (3.0,)),), objective=Decimal("16.4"), bound=Decimal("16.4")
    )
    assert findings(with_terms(ZONE_BOOK, terms), short) == ()
    found(with_terms(ZONE_BOOK, terms), replace(short, objective=Decimal("1.4")), "shortfall cost 16.4")


# Two sites serve 10 kW in each of two intervals; one of them takes 4 kW back afterwards.
SITE_BOOK = book(
    (10.0, 10.0),
    steps("a", (6, 50), (6, 50)),
    steps("b", (6, 60), (6, 60)),
    recovery=1,
)
SITE = cleared(SITE_BOOK, {"a": ((6, 6), ()), "b": ((4, 4), ())}, objective="1.08", prices=(60, 60, 0))


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (
            BuyerTerms(feeders=(FeederLimit("f", ("site-a", "site-b", "site-z"), (9.0, 20.0, 20.0)),)),
            "feeder f is reduced by 10 kW in interval 0, its limit is 9",
        ),
        (BuyerTerms(min_site_count=2), "site site-a serves 6 kW in interval 0, at most 5 with 2 sites"),
        (BuyerTerms(has_loss_reserve=True), "interval 0 serves 4 and misses 0 of 10 kW"),
        (BuyerTerms(margin_ratio=0.5), "interval 0 serves 10 and misses 0 of 15 kW"),
        (BuyerTerms(max_start_ramp_kw=8.0), "net reduction rises by 10 kW to interval 0, its limit is 8"),
        (
            BuyerTerms(max_release_ramp_kw=8.0),
            "net reduction falls by 10 kW to interval 2, its limit is 8",
        ),
    ],
)
def test_terms_that_the_awards_do_not_keep(terms: BuyerTerms, words: str) -> None:
    assert findings(SITE_BOOK, SITE) == ()
    found(with_terms(SITE_BOOK, terms), SITE, words)


def test_rebounds_keep_to_feeders_sites_and_the_end_of_the_horizon() -> None:
    back = changed(SITE, "b", rebound_kw=(0.0, 0.0, 4.0))
    site = BuyerTerms(sites=(SiteLimit("site-b", "owner", (0.0, 0.0, 3.0)), SiteLimit("site-z")))
    found(with_terms(SITE_BOOK, site), back, "site site-b rebounds by 4 kW in interval 2, its limit is 3")
    feeder = BuyerTerms(feeders=(FeederLimit("f", ("site-b",), None, (0.0, 0.0, 2.0)),))
    found(with_terms(SITE_BOOK, feeder), back, "feeder f rebounds by 4 kW in interval 2, its limit is 2")
    ramp = BuyerTerms(max_release_ramp_kw=12.0)
    found(with_terms(SITE_BOOK, ramp), back, "net reduction falls by 14 kW to interval 2, its limit is 12")


def test_a_reserve_and_enough_sites_by_hand() -> None:
    three = book(
        (10.0,),
        *(steps(name, (5, 50)) for name in "abc"),
        terms=BuyerTerms(
            has_loss_reserve=True, min_site_count=2, max_start_ramp_kw=15.0, max_release_ramp_kw=15.0
        ),
    )
    clearing = cleared(three, dict.fromkeys("abc", ((5,), ())), objective="0.75", prices=(50,))
    assert findings(three, clearing) == ()


def test_the_margin_is_at_most_what_is_asked() -> None:
    asked = book((10.0,), steps("a", (20, 50)), terms=BuyerTerms(margin_ratio=0.2))
    clearing = cleared(asked, {"a": ((12,), ())}, objective="0.6", prices=(50,), margin_kw=(2.0,))
    assert findings(asked, clearing) == ()
    found(
        asked,
        replace(clearing, margin_kw=(3.0,)),
        "interval 0 has a margin of 3 kW, the buyer asks for 2",
    )
    found(asked, replace(clearing, margin_kw=(-1.0,)), "interval 0 has a margin of -1 kW")
    found(asked, replace(clearing, margin_kw=(2.0, 0.0)), "margin_kw has 2 intervals")
    found(asked, replace(clearing, margin_cost=Decimal(-1)), "the margin costs -1")


def test_an_empty_book_is_short_of_everything() -> None:
    empty = book((500.0, 0.0))
    clearing = cleared(
        empty,
        {},
        objective="2500",
        prices={},
        price_per_mwh=(Decimal(5000), Decimal(0)),
        price_rule=(PriceBranch.SHORTAGE, PriceBranch.NO_TARGET),
        shortfall_kw=(500.0, 0.0),
    )
    assert findings(empty, clearing) == ()
    found(empty, replace(clearing, shortfall_kw=(400.0, 0.0)), "interval 0 serves 0 and misses 400 of 500")
    found(empty, replace(clearing, shortfall_kw=(500.0, 1.0)), "interval 1 misses 1 kW of 0")
    found(empty, replace(clearing, objective=Decimal(2000)), "objective is 2000")
