"""API resource names (AIP-122): built and taken apart in one place.

An id starts with a letter and never reads as a number, so that a spreadsheet leaves it alone.
"""

import re

from vpp.foundation.errors import InvalidInput

ID_PATTERN = "[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_ID = re.compile(ID_PATTERN)
_DERIVED_ID = re.compile("[a-z]([a-z0-9-]{0,198}[a-z0-9])?")

COLLECTIONS = (
    "parties",
    "sites",
    "products",
    "enrolments",
    "auctions",
    "bids",
    "awards",
    "events",
    "instructions",
    "statements",
    "disputes",
    "adjustments",
    "ruleCorrections",
    "productChanges",
    "settlementRuns",
    "greenCertificates",
    "principals",
    "revokedCertificates",
)

DERIVED = frozenset(
    {
        "enrolments",
        "bids",
        "awards",
        "instructions",
        "statements",
        "disputes",
        "adjustments",
        "ruleCorrections",
        "productChanges",
        "settlementRuns",
        "greenCertificates",
        "revokedCertificates",
    }
)
"""Collections whose ids the hub joins from other ids, up to 200 characters."""


def checked_id(value: str, field: str) -> str:
    """Return an id unchanged, or refuse it.

    Args:
        value: Last part of a name.
        field: What to call it in the error.

    Raises:
        InvalidInput: It is not lower-case letters, digits and hyphens beginning with a letter.

    Example:
        >>> checked_id("north-1", "site_id")
        'north-1'
    """
    if not _ID.fullmatch(value):
        raise InvalidInput(
            f"{field} is {value!r}, expected 1 to 63 lower-case letters, digits and hyphens, "
            "beginning with a letter",
            **{field: value},
        )
    return value


def name(collection: str, identifier: str) -> str:
    """Build a top-level name.

    Example:
        >>> name("sites", "north-1")
        'sites/north-1'
    """
    if collection in DERIVED and _DERIVED_ID.fullmatch(identifier):
        return f"{collection}/{identifier}"
    return f"{collection}/{checked_id(identifier, collection)}"


def identifier(full_name: str, collection: str) -> str:
    """Return the id of a top-level name.

    Raises:
        InvalidInput: The name is not of that collection.

    Example:
        >>> identifier("sites/north-1", "sites")
        'north-1'
    """
    prefix, _, last = full_name.partition("/")
    pattern = _DERIVED_ID if collection in DERIVED else _ID
    if prefix != collection or not pattern.fullmatch(last):
        raise InvalidInput(f"name is {full_name!r}, expected {collection}/{{id}}", name=full_name)
    return last


def resource_name(site_id: str, resource_id: str) -> str:
    """Build the name of a flexible resource.

    Example:
        >>> resource_name("north-1", "ups")
        'sites/north-1/resources/ups'
    """
    return f"{name('sites', site_id)}/resources/{checked_id(resource_id, 'resources')}"


def resource_ids(full_name: str) -> tuple[str, str]:
    """Take the name of a flexible resource apart into site id and resource id.

    Example:
        >>> resource_ids("sites/north-1/resources/ups")
        ('north-1', 'ups')
    """
    parts = full_name.split("/")
    if len(parts) != 4 or parts[0] != "sites" or parts[2] != "resources":  # noqa: PLR2004  the pattern's length
        raise InvalidInput(f"name is {full_name!r}, expected sites/{{id}}/resources/{{id}}", name=full_name)
    return checked_id(parts[1], "site"), checked_id(parts[3], "resource")
