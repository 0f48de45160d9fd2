"""What people have decided that the next settlement of a period has to follow."""

from dataclasses import dataclass
from datetime import datetime

from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.rule_correction import RuleCorrection
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import DisputeRecord, DisputeState
from vpp.workflows.settlement_events import months_near


@dataclass(frozen=True, slots=True)
class Pending:
    """What people have decided about a period, whether a run has followed it or not.

    Attributes:
        adjustments: Approved adjustments of the period, by id.
        upheld: Upheld disputes of the period, by id.
        corrections: Approved corrections of the rules of events that may have sites in the period, by id.
    """

    adjustments: tuple[Adjustment, ...]
    upheld: tuple[DisputeRecord, ...]
    corrections: tuple[RuleCorrection, ...] = ()

    def pairs_since(self, instant: datetime | None) -> frozenset[tuple[str, str]]:
        """Return the (event id, site id) that are measured again by what was decided after an instant.

        Args:
            instant: What a run before it knew is left out; None leaves out nothing.
        """
        return frozenset(
            pair
            for dispute in self.upheld
            if instant is None or (dispute.decided_at is not None and dispute.decided_at > instant)
            for pair in dispute.measured_pairs
        )

    def corrections_since(self, instant: datetime) -> tuple[RuleCorrection, ...]:
        """Return the corrections of rules that were agreed to after an instant."""
        return tuple(
            one for one in self.corrections if one.decided_at is not None and one.decided_at > instant
        )


def pending(uow: UnitOfWork, period: str) -> Pending:
    """Read what people have decided about a period."""
    adjustments = uow.adjustments.page(where={"period": period}, limit=EVERYTHING)
    disputes = uow.disputes.page(where={"period": period}, limit=EVERYTHING)
    return Pending(
        tuple(one.value for one in adjustments if one.value.state is AdjustmentState.APPROVED),
        tuple(one.value for one in disputes if one.value.state is DisputeState.UPHELD),
        _corrections(uow, period),
    )


def _corrections(uow: UnitOfWork, period: str) -> tuple[RuleCorrection, ...]:
    where = {"state": AdjustmentState.APPROVED.value}
    approved = [stored.value for stored in uow.rule_corrections.page(where=where, limit=EVERYTHING)]
    events = uow.events.get_all(one.event_id for one in approved) if approved else {}
    return tuple(one for one in approved if period in months_near(events[one.event_id].value))
