"""Denied calls in the audit record: all that happened is there, and no flood of them fills it."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from vpp.rpc.minute_counts import MinuteCounts
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.recording import audit

_log = logging.getLogger(__name__)
MOST_METHODS = 20
"""Methods of one principal that have a record of their own within a minute."""
FURTHER = "further methods"
"""Subject of the one record of what comes beyond them."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Calls of one method that were denied.

    Attributes:
        principal: Who tried.
        method: Full name of the method.
        repeats: How often within a minute that is over, beside the first time; 0 for the first time.
    """

    principal: Principal
    method: str
    repeats: int = 0


def write_down_denials(units: UnitOfWorkFactory, denials: Sequence[Denial]) -> None:
    """Record that callers tried what no role of theirs allows, in one transaction."""
    with units() as uow:
        for denial in denials:
            principal = denial.principal
            roles = ",".join(sorted(role.value for role in principal.roles))
            repeats = {"repeats": denial.repeats} if denial.repeats else {}
            audit(uow, principal.principal_id, "denied", denial.method, roles=roles, **repeats)
        uow.commit()


class DenialBook:
    """Writes the first denied call of a principal, method and minute at once, the others as a count."""

    def __init__(
        self,
        write_down: Callable[[Sequence[Denial]], Awaitable[None]],
        make_counts: Callable[[], MinuteCounts[str]] = lambda: MinuteCounts(MOST_METHODS),
    ) -> None:
        """Begin with none.

        Args:
            write_down: Puts denials into the audit record.
            make_counts: Makes the counts of one principal.
        """
        self._write_down = write_down
        self._make_counts = make_counts
        self._counts: dict[str, tuple[Principal, MinuteCounts[str], MinuteCounts[str]]] = {}

    async def note(self, principal: Principal, method: str) -> None:
        """Take note of a denied call."""
        if principal.principal_id not in self._counts:
            self._counts[principal.principal_id] = (principal, self._make_counts(), self._make_counts())
        _, own, beyond = self._counts[principal.principal_id]
        is_first = own.note(method)
        subject = method
        if not is_first and not own.has(method):
            subject, is_first = FURTHER, beyond.note(FURTHER)
        if is_first:
            _log.warning("denied %s to %s", subject, principal.principal_id)
            await self._write_down([Denial(principal, subject)])

    async def flush(self) -> None:
        """Write down how often denied calls were repeated in minutes that are over."""
        denials = [
            Denial(principal, method, repeats)
            for principal, *counts in self._counts.values()
            for one in counts
            for method, repeats in one.take_repeats().items()
        ]
        if denials:
            await self._write_down(denials)
