"""The plant's own truth about its hard limits, kept beside the physics and shown by no instrument."""

from collections.abc import Mapping


class LimitWatch:
    """Remembers how close a device has come to each of its hard limits.

    A margin is the distance that is left, in the unit of the limit's name; below 0 the limit was
    broken.
    """

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._margins: dict[str, float] = {}

    def note(self, limit: str, margin: float) -> None:
        """Take up a margin at this instant.

        Example:
            >>> watch = LimitWatch()
            >>> for margin in (3.0, -0.5, 2.0):
            ...     watch.note("inlet_kelvin", margin)
            >>> watch.margins
            {'inlet_kelvin': -0.5}
        """
        known = self._margins.get(limit)
        if known is None or margin < known:
            self._margins[limit] = margin

    @property
    def margins(self) -> Mapping[str, float]:
        """Smallest margin so far by limit."""
        return self._margins

    def memory(self) -> dict[str, float]:
        """Return the margins, as JSON-able values."""
        return dict(self._margins)

    def recall(self, memory: object) -> None:
        """Take up what `memory` returned; nothing for a plant that was saved without it."""
        if isinstance(memory, Mapping):
            self._margins = {str(name): float(value) for name, value in memory.items()}
