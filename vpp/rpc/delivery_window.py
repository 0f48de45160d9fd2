"""What one site has been sent and has not acknowledged, and when it is sent again."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vpp.workflows.delivery_contents import OpenDelivery

_SPREAD = 0.25
"""Waits are longer by up to this share, so that sites that lost the same message do not all ask at once."""


@dataclass(frozen=True, slots=True)
class ResendRules:
    """When what is not acknowledged is sent again, in the machine's time.

    Attributes:
        first_wait: Before the first repetition; doubles with each one.
        longest_wait: It never waits longer, the spread aside.
        window_size: Most deliveries that are on their way to a site at a time.
    """

    first_wait: timedelta
    longest_wait: timedelta
    window_size: int


class DeliveryWindow:
    """The open deliveries of one session, in order of their sequences.

    It holds what is owed, not the message: what is sent again is written, and signed, again. What
    does not fit stays in the database until there is room.

    Attributes:
        taken_sequence: Highest sequence that was taken in; what follows is still in the database.
        has_more: Whether more was owed than there was room for.
    """

    __slots__ = ("_attempts", "_open", "_resend_at", "_rules", "_seed", "has_more", "taken_sequence")

    def __init__(self, rules: ResendRules, seed: str, taken_sequence: int = 0) -> None:
        """Begin with nothing on its way.

        Args:
            rules: When to send again.
            seed: Makes this session's waits differ from others', and the same in every run.
            taken_sequence: What the site holds already.
        """
        self._rules = rules
        self._seed = zlib.crc32(seed.encode())
        self._open: dict[int, OpenDelivery] = {}
        self._attempts = 0
        self._resend_at: datetime | None = None
        self.taken_sequence = taken_sequence
        self.has_more = False

    def __len__(self) -> int:
        """Return how many deliveries are on their way."""
        return len(self._open)

    @property
    def room(self) -> int:
        """How many more may be sent."""
        return max(0, self._rules.window_size - len(self._open))

    @property
    def wants_more(self) -> bool:
        """Whether it left something in the database that it has room for now."""
        return self.has_more and 2 * len(self._open) <= self._rules.window_size

    def take(self, deliveries: Iterable[OpenDelivery], now: datetime) -> list[OpenDelivery]:
        """Take in what is owed, in ascending order.

        Args:
            deliveries: Of this site; those that were taken in before are passed over.
            now: Machine's time.

        Returns:
            What is to be sent now.
        """
        fresh = []
        for delivery in deliveries:
            if delivery.sequence > self.taken_sequence:
                self.taken_sequence = delivery.sequence
                self._open[delivery.sequence] = delivery
                fresh.append(delivery)
        if fresh and self._resend_at is None:
            self._resend_at = now + self._wait()
        return fresh

    def acknowledge(self, held_sequence: int, now: datetime) -> list[OpenDelivery]:
        """Forget what the site holds, and begin the waits anew, as it answers; returns what was forgotten."""
        held = [sequence for sequence in self._open if sequence <= held_sequence]
        forgotten = [self._open.pop(sequence) for sequence in held]
        if forgotten:
            self._attempts = 0
            self._resend_at = now + self._wait() if self._open else None
        return forgotten

    def due(self, now: datetime) -> list[OpenDelivery]:
        """Return what is to be sent again: everything open in ascending order, or nothing yet.

        Everything, because the repetition of one tells the agent that nothing below it is open.
        """
        if self._resend_at is None or now < self._resend_at:
            return []
        self._attempts += 1
        self._resend_at = now + self._wait()
        return list(self._open.values())

    def over(self, now: datetime) -> list[OpenDelivery]:
        """Return what is open and must not be done any more at an instant of the hub's time."""
        return [delivery for delivery in self._open.values() if delivery.is_over(now)]

    def drop(self, sequences: Iterable[int]) -> None:
        """Forget what must not be sent any more."""
        for sequence in sequences:
            self._open.pop(sequence, None)
        if not self._open:
            self._resend_at = None

    def _wait(self) -> timedelta:
        rules = self._rules
        wait = min(rules.first_wait * (1 << min(self._attempts, 20)), rules.longest_wait)
        share = zlib.crc32(self._attempts.to_bytes(8, "big"), self._seed) / 2**32
        return wait * (1 + _SPREAD * share)
