"""Corrections of the rules that an event is settled under: another version of its own product.

An event keeps the version that it was called under. If that version itself was wrong, two people may have the
event settled under another version of the same product; what was booked before stays in the ledger.
"""

from dataclasses import dataclass
from datetime import datetime

from vpp.settlement.adjustment import AdjustmentState

NOTE_BEGINS = "settled under version "
"""How every correction's note begins."""


@dataclass(frozen=True, slots=True)
class RuleCorrection:
    """A version of an event's product that its settlement follows in place of the one it was called under.

    Attributes:
        correction_id: Last part of `ruleCorrections/{correction}`.
        event_id: The event.
        product_id: Its product.
        from_version: Version that its settlement follows until then.
        to_version: Version that it follows once a second person agreed.
        reason: Why, in words; the parties read it.
        state: Where it is in its life; the states are those of an adjustment.
        proposed_by: Principal who proposed it.
        decided_by: Principal who approved or rejected it, never the same; empty while it waits.
        decided_at: When; None while it waits.
        proposed_person: Person behind who proposed it; empty where it was not kept.
    """

    correction_id: str
    event_id: str
    product_id: str
    from_version: int
    to_version: int
    reason: str
    state: AdjustmentState
    proposed_by: str
    decided_by: str = ""
    decided_at: datetime | None = None
    proposed_person: str = ""

    @property
    def note(self) -> str:
        """What the event's lines say of it, so that the parties learn why their amounts changed."""
        return (
            f"{NOTE_BEGINS}{self.to_version} of its product in place of {self.from_version}: {self.reason}; "
            f"proposed by {self.proposed_by}, approved by {self.decided_by}"
        )
