"""Public holidays of a country or of one of its parts."""

from collections.abc import Iterable
from datetime import date

import holidays

from vpp.foundation.errors import InvalidInput


def public_holidays(code: str, years: Iterable[int]) -> frozenset[date]:
    """List the public holidays of a place, substitute days included.

    A country alone gives the days that all its parts keep: GB knows no Easter Monday, GB-ENG does.

    Args:
        code: ISO 3166 code of a country, or of a part of one: "JP", "GB-ENG", "US-TX".
        years: Calendar years wanted.

    Returns:
        Civil dates; none for a year that the library has no dates of.

    Raises:
        InvalidInput: No such country, or no such part of it.

    Source:
        The `holidays` library, category "public".

    Example:
        >>> date(2026, 4, 6) in public_holidays("GB-ENG", [2026])
        True
        >>> date(2026, 4, 6) in public_holidays("GB", [2026])
        False
    """
    country, _, part = code.partition("-")
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise InvalidInput(
            f"holidays are {code!r}, expected an ISO 3166 country such as GB, or a part of one such as US-TX",
            holidays=code,
        )
    if "-" in code and part not in known[country]:
        parts = ", ".join(known[country]) or "none"
        raise InvalidInput(
            f"holidays are {code!r}, expected {country} alone or one of its parts: {parts}", holidays=code
        )
    wanted = set(years)
    if not wanted:
        return frozenset()
    days = holidays.country_holidays(country, subdiv=part or None, years=wanted)
    # A substitute day may fall into a neighbouring year; the library lists it with the year asked for.
    return frozenset(day for day in days if day.year in wanted)
