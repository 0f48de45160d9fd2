"""Checks of single quantities: finite, and inside the bounds that the field states."""

import math
from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal

from vpp.foundation.errors import InvalidInput

SECONDS_PER_HOUR = 3600.0
TOLERANCE_KW = 1e-9
"""Differences below this are rounding of binary fractions, never a command."""


def check_within(value: float, field: str, low: float = 0.0, high: float = math.inf) -> None:
    """Refuse a quantity that is not a number or lies outside [low, high].

    Args:
        value: The quantity, in the unit its field's name carries.
        field: What to call it in the error.
        low: Smallest allowed value.
        high: Largest allowed value; infinity itself is never allowed.

    Raises:
        InvalidInput: The value is not finite or lies outside the bounds.

    Example:
        >>> check_within(1.2, "round_trip_ratio", 0.0, 1.0)
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: round_trip_ratio is 1.2, expected a number in [0.0, 1.0]
    """
    if not math.isfinite(value) or not low <= value <= high:
        raise InvalidInput(f"{field} is {value}, expected a number in [{low}, {high}]", **{field: str(value)})


def check_above_zero(value: float, field: str, high: float = math.inf) -> None:
    """Refuse a quantity that is not a number or lies outside (0, high].

    Raises:
        InvalidInput: The value is not finite, not above zero, or above `high`.

    Example:
        >>> check_above_zero(0.0, "capacity_kwh")
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: capacity_kwh is 0.0, expected a number in (0, inf]
    """
    if not math.isfinite(value) or not 0.0 < value <= high:
        raise InvalidInput(f"{field} is {value}, expected a number in (0, {high}]", **{field: str(value)})


def hours_of(span: timedelta, field: str = "step") -> float:
    """Return a span that must be above zero, in hours.

    Args:
        span: The span, for example one control step.
        field: What to call it in the error.

    Raises:
        InvalidInput: The span is zero or negative.

    Example:
        >>> hours_of(timedelta(minutes=15))
        0.25
    """
    if span <= timedelta(0):
        raise InvalidInput(f"{field} is {span}, expected a span above zero", **{field: str(span)})
    return span.total_seconds() / SECONDS_PER_HOUR


def check_amount(value: Decimal, field: str) -> None:
    """Refuse a cost that is not a number or is below zero.

    Raises:
        InvalidInput: The amount is not finite or negative.

    Example:
        >>> check_amount(Decimal(-1), "wear_cost_per_kwh")
        Traceback (most recent call last):
        vpp.foundation.errors.InvalidInput: wear_cost_per_kwh is -1, expected 0 or more
    """
    if not value.is_finite() or value < 0:
        raise InvalidInput(f"{field} is {value}, expected 0 or more", **{field: str(value)})


def check_wait(span: timedelta, field: str) -> None:
    """Refuse a span below zero; none at all is fine.

    Raises:
        InvalidInput: The span is negative.
    """
    if span < timedelta(0):
        raise InvalidInput(f"{field} is {span}, expected zero or more", **{field: str(span)})


def check_excludes(resource_id: str, excludes: Collection[str]) -> None:
    """Refuse a resource that cannot be used at the same time as itself.

    Raises:
        InvalidInput: It excludes itself.
    """
    if resource_id in excludes:
        raise InvalidInput(f"excludes holds {resource_id} itself, expected other resources")
