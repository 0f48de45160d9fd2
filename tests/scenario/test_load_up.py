"""Hub and agents through hours of surplus: sites sell more load, and obey an order to use less meanwhile."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from support.day import PRODUCTS, Day, make_day
from support.market import NOON, OPERATOR, RULES
from support.products import product_for

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.workflows.delivering import site_deliveries
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.watching import event_status

pytestmark = pytest.mark.timeout(300)
SURPLUS = Interval(NOON + timedelta(minutes=45), NOON + timedelta(minutes=105))
ORDER = Interval(SURPLUS.start + timedelta(minutes=30), SURPLUS.end)
TARGET_KW = 1000.0


def play(folder: Path) -> Day:
    """Sell an hour of more load at short notice, with an order to curtail in its second half."""
    surplus = product_for(Direction.LOAD_UP)
    call = surplus.call.model_copy(update={"notice_min": timedelta(minutes=15)})
    # Half-empty batteries; a day ahead the agents would have them recharged by then.
    day = make_day(
        folder, site_count=3, seed=11, products={**PRODUCTS, surplus.product_id: False}, rest_ratio=0.3
    )
    with day.market.units() as uow:
        uow.products.add(surplus.model_copy(update={"version": surplus.version + 1, "call": call}))
        uow.commit()
    day.until(NOON + timedelta(minutes=5))
    day.market.open_auction(
        product_id=surplus.product_id,
        delivery=SURPLUS,
        target_reduction_kw=(TARGET_KW,) * 4,
        gate_closes_at=NOON + timedelta(minutes=20),
    )
    day.until(SURPLUS.start + timedelta(minutes=15))
    sold = [each.site_id for each in day.market.instructions()]
    order = OrderedCall(
        EventPurpose.MANDATORY, "example-peak-shaving", "north", ORDER, (60.0,) * 2, (sold[0],)
    )
    create_ordered_event(day.market.units, OPERATOR, RULES, order, event_id="order", request_id="")
    day.until(SURPLUS.end + timedelta(hours=5))
    return day


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    day = play(tmp_path_factory.mktemp("surplus"))
    yield day
    day.close()


def energies_kwh(day: Day, event_id: str, site_id: str, span: Interval) -> tuple[Decimal, Decimal]:
    """Return what a site delivered of an event in a span, and what it was told, kWh."""
    with day.market.units(write=False) as uow:
        deliveries = site_deliveries(uow, day.market.event(event_id), RULES)
    (delivery,) = [each for each in deliveries if each.site_id == site_id]
    measured = [each for each in delivery.intervals if each.interval.start in span]
    return (
        sum((each.delivered_kwh or Decimal(0) for each in measured), Decimal(0)),
        sum((each.target_kw / 4 for each in measured), Decimal(0)),
    )


def test_every_site_raises_its_load_to_what_it_sold(day: Day) -> None:
    assert day.market.event().state is EventState.SETTLED
    instructions = day.market.instructions()
    assert len(instructions) == 3
    assert {each.direction for each in instructions} == {Direction.LOAD_UP}
    assert {each.state for each in instructions} <= {InstructionState.COMPLETED, InstructionState.ABORTED}
    before = Interval(SURPLUS.start, ORDER.start)
    for each in instructions:
        delivered, told = energies_kwh(day, "evening", each.site_id, before)
        assert Decimal("0.85") <= delivered / told <= Decimal("1.25"), each.site_id


def test_who_is_ordered_to_curtail_does_so_and_the_others_go_on(day: Day) -> None:
    (ordered,) = day.market.instructions("order")
    assert ordered.direction is Direction.LOAD_DOWN
    assert ordered.state is InstructionState.COMPLETED
    delivered, told = energies_kwh(day, "order", ordered.site_id, ORDER)
    assert delivered >= Decimal("0.85") * told
    sold, _ = energies_kwh(day, "evening", ordered.site_id, ORDER)
    assert abs(sold) < Decimal("0.2") * told  # it neither raised its load nor is charged with the order
    for each in day.market.instructions():
        if each.site_id != ordered.site_id:
            delivered, told = energies_kwh(day, "evening", each.site_id, ORDER)
            assert delivered >= Decimal("0.85") * told


def test_statements_say_which_way_and_add_up(day: Day) -> None:
    total, paid = Decimal(0), {}
    for name, content in day.statement_files().items():
        if name.startswith("statement_") and name.endswith("_v1.csv"):
            rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
            assert {row["direction"] for row in rows} == {"load_up"}
            total += sum((Decimal(row["amount"]) for row in rows), Decimal(0))
            paid |= {row["site_id"]: row for row in rows if row["line_code"] == "ENERGY"}
            for row in rows:
                if row["delivered_kwh"]:
                    moved = Decimal(row["metered_kwh"]) - Decimal(row["baseline_kwh"])
                    assert Decimal(row["delivered_kwh"]) == moved
    assert total == 0
    assert paid.keys() == {each.site_id for each in day.market.instructions()}
    status = event_status(day.market.units, OPERATOR, "evening")
    assert status.delivered_energy_kwh > 0
