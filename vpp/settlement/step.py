"""One step of a reckoning, as people read it."""

from typing import NamedTuple


class Step(NamedTuple):
    """One step of a reckoning.

    Attributes:
        name: What it finds, in a word or two.
        text: The formula with its numbers.
    """

    name: str
    text: str
