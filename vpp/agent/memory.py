"""The agent's state, made of journal entries alone, so that a restart finds what a kill left."""

import base64
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vpp.agent.commitment import Commitment
from vpp.agent.delivered import Announced, Awarded, Cancelled, Invited, delivered
from vpp.agent.deliveries import Deliveries
from vpp.agent.held_instruction import HeldInstruction
from vpp.agent.journal import Entry, Journal
from vpp.agent.local_memory import LocalMemory
from vpp.agent.outbox import Batch, Outbox, Status
from vpp.agent.plan import Phase, SitePlan
from vpp.agent.wire import instant
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.v1 import auction_pb2, session_pb2

RETENTION = timedelta(days=2)
"""How long after its delivery an instruction, award or baseline is kept in the journal."""
LONGEST_LEAD = timedelta(days=60)
"""How long a cancellation is kept that came before anything of its event."""
LONGEST_JOURNAL = 20_000
"""Entries after which the journal is shortened: about a month of a site that meters 5 minutes."""
log = logging.getLogger(__name__)
_PHASES = {
    "ACCEPTED": Phase.AGREED,
    "PARTIAL": Phase.AGREED,
    "STARTED": Phase.RUNNING,
    "REFUSED": Phase.OVER,
    "COMPLETED": Phase.OVER,
    "ABORTED": Phase.OVER,
}


@dataclass(slots=True)
class PendingBid:
    """A bid that has been decided and may not have reached the hub yet.

    Attributes:
        request: Exactly what is sent, however often.
        auction: `auctions/{auction}`; empty for a standing bid.
        gate_closes_at: Not to be sent from this instant on; None for a standing bid.
        commitments: What an award of it would commit.
        answer: The bid's name or the refusal; None while it is on its way.
    """

    request: auction_pb2.CreateBidRequest
    auction: str
    gate_closes_at: datetime | None
    commitments: tuple[Commitment, ...]
    answer: str | None = None


@dataclass(slots=True)
class AgentMemory:
    """Everything the agent must not forget.

    Attributes:
        journal: Where it is kept.
        plan: What the site has promised.
        deliveries: Which deliveries have been applied.
        outbox: What is owed to the hub.
        bids: Bids by request id.
        invitations: Those for which no bids have been decided yet, by auction.
        metered_until: Everything before this has been put into batches; None at first.
        is_backfilled: Whether history has been uploaded.
        latest_at: Newest instant that was written down by the site's clock; None at first.
        local: What concerns the site alone.
    """

    journal: Journal
    plan: SitePlan = field(default_factory=SitePlan)
    deliveries: Deliveries = field(default_factory=Deliveries)
    outbox: Outbox = field(default_factory=Outbox)
    bids: dict[str, PendingBid] = field(default_factory=dict)
    invitations: dict[str, session_pb2.Invitation] = field(default_factory=dict)
    metered_until: datetime | None = None
    is_backfilled: bool = False
    latest_at: datetime | None = None
    local: LocalMemory = field(default_factory=LocalMemory)
    _fresh_count: int = 0
    _kept: list[tuple[datetime, Entry]] = field(default_factory=list)

    def recover(self, now: datetime) -> None:
        """Rebuild the state from the journal, and shorten the journal to what still matters.

        Raises:
            InvalidInput: The journal is damaged.
        """
        for entry in self.journal.entries():
            self._apply(entry)
        try:
            self.journal.compact(self._snapshot(now))
        except OSError:
            log.exception("the journal could not be shortened; it goes on as it is")

    def record(self, entry: Entry) -> None:
        """Write an entry, then let it take effect.

        Raises:
            OSError: It could not be written; it has no effect.
        """
        self.journal.append(entry)
        self._apply(entry)
        self._fresh_count += 1

    def record_together(self, entries: Sequence[Entry]) -> None:
        """Write entries of which none may be without the others, then let them take effect.

        Raises:
            OSError: They could not be written; none has an effect.
        """
        self.record(entries[0] if len(entries) == 1 else {"kind": "together", "entries": list(entries)})

    def settle(self, now: datetime) -> None:
        """Wait until everything recorded is on the disk, before anybody is told that it is held.

        A disk that has once refused to say so is not asked again: the whole is written anew.

        Raises:
            OSError: It is not on the disk.
        """
        if not self.journal.is_doubtful:
            try:
                self.journal.sync()
            except OSError:
                log.exception("the disk does not say whether it holds the journal; it is written anew")
            else:
                return
        self.journal.compact(self._snapshot(now))

    def tidy(self, now: datetime) -> None:
        """Now and then forget what no longer matters, in memory and in the journal.

        Raises:
            OSError: The journal could not be shortened; it is as it was.
        """
        if self._fresh_count >= LONGEST_JOURNAL:
            self.journal.compact(self._snapshot(now))
            self.plan.forget(now - RETENTION)
            self.bids = {key: bid for key, bid in self.bids.items() if _is_alive(bid, now)}
            self._fresh_count = 0

    def _apply(self, entry: Entry) -> None:
        handlers: dict[str, Callable[[Entry], None]] = {
            "together": self._apply_together,
            "position": self._apply_position,
            "set_back": self._apply_set_back,
            "delivery": self._apply_delivery,
            "skipped": lambda entry: self._admit(entry["sequence"], entry),
            "status": self._apply_status,
            "statuses_held": lambda entry: self.outbox.statuses_held(entry["number"]),
            "batch": self._apply_batch,
            "batches_held": lambda entry: self.outbox.batches_held(entry["sequence"]),
            "bid": self._apply_bid,
            "bid_answered": self._apply_bid_answered,
            "shortfall": self._apply_shortfall,
            "bids_decided": self._apply_bids_decided,
            **self.local.handlers(),
        }
        handler = handlers.get(entry["kind"])
        if handler is None:
            raise InvalidInput(f"journal holds an entry of kind {entry['kind']!r}", kind=str(entry["kind"]))
        handler(entry)

    def _apply_together(self, entry: Entry) -> None:
        for each in entry["entries"]:
            self._apply(each)

    def _apply_position(self, entry: Entry) -> None:
        self.deliveries.raise_to(entry["held"])
        self.deliveries.above.update(n for n in entry["above"] if n > self.deliveries.held)
        self.outbox.status_count = max(self.outbox.status_count, entry["status_count"])
        self.outbox.batch_sequence = max(self.outbox.batch_sequence, entry["batch_sequence"])
        self.is_backfilled = entry["is_backfilled"]
        if entry["metered_until"] is not None:
            self.metered_until = datetime.fromisoformat(entry["metered_until"])
            self._saw(self.metered_until)

    def _apply_set_back(self, entry: Entry) -> None:
        """Take note that what was written down under a later time was written too early."""
        at = datetime.fromisoformat(entry["at"])
        self.latest_at = at
        if self.metered_until is not None:
            self.metered_until = min(self.metered_until, datetime.fromisoformat(entry["metered_until"]))

    def _saw(self, at: datetime) -> None:
        self.latest_at = at if self.latest_at is None else max(self.latest_at, at)

    def position(self) -> Entry:
        """Return the entry that holds the counters."""
        return {
            "kind": "position",
            "held": self.deliveries.held,
            "above": sorted(self.deliveries.above),
            "status_count": self.outbox.status_count,
            "batch_sequence": self.outbox.batch_sequence,
            "is_backfilled": self.is_backfilled,
            "metered_until": None if self.metered_until is None else self.metered_until.isoformat(),
        }

    def _apply_delivery(self, entry: Entry) -> None:
        delivery = session_pb2.Delivery.FromString(base64.b64decode(entry["content"]))
        self._admit(delivery.sequence, entry)
        match delivered(delivery):
            case HeldInstruction() as instruction:
                at = entry.get("at")
                self.plan.hold(instruction, None if at is None else datetime.fromisoformat(at))
                self._kept.append((instruction.delivery.end, entry))
            case Announced(event, baseline):
                self.plan.baselines[event] = baseline
                self._kept.append((baseline.delivery.end, entry))
            case Cancelled(event, name, modification_number):
                over_at = self.plan.ends_at(event)
                if over_at is None:  # what it ends may come after it
                    over_at = datetime.fromisoformat(entry["at"]) + LONGEST_LEAD
                self.plan.cancel(event, name, modification_number, over_at)
                self._kept.append((over_at, entry))
            case Awarded(event, commitments, answered):
                ended_at = self.plan.ends_at(event)  # a notice without awards may follow one with some
                self.plan.awards[event] = commitments
                self.bids = {
                    key: bid
                    for key, bid in self.bids.items()
                    if not bid.auction or bid.answer not in answered  # standing bids stand on
                }
                ends_at = [each.delivery.end for each in commitments]
                if ends_at or ended_at is not None:
                    self._kept.append((max([*ends_at, *([ended_at] if ended_at else [])]), entry))
            case Invited():
                if entry.get("bids_wait"):  # otherwise its bids have entries of their own
                    invitation = delivery.invitation
                    self.invitations[invitation.auction.name] = invitation
                    self._kept.append((instant(invitation.auction.gate_closure_time), entry))

    def _admit(self, sequence: int, entry: Entry) -> None:
        # A shortened journal names it both in its position and here; that is no repetition by the hub,
        # which would say that nothing below it is open.
        if sequence not in self.deliveries.above:
            self.deliveries.admit(sequence, first_of_session=entry["first_of_session"])

    def _apply_status(self, entry: Entry) -> None:
        status = Status(
            number=entry["number"],
            instruction=entry["instruction"],
            state=entry["state"],
            reason=entry["reason"],
            detail=entry["detail"],
            accepted_kw=entry["accepted_kw"],
            at=datetime.fromisoformat(entry["at"]),
        )
        self.outbox.add_status(status)
        self._saw(status.at)
        item = self.plan.items.get(status.instruction)
        if item is not None:
            item.phase = _PHASES[status.state]
            item.was_agreed = item.was_agreed or item.phase is not Phase.OVER
            if status.state == "PARTIAL":
                item.limit_kw = status.accepted_kw
            if status.state == "STARTED" and item.begun_at is None:  # by a process before this one
                item.begun_at = status.at
        # Of one that made no sense nothing else is kept than that it was refused.
        self._kept.append((status.at if item is None else item.instruction.delivery.end, entry))

    def _apply_bids_decided(self, entry: Entry) -> None:
        self.invitations.pop(entry["auction"], None)
        self._kept.append((datetime.fromisoformat(entry["gate_closes_at"]), entry))

    def _apply_shortfall(self, entry: Entry) -> None:
        item = self.plan.items.get(entry["instruction"])
        if item is not None:
            item.short_kw = max(item.short_kw, entry["short_kw"])
            item.short_detail = entry["detail"]
            self._kept.append((item.instruction.delivery.end, entry))

    def _apply_batch(self, entry: Entry) -> None:
        batch = Batch(
            sequence=entry["sequence"],
            start=datetime.fromisoformat(entry["start"]),
            step=timedelta(seconds=entry["step_s"]),
            net_kw=tuple(entry["net_kw"]),
        )
        self.outbox.add_batch(batch)
        self._saw(batch.end)
        self.metered_until = batch.end if self.metered_until is None else max(self.metered_until, batch.end)

    def _apply_bid(self, entry: Entry) -> None:
        request = auction_pb2.CreateBidRequest.FromString(base64.b64decode(entry["content"]))
        gate = entry["gate_closes_at"]
        commitments = tuple(_commitment(each) for each in entry["commitments"])
        self.bids[request.request_id] = PendingBid(
            request, entry["auction"], None if gate is None else datetime.fromisoformat(gate), commitments
        )

    def _apply_bid_answered(self, entry: Entry) -> None:
        bid = self.bids.get(entry["request_id"])
        if bid is not None:
            bid.answer = entry["answer"]
            if not entry["accepted"]:
                bid.commitments = ()

    def _snapshot(self, now: datetime) -> Iterator[Entry]:
        """Give the entries from which the state, as far as it still matters, can be rebuilt."""
        yield self.position()
        owed = self.outbox.statuses
        self._kept = [
            (ends_at, entry)
            for ends_at, entry in self._kept
            if ends_at + RETENTION > now or (entry["kind"] == "status" and entry["number"] in owed)
        ]
        yield from [entry for _, entry in self._kept]
        held = min(owed, default=self.outbox.status_count + 1) - 1
        yield {"kind": "statuses_held", "number": held}
        yield from self.local.snapshot(now)
        for batch in self.outbox.batches.values():
            yield batch_entry(batch)
        for bid in self.bids.values():
            if _is_alive(bid, now):
                yield bid_entry(bid)
                if bid.answer is not None:
                    yield {
                        "kind": "bid_answered",
                        "request_id": bid.request.request_id,
                        "answer": bid.answer,
                        "accepted": bool(bid.commitments) or not bid.auction,
                    }


def _is_alive(bid: PendingBid, now: datetime) -> bool:
    """Whether a bid can still lead to something."""
    ends_at = [commitment.delivery.end for commitment in bid.commitments]
    return bid.gate_closes_at is None or bid.gate_closes_at > now or max(ends_at, default=now) > now


def batch_entry(batch: Batch) -> Entry:
    """Return the journal entry of a batch."""
    return {
        "kind": "batch",
        "sequence": batch.sequence,
        "start": batch.start.isoformat(),
        "step_s": batch.step.total_seconds(),
        "net_kw": list(batch.net_kw),
    }


def bid_entry(bid: PendingBid) -> Entry:
    """Return the journal entry of a bid."""
    return {
        "kind": "bid",
        "content": base64.b64encode(bid.request.SerializeToString(deterministic=True)).decode(),
        "auction": bid.auction,
        "gate_closes_at": None if bid.gate_closes_at is None else bid.gate_closes_at.isoformat(),
        "commitments": [
            {
                "resource_id": each.resource_id,
                "start": each.delivery.start.isoformat(),
                "end": each.delivery.end.isoformat(),
                "reduction_kw": list(each.reduction_kw),
                "direction": each.direction.value,
            }
            for each in bid.commitments
        ],
    }


def _commitment(document: dict[str, Any]) -> Commitment:
    return Commitment(
        document["resource_id"],
        Interval(datetime.fromisoformat(document["start"]), datetime.fromisoformat(document["end"])),
        tuple(document["reduction_kw"]),
        Direction(document.get("direction", Direction.LOAD_DOWN.value)),
    )
