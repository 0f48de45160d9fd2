"""Which deliveries have been applied: each once, whatever is repeated, late or skipped."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Deliveries:
    """The sequences of one site's deliveries.

    The hub repeats a delivery until it is acknowledged, in ascending order, and closes what no
    longer matters, so a sequence may never come. Therefore:

    - the first delivery of a session proves that nothing below it is open;
    - a repeat of one that was applied above a gap proves the same;
    - any other gap stays open, and the acknowledgement stays below it.

    One that came and could not be believed is open. So the repetition of a later one proves something
    only if it was not refused again since: the hub repeats all that is open, in order.

    Attributes:
        held: Everything up to this sequence is held or closed; the acknowledgement.
        above: Sequences applied above a gap.
        refused: Sequences that came and were refused, and after which none has been taken.
    """

    held: int = 0
    above: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)

    def refuse(self, sequence: int) -> None:
        """Take note that a delivery came that is not believed, and so not held."""
        if sequence > self.held:
            self.refused.add(sequence)

    def admit(self, sequence: int, *, first_of_session: bool) -> bool:
        """Take note of a delivery.

        Args:
            sequence: Its sequence, from 1.
            first_of_session: Whether it is the first after the Hello.

        Returns:
            Whether it is new and has to be applied.

        Example:
            >>> deliveries = Deliveries()
            >>> [deliveries.admit(n, first_of_session=False) for n in (1, 1, 3, 2)], deliveries.held
            ([True, False, True, True], 3)
        """
        if sequence <= self.held:
            return False
        is_new = sequence not in self.above
        self.above.add(sequence)
        is_next_to_refused = any(other < sequence for other in self.refused)
        self.refused = {other for other in self.refused if other > sequence}
        if first_of_session or not (is_new or is_next_to_refused):
            self.raise_to(sequence)
        while self.held + 1 in self.above:
            self.raise_to(self.held + 1)
        return is_new

    def raise_to(self, sequence: int) -> None:
        """Regard everything up to a sequence as held or closed."""
        self.held = max(self.held, sequence)
        self.above = {other for other in self.above if other > self.held}
