"""What a bid must look like by itself: its own fields, and which of them go together."""

from datetime import timedelta
from math import inf

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    PriceStep,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.entry_offer import check_availability, check_block, check_cost, check_steps, check_store
from vpp.auction.entry_refusal import refused

_NO_TIME = timedelta(0)
_LEVEL_KW = 1e-6  # a minimum level this far above the offer is rounding


def check_shape(bid: Bid, interval_count: int, *, seen: set[int]) -> list[tuple[PriceStep, ...]]:
    """Refuse a bid that contradicts itself, whatever the book.

    Args:
        bid: The bid.
        interval_count: Number of delivery intervals.
        seen: Identities of step tuples that have been found sound.

    Returns:
        The steps of the intervals that had not been seen before; none of a block or a store.

    Raises:
        InvalidInput: A field breaks a rule, or does not belong to the bid's kind.
    """
    if not 0 < bid.delivery_ratio <= 1:  # NaN fails as well
        raise refused(bid, "delivery_ratio", bid.delivery_ratio, "above 0 and at most 1")
    if bid.submitted_at.utcoffset() != _NO_TIME:
        raise refused(bid, "submitted_at", bid.submitted_at, "an instant in UTC")
    limit_kwh = bid.energy_limit_kwh
    if limit_kwh is not None and not 0 < limit_kwh < inf:
        raise refused(bid, "energy_limit_kwh", limit_kwh, "above 0, or none")
    if bid.availability_price_per_kw_h:
        check_availability(bid)
    offer = bid.offer
    if isinstance(offer, StepOffer):
        fresh = check_steps(bid, offer, interval_count, seen=seen)
        _check_terms_of_steps(bid, offer, interval_count)
        return fresh
    if isinstance(offer, BlockOffer):
        check_block(bid, offer, interval_count)
    else:
        check_store(bid, offer)
    _check_no_terms_of_steps(bid, offer)
    return []


def _check_terms_of_steps(bid: Bid, offer: StepOffer, interval_count: int) -> None:
    if bid.parent_bid_id is not None:
        raise refused(bid, "parent_bid_id", bid.parent_bid_id, "none, because steps have no ratio")
    if isinstance(bid.rebound, Rebound):
        _check_rebound(bid, bid.rebound)
    elif bid.rebound is not None:
        _check_profile(bid, bid.rebound)
    if bid.run_limits is not None:
        _check_run_limits(bid, bid.run_limits, offer, interval_count)
    if bid.migration is not None:
        _check_migration(bid, bid.migration)


def _check_no_terms_of_steps(bid: Bid, offer: BlockOffer | StoreOffer) -> None:
    is_block = isinstance(offer, BlockOffer)
    if bid.rebound is not None:
        stated = "a block states it in its profile" if is_block else "a store charges"
        raise refused(bid, "rebound", bid.rebound, f"none, because {stated}")
    if bid.run_limits is not None:
        raise refused(bid, "run_limits", bid.run_limits, "none, because only steps run and rest")
    if bid.migration is not None:
        raise refused(bid, "migration", bid.migration, "none, because only steps migrate")
    if is_block:
        return
    if bid.energy_limit_kwh is not None:
        raise refused(
            bid, "energy_limit_kwh", bid.energy_limit_kwh, "none, because a store has cycle_limit_kwh"
        )
    if bid.exclusive_group is not None:
        raise refused(
            bid, "exclusive_group", bid.exclusive_group, "none, because only steps and blocks exclude"
        )
    if bid.parent_bid_id is not None:
        raise refused(bid, "parent_bid_id", bid.parent_bid_id, "none, because a store has no ratio")


def _check_rebound(bid: Bid, rebound: Rebound) -> None:
    if not 0 <= rebound.ratio < inf:
        raise refused(bid, "rebound.ratio", rebound.ratio, "0 or more")
    if rebound.window_intervals < 1:
        raise refused(bid, "rebound.window_intervals", rebound.window_intervals, "1 or more")
    if not 0 < rebound.max_return_kw < inf:
        raise refused(bid, "rebound.max_return_kw", rebound.max_return_kw, "above 0")


def _check_profile(bid: Bid, profile: ReboundProfile) -> None:
    if not profile.ratios:
        raise refused(bid, "rebound.ratios", "empty", "one ratio at least, or no rebound")
    for ratio in profile.ratios:
        if not 0 <= ratio < inf:
            raise refused(bid, "rebound.ratios", ratio, "0 or more")


def _check_run_limits(bid: Bid, limits: RunLimits, offer: StepOffer, interval_count: int) -> None:
    if bid.exclusive_group is not None:
        raise refused(
            bid, "exclusive_group", bid.exclusive_group, "none, because a bid with run_limits stands alone"
        )
    if not 0 <= limits.min_level_kw < inf:
        raise refused(bid, "run_limits.min_level_kw", limits.min_level_kw, "0 or more")
    shortest, longest = limits.min_run_intervals, limits.max_run_intervals
    if not 1 <= shortest <= interval_count:
        expected = f"1 to the {interval_count} intervals of delivery"
        raise refused(bid, "run_limits.min_run_intervals", shortest, expected)
    if longest is not None and longest < shortest:
        expected = f"at least min_run_intervals of {shortest}, or none"
        raise refused(bid, "run_limits.max_run_intervals", longest, expected)
    if limits.rest_intervals < 0:
        raise refused(bid, "run_limits.rest_intervals", limits.rest_intervals, "0 or more")
    if limits.max_calls is not None and limits.max_calls < 1:
        raise refused(bid, "run_limits.max_calls", limits.max_calls, "1 or more, or none")
    check_cost(bid, "run_limits.start_cost", limits.start_cost)
    if limits.min_level_kw > 0:
        most_kw = max(sum(step.reduction_kw for step in steps) for steps in offer.steps)
        if limits.min_level_kw > most_kw + _LEVEL_KW:
            expected = f"at most the {most_kw} kW offered in some interval"
            raise refused(bid, "run_limits.min_level_kw", limits.min_level_kw, expected)


def _check_migration(bid: Bid, migration: Migration) -> None:
    if not migration.receiving_zone or migration.receiving_zone == bid.zone:
        raise refused(
            bid, "migration.receiving_zone", migration.receiving_zone, f"a zone other than its own {bid.zone}"
        )
    if not 0 <= migration.receiving_ratio < inf:
        raise refused(bid, "migration.receiving_ratio", migration.receiving_ratio, "0 or more")
    if bid.rebound is not None:
        raise refused(bid, "rebound", bid.rebound, "none, because what migrates does not come back")
    if bid.exclusive_group is not None:
        raise refused(bid, "exclusive_group", bid.exclusive_group, "none, because a migration stands alone")
