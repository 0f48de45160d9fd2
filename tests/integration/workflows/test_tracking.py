"""An event followed in its course, through the real workflows on SQLite and a manual clock."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from support.followed_evening import (
    FOLLOWED,
    SITES,
    Course,
    begin,
    course_from,
    make_begun,
    make_cleared,
)
from support.market import EVENING, FIVE, GATE, NOON, OPERATOR, RULES, agent_of

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import OPEN_STATES, Instruction, InstructionState
from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.site_score import ErrorSource, SiteScore
from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.dispatch.tracking.rules import TrackingRules
from vpp.foundation.errors import NotFound, StaleWrite
from vpp.foundation.interval import Interval
from vpp.workflows.looks import event_of_look, look_subject
from vpp.workflows.modifying import cancel_event, update_event
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.ports import DueKind, UnitOfWork
from vpp.workflows.tracking import track_event
from vpp.workflows.tracking_records import ActionKind
from vpp.workflows.viewing_looks import list_looks
from vpp.workflows.visibility import PageRequest
from vpp.workflows.watching import event_status

SHOWN_HALF = SiteScore(
    event_id="",
    site_id="",
    purpose=EventPurpose.TEST,
    delivery_start_at=EVENING.start,
    target_kw=100.0,
    event_observed_ratio=1.0,
    month_observed_ratio=1.0,
    error_kw=1.0,
    error_source=ErrorSource.PLACEBO,
    doubtful_ratio=0.0,
    reached_ratio=0.5,
    response_delay=None,
    full_delay=None,
    ramp_kw_per_min=None,
    steadiness_ratio=None,
    observability_ratio=1.0,
    measurability_ratio=1.0,
    controllability_ratio=0.5,
)


def about(record: logging.LogRecord) -> tuple[str, str, str]:
    return tuple(getattr(record, name, "") for name in ("event", "site", "instruction"))


@pytest.fixture(scope="module")
def cleared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_cleared(tmp_path_factory.mktemp("cleared"))


@pytest.fixture(scope="module")
def at_its_start(cleared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_begun(cleared, tmp_path_factory.mktemp("begun"))


@pytest.fixture
def course(cleared: Path, tmp_path: Path) -> Iterator[Course]:
    """The evening once it is cleared."""
    copy = course_from(cleared, tmp_path)
    yield copy
    copy.market.units.close()


@pytest.fixture
def begun(at_its_start: Path, tmp_path: Path) -> Iterator[Course]:
    """The evening at its start; both sites have agreed."""
    copy = course_from(at_its_start, tmp_path, is_begun=True)
    yield copy
    copy.market.units.close()


def looks_due(course: Course, event_id: str) -> list[datetime]:
    with course.market.units(write=False) as uow:
        return [
            due.due_at
            for due in uow.due.open()
            if due.kind is DueKind.TRACKING and event_of_look(due.subject_id) == event_id
        ]


def test_the_first_look_is_owed_with_what_tells_the_sites(course: Course) -> None:
    first_at = EVENING.start - timedelta(minutes=15) + timedelta(seconds=20)
    assert looks_due(course, "evening") == [first_at]
    call = OrderedCall(EventPurpose.TEST, "example-peak-shaving", "north", EVENING, (30.0,) * 8, SITES)
    create_ordered_event(course.market.units, OPERATOR, FOLLOWED, call, event_id="test", request_id="")
    assert looks_due(course, "test") == [first_at]
    create_ordered_event(course.market.units, OPERATOR, RULES, call, event_id="unseen", request_id="")
    assert looks_due(course, "unseen") == []


def test_a_refusal_is_made_good_before_the_start_from_standing_bids(course: Course) -> None:
    begin(course, refusing=frozenset({"north-2"}))
    told = course.newest()
    assert told["north-3"].target_reduction_kw == pytest.approx((50.0,) * 8)
    assert told["north-1"].instruction_id == "evening-m0-north-1"  # who is not concerned keeps its own
    assert course.market.event().modification_number == 1
    with course.market.units(write=False) as uow:
        (award,) = [each for each in uow.claims.awards_of(["evening"]) if each.site_id == "north-3"]
    assert award.award_id == f"evening-{award.bid_id}-m1"
    assert set(award.price_per_mwh) == {Decimal(90)}
    assert course.actions() == [ActionKind.TOP_UP]


def test_a_shortfall_is_noticed_within_two_samples_and_closed(
    begun: Course, caplog: pytest.LogCaptureFixture
) -> None:
    begun.deliver(15, {"north-1": 100.0, "north-2": 50.0})
    assert begun.actions() == []
    begun.deliver(10, {"north-1": 0.0, "north-2": 50.0})
    assert [about(record) for record in caplog.records if record.levelno == logging.WARNING] == [
        ("events/evening", "sites/north-1", "instructions/evening-m0-north-1")
    ]
    noticed = [tick for tick in begun.ticks() if tick.changed_states.get("north-1") is DeliveryState.UNDER]
    stopped_at = EVENING.start + timedelta(minutes=15)
    assert noticed[0].looked_at - stopped_at <= 2 * FIVE + TrackingRules().reading_allowance
    assert [one["site"] for one in begun.audited("not_delivering")] == ["north-1"]
    joined = begun.newest()["north-3"]
    assert joined.target_reduction_kw[:2] == (0.0, 0.0)
    assert joined.target_reduction_kw[2:] == pytest.approx((100.0,) * 6)
    begun.deliver(5, {"north-1": 0.0, "north-2": 50.0})
    begun.deliver(15, {"north-1": 0.0, "north-2": 50.0, "north-3": 100.0})
    assert begun.ticks()[-1].expected_kw[3:] == pytest.approx((150.0,) * 5)


def test_a_top_up_is_paid_at_the_price_of_its_own_clearing(course: Course) -> None:
    begin(course, refusing=frozenset({"north-2"}))
    course.rules = RULES  # nobody looks at the rest: what was bought is what matters
    course.due(EVENING.end)
    for site_id, reduction_kw in (("north-1", 100.0), ("north-3", 50.0)):
        course.market.meter(site_id, 2000, EVENING.start, np.full(24, 1000.0 - reduction_kw))
    course.due(EVENING.end + timedelta(hours=4))
    assert course.market.event().state is EventState.SETTLED
    with course.market.units(write=False) as uow:
        files = uow.statements.page(where={"party_id": "owner-north-3"})[0].value.files
    text = next(content for name, content in files.items() if name.endswith(".csv")).decode()
    lines = [line for line in text.splitlines() if "ENERGY" in line]
    assert len(lines) == 8
    assert all("90.000000" in line and "1.13" in line for line in lines)  # 12.5 kWh at 90 per MWh: 1.125


def test_standing_bids_count_at_what_their_sites_have_shown(course: Course) -> None:
    with course.market.units() as uow:
        uow.scores.add_all([replace(SHOWN_HALF, event_id="evening", site_id="north-3")])
        uow.commit()
    begin(course, refusing=frozenset({"north-2"}))
    # Half of the target reached in one event beside its own word: three quarters are counted on.
    assert course.newest()["north-3"].target_reduction_kw == pytest.approx((50.0 / 0.75,) * 8, rel=1e-3)


def test_what_nobody_pays_for_is_trimmed_and_given_back_when_it_is_missed(begun: Course) -> None:
    begun.deliver(15, {"north-1": 150.0, "north-2": 50.0})
    assert ActionKind.TRIM in begun.actions()
    trimmed = begun.newest()
    assert sum(each.target_reduction_kw[3] for each in trimmed.values()) < 150.0
    begun.deliver(30, {"north-1": 40.0, "north-2": 30.0})
    assert ActionKind.RESTORE in begun.actions()


def test_an_event_on_its_target_is_left_alone(begun: Course) -> None:
    for _ in range(3):
        begun.deliver(15, {"north-1": 100.0, "north-2": 50.0})
    assert begun.actions() == []
    assert begun.market.event().modification_number == 0
    last = begun.ticks()[-1]
    assert last.delivered_energy_kwh == pytest.approx(3 * 37.5)
    assert last.expected_energy_kwh == pytest.approx(last.planned_energy_kwh)


def test_a_silent_meter_is_noticed_within_two_intervals(begun: Course) -> None:
    begun.deliver(10, {"north-1": 100.0, "north-2": 50.0})
    begun.deliver(10, {"north-2": 50.0}, silent=frozenset({"north-1"}))
    assert begun.ticks()[-1].changed_states == {"north-1": DeliveryState.SILENT} | {
        site_id: state for site_id, state in begun.ticks()[-1].changed_states.items() if site_id != "north-1"
    }
    assert "north-3" in begun.newest()


def test_where_no_meter_is_heard_the_reserve_is_left_alone(
    begun: Course, caplog: pytest.LogCaptureFixture
) -> None:
    begun.deliver(15, {"north-1": 100.0, "north-2": 50.0})
    begun.deliver(15, {}, silent=frozenset(SITES))
    last = begun.ticks()[-1]
    assert last.site_counts == {DeliveryState.SILENT: 2}
    assert last.expected_kw == pytest.approx((150.0,) * 8)
    assert begun.actions() == []
    assert begun.audited("not_delivering") == []
    assert begun.audited("distrust_silence")[0] == {"silent": "2", "meters": "2"}
    assert any(
        record.levelno == logging.WARNING and "distrust_silence" in record.getMessage()
        for record in caplog.records
    )


def test_one_silent_site_among_those_that_are_heard_does_not_deliver(begun: Course) -> None:
    begun.deliver(10, {"north-1": 100.0, "north-2": 50.0})
    begun.deliver(10, {"north-1": 100.0}, silent=frozenset({"north-2"}))
    assert begun.newest()["north-3"].target_reduction_kw[2:] == pytest.approx((50.0,) * 6)


def test_what_a_site_did_before_a_rival_event_was_cancelled_counts_for_that(begun: Course) -> None:
    market = begun.market
    begin_at = EVENING.start + timedelta(minutes=15)
    call = OrderedCall(
        purpose=EventPurpose.MANDATORY,
        product_id="example-peak-shaving",
        zone="north",
        delivery=Interval(begin_at, begin_at + timedelta(minutes=30)),
        target_reduction_kw=(60.0,) * 2,
        site_ids=("north-2",),
    )
    create_ordered_event(market.units, OPERATOR, FOLLOWED, call, event_id="order", request_id="")
    begun.answer(event_id="order")
    begun.deliver(30, {"north-1": 100.0, "north-2": 60.0})
    seen = begun.ticks()[-1]
    assert seen.delivered_kw[:2] == pytest.approx((160.0, 100.0))
    cancel_event(market.units, OPERATOR, "order", etag="", request_id="")
    begun.deliver(10, {"north-1": 100.0, "north-2": 50.0})
    assert begun.ticks()[-1].delivered_kw[:2] == pytest.approx(seen.delivered_kw[:2])


def test_a_lowered_target_takes_top_ups_back_in_step(course: Course) -> None:
    begin(course, refusing=frozenset({"north-2"}))
    assert sum(each.target_reduction_kw[4] for each in told(course)) == pytest.approx(150.0)
    update_event(
        course.market.units,
        OPERATOR,
        "evening",
        target_reduction_kw=(150.0,) * 4 + (75.0,) * 4,
        delivery=None,
        etag="",
        request_id="",
    )
    course.answer()
    for _ in range(3):
        course.deliver(15, {"north-1": 100.0, "north-3": 50.0})
    assert sum(each.target_reduction_kw[4] for each in told(course)) == pytest.approx(75.0)
    kinds = course.actions()
    assert kinds == [ActionKind.TOP_UP]


def told(course: Course) -> list[Instruction]:
    return [each for each in course.newest().values() if each.state in OPEN_STATES]


def test_an_event_that_changes_during_every_look_is_looked_at_again(begun: Course) -> None:
    units = begun.market.units

    class Restless:
        """Transactions between whose reading and writing an operator always comes first."""

        def __call__(self, *, write: bool = True) -> UnitOfWork:
            if write:
                with units() as uow:
                    stored = uow.events.get("evening")
                    assert stored is not None
                    uow.events.update("evening", stored.value, revision=stored.revision)
                    uow.commit()
            return units(write=write)

    (due_at,) = looks_due(begun, "evening")
    subject = look_subject("evening", due_at)
    with pytest.raises(StaleWrite):
        track_event(Restless(), begun.market.pool, FOLLOWED, subject)
    assert looks_due(begun, "evening") == [due_at]
    track_event(units, begun.market.pool, FOLLOWED, subject)
    assert begun.ticks()[-1].due_at == due_at


def test_a_look_is_made_once_however_often_it_falls_due(course: Course) -> None:
    begin(course, refusing=frozenset({"north-2"}))
    tick, event = course.ticks()[0], course.market.event()
    subject = look_subject("evening", tick.due_at)
    assert track_event(course.market.units, course.market.pool, FOLLOWED, subject) == []
    assert course.market.event() == event
    assert len(course.market.instructions()) == 3


def test_looks_that_were_missed_are_made_up_for_by_one(begun: Course) -> None:
    before = len(begun.ticks())
    begun.market.clock.advance_to(EVENING.start + timedelta(minutes=50))
    begun.due(EVENING.start + timedelta(minutes=50))
    assert len(begun.ticks()) == before + 1
    assert begun.ticks()[-1].looked_at == EVENING.start + timedelta(minutes=50)
    with begun.market.units(write=False) as uow:
        looks = [due for due in uow.due.open() if due.kind is DueKind.TRACKING]
    assert [due.due_at for due in looks] == [EVENING.start + timedelta(minutes=50, seconds=20)]


def test_a_cancelled_event_is_followed_no_more(begun: Course) -> None:
    begun.deliver(10, {"north-1": 100.0, "north-2": 50.0})
    cancel_event(begun.market.units, OPERATOR, "evening", etag="", request_id="")
    count = len(begun.ticks())
    begun.deliver(15, {})
    assert len(begun.ticks()) == count


def test_a_resource_that_another_event_claims_is_no_reserve(course: Course) -> None:
    market = course.market
    market.open_auction(100.0, auction_id="other", gate_closes_at=GATE + timedelta(hours=1))
    market.bid("north-3", 100.0, "40", auction_id="other")
    course.due(GATE + timedelta(hours=1, minutes=1))
    begin(course, refusing=frozenset({"north-2"}))
    assert course.actions() == []
    assert course.ticks()[-1].reserve_kw == 0.0


def test_what_is_dearer_than_the_cap_is_not_called(course: Course) -> None:
    market = course.market
    market.open_auction(
        50.0, auction_id="cheap", price_cap_per_mwh=Decimal(70), gate_closes_at=GATE + timedelta(hours=1)
    )
    assert market.event("cheap").price_cap_per_mwh == Decimal(70)
    market.enrol("north-4")
    market.bid("north-4", 50.0, "60", auction_id="cheap")
    course.due(GATE + timedelta(hours=1, minutes=1))
    (instruction,) = market.instructions("cheap")
    market.report(instruction, InstructionState.REFUSED)
    begin(course)
    assert course.ticks("cheap")[-1].reserve_kw == 0.0
    assert len(market.instructions("cheap")) == 1


@pytest.mark.parametrize(("purpose", "raises"), [(EventPurpose.MANDATORY, True), (EventPurpose.TEST, False)])
def test_an_order_is_steered_and_a_test_only_looked_at(
    course: Course, purpose: EventPurpose, *, raises: bool
) -> None:
    market = course.market
    begin_at = EVENING.start
    call = OrderedCall(
        purpose=purpose,
        product_id="example-peak-shaving",
        zone="north",
        delivery=EVENING,
        target_reduction_kw=(90.0,) * 8,
        site_ids=SITES,
    )
    cancel_event(market.units, OPERATOR, "evening", etag="", request_id="")
    create_ordered_event(market.units, OPERATOR, FOLLOWED, call, event_id="order", request_id="")
    course.answer(event_id="order")
    first = NOON.replace(hour=0)
    course.due(begin_at - timedelta(minutes=20))
    for site_id in SITES:
        market.meter(site_id, 500, first, np.full((begin_at - timedelta(minutes=20) - first) // FIVE, 1000.0))
    course.deliver(20, {})
    course.deliver(15, {"north-1": 30.0, "north-2": 30.0})
    done = [action.kind for tick in course.ticks("order") for action in tick.actions]
    assert set(done) == ({ActionKind.RAISE} if raises else set())
    told_kw = sum(each.target_reduction_kw[-1] for each in course.newest("order").values())
    assert (told_kw > 91.0) is raises
    with market.units(write=False) as uow:
        assert uow.claims.awards_of(["order"]) == []


def test_operators_see_the_newest_look_and_a_site_only_itself(begun: Course) -> None:
    begun.deliver(15, {"north-1": 100.0, "north-2": 25.0})
    seen = event_status(begun.market.units, OPERATOR, "evening")
    assert seen.tick == begun.ticks()[-1]
    assert seen.delivered_energy_kwh == pytest.approx(31.25)
    assert seen.target_energy_kwh == pytest.approx(37.5)
    own = event_status(begun.market.units, agent_of("north-2"), "evening")
    assert own.delivered_energy_kwh == pytest.approx(6.25)
    assert own.target_energy_kwh == pytest.approx(12.5)
    assert own.site_counts == {DeliveryState.UNDER: 1}


def test_looks_are_listed_in_pages_to_those_who_see_all_sites(course: Course) -> None:
    begin(course)
    course.deliver(15, {"north-1": 100.0, "north-2": 50.0})
    units = course.market.units
    first = list_looks(units, OPERATOR, "evening", PageRequest(page_size=2))
    rest = list_looks(units, OPERATOR, "evening", PageRequest(page_token=first.page.next_page_token))
    assert [*first.page.items, *rest.page.items] == course.ticks()
    with pytest.raises(NotFound):
        list_looks(units, agent_of("north-1"), "evening", PageRequest())
