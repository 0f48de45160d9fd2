"""Enum values on the wire carry their enum's name as a prefix; inside they do not."""

import enum
from typing import TypeVar

from vpp.foundation.errors import InvalidInput

E = TypeVar("E", bound=enum.Enum)


def member(kind: type[E], wire_name: str, prefix: str, field: str) -> E:
    """Find the member of an enum that a wire name stands for.

    Args:
        kind: The enum inside.
        wire_name: Name on the wire, with its prefix.
        prefix: The prefix.
        field: The field's path in the request, for the error.

    Raises:
        InvalidInput: There is no such member; on the wire that is UNSPECIFIED or a newer value.
    """
    found = kind.__members__.get(wire_name.removeprefix(prefix))
    if found is None:
        expected = ", ".join(kind.__members__)
        raise InvalidInput(
            f"{field} is {wire_name.removeprefix(prefix)}, expected one of {expected}",
            field=field,
            value=wire_name,
        )
    return found
