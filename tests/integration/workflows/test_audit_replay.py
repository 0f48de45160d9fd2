"""An emergency is cleared again from the record, and nobody reads its book before its delivery is over."""

import json
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from support.market import NOON, Market

from vpp.auction.clearing_input import replay
from vpp.foundation.audit_export import documents_of, figures_of
from vpp.foundation.audit_verification import verify_export
from vpp.foundation.interval import Interval
from vpp.foundation.sealing_keys import new_sealing_keys
from vpp.storage.bid_sealing import BidSealing, own_sealing
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.exporting_audit import export_lines
from vpp.workflows.ports import UnitOfWorkFactory

STORM = Interval(NOON + timedelta(hours=1), NOON + timedelta(hours=2))
INPUT = "events/storm/clearingInput"


@pytest.fixture
def stormy(market: Market) -> Market:
    """A market whose two standing bids an emergency has called."""
    for site_id, price in (("north-1", "60"), ("north-2", "87.31")):
        market.standing_bid(site_id, 100.0, price)
    market.call_emergency(120.0, STORM)
    return market


def exported(units: UnitOfWorkFactory) -> list[bytes]:
    with units(write=False) as uow:
        heads = uow.audit.heads()
    return list(export_lines(units, heads, with_clearings=True))


def test_an_emergency_is_cleared_again_once_it_is_over(stormy: Market) -> None:
    before = exported(stormy.units)
    assert verify_export(before, keys={}).faults == ()
    assert INPUT not in dict(documents_of(before))
    stormy.clock.advance_to(STORM.end)
    lines = exported(stormy.units)
    assert verify_export(lines, keys={}).faults == ()
    documents = dict(documents_of(lines))
    recorded: dict[str, set[str]] = {}
    for subject, commitment in figures_of(lines, "commitment"):
        recorded.setdefault(subject, set()).add(commitment)
    assert len(recorded) == 2
    again = replay(documents[INPUT], documents["events/storm/clearing"], recorded)
    assert (again.is_same, again.differing) == (True, ())
    assert (again.opened.count, again.opened.violations) == (2, ())


def test_the_book_is_sealed_where_it_is_kept(stormy: Market, tmp_path: Path) -> None:
    stormy.clock.advance_to(STORM.end)
    engine = make_engine(f"sqlite:///{tmp_path}/hub.sqlite")
    with engine.connect() as connection:
        row = connection.execute(text("SELECT content, sealing_key FROM clearing_inputs")).one()
    assert row.sealing_key == own_sealing().keys.key_ids[0]
    with pytest.raises(zlib.error):
        zlib.decompress(row.content)
    # A hub that has lost the key exports the rest, which still holds.
    lines = exported(SqlUnitOfWorkFactory(engine, stormy.clock, sealing=BidSealing(new_sealing_keys())))
    assert INPUT not in dict(documents_of(lines))
    assert verify_export(lines, keys={}).faults == ()
    engine.dispose()


@pytest.mark.parametrize("change", ["price", "commitment"])
def test_a_called_bid_that_is_not_what_it_committed_to_is_told(stormy: Market, change: str) -> None:
    stormy.clock.advance_to(STORM.end)
    documents = dict(documents_of(exported(stormy.units)))
    content = documents[INPUT]
    if change == "price":
        content = content.replace('"nanos":310000000', '"nanos":320000000', 1)
        assert content != documents[INPUT]
    else:
        document = json.loads(content)
        document["standing"] = {
            bid: {**one, "commitment": "0" * 64} for bid, one in document["standing"].items()
        }
        content = json.dumps(document)
    assert replay(content, documents["events/storm/clearing"]).opened.violations
