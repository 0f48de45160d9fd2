"""What is seen of an event in its course, on the wire: its status, and the looks that are kept."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.tracking.delivery_state import DeliveryState
from vpp.foundation.names import name, resource_name
from vpp.rpc.wire.event import event_message
from vpp.rpc.wire.time_fields import duration, timestamp
from vpp.v1 import event_pb2 as pb
from vpp.workflows.tracking_records import TrackingAction, TrackingTick
from vpp.workflows.viewing_looks import Looks
from vpp.workflows.watching import EventStatus


def status_message(status: EventStatus, currency: str) -> pb.WatchEventResponse:
    """Write the status of an event at one instant: of its intervals those that have begun."""
    message = pb.WatchEventResponse(
        event=event_message(status.event, currency),
        instruction_counts=_instruction_counts(status.instruction_counts),
        status_time=timestamp(status.status_at),
    )
    tick = status.tick
    if tick is None:
        return message
    delivery = status.event.value.delivery
    begun = max(0, -((delivery.start - status.status_at) // status.interval))
    message.MergeFrom(
        pb.WatchEventResponse(
            present_target_kw=tick.present_target_kw,
            present_delivered_kw=tick.present_delivered_kw,
            target_energy_kwh=tick.target_energy_kwh,
            delivered_energy_kwh=tick.delivered_energy_kwh,
            planned_energy_kwh=tick.planned_energy_kwh,
            expected_energy_kwh=tick.expected_energy_kwh,
            reserve_kw=tick.reserve_kw,
            intervals=_intervals(tick, delivery.start, status.interval)[:begun],
            site_counts=_site_counts(tick.site_counts),
        )
    )
    return message


def looks_message(looks: Looks) -> pb.ListLooksResponse:
    """Write a page of looks: of each all intervals."""
    return pb.ListLooksResponse(
        looks=[_look(tick, looks.delivery.start, looks.interval) for tick in looks.page.items],
        next_page_token=looks.page.next_page_token,
    )


def _look(tick: TrackingTick, start: datetime, interval: timedelta) -> pb.Look:
    return pb.Look(
        due_time=timestamp(tick.due_at),
        look_time=timestamp(tick.looked_at),
        modification_number=tick.modification_number,
        intervals=_intervals(tick, start, interval),
        planned_energy_kwh=tick.planned_energy_kwh,
        expected_energy_kwh=tick.expected_energy_kwh,
        reserve_kw=tick.reserve_kw,
        site_counts=_site_counts(tick.site_counts),
        actions=[_action(action) for action in tick.actions],
    )


def _action(action: TrackingAction) -> pb.TrackingAction:
    return pb.TrackingAction(
        kind=pb.TrackingAction.Kind.Value(f"KIND_{action.kind.name}"),
        site=name("sites", action.site_id),
        resource=resource_name(action.site_id, action.resource_id) if action.resource_id else "",
        change_kw=action.change_kw,
        award=name("awards", action.award_id) if action.award_id else "",
        release_offset=duration(timedelta(seconds=action.offset_s)) if action.offset_s else None,
    )


def _intervals(tick: TrackingTick, start: datetime, interval: timedelta) -> list[pb.IntervalDelivery]:
    columns = zip(
        tick.target_kw,
        tick.instructed_kw,
        tick.delivered_kw,
        tick.expected_kw,
        tick.metered_ratio,
        strict=True,
    )
    return [
        pb.IntervalDelivery(
            start_time=timestamp(start + n * interval),
            target_kw=target_kw,
            instructed_kw=instructed_kw,
            delivered_kw=delivered_kw,
            expected_kw=expected_kw,
            metered_ratio=metered_ratio,
        )
        for n, (target_kw, instructed_kw, delivered_kw, expected_kw, metered_ratio) in enumerate(columns)
    ]


def _site_counts(counts: Mapping[DeliveryState, int]) -> Iterable[pb.SiteCount]:
    return [
        pb.SiteCount(delivery=pb.SiteCount.Delivery.Value(f"DELIVERY_{state.name}"), site_count=counts[state])
        for state in DeliveryState
        if counts.get(state)
    ]


def _instruction_counts(counts: Mapping[InstructionState, int]) -> list[pb.InstructionCount]:
    return [
        pb.InstructionCount(
            state=pb.Instruction.State.Value(f"STATE_{state.name}"), instruction_count=counts[state]
        )
        for state in InstructionState
        if counts.get(state)
    ]
