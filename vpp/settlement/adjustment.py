"""Amounts that no rule gives and people agreed to: after a dispute, or by hand."""

import enum
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


class AdjustmentState(enum.Enum):
    """Where an adjustment is in its life; only an approved one is booked.

    Attributes:
        PROPOSED: Waits for a second person.
        APPROVED: A second person agreed.
        REJECTED: A second person did not.
        WITHDRAWN: Taken back by whoever proposed it.
    """

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An amount that moves from one party to another because two people said so.

    Attributes:
        adjustment_id: Last part of `adjustments/{adjustment}`.
        period: Settlement period that it belongs to, YYYY-MM.
        payer_party_id: Who pays.
        payee_party_id: Who is paid.
        amount: Above 0, a whole number of minor units.
        currency: ISO 4217 code.
        reason: Why, in words; stands on the line.
        event_id: The event that it is about; empty for none.
        site_id: The site that it is about; empty for none.
        dispute_id: The dispute that it answers; empty for one by hand.
        state: Where it is in its life.
        proposed_by: Principal who proposed it.
        decided_by: Principal who approved or rejected it, never the same; empty while it waits.
        decided_at: When; None while it waits.
        proposed_person: Person behind who proposed it; empty where it was not kept.
    """

    adjustment_id: str
    period: str
    payer_party_id: str
    payee_party_id: str
    amount: Decimal
    currency: str
    reason: str
    event_id: str
    site_id: str
    dispute_id: str
    state: AdjustmentState
    proposed_by: str
    decided_by: str = ""
    decided_at: datetime | None = None
    proposed_person: str = ""
