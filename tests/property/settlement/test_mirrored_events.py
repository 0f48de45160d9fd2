"""An event that raises consumption settles, on a mirrored meter, exactly as the one that lowers it."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.random_months import PERIOD, random_month
from support.settled import statements_of

from vpp.foundation.direction import Direction
from vpp.settlement.reckoning import reckon
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
        aggregate_shift_kwh=tuple(map(negated, delivery.aggregate_shift_kwh)),
    )


@pytest.fixture(scope="session")
def strategy(random_books: Callable[..., st.SearchStrategy[list[SiteDelivery]]]) -> object:
    return random_books("GBP")


@given(st.data())
def test_every_column_but_the_meters_is_the_same(strategy: object, data: st.DataObject) -> None:
    book: list[SiteDelivery] = data.draw(strategy)  # type: ignore[arg-type]  # a strategy of books
    down = [replace(delivery, emission_factor=FACTOR) for delivery in book]
    lowered = list(statements_of(down).values())
    raised = list(statements_of([mirrored(each) for each in down]).values())
    assert [statement.total for statement in lowered] == [statement.total for statement in raised]
    for one, other in zip(lowered, raised, strict=True):
        assert {line.direction for line in other.lines} == {"load_up"}
        for line, image in zip(one.lines, other.lines, strict=True):
            for name, shown, mirror in zip(line._fields, line, image, strict=True):
                if name in SIGNED:
                    assert mirror == negated(shown), name
                elif name != "direction":
                    assert mirror == shown, name
        check_file(other)


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_every_part_of_the_money_rules_is_the_same_in_both_directions(seed: int) -> None:
    """All but one: more consumption is not bound by the load that there is to shed."""
    ready = {"price_per_kw_h": "0.0201", "paid": "always", "by_performance": True}
    month = random_month(Random(seed), availability=ready)
    down = [each for each in month.deliveries if each.product.call.direction is Direction.LOAD_DOWN]
    lowered, raised = (
        reckon(PERIOD, book, run=month.run, adjustments=month.adjustments)
        for book in (down, [mirrored(each) for each in down])
    )
    assert raised.shared == lowered.shared
    for one, other in zip(lowered.charges, raised.charges, strict=True):
        assert (one.key, one.payer, one.payee, one.amount, one.cuts) == (
            other.key,
            other.payer,
            other.payee,
            other.amount,
            other.cuts,
        )


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
