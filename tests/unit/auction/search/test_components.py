"""Which bids hang together by rows of their own."""

import numpy as np
import pytest
from support.hand_cleared import book, steps
from support.programs import block, market_of, relaxed

from vpp.auction.buyer import BuyerTerms, ZoneLimit
from vpp.auction.search.components import Components


def test_bids_without_shared_rows_are_apart_and_linked_ones_together() -> None:
    bids = (
        block("a", (100.0,), 10, site_id="n"),
        block("b", (100.0,), 10, site_id="n", parent_bid_id="a"),
        block("c", (100.0,), 10),
    )
    market = market_of(book((100.0,), *bids))
    of_column = Components(market).of_column
    a, b, c = of_column[market.blocks.column]
    assert a == b != c


def test_the_market_belongs_to_no_component() -> None:
    market = market_of(book((100.0,), steps("a", (100.0, 10.0))))
    assert set(Components(market).of_column[: market.market_column_count].tolist()) == {-1}


def test_bids_behind_an_inner_account_hang_together() -> None:
    terms = BuyerTerms(zones=(ZoneLimit("Z1", max_reduction_kw=(50.0,)),))
    market = market_of(book((100.0,), steps("a", (100.0, 10.0)), steps("b", (100.0, 20.0)), terms=terms))
    apart, together = Components(market), Components(market, inner=(market.accounts.zone_account("Z1"),))
    columns = market.steps.column
    assert len(set(apart.of_column[columns].tolist())) == 2
    assert len(set(together.of_column[columns].tolist())) == 1


def test_priced_columns_cost_what_they_ask_less_what_they_are_worth() -> None:
    # 40 of 100 kW at 10 and none at 90: the price is 10, and 100 kW at 90 would lose 80 each.
    market = market_of(book((40.0,), steps("a", (100.0, 10.0)), steps("b", (100.0, 90.0))))
    weight = Components(market).priced(relaxed(market).row_dual)
    assert weight[market.steps.column] == pytest.approx([0.0, 80.0])


def test_the_program_of_a_component_holds_its_rows_alone() -> None:
    limited = steps("a", (100.0, 10.0), (100.0, 10.0), energy_limit_kwh=120.0)
    market = market_of(book((100.0, 100.0), limited, steps("b", (100.0, 20.0), None)))
    components = Components(market)
    columns, rows = components.members(int(components.of_column[market.steps.column[0]]))
    program = components.program_of(columns, rows, np.zeros(len(columns)))
    assert (program.column_count, program.row_count) == (2, 1)
    assert program.row_high.tolist() == [120.0]
