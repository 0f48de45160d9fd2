r"""Whose energy a store holds: backup, the site's own use, and what is sold; never the same kWh twice.

At every step, with the stored energy S and one entry e_i >= 0 for each purpose:

    reserved_backup + sum committed_arbitrage + sum committed_dr <= S

A commitment is made only out of the free energy S - sum e_i, and ends by being delivered or released.
Where a store turns out to hold less than it has promised, the least important promises go first:
arbitrage, then demand response, then backup; reliability outranks revenue.

Source:
    Rule: check case C5 of this project (one battery for two duties).
"""

import enum
import math
from dataclasses import dataclass, replace

from vpp.flexibility.bounds import check_within
from vpp.foundation.errors import InvalidInput

ROUNDING_KWH = 1e-9
"""Differences below this are rounding of binary fractions, never energy."""


class Duty(enum.Enum):
    """What energy is kept for; its value is the order in which promises are kept, most important first.

    Attributes:
        BACKUP: The site's own supply when the grid fails.
        DR: Sold to an event.
        ARBITRAGE: The site's own discharge at a dear hour.
    """

    BACKUP = 0
    DR = 1
    ARBITRAGE = 2


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """Energy kept for one purpose.

    Attributes:
        duty: What for.
        purpose: Whose: an event, a schedule; one entry for each duty and purpose.
        energy_kwh: How much, kWh.
    """

    duty: Duty
    purpose: str
    energy_kwh: float

    def __post_init__(self) -> None:
        """Refuse negative energy."""
        check_within(self.energy_kwh, "energy_kwh")


@dataclass(frozen=True, slots=True)
class Refused:
    """A commitment that was not made, because the energy is promised already.

    Attributes:
        asked_kwh: What was asked for, kWh.
        free_kwh: What could have been committed, kWh.
    """

    asked_kwh: float
    free_kwh: float


@dataclass(frozen=True, slots=True)
class EnergyLedger:
    """A store's energy and its promises.

    Attributes:
        stored_kwh: Deliverable energy held, kWh.
        entries: What it is kept for.

    Example:
        >>> ledger = EnergyLedger(90.0).reserve_backup(10.0)
        >>> ledger = ledger.commit(Duty.ARBITRAGE, "evening", 60.0)
        >>> ledger.free_kwh, ledger.commit(Duty.DR, "events/peak", 30.0)
        (20.0, Refused(asked_kwh=30.0, free_kwh=20.0))
        >>> sold = ledger.commit(Duty.DR, "events/peak", 20.0)
        >>> sold.deliver(Duty.DR, "events/peak", 20.0).stored_kwh
        70.0
    """

    stored_kwh: float
    entries: tuple[LedgerEntry, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a ledger that promises more than is stored, and two entries for one purpose."""
        check_within(self.stored_kwh, "stored_kwh")
        if self.promised_kwh > self.stored_kwh + ROUNDING_KWH:
            raise InvalidInput(
                f"stored_kwh is {self.stored_kwh}, expected at least the promised {self.promised_kwh}",
                stored_kwh=str(self.stored_kwh),
                promised_kwh=str(self.promised_kwh),
            )
        keys = [(entry.duty, entry.purpose) for entry in self.entries]
        if len(set(keys)) != len(keys):
            raise InvalidInput(f"entries name {keys}, expected each duty and purpose once")

    @property
    def promised_kwh(self) -> float:
        """Sum of all promises, kWh."""
        return math.fsum(entry.energy_kwh for entry in self.entries)

    @property
    def free_kwh(self) -> float:
        """Energy that is promised to nobody, kWh, 0 or more."""
        return max(0.0, self.stored_kwh - self.promised_kwh)

    def kept_kwh(self, duty: Duty, purpose: str | None = None) -> float:
        """Return what is kept for a duty, or for one purpose of it, kWh."""
        return math.fsum(
            entry.energy_kwh
            for entry in self.entries
            if entry.duty is duty and purpose in {None, entry.purpose}
        )

    def reserve_backup(self, energy_kwh: float, purpose: str = "site") -> "EnergyLedger":
        """Keep energy for backup, whatever else is promised: other promises give way.

        Where the store holds less than that, all of it is kept.
        """
        check_within(energy_kwh, "energy_kwh")
        others = tuple(e for e in self.entries if (e.duty, e.purpose) != (Duty.BACKUP, purpose))
        entry = LedgerEntry(Duty.BACKUP, purpose, min(energy_kwh, self.stored_kwh))
        return EnergyLedger(self.stored_kwh, _kept((entry, *others), self.stored_kwh))

    def commit(self, duty: Duty, purpose: str, energy_kwh: float) -> "EnergyLedger | Refused":
        """Keep free energy for a purpose; a second commitment for it takes the place of the first."""
        check_within(energy_kwh, "energy_kwh")
        free_kwh = self.free_kwh + self.kept_kwh(duty, purpose)
        if energy_kwh > free_kwh + ROUNDING_KWH:
            return Refused(energy_kwh, free_kwh)
        return self._with(duty, purpose, min(energy_kwh, free_kwh), self.stored_kwh)

    def release(self, duty: Duty, purpose: str) -> "EnergyLedger":
        """Give what was kept for a purpose back to the free energy; nothing kept is fine."""
        return self._with(duty, purpose, 0.0, self.stored_kwh)

    def deliver(self, duty: Duty, purpose: str, energy_kwh: float) -> "EnergyLedger":
        """Discharge for a purpose, out of what is kept for it.

        Raises:
            InvalidInput: More than is kept for it.
        """
        kept_kwh = self.kept_kwh(duty, purpose)
        check_within(energy_kwh, "energy_kwh", 0.0, kept_kwh + ROUNDING_KWH)
        left_kwh = max(0.0, kept_kwh - energy_kwh)
        return self._with(duty, purpose, left_kwh, max(0.0, self.stored_kwh - energy_kwh))

    def charged(self, energy_kwh: float) -> "EnergyLedger":
        """Add deliverable energy, free for any purpose."""
        check_within(energy_kwh, "energy_kwh")
        return replace(self, stored_kwh=self.stored_kwh + energy_kwh)

    def measured(self, stored_kwh: float) -> tuple["EnergyLedger", tuple[LedgerEntry, ...]]:
        """Take up what the store really holds.

        Returns:
            The ledger, and what is missing for each promise that could not be kept.
        """
        check_within(stored_kwh, "stored_kwh")
        kept = _kept(self.entries, stored_kwh)
        left = {(entry.duty, entry.purpose): entry.energy_kwh for entry in kept}
        missing = (
            replace(entry, energy_kwh=entry.energy_kwh - left.get((entry.duty, entry.purpose), 0.0))
            for entry in self.entries
        )
        return EnergyLedger(stored_kwh, kept), tuple(e for e in missing if e.energy_kwh > ROUNDING_KWH)

    def _with(self, duty: Duty, purpose: str, energy_kwh: float, stored_kwh: float) -> "EnergyLedger":
        others = tuple(e for e in self.entries if (e.duty, e.purpose) != (duty, purpose))
        own = (LedgerEntry(duty, purpose, energy_kwh),) if energy_kwh > 0.0 else ()
        return EnergyLedger(stored_kwh, _kept((*others, *own), stored_kwh))


def _kept(entries: tuple[LedgerEntry, ...], stored_kwh: float) -> tuple[LedgerEntry, ...]:
    """Return the entries as far as the store covers them, the most important first."""
    left_kwh = stored_kwh
    kept = []
    for entry in sorted(entries, key=lambda each: each.duty.value):
        energy_kwh = min(entry.energy_kwh, left_kwh)
        left_kwh = max(0.0, left_kwh - energy_kwh)
        if energy_kwh > 0.0:
            kept.append(replace(entry, energy_kwh=energy_kwh))
    return tuple(kept)
