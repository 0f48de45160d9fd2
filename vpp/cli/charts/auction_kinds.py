"""Kinds of flexible resource as they are told apart in drawings of an auction."""

import enum


class ResourceKind(enum.Enum):
    """What an offer is, with its name for people and its colour.

    The colours are those of Okabe and Ito, which people with any colour vision tell apart; the
    order is that of stacks and legends.

    Attributes:
        STEPS: Divisible steps without strings attached.
        BLOCK: Taken in one ratio for all intervals.
        STORE: Battery, UPS or chilled mass.
        DEFERRABLE: Steps whose energy comes back.
        COMMITTED: Steps with minimum runs, rests or starts.
        MIGRATION: Load that moves to another zone.
        OPPOSITE: Moves consumption the other way than the buyer wants.
    """

    STEPS = ("steps", "#0072B2")
    BLOCK = ("blocks", "#E69F00")
    STORE = ("stores", "#009E73")
    DEFERRABLE = ("deferrable", "#56B4E9")
    COMMITTED = ("committed runs", "#D55E00")
    MIGRATION = ("migration", "#CC79A7")
    OPPOSITE = ("opposite direction", "#7F6A3F")

    def __init__(self, label: str, colour: str) -> None:
        """Keep name and colour."""
        self.label = label
        self.colour = colour
