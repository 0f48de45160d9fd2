"""Values over a horizon, one for each interval, and the checks that they share."""

import math
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from vpp.flexibility.bounds import check_within
from vpp.foundation.errors import InvalidInput

Values = tuple[float, ...]
"""One number for each interval of the horizon. Shape (N,)."""


def flat(value: float, count: int) -> Values:
    """Return a value that holds for the whole horizon.

    Example:
        >>> flat(2.0, 3)
        (2.0, 2.0, 2.0)
    """
    return (value,) * count


def check_values(terms: object, *names: str, may_be_empty: bool = False) -> None:
    """Refuse values over a horizon that are missing, negative or not a number; infinite is no limit.

    Raises:
        InvalidInput: A field is empty, or holds what is not a number or is below 0.
    """
    for name in names:
        values = getattr(terms, name)
        if not values and not may_be_empty:
            raise InvalidInput(f"{name} is empty, expected a value for each interval")
        for value in values:
            check_limit(value, name)


def check_powers(terms: object, *names: str, may_be_empty: bool = False) -> None:
    """Refuse powers over a horizon as `check_values` does, and infinite ones: no device has any.

    Raises:
        InvalidInput: A field is empty, or holds what is not a finite number of 0 or more.
    """
    check_values(terms, *names, may_be_empty=may_be_empty)
    for name in names:
        for value in getattr(terms, name):
            check_within(value, name)


def check_limit(value: float, name: str) -> None:
    """Refuse a limit that is not a number or negative; infinite is no limit.

    Raises:
        InvalidInput: The limit is not a number or below 0.
    """
    if value != math.inf:
        check_within(value, name)


NOT_OVER_THE_HORIZON = {"segments", "backlog_kwh", "start_k"}


def lengths(terms: Any) -> Iterator[tuple[str, int]]:  # noqa: ANN401  any of the terms
    """List the fields of terms that have a value for each interval, with how many they have.

    An empty field that may be empty does not count.
    """
    for field in fields(terms):
        values = getattr(terms, field.name)
        is_over = isinstance(values, tuple) and field.name not in NOT_OVER_THE_HORIZON
        if is_over and (values or field.default != ()):
            yield field.name, len(values)
