"""Directions as a column: nothing for the usual one, as in rows older than the column."""

from vpp.foundation.direction import Direction


def direction_column(direction: Direction) -> str | None:
    """Return what is stored of a direction."""
    return None if direction is Direction.LOAD_DOWN else direction.value


def direction_of(stored: str | None) -> Direction:
    """Return the direction of a stored value."""
    return Direction.LOAD_DOWN if stored is None else Direction(stored)
