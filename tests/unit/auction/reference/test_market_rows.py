"""The buyer's rows: two zones, half an hour, a target in the first of two intervals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from support.model_rows import row, rows

from vpp.auction.bid import Bid, Migration, PriceStep, ReboundProfile, StepOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.auction.reference.model import build_reference
from vpp.foundation.direction import Direction

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OFFER = StepOffer(((PriceStep(100.0, Decimal(40)), PriceStep(50.0, Decimal(60))), ()))
SURE = Bid("sure", "north", "load", "Z1", NOON, 1.0, OFFER)
UNSURE = replace(SURE, bid_id="unsure", site_id="east", zone="Z2", delivery_ratio=0.8)
BOOK = Book("rows", NOON, timedelta(minutes=30), (90.0, 0.0), 1, Decimal(3000), 25.0, (UNSURE, SURE))


def with_terms(*bids: Bid, **terms: object) -> Book:
    return replace(BOOK, bids=bids or BOOK.bids, terms=BuyerTerms(**terms))  # type: ignore[arg-type]


def test_each_zone_is_balanced_in_each_interval() -> None:
    balance = rows(build_reference(BOOK).balance)
    assert len(balance) == 2 * 3
    assert balance["zone", "Z2", 0] == (
        0.0, {"step[unsure,0,0]": 0.8, "step[unsure,0,1]": 0.8, "net[zone,Z2,0]": -1.0}, 0.0,
    )  # fmt: skip
    assert balance["zone", "Z2", 1] == (0.0, {"net[zone,Z2,1]": -1.0}, 0.0)


def test_what_moves_the_other_way_counts_against_the_target_in_full() -> None:
    against = replace(UNSURE, direction=Direction.LOAD_UP, rebound=ReboundProfile((0.5,)))
    balance = rows(build_reference(with_terms(against)).balance)
    assert balance["zone", "Z2", 0][1] == {
        "step[unsure,0,0]": -1.0, "step[unsure,0,1]": -1.0, "net[zone,Z2,0]": -1.0,
    }  # fmt: skip
    assert balance["zone", "Z2", 1][1] == {
        "step[unsure,0,0]": 0.5, "step[unsure,0,1]": 0.5, "net[zone,Z2,1]": -1.0,
    }  # fmt: skip


def test_what_migrates_burdens_the_other_zone_and_counts_on_the_path() -> None:
    moving = replace(UNSURE, migration=Migration("Z3", 1.25))
    path = PathLimit("Z2", "Z3", (70.0, 80.0))
    model = build_reference(with_terms(moving, paths=(path,)))
    both = ("step[unsure,0,0]", "step[unsure,0,1]")
    assert row(model.balance["zone", "Z2", 0])[1] == dict.fromkeys(both, 0.8) | {"net[zone,Z2,0]": -1.0}
    assert row(model.balance["zone", "Z3", 0])[1] == dict.fromkeys(both, -1.25) | {"net[zone,Z3,0]": -1.0}
    moved = dict.fromkeys(both, 1.0) | {"net[path,Z2>Z3,0]": -1.0}
    assert row(model.balance["path", "Z2>Z3", 0])[1] == moved
    assert [model.net["path", "Z2>Z3", t].bounds for t in range(3)] == [(None, 70), (None, 80), (None, None)]


def test_the_target_is_met_or_short() -> None:
    system = rows(build_reference(BOOK).system)
    zones = {"net[zone,Z1,0]": 1.0, "net[zone,Z2,0]": 1.0}
    assert system == {0: (90.0, zones | {"unserved[0]": 1.0}, None)}
    exact = with_terms(margin_ratio=0.1, allows_over_delivery=False)
    low, _, high = rows(build_reference(exact).system)[0]
    assert low == high == 90.0 * 1.1


def test_rebound_has_headroom_where_nothing_is_asked_for() -> None:
    headroom = rows(build_reference(BOOK).rebound_headroom)
    assert headroom == {
        t: (-25.0, {f"net[zone,Z1,{t}]": 1.0, f"net[zone,Z2,{t}]": 1.0}, None) for t in (1, 2)
    }
    assert not rows(build_reference(replace(BOOK, rebound_headroom_kw=None)).rebound_headroom)


def test_a_local_target_is_met_or_short() -> None:
    zone = ZoneLimit("Z2", (30.0, 0.0), (60.0, 61.0, 62.0), (5.0, 6.0, 7.0))
    model = build_reference(with_terms(zones=(zone,)))
    assert rows(model.local) == {
        ("Z2", 0): (30.0, {"net[zone,Z2,0]": 1.0, "local_unserved[Z2,0]": 1.0}, None)
    }
    assert [model.net["zone", "Z2", t].bounds for t in range(3)] == [(-5, 60), (-6, 61), (-7, 62)]
    assert model.net["zone", "Z1", 0].bounds == (None, None)


def test_feeders_and_sites_have_accounts_of_their_own() -> None:
    model = build_reference(
        with_terms(
            feeders=(FeederLimit("f", ("north", "east"), (60.0,) * 3, None),),
            sites=(SiteLimit("north", "", (9.0,) * 3), SiteLimit("east", "owner")),
        )
    )
    assert len(rows(model.balance)) == (2 + 1 + 1) * 3
    assert row(model.balance["feeder", "f", 0])[1] == {
        "step[sure,0,0]": 1.0, "step[sure,0,1]": 1.0, "step[unsure,0,0]": 0.8, "step[unsure,0,1]": 0.8,
        "net[feeder,f,0]": -1.0,
    }  # fmt: skip
    assert model.net["feeder", "f", 0].bounds == (None, 60)
    assert model.net["site", "north", 2].bounds == (-9, None)


def test_no_site_serves_more_than_its_share() -> None:
    model = build_reference(with_terms(min_site_count=2, margin_ratio=0.2))
    assert model.net["site", "north", 0].bounds == (None, 90 * 1.2 / 2)
    assert model.net["site", "north", 1].bounds == (None, None)


def test_cost_is_in_thousandths_and_weighs_energy_by_how_much_is_called() -> None:
    ready = replace(SURE, availability_price_per_kw_h=Decimal("0.01"))
    zone = ZoneLimit("Z1", local_target_kw=(30.0, 0.0))
    terms = with_terms(ready, activation_ratio=0.5, zones=(zone,))
    cost = row(_as_row(build_reference(terms)))[1]
    assert cost == {
        "step[sure,0,0]": 0.5 * (0.5 * 40 + 10), "step[sure,0,1]": 0.5 * (0.5 * 60 + 10),
        "unserved[0]": 0.5 * 3000, "local_unserved[Z1,0]": 0.5 * 3000,
    }  # fmt: skip


def _as_row(model: object) -> object:
    """The objective as if it were a row."""

    class Cost:
        body = model.cost.expr  # type: ignore[attr-defined]
        lower = upper = None

    return Cost


def test_the_order_of_the_bids_means_nothing() -> None:
    other = build_reference(replace(BOOK, bids=BOOK.bids[::-1]))
    assert [v.name for v in other.component_data_objects(active=True)] == [
        v.name for v in build_reference(BOOK).component_data_objects(active=True)
    ]
