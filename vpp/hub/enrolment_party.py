"""Whose people decide about enrolments, of which all operators buy."""

from collections.abc import Iterable

from vpp.hub.settings import MarketSettings
from vpp.workflows.identity import Principal, Role


def enrolment_party(market: MarketSettings, principals: Iterable[Principal]) -> str:
    """Return the party whose market operators approve, suspend and end enrolments.

    It is the one that the settings name; else the only one that has market operators; and where several have
    some, the aggregator: none of them may cut the others off from who sells to them.

    Example:
        >>> market = MarketSettings(aggregator_party_id="hub")
        >>> grid, rival = (
        ...     Principal(name, name, None, frozenset({Role.MARKET_OPERATOR})) for name in ("grid", "rival")
        ... )
        >>> enrolment_party(market, [grid])
        'grid'
        >>> enrolment_party(market, [grid, rival])
        'hub'
    """
    if market.enrolment_party_id is not None:
        return market.enrolment_party_id
    operators = {one.party_id for one in principals if Role.MARKET_OPERATOR in one.roles}
    return operators.pop() if len(operators) == 1 else market.aggregator_party_id
