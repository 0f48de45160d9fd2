"""Reserve against the largest loss, and ramps: one site, two intervals of delivery, one of recovery."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from support.model_rows import rows

from vpp.auction.bid import Bid, PriceStep, StepOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms
from vpp.auction.reference.model import build_reference

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OFFER = StepOffer(((PriceStep(100.0, Decimal(40)),),) * 2)
BID = Bid("a", "north", "load", "Z1", NOON, 1.0, OFFER)


def book(terms: BuyerTerms, *bids: Bid) -> Book:
    return Book("rows", NOON, timedelta(hours=1), (90.0, 0.0), 1, Decimal(3000), None, bids, terms=terms)


def test_the_largest_loss_is_bought_on_top() -> None:
    model = build_reference(book(BuyerTerms(has_loss_reserve=True), BID))
    assert rows(model.loss) == {("north", 0): (0.0, {"largest[0]": 1.0, "net[site,north,0]": -1.0}, None)}
    terms = {"net[zone,Z1,0]": 1.0, "unserved[0]": 1.0, "largest[0]": -1.0}
    assert rows(model.system) == {0: (90.0, terms, None)}
    assert model.largest[0].lb == 0


def test_net_reduction_starts_and_ends_gently() -> None:
    model = build_reference(book(BuyerTerms(max_start_ramp_kw=30.0, max_release_ramp_kw=20.0), BID))
    assert rows(model.start_ramp) == {
        0: (None, {"net[zone,Z1,0]": 1.0}, 30.0),
        1: (None, {"net[zone,Z1,1]": 1.0, "net[zone,Z1,0]": -1.0}, 30.0),
        2: (None, {"net[zone,Z1,2]": 1.0, "net[zone,Z1,1]": -1.0}, 30.0),
    }
    assert rows(model.release_ramp) == {
        0: (None, {"net[zone,Z1,0]": -1.0}, 20.0),
        1: (None, {"net[zone,Z1,0]": 1.0, "net[zone,Z1,1]": -1.0}, 20.0),
        2: (None, {"net[zone,Z1,1]": 1.0, "net[zone,Z1,2]": -1.0}, 20.0),
        3: (None, {"net[zone,Z1,2]": 1.0}, 20.0),
    }


def test_an_empty_book_has_no_such_rows() -> None:
    terms = BuyerTerms(has_loss_reserve=True, max_start_ramp_kw=1.0, max_release_ramp_kw=1.0)
    model = build_reference(book(terms))
    assert not rows(model.loss) | rows(model.start_ramp) | rows(model.release_ramp)
