"""The migration to sealed bids, back and forth with bids in the tables; it never drops what is sealed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from support.market import GATE, OPERATOR, agent_of, market_on, step_bid
from support.products import changed_product, shipped_products

from vpp.auction.bid import StepOffer
from vpp.portfolio.product_change import ProductChangeState, change_id_of
from vpp.storage.migrate import downgrade, migrate
from vpp.storage.tables.auction import BIDS
from vpp.workflows.bidding import withdraw_bid
from vpp.workflows.product_changes import decide_change, propose_change
from vpp.workflows.records import BidState

PEAK = shipped_products()["example-peak-shaving"]
ADDED = ("sealed", "sealing_key", "commitment", "commitment_nonce", "currency")


def rows_of(engine: Engine) -> list[dict[str, Any]]:
    """Return the bids as an older hub has them."""
    columns = [column for column in BIDS.columns if column.name not in ADDED]
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(*columns).order_by(BIDS.c.bid_id)).mappings()]


def refused(engine: Engine, count: int) -> None:
    """Check that going back is refused and changes nothing."""
    before = rows_of(engine)
    with pytest.raises(ValueError, match=f"{count} bids are sealed, expected none"):
        downgrade(engine, "0013")
    assert rows_of(engine) == before


def test_nothing_that_can_still_be_called_is_dropped_and_the_rest_goes_back_and_forth(
    empty_engine: Engine,
) -> None:
    migrate(empty_engine)
    market = market_on(empty_engine)
    market.enrol("north-1", days=1)
    market.open_auction()
    market.bid("north-1", 100.0, "60")
    standing = step_bid("north-1", 100.0, "60", intervals=1)
    stored = market.bid("north-1", 0.0, "0", bid=standing, auction_id=None, product_id="example-emergency")
    refused(empty_engine, 2)
    market.advance(GATE + timedelta(minutes=1))
    assert market.event().awarded_reduction_kw[0] == pytest.approx(100.0)
    refused(empty_engine, 1)
    withdraw_bid(market.units, agent_of("north-1"), stored.value.bid.bid_id, request_id="")
    new = changed_product(PEAK, version=PEAK.version + 1, money={"penalty_ratio": "3"})
    propose_change(market.units, OPERATOR, new, reason="dearer", request_id="")
    admin = replace(OPERATOR, principal_id="admin", party_id="hub")
    decide_change(market.units, admin, change_id_of(new), ProductChangeState.APPROVED)
    before = {row["bid_id"]: row for row in rows_of(empty_engine)}
    downgrade(empty_engine, "0013")
    migrate(empty_engine)
    # What was taken back keeps its place without its offer; what was opened is as it was.
    before[stored.value.bid.bid_id]["offer"] = {"kind": "steps", "steps": []}
    assert {row["bid_id"]: row for row in rows_of(empty_engine)} == before
    with market.units(write=False) as uow:
        again = uow.bids.get(stored.value.bid.bid_id)
        assert again is not None
        assert (again.value.state, again.value.bid.offer) == (BidState.WITHDRAWN, StepOffer(()))
        assert uow.products.latest(new.product_id) == new  # in force, whoever agreed to it
        assert not uow.product_changes.page()
