"""Rounding keeps links, groups and run limits."""

import numpy as np
import pytest
from support.hand_cleared import book, steps
from support.programs import block, market_of, values

from vpp.auction.bid import RunLimits
from vpp.auction.search.rounding import round_down, round_relaxation


@pytest.mark.parametrize(
    ("ratio", "is_accepted"), [(0.0, False), (0.24, False), (0.25, True), (0.5, True), (1.0, True)]
)
def test_a_block_is_accepted_from_half_its_least_ratio_on(ratio: float, *, is_accepted: bool) -> None:
    market = market_of(book((100.0,), block("a", (100.0,), 10, least=0.5)))
    assert round_relaxation(market, values(market, blocks=[ratio])).blocks.tolist() == [is_accepted]


def test_a_child_falls_with_its_parent_down_the_chain() -> None:
    chain = (
        block("a", (100.0,), 10, site_id="n"),
        block("b", (100.0,), 10, site_id="n", parent_bid_id="a"),
        block("c", (100.0,), 10, site_id="n", parent_bid_id="b"),
    )
    market = market_of(book((100.0,), *chain))
    assert not round_relaxation(market, values(market, blocks=[0.4, 0.9, 0.9])).blocks.any()


@pytest.mark.parametrize(
    ("ratios", "accepted"),
    [
        ([0.3, 0.4], [False, True]),
        ([0.3, 0.3], [True, False]),
        ([0.2, 0.2], [False, False]),
        ([1.0, 0.0], [True, False]),
    ],
    ids=["larger share", "earlier of equals", "too little in all", "whole"],
)
def test_of_a_group_one_member_wins_if_they_make_half_of_one(
    ratios: list[float], accepted: list[bool]
) -> None:
    bids = [block(name, (100.0,), 10, site_id="n", exclusive_group="g") for name in ("a", "b")]
    market = market_of(book((100.0,), *bids))
    assert round_relaxation(market, values(market, blocks=ratios)).blocks.tolist() == accepted


def test_a_group_of_steps_and_blocks_is_rounded_together() -> None:
    bids = (
        block("a", (100.0,), 10, site_id="n", exclusive_group="g"),
        steps("b", (100.0, 10.0), site_id="n", exclusive_group="g"),
    )
    market = market_of(book((100.0,), *bids))
    found = round_relaxation(market, values(market, blocks=[0.4], grouped=[0.6]))
    assert (found.blocks.tolist(), found.grouped.tolist()) == ([False], [True])


def test_only_a_whole_pattern_runs() -> None:
    bids = [steps(name, (100.0, 10.0), (100.0, 10.0), run_limits=RunLimits()) for name in ("a", "b")]
    market = market_of(book((100.0, 100.0), *bids))
    value = values(market, on=[1.0, 0.0, 1.0, 0.5], start=[1.0, 0.0, 1.0, 0.0])
    assert round_relaxation(market, value).on.tolist() == [True, False, False, False]


def test_rounding_down_takes_back_what_was_rounded_up() -> None:
    market = market_of(book((100.0,), block("a", (100.0,), 10), block("b", (100.0,), 10, least=0.5)))
    value = values(market, blocks=[0.6, 0.6])
    rounded = round_relaxation(market, value)
    assert rounded.blocks.all()
    assert round_down(market, value, rounded).blocks.tolist() == [False, True]


def test_nothing_to_round_is_rounded_to_nothing() -> None:
    market = market_of(book((100.0,), steps("a", (100.0, 10.0))))
    found = round_relaxation(market, np.zeros(market.program.column_count))
    assert (len(found.blocks), len(found.grouped), len(found.on)) == (0, 0, 0)
