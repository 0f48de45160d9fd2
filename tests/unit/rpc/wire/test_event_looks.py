from datetime import UTC, datetime, timedelta
from decimal import Decimal

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.foundation.interval import Interval
from vpp.rpc.wire.event_looks import looks_message, status_message
from vpp.v1 import event_pb2 as pb
from vpp.workflows.ports import Stored
from vpp.workflows.tracking_records import ActionKind, TrackingAction, TrackingTick
from vpp.workflows.viewing_looks import Looks
from vpp.workflows.visibility import Page
from vpp.workflows.watching import EventStatus

START = datetime(2026, 3, 4, 17, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
DELIVERY = Interval(START, START + 2 * QUARTER)
EVENT = Event(
    event_id="evening",
    product_id="example-peak-shaving",
    product_version=1,
    zone="north",
    delivery=DELIVERY,
    target_reduction_kw=(150.0, 150.0),
    awarded_reduction_kw=(150.0, 150.0),
    price_cap_per_mwh=Decimal(2000),
    operator_party_id="grid",
    auction_id=None,
    state=EventState.ACTIVE,
)
TICK = TrackingTick(
    event_id="evening",
    due_at=START,
    looked_at=START + timedelta(seconds=1),
    modification_number=2,
    target_kw=(150.0, 150.0),
    instructed_kw=(160.0, 170.0),
    delivered_kw=(90.0, 0.0),
    expected_kw=(140.0, 151.0),
    metered_ratio=(0.5, 0.0),
    present_target_kw=150.0,
    present_delivered_kw=90.0,
    target_energy_kwh=18.75,
    delivered_energy_kwh=11.25,
    planned_energy_kwh=75.0,
    expected_energy_kwh=72.75,
    reserve_kw=40.0,
    site_counts={DeliveryState.OUT: 1, DeliveryState.ON_TARGET: 2},
    changed_states={},
    actions=(
        TrackingAction(ActionKind.TOP_UP, "north-1", "ups", (0.0, 10.0), "evening-b1-m2"),
        TrackingAction(ActionKind.HOLD, "north-1", offset_s=900.0),
    ),
)


def status(at: datetime, tick: TrackingTick | None = TICK) -> pb.WatchEventResponse:
    counts = {InstructionState.STARTED: 2, InstructionState.REFUSED: 1}
    return status_message(EventStatus(Stored(EVENT, 3, START, START), QUARTER, counts, tick, at), "GBP")


def test_a_status_has_the_intervals_that_have_begun() -> None:
    assert len(status(START - QUARTER).intervals) == 0
    assert [each.expected_kw for each in status(START + timedelta(minutes=1)).intervals] == [140.0]
    assert len(status(START + 3 * QUARTER).intervals) == 2


def test_a_status_has_energies_reserve_and_sites_by_state() -> None:
    message = status(START)
    assert message.event.name == "events/evening"
    assert (message.planned_energy_kwh, message.expected_energy_kwh) == (75.0, 72.75)
    assert (message.target_energy_kwh, message.delivered_energy_kwh) == (18.75, 11.25)
    assert message.reserve_kw == 40.0
    assert [(each.delivery, each.site_count) for each in message.site_counts] == [
        (pb.SiteCount.DELIVERY_ON_TARGET, 2),
        (pb.SiteCount.DELIVERY_OUT, 1),
    ]
    assert sum(each.instruction_count for each in message.instruction_counts) == 3


def test_before_anybody_was_told_there_is_nothing_but_the_event() -> None:
    message = status(START, None)
    assert message.event.name == "events/evening"
    assert not message.intervals
    assert message.planned_energy_kwh == 0.0


def test_every_state_and_action_has_a_name_on_the_wire() -> None:
    for state in DeliveryState:
        assert pb.SiteCount.Delivery.Value(f"DELIVERY_{state.name}")
    for kind in ActionKind:
        assert pb.TrackingAction.Kind.Value(f"KIND_{kind.name}")


def test_a_look_has_all_intervals_and_what_was_done() -> None:
    message = looks_message(Looks(Page((TICK,), "token"), DELIVERY, QUARTER))
    (look,) = message.looks
    assert message.next_page_token == "token"  # noqa: S105  of a page
    assert [each.target_kw for each in look.intervals] == [150.0, 150.0]
    top_up, hold = look.actions
    assert (top_up.resource, top_up.award) == ("sites/north-1/resources/ups", "awards/evening-b1-m2")
    assert list(top_up.change_kw) == [0.0, 10.0]
    assert hold.resource == ""
    assert hold.release_offset.ToTimedelta() == QUARTER
