"""Which kind of resource a bid is, for drawings and tables."""

from vpp.auction.bid import Bid, BlockOffer, StoreOffer
from vpp.cli.charts.auction_kinds import ResourceKind
from vpp.foundation.direction import Direction


def kind_of(bid: Bid, wanted: Direction) -> ResourceKind:
    """Name a bid's kind by what binds it most.

    Args:
        bid: The bid.
        wanted: The buyer's direction.

    Returns:
        The opposite direction before all else; of steps, a migration before limits of runs
        before a rebound.
    """
    if bid.direction is not wanted:
        return ResourceKind.OPPOSITE
    if isinstance(bid.offer, BlockOffer):
        return ResourceKind.BLOCK
    if isinstance(bid.offer, StoreOffer):
        return ResourceKind.STORE
    if bid.migration is not None:
        return ResourceKind.MIGRATION
    if bid.run_limits is not None:
        return ResourceKind.COMMITTED
    return ResourceKind.STEPS if bid.rebound is None else ResourceKind.DEFERRABLE
