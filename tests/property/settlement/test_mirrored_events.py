"""An event that raises consumption settles, on a mirrored meter, exactly as the one that lowers it."""

from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp.foundation.direction import Direction
from vpp.settlement.settle_period import settle_period
from vpp.settlement.site_delivery import EmissionFactor, SiteDelivery
from vpp.settlement.statement import Statement
from vpp.settlement.statement_file import parse_csv, render_csv

SIGNED = frozenset({"baseline_raw_kwh", "adjustment_kwh", "baseline_kwh", "metered_kwh", "co2_kg"})
"""Columns that say what a meter shows, or what was avoided."""
FACTOR = EmissionFactor(Decimal("0.5703"), "example")


def negated(value: Decimal | None) -> Decimal | None:
    return None if value is None else -value


def mirrored(delivery: SiteDelivery) -> SiteDelivery:
    """Return the same delivery of a site whose meter shows the opposite, by a product of more consumption."""
    product = delivery.product
    call = product.call.model_copy(update={"direction": Direction.LOAD_UP})
    return replace(
        delivery,
        product=product.model_copy(update={"call": call}),
        intervals=tuple(
            replace(
                each,
                baseline_raw_kwh=negated(each.baseline_raw_kwh),
                baseline_kwh=negated(each.baseline_kwh),
                metered_kwh=negated(each.metered_kwh),
                direction=Direction.LOAD_UP,
            )
            for each in delivery.intervals
        ),
    )


@pytest.fixture(scope="session")
def strategy(random_books: Callable[..., st.SearchStrategy[list[SiteDelivery]]]) -> object:
    return random_books("GBP")


@given(st.data())
def test_every_column_but_the_meters_is_the_same(strategy: object, data: st.DataObject) -> None:
    book: list[SiteDelivery] = data.draw(strategy)  # type: ignore[arg-type]  # a strategy of books
    down = [replace(delivery, emission_factor=FACTOR) for delivery in book]
    period = down[0].settlement_period
    lowered = settle_period(period, down, operator_party_id="grid", aggregator_party_id="hub")
    raised = settle_period(
        period, [mirrored(each) for each in down], operator_party_id="grid", aggregator_party_id="hub"
    )
    assert [statement.total for statement in lowered] == [statement.total for statement in raised]
    for one, other in zip(lowered, raised, strict=True):
        assert {line.direction for line in other.lines} == {"load_up"}
        for line, image in zip(one.lines, other.lines, strict=True):
            for field in fields(line):
                shown, mirror = getattr(line, field.name), getattr(image, field.name)
                if field.name in SIGNED:
                    assert mirror == negated(shown), field.name
                elif field.name != "direction":
                    assert mirror == shown, field.name
        check_file(other)


def check_file(raised: Statement) -> None:
    """The file says what was delivered in its direction, and pays no more."""
    for line in parse_csv(render_csv(raised)).lines:
        if line.delivered_kwh is not None:
            assert line.baseline_kwh is not None
            assert line.metered_kwh is not None
            assert line.delivered_kwh == line.metered_kwh - line.baseline_kwh
        if line.payable_kwh:
            assert line.delivered_kwh is not None
            assert line.payable_kwh <= line.delivered_kwh
