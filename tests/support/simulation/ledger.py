"""What sites really did, noted outside of every process, and judged at once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from support.simulation.monitor import Monitor

FINAL = frozenset({"REFUSED", "COMPLETED", "ABORTED"})
NEXT = {
    "": frozenset({"ACCEPTED", "PARTIAL", "REFUSED"}),
    "ACCEPTED": frozenset({"STARTED", "REFUSED", "ABORTED"}),
    "PARTIAL": frozenset({"STARTED", "REFUSED", "ABORTED"}),
    "STARTED": frozenset({"COMPLETED", "ABORTED"}),
}
"""What a site may say of an instruction after what it said before."""


@dataclass
class Ledger:
    """The world's own record of the sites.

    Attributes:
        monitor: What the hub committed.
        complain: Takes what must not be.
        said: What each site durably said of each instruction, in order.
        acts: How often each instruction was begun at its site.
        clock_error: How wrong a site's clock is allowed to be, by site.
        held: Deliveries that sites hold durably, by site and sequence.
    """

    monitor: Monitor
    complain: Callable[[str], None]
    note: Callable[..., None]
    said: dict[str, list[str]] = field(default_factory=dict)
    acts: Counter[str] = field(default_factory=Counter)
    clock_error: dict[str, timedelta] = field(default_factory=dict)
    held: set[tuple[str, int]] = field(default_factory=set)

    def says(self, site_id: str, instruction_id: str, state: str) -> None:
        """Take note of what a site holds durably as its word."""
        said = self.said.setdefault(instruction_id, [])
        before = said[-1] if said else ""
        if state not in NEXT.get(before, frozenset()):
            self.complain(f"{site_id} said {state} of {instruction_id} after {said}")
        said.append(state)
        self.note("says", site_id, instruction_id, state)

    def acts_on(self, site_id: str, instruction_id: str, at: datetime, step: timedelta) -> None:
        """Take note that a site begins what an instruction asks."""
        self.acts[instruction_id] += 1
        if self.acts[instruction_id] > 1:
            self.complain(f"{site_id} began {instruction_id} {self.acts[instruction_id]} times")
        instruction = self.monitor.instructions.get(instruction_id)
        if instruction is None or instruction.site_id != site_id:
            self.complain(f"{site_id} acts on {instruction_id}, which nobody ordered")
            return
        slack = self._slack(site_id, step)
        if not instruction.delivery.start - slack <= at < instruction.delivery.end + slack:
            self.complain(f"{site_id} acts on {instruction_id} at {at.isoformat()}, outside of its life")
        self.note("acts", site_id, instruction_id)

    def commands(self, site_id: str, reduction_kw: float, at: datetime, step: timedelta) -> None:
        """Take note of what a site's devices are told; only an instruction in force may ask for it."""
        if reduction_kw <= 1e-6:
            return
        slack = self._slack(site_id, step)
        for instruction in self.monitor.instructions.values():
            if instruction.site_id != site_id or not instruction.purpose.moves_devices:
                continue
            until = instruction.delivery.end + instruction.release_offset + slack
            if instruction.delivery.start - slack <= at < until:
                self.note("commands", site_id, round(reduction_kw, 6))
                return
        self.complain(f"{site_id} reduces by {reduction_kw:.1f} kW at {at.isoformat()} for no instruction")

    def _slack(self, site_id: str, step: timedelta) -> timedelta:
        return step + self.clock_error.get(site_id, timedelta(0)) + timedelta(seconds=5)
