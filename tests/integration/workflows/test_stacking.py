"""Products that a site may not serve side by side, and meters that are too coarse for one."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.market import EVENING, GATE, OPERATOR, Market, agent_of, make_market, step_bid
from support.products import changed_product, shipped_products

from vpp.dispatch.event import EventState
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.portfolio.enrolment import EnrolmentState
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.resource import Resource, ResourceKind
from vpp.workflows.booking import barred_sites
from vpp.workflows.enrolling import change_enrolment, create_enrolment, create_resource

SHAVING, RESERVE = "example-peak-shaving", "reserve"


def reserve(**changes: object) -> ProductProfile:
    return changed_product(shipped_products()[SHAVING], **{"product_id": RESERVE, "version": 1} | changes)


def add(market: Market, product: ProductProfile) -> None:
    with market.units() as uow:
        uow.products.add(product)
        uow.commit()


def enrol_in(market: Market, product_id: str, *, is_approved: bool = True) -> None:
    create_enrolment(
        market.units,
        agent_of("north-1"),
        "north-1",
        product_id,
        request_id="",
        automatic_approval=is_approved,
    )


def change(market: Market, product_id: str, wanted: EnrolmentState) -> None:
    change_enrolment(
        market.units,
        OPERATOR,
        f"north-1-{product_id}",
        wanted,
        deciding_party_id="grid",
        etag="",
        request_id="",
    )


@pytest.mark.parametrize(("first", "second"), [(SHAVING, RESERVE), (RESERVE, SHAVING)])
def test_whichever_of_two_names_the_other_a_site_is_in_one_of_them(
    tmp_path: Path, first: str, second: str
) -> None:
    market = make_market(tmp_path)
    add(market, reserve(stacking_excludes=[SHAVING]))
    market.enrol("north-1", products=(first,))
    with pytest.raises(WrongState, match=f"is enrolled in products/{first}, which products/{second} may not"):
        enrol_in(market, second)
    change(market, first, EnrolmentState.SUSPENDED)  # it may be taken up again at any time
    with pytest.raises(WrongState, match=f"is enrolled in products/{first}"):
        enrol_in(market, second)
    change(market, first, EnrolmentState.WITHDRAWN)
    enrol_in(market, second)


def test_an_enrolment_is_not_approved_beside_one_that_a_later_version_excludes(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    add(market, reserve())
    market.enrol("north-1", products=(SHAVING,))
    enrol_in(market, RESERVE, is_approved=False)
    add(market, reserve(version=2, stacking_excludes=[SHAVING]))
    with pytest.raises(WrongState, match=f"is enrolled in products/{SHAVING}"):
        change(market, RESERVE, EnrolmentState.ACTIVE)
    change(market, RESERVE, EnrolmentState.WITHDRAWN)


@pytest.fixture
def both(tmp_path: Path) -> Market:
    """A site in two products, of which a later version excludes the other; both have an auction."""
    market = make_market(tmp_path)
    add(market, reserve())
    market.enrol("north-1", products=(SHAVING, RESERVE))
    add(market, reserve(version=2, stacking_excludes=[SHAVING]))
    market.open_auction(50.0)
    market.open_auction(
        50.0, auction_id="reserve", product_id=RESERVE, gate_closes_at=GATE + timedelta(hours=1)
    )
    return market


def test_a_site_that_is_sold_is_refused_for_the_time(both: Market) -> None:
    both.bid("north-1", 50.0, "60")
    both.advance(GATE)
    assert both.event().state is EventState.OFFERED
    with both.units(write=False) as uow:
        product = uow.products.latest(RESERVE)
        assert product is not None
        assert "serves events/evening then" in barred_sites(uow, product, EVENING)["north-1"]
        assert barred_sites(uow, product, EVENING, except_event="evening") == {}


def test_a_bid_of_another_resource_is_refused_too(both: Market) -> None:
    with both.units(write=False) as uow:
        battery = uow.resources.get("north-1/battery")
    assert battery is not None
    second = Resource("north-1", "ups", ResourceKind.UPS, battery.value.envelope)
    create_resource(both.units, agent_of("north-1"), second, request_id="")
    both.bid("north-1", 50.0, "60")
    both.advance(GATE)
    other = replace(step_bid("north-1", 50.0, "60"), resource_id="ups")
    with pytest.raises(WrongState, match=r"serves events/evening then, which products/reserve may not"):
        both.bid("north-1", 50.0, "60", bid=other, auction_id="reserve")


def test_a_meter_may_be_too_coarse(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    for product_id, longest in (("fine", "PT5M"), ("finer", "PT4M"), ("any", None)):
        add(market, reserve(product_id=product_id, telemetry_interval=longest))
    market.enrol("north-1", products=("fine", "any"))  # metered every five minutes
    with pytest.raises(InvalidInput, match=r"metering_interval .* 0:05:00, expected at most .* 0:04:00"):
        enrol_in(market, "finer")


def test_a_meter_may_become_too_coarse_with_a_later_version(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    add(market, reserve())
    market.enrol("north-1", products=(RESERVE,))
    add(market, reserve(version=2, telemetry_interval="PT1M"))
    market.open_auction(50.0, product_id=RESERVE)
    with pytest.raises(InvalidInput, match="telemetry_interval of 0:01:00"):
        market.bid("north-1", 50.0, "60")
