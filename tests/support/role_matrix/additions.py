"""What waits to be decided on the populated hub, so that every method can be served to somebody."""

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from sqlite3 import connect
from tempfile import TemporaryDirectory

from support.market import RULES, Market
from support.populated_hub import AUCTIONS, CALLERS, NOW, OPEN, PEAK, SETTLED, SITES, populated_market
from support.products import PRODUCT_FOLDER, changed_product

from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.workflows.acting import acting_as
from vpp.workflows.enrolling import create_enrolment
from vpp.workflows.founding_products import found_products
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.product_changes import propose_change
from vpp.workflows.signing_heads import sign_heads

WAITED_FOR = "example-cn-day-ahead"
"""A product in which every site waits for approval."""
FOUND_IN_FILE = "example-uftp"
PROPOSED_FILE = "example_emergency.toml"
DRILL = Interval(NOW + timedelta(days=7), NOW + timedelta(days=7, hours=2))


def drill_of(open_id: str) -> str:
    """Return the id of the drill that an open auction's buyer has ordered in its zone."""
    return f"{open_id}-drill"


def again_of(event_id: str) -> str:
    """Return the id of a settled event that is like another, and of which no correction waits."""
    return f"{event_id}-again"


@cache
def decidable_content() -> bytes:
    """Return the populated database with what waits to be decided."""
    with TemporaryDirectory() as folder:
        market = populated_market(Path(folder))
        _enrol(market)
        _order(market)
        _settled_again(market)
        _change_products(market)
        sign_heads(market.units, None)
        market.units.close()
        with closing(connect(Path(folder) / "hub.sqlite")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return connection.serialize()


def _enrol(market: Market) -> None:
    for site in SITES.values():
        with acting_as(site.owner):  # so that its party's record has an entry
            create_enrolment(
                market.units, site.owner, site.site_id, WAITED_FOR, request_id="", automatic_approval=False
            )


def _order(market: Market) -> None:
    for auction_id in OPEN:
        made = AUCTIONS[auction_id]
        call = OrderedCall(
            EventPurpose.TEST, PEAK, made.zone, DRILL, (made.target_kw,) * 8, (made.site_ids[0],)
        )
        create_ordered_event(
            market.units, CALLERS[made.buyer], RULES, call, event_id=drill_of(auction_id), request_id=""
        )


def _settled_again(market: Market) -> None:
    with market.units() as uow:
        for event_id in SETTLED:
            stored = uow.events.get(event_id)
            assert stored is not None
            uow.events.add(again_of(event_id), replace(stored.value, event_id=again_of(event_id)))
        uow.commit()


def _change_products(market: Market) -> None:
    products = _products(market)
    propose_change(
        market.units, CALLERS["grid-operator"], _next(products[PEAK]), reason="dearer", request_id=""
    )
    found_products(market.units, [*products.values(), _next(products[FOUND_IN_FILE])])


def _products(market: Market) -> Mapping[str, ProductProfile]:
    with market.units(write=False) as uow:
        return {one.product_id: one for one in uow.products.all_latest()}


def _next(present: ProductProfile) -> ProductProfile:
    return changed_product(present, version=present.version + 1, display_name=f"{present.display_name}, anew")


@cache
def proposed_document() -> str:
    """Return a document that can be proposed: the next version of a product that ships."""
    text = (PRODUCT_FOLDER / PROPOSED_FILE).read_text()
    present = re.search(r"^version = ([0-9]+)", text, re.MULTILINE)
    assert present is not None
    return text.replace(present[0], f"version = {int(present[1]) + 1}", 1)
