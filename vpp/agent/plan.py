"""What the site has promised: instructions in force, awards, baselines."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vpp.agent.announced_baseline import Baseline
from vpp.agent.commitment import Commitment
from vpp.agent.held_instruction import HeldInstruction
from vpp.flexibility.site_guard import Refuse
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval


class Phase(enum.Enum):
    """Where an instruction is at the site.

    Attributes:
        NEW: Held; not answered yet.
        AGREED: Accepted, wholly or in part; delivery has not begun.
        RUNNING: Delivery has begun.
        OVER: Refused, completed, aborted, superseded or cancelled.
    """

    NEW = "new"
    AGREED = "agreed"
    RUNNING = "running"
    OVER = "over"


@dataclass(slots=True)
class PlanItem:
    """One instruction and what has become of it.

    Attributes:
        instruction: What is to be done.
        phase: Where it is.
        limit_kw: With a partial acceptance, the most that was promised, kW; None for all of it.
        was_agreed: Whether the site ever agreed to it.
        continues: Whether it modifies an instruction that the site had agreed to, so that it may
            arrive after the start.
        takes_over: Whether the site was delivering what it modifies.
        begun_at: When this process, or by what was written down one before it, began to deliver it.
        stopped: Why it must not go on, from when that was seen, whether or not it could be written down.
        arrived_at: When it came, UTC; None if that is not known.
        replaced_kw: The most that was promised by what it modifies, kW; 0 if nothing was.
        short_kw: The most by which the site fell short because devices failed, kW.
        short_detail: The same in words.
    """

    instruction: HeldInstruction
    phase: Phase = Phase.NEW
    limit_kw: float | None = None
    was_agreed: bool = False
    continues: bool = False
    takes_over: bool = False
    begun_at: datetime | None = None
    stopped: Refuse | None = None
    arrived_at: datetime | None = None
    replaced_kw: float = 0.0
    short_kw: float = 0.0
    short_detail: str = ""

    @property
    def peak_kw(self) -> float:
        """The most that is promised, kW."""
        peak_kw = max(self.instruction.target_reduction_kw)
        return peak_kw if self.limit_kw is None else min(peak_kw, self.limit_kw)

    def promised_kw(self, at: datetime) -> float:
        """Return the reduction promised for an instant inside delivery, kW."""
        target_kw = self.instruction.target_reduction_kw[self.instruction.interval_at(at)]
        return target_kw if self.limit_kw is None else min(target_kw, self.limit_kw)


@dataclass(frozen=True, slots=True)
class CalledOff:
    """What is not to be done any more, whether it has come yet or not.

    Attributes:
        event: `events/{event}`.
        instruction: `instructions/{instruction}`.
        modification_number: Every instruction of the event of a lower modification is over too.
        until: When it matters no more, UTC; None for never.
    """

    event: str
    instruction: str
    modification_number: int
    until: datetime | None

    def ends(self, instruction: HeldInstruction) -> bool:
        """Tell whether an instruction is over by it."""
        is_older = (
            instruction.event == self.event and instruction.modification_number < self.modification_number
        )
        return is_older or instruction.name == self.instruction


@dataclass(slots=True)
class SitePlan:
    """Everything the site has promised.

    Attributes:
        items: Instructions by name, in order of arrival.
        baselines: Announced baselines by event.
        awards: Commitments by event.
        cancelled_events: Events whose awards no longer bind.
        called_off: Cancellations by what they name; one may come before its instruction.
        control_step: Offsets are rounded down to it; zero takes them as they are.
    """

    items: dict[str, PlanItem] = field(default_factory=dict)
    baselines: dict[str, Baseline] = field(default_factory=dict)
    awards: dict[str, tuple[Commitment, ...]] = field(default_factory=dict)
    cancelled_events: set[str] = field(default_factory=set)
    called_off: dict[tuple[str, int], CalledOff] = field(default_factory=dict)
    control_step: timedelta = timedelta(0)

    def hold(self, instruction: HeldInstruction, arrived_at: datetime | None = None) -> None:
        """Take up an instruction; of one event only the newest modification is in force.

        One that is older than one already held, or that has been cancelled, is over as soon as it arrives.
        """
        if instruction.name in self.items:
            return
        item = PlanItem(instruction, arrived_at=arrived_at)
        if any(each.ends(instruction) for each in self.called_off.values()):
            item.phase = Phase.OVER
        for other in self.items.values():
            if other.instruction.event != instruction.event:
                continue
            if other.instruction.modification_number > instruction.modification_number:
                item.phase = Phase.OVER
            elif item.phase is not Phase.OVER:
                item.takes_over |= other.phase is Phase.RUNNING or (
                    other.takes_over and other.phase is Phase.AGREED
                )
                item.continues = item.continues or other.was_agreed
                if other.was_agreed:
                    item.replaced_kw = other.peak_kw
                elif other.phase is Phase.NEW:
                    item.replaced_kw = max(item.replaced_kw, other.replaced_kw)
                other.phase = Phase.OVER
        self.items[instruction.name] = item
        if item.phase is not Phase.OVER:
            self.cancelled_events.discard(instruction.event)

    def cancel(self, event: str, name: str, modification_number: int, until: datetime | None = None) -> None:
        """End an instruction, and everything of its event up to a modification, held or still to come.

        Args:
            event: `events/{event}`.
            name: `instructions/{instruction}`.
            modification_number: What is of a lower modification is over too.
            until: How long it is remembered; None for good.
        """
        called_off = CalledOff(event, name, modification_number, until)
        self.called_off[name, modification_number] = called_off
        for item in self.items.values():
            if called_off.ends(item.instruction):
                item.phase = Phase.OVER
        of_event = [item for item in self.items.values() if item.instruction.event == event]
        is_known = bool(of_event) or event in self.awards
        if is_known and all(item.phase is Phase.OVER for item in of_event):
            self.cancelled_events.add(event)

    def note_begun(self, at: datetime) -> None:
        """Remember of what is being delivered since when it is."""
        for item in self.items.values():
            is_agreed = item.phase in {Phase.AGREED, Phase.RUNNING} and item.stopped is None
            if (
                is_agreed
                and item.begun_at is None
                and self.begins_at(item) <= at < item.instruction.delivery.end
            ):
                item.begun_at = at

    def begins_at(self, item: PlanItem) -> datetime:
        """Return when the site begins an instruction: its start, staggered."""
        return item.instruction.delivery.start + self._rounded(item.instruction.start_offset)

    def lets_go_at(self, item: PlanItem) -> datetime:
        """Return when the site goes back to its own load after an instruction: its end, staggered.

        Where another delivery begins by then, the site holds what it has until it begins that one: it
        lets go only after the last.
        """
        end = item.instruction.delivery.end + self._rounded(item.instruction.release_offset)
        next_begins_at = [
            self.begins_at(other)
            for other in self._binding()
            if item.instruction.delivery.start < other.instruction.delivery.start <= end
        ]
        return max([end, *next_begins_at])

    def _rounded(self, offset: timedelta) -> timedelta:
        return offset // self.control_step * self.control_step if self.control_step else offset

    def _binding(self) -> Iterator[PlanItem]:
        """List what the site has agreed to and moves devices."""
        for item in self.items.values():
            is_bound = item.phase in {Phase.AGREED, Phase.RUNNING} and item.stopped is None
            if is_bound and item.instruction.purpose.moves_devices:
                yield item

    def next_begins_at(self, after: datetime) -> datetime | None:
        """Return when the next delivery begins that has been agreed to; None if there is none."""
        return min((at for item in self._binding() if (at := self.begins_at(item)) > after), default=None)

    def promises(self, at: datetime) -> Iterator[PlanItem]:
        """List what has been agreed for an instant, whether or not it is to be begun a little later."""
        return (item for item in self._binding() if at in item.instruction.delivery)

    def in_force(self, at: datetime) -> Iterator[PlanItem]:
        """List what is to be delivered at an instant."""
        return (item for item in self.promises(at) if self.begins_at(item) <= at)

    def is_waiting(self, at: datetime) -> bool:
        """Tell whether a delivery has started that the site begins a little later."""
        return any(at < self.begins_at(item) for item in self.promises(at))

    def outranking(self, instruction: HeldInstruction, since: datetime) -> list[PlanItem]:
        """List what has been agreed beside an instruction from an instant on and ranks higher."""
        return [
            item
            for item in self._binding()
            if item.instruction.event != instruction.event
            and item.instruction.purpose.rank > instruction.purpose.rank
            and item.instruction.delivery.start < instruction.delivery.end
            and max(since, instruction.delivery.start) < item.instruction.delivery.end
        ]

    def promised_kw(
        self,
        at: datetime,
        *,
        without: str = "",
        least_rank: int = 0,
        direction: Direction = Direction.LOAD_DOWN,
    ) -> float:
        """Return the change promised for an instant in a direction, kW.

        Different events are different promises, so their targets add up.

        Args:
            at: The instant.
            without: An event that does not count.
            least_rank: Only what ranks as high or higher counts.
            direction: Which way.
        """
        return sum(
            item.promised_kw(at)
            for item in self.promises(at)
            if item.instruction.event != without
            and item.instruction.purpose.rank >= least_rank
            and item.instruction.direction is direction
        )

    def _held(self, at: datetime) -> list[PlanItem]:
        """List what is over and not let go yet."""
        return [
            item
            for item in self._binding()
            if item.phase is Phase.RUNNING and item.instruction.delivery.end <= at < self.lets_go_at(item)
        ]

    def direction(self, at: datetime) -> Direction:
        """Return which way the site moves at an instant: the way of what ranks highest, then came first.

        What is promised the other way is not served meanwhile; it is not agreed to beside it either,
        unless the higher came later.
        """
        by_rank = sorted(self.in_force(at), key=lambda item: -item.instruction.purpose.rank)
        for item in [*by_rank, *self._held(at)]:
            return item.instruction.direction
        return Direction.LOAD_DOWN

    def called_kw(self, at: datetime) -> float:
        """Return the change to deliver at an instant in the site's direction then, kW.

        What is in force adds up. What is over and not let go yet keeps the site where it is, and adds
        nothing to what is in force.
        """
        direction = self.direction(at)
        held_kw = [
            item.promised_kw(item.instruction.delivery.end - item.instruction.step)
            for item in self._held(at)
            if item.instruction.direction is direction
        ]
        called_kw = sum(
            item.promised_kw(at) for item in self.in_force(at) if item.instruction.direction is direction
        )
        return max([called_kw, *held_kw])

    def opposing(self, instruction: HeldInstruction, since: datetime) -> list[PlanItem]:
        """List what has been agreed the other way beside an instruction from an instant on.

        What asks for nothing, because the site stands ready and acts by itself, moves it no way.
        """
        if not any(instruction.target_reduction_kw):
            return []
        return [
            item
            for item in self._binding()
            if item.instruction.event != instruction.event
            and any(item.instruction.target_reduction_kw)
            and item.instruction.direction is not instruction.direction
            and item.instruction.delivery.start < instruction.delivery.end
            and max(since, instruction.delivery.start) < item.instruction.delivery.end
        ]

    def baseline_kw(self, at: datetime) -> float | None:
        """Return the baseline of an instant, kW; the announced one before an instruction's own.

        Of several events the highest rank's is taken, and of one rank the first to arrive: there is one
        load, whatever it serves. None if no event in force has a baseline.
        """
        for item in sorted(self.in_force(at), key=lambda item: -item.instruction.purpose.rank):
            instruction = item.instruction
            announced = self.baselines.get(instruction.event)
            known = Baseline(instruction.delivery, instruction.baseline_kw)
            for baseline in (announced, known):
                value = baseline.at(at) if baseline else None
                if value is not None:
                    return value
        return None

    def settlement_interval(self, at: datetime) -> Interval | None:
        """Return the shortest delivery interval in force that holds an instant."""
        spans = [
            Interval(start, start + item.instruction.step)
            for item in self.in_force(at)
            for start in [
                item.instruction.delivery.start + item.instruction.interval_at(at) * item.instruction.step
            ]
        ]
        return min(spans, key=lambda interval: interval.duration, default=None)

    def ends_at(self, event: str) -> datetime | None:
        """Return when everything known of an event is over; None if nothing is."""
        ends_at = [
            item.instruction.delivery.end for item in self.items.values() if item.instruction.event == event
        ]
        ends_at += [commitment.delivery.end for commitment in self.awards.get(event, ())]
        return max(ends_at, default=None)

    def committed(
        self, resource_id: str, direction: Direction | None = Direction.LOAD_DOWN
    ) -> list[Commitment]:
        """List what has been sold of a resource in a direction; with None in either."""
        return [
            commitment
            for event, commitments in self.awards.items()
            if event not in self.cancelled_events
            for commitment in commitments
            if commitment.resource_id == resource_id and direction in {None, commitment.direction}
        ]

    def forget(self, before: datetime) -> None:
        """Drop what ended before an instant."""
        self.items = {
            name: item for name, item in self.items.items() if item.instruction.delivery.end > before
        }
        self.baselines = {
            event: baseline for event, baseline in self.baselines.items() if baseline.delivery.end > before
        }
        self.awards = {
            event: commitments
            for event, commitments in self.awards.items()
            if any(each.delivery.end > before for each in commitments)
        }
        self.cancelled_events &= self.awards.keys()
        self.called_off = {
            key: each for key, each in self.called_off.items() if each.until is None or each.until > before
        }
