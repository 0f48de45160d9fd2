"""Ids that the hub gives where a caller chooses none: they tell nothing of others; nobody can ask for one.

Each counts only what its owner has already, under a digest of the owner. Without that, an id that ends in 2
would say that somebody else has 1; and were they free to choose, trying one would say whether it is there.
"""

import hashlib
import re
from collections.abc import Callable

from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import checked_id

DIGEST_LENGTH = 10
_GIVEN = re.compile(rf".*-[0-9a-f]{{{DIGEST_LENGTH}}}-[0-9]+")


def given_id(base: str, owner: str, is_taken: Callable[[str], bool]) -> str:
    """Choose the first free id of an owner's.

    Args:
        base: What it says of the thing itself.
        owner: Whose it is, such as a party's full name.
        is_taken: Whether an id is taken; asked of the owner's own ids alone.

    Example:
        >>> given_id("evening", "parties/grid", lambda _: False)
        'evening-190a90fe7d-1'
    """
    digest = hashlib.sha256(f"{base} of {owner}".encode()).hexdigest()[:DIGEST_LENGTH]
    count = 1
    while is_taken(candidate := f"{base}-{digest}-{count}"):
        count += 1
    return candidate


def chosen_id(identifier: str, field: str) -> str:
    """Return an id that a caller has chosen.

    Raises:
        InvalidInput: It is no id, or one of those that the hub gives.
    """
    checked_id(identifier, field)
    if _GIVEN.fullmatch(identifier):
        raise InvalidInput(
            f"{field} is {identifier!r}, expected one that does not end as those do which the hub gives, in "
            f"{DIGEST_LENGTH} hexadecimal digits and a count",
            field=field,
        )
    return identifier
