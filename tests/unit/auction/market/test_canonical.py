"""A book in the engine's order and units."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from support.hand_cleared import NOON, bid, book, steps
from support.programs import block

from vpp.auction.bid import PriceStep, StepOffer
from vpp.auction.buyer import BuyerTerms
from vpp.auction.market.canonical import CanonicalBook
from vpp.foundation.direction import Direction


def test_bids_are_in_the_order_of_their_ids_and_ranked_by_time() -> None:
    early = steps("b", (10.0, 1.0), submitted_at=NOON - timedelta(minutes=1))
    canonical = CanonicalBook(book((10.0,), early, steps("a", (10.0, 1.0))))
    assert [one.bid_id for one in canonical.bids] == ["a", "b"]
    assert canonical.rank.tolist() == [1, 0]


def test_steps_are_in_the_order_of_bid_interval_and_position() -> None:
    ladder = (PriceStep(10.0, Decimal(1)), PriceStep(20.0, Decimal(2)))
    both = bid("a", StepOffer((ladder, (), ladder)))
    table = CanonicalBook(book((10.0,) * 3, steps("b", None, (5.0, 7.0), None), both)).steps
    assert table.bid.tolist() == [0, 0, 0, 0, 1]
    assert table.interval.tolist() == [0, 0, 2, 2, 1]
    assert table.position.tolist() == [0, 1, 0, 1, 0]
    assert table.quantity_kw.tolist() == [10.0, 20.0, 10.0, 20.0, 5.0]
    assert table.price.tolist() == [1.0, 2.0, 1.0, 2.0, 7.0]


def test_a_shared_ladder_costs_each_bid_its_own_availability() -> None:
    offer = StepOffer(((PriceStep(10.0, Decimal(40)),),))
    asking = bid("b", offer, availability_price_per_kw_h=Decimal("0.02"))
    canonical = CanonicalBook(book((10.0,), bid("a", offer), asking))
    assert canonical.steps.price.tolist() == [40.0, 60.0]


@pytest.mark.parametrize(
    ("activation", "asked", "effective"),
    [(1.0, "0", "40"), (0.5, "0", "20"), (0.5, "0.02", "40"), (1 / 3, "0", "13.333333")],
)
def test_energy_is_weighed_by_its_activation_and_availability_is_not(
    activation: float, asked: str, effective: str
) -> None:
    one = steps("a", (10.0, 40.0), availability_price_per_kw_h=Decimal(asked))
    canonical = CanonicalBook(book((10.0,), one, terms=BuyerTerms(activation_ratio=activation)))
    assert canonical.effective_price(one, Decimal(40)) == Decimal(effective)


def test_who_moves_the_other_way_counts_against_the_target_in_full() -> None:
    other = steps("a", (10.0, 1.0), direction=Direction.LOAD_UP, delivery_ratio=0.5)
    canonical = CanonicalBook(book((10.0,), other, steps("b", (10.0, 1.0), delivery_ratio=0.5)))
    assert canonical.counted_shed.tolist() == [-1.0, 0.5]
    assert canonical.counted_return.tolist() == [1.0, -1.0]


def test_the_target_has_its_margin_and_ends_with_delivery() -> None:
    canonical = CanonicalBook(book((100.0, 0.0), recovery=1, terms=BuyerTerms(margin_ratio=0.1)))
    assert canonical.target_kw.tolist() == pytest.approx([110.0, 0.0, 0.0])
    assert canonical.has_target.tolist() == [True, False, False]


@pytest.mark.parametrize(
    "change",
    [
        {"zone": "Z2"},
        {"delivery_ratio": 0.9},
        {"energy_limit_kwh": 50.0},
        {"availability_price_per_kw_h": Decimal("0.01")},
        {"direction": Direction.LOAD_UP},
    ],
    ids=lambda change: next(iter(change)),
)
def test_blocks_that_differ_in_what_matters_are_not_twins(change: dict[str, object]) -> None:
    twin, other = block("a", (100.0,), 10), block("b", (100.0,), 10)
    assert CanonicalBook(book((100.0,), twin, other)).twin_chains == [[0, 1]]
    changed = replace(other, **change)  # type: ignore[arg-type]
    assert CanonicalBook(book((100.0,), twin, changed)).twin_chains == []


def test_a_profile_that_ends_early_is_the_same_as_one_that_ends_in_zeros() -> None:
    twins = block("a", (100.0,), 10), block("b", (100.0,), 10)
    canonical = CanonicalBook(book((100.0, 0.0), *twins))
    assert canonical.profile_kw.tolist() == [[100.0, 0.0], [100.0, 0.0]]
