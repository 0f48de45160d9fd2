"""What a settlement run came to."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from vpp.workflows.settlement_records import RunRecord

Progress = Callable[[str, int, int], None]
"""Is told the stage, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class PartyChange:
    """What a run changes for one party.

    Attributes:
        party_id: The party.
        currency: ISO 4217 code.
        version: Version of its statement that the run writes.
        changed_line_count: Lines whose amount is not what it was.
        total: New total; positive is paid to the party.
        delta: Its change.
    """

    party_id: str
    currency: str
    version: int
    changed_line_count: int
    total: Decimal
    delta: Decimal


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a settlement run came to.

    Attributes:
        run: The run; None where nothing changes, where it has to wait, or where nothing was to be written.
        changes: What it changes, by party and currency.
        notes: What its reader must know.
        waiting_reason: Why it has to wait; empty where it has not.
    """

    run: RunRecord | None = None
    changes: tuple[PartyChange, ...] = ()
    notes: tuple[str, ...] = ()
    waiting_reason: str = ""


def no_progress(stage: str, done: int, total: int) -> None:
    """Take no notice."""
