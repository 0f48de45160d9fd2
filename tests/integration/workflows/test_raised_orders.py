"""An order to raise load that is raised further in its course stays within every connection."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.followed_evening import FOLLOWED, SITES, Course, begin
from support.market import EVENING, NOON, OPERATOR, make_market

from vpp.dispatch.event import EventState
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.workflows.forecast_records import ForecastRecord
from vpp.workflows.ordering import NO_CAPACITY, OrderedCall, create_ordered_event


@pytest.mark.parametrize("bears_kw", [120.0, 80.0])
def test_what_one_site_refuses_is_raised_at_others_within_their_connections(
    tmp_path: Path, bears_kw: float
) -> None:
    market = make_market(tmp_path)
    for site_id in SITES:
        market.enrol(site_id, products=("example-surplus",))
    day = Interval(EVENING.start.replace(hour=0), EVENING.start.replace(hour=0) + timedelta(days=1))
    high_kw = (3000.0 - bears_kw,) * 96
    with market.units() as uow:
        uow.forecasts.add(ForecastRecord("north-2", NOON, day, 900, "test", high_kw, high_kw, high_kw))
        uow.commit()
    course = Course(market, direction=Direction.LOAD_UP)
    call = OrderedCall(EventPurpose.MANDATORY, "example-surplus", "north", EVENING, (250.0,) * 8)
    create_ordered_event(market.units, OPERATOR, course.rules, call, event_id="evening", request_id="")
    first = {site_id: each.target_reduction_kw for site_id, each in course.newest().items()}
    begin(course, refusing=frozenset({"north-1"}))
    told = {site_id: each.target_reduction_kw for site_id, each in course.newest().items()}
    assert told["north-3"][0] > first["north-3"][0]
    assert told["north-2"][0] > first["north-2"][0]
    assert max(told["north-2"]) <= bears_kw + 1e-6
    assert max(told["north-3"]) <= 200.0 + 1e-6
    assert told["north-2"][0] + told["north-3"][0] == pytest.approx(min(250.0, bears_kw + 200.0))


def test_a_site_without_a_forecast_is_ordered_no_more_than_its_connection(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    for site_id in SITES[:2]:
        market.enrol(site_id, products=("example-surplus", "example-peak-shaving"))
    with market.units() as uow:
        stored = uow.sites.get(SITES[0])
        assert stored is not None
        uow.sites.update(SITES[0], replace(stored.value, import_limit_kw=120.0), revision=stored.revision)
        uow.commit()
    course = Course(market, direction=Direction.LOAD_UP)
    call = OrderedCall(EventPurpose.MANDATORY, "example-surplus", "north", EVENING, (1000.0,) * 8)
    create_ordered_event(market.units, OPERATOR, course.rules, call, event_id="evening", request_id="")
    told = {site_id: set(each.target_reduction_kw) for site_id, each in course.newest().items()}
    assert told == {SITES[0]: {120.0}, SITES[1]: {200.0}}


@pytest.mark.parametrize("purpose", [EventPurpose.MANDATORY, EventPurpose.TEST, EventPurpose.DRY_RUN])
def test_a_site_that_can_raise_nothing_is_never_told_to(tmp_path: Path, purpose: EventPurpose) -> None:
    market = make_market(tmp_path)
    for site_id in SITES[:2]:
        market.enrol(site_id, products=("example-surplus",))
    with market.units() as uow:
        stored = uow.resources.get(f"{SITES[0]}/battery")
        assert stored is not None
        older = replace(stored.value.envelope, max_increase_kw=0.0)
        uow.resources.update(
            f"{SITES[0]}/battery", replace(stored.value, envelope=older), revision=stored.revision
        )
        uow.commit()
    call = OrderedCall(purpose, "example-surplus", "north", EVENING, (300.0,) * 8)
    create_ordered_event(market.units, OPERATOR, FOLLOWED, call, event_id="evening", request_id="")
    assert [each.site_id for each in market.instructions()] == [SITES[1]]
    call = replace(call, site_ids=SITES[:1])
    alone = create_ordered_event(market.units, OPERATOR, FOLLOWED, call, event_id="alone", request_id="")
    assert (alone.value.state, alone.value.failure_reason) == (EventState.FAILED, NO_CAPACITY)
