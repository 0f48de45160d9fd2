"""Writing bids of a book as JSON: the JSON form of `vpp.v1.Bid`."""

from datetime import timedelta
from typing import Any

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Offer,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.json_money import MoneyWriter
from vpp.auction.json_values import instant_text, span_text, without_zeros
from vpp.auction.step_json import StepWriter
from vpp.foundation.direction import Direction
from vpp.foundation.names import name, resource_name


class BidWriter:
    """Writes the bids of one book; equal parts share one document, which must not be changed."""

    def __init__(self, step: timedelta, money: MoneyWriter) -> None:
        """Keep the length of an interval and what writes amounts."""
        self._step = step
        self._money = money
        self._steps = StepWriter(money)

    def document(self, bid: Bid) -> dict[str, Any]:
        """Write a bid."""
        document: dict[str, Any] = {
            "name": name("bids", bid.bid_id),
            "resource": resource_name(bid.site_id, bid.resource_id),
            "zone": bid.zone,
            "createTime": instant_text(bid.submitted_at),
            "deliveryRatio": bid.delivery_ratio,
        }
        document |= self._offer(bid.offer)
        if bid.energy_limit_kwh is not None:
            document["energyLimitKwh"] = bid.energy_limit_kwh
        if bid.rebound is not None:
            document |= _rebound(bid.rebound)
        if bid.exclusive_group is not None:
            document["exclusiveGroup"] = bid.exclusive_group
        if bid.parent_bid_id is not None:
            document["parentBid"] = name("bids", bid.parent_bid_id)
        if bid.direction is not Direction.LOAD_DOWN:
            document["direction"] = f"DIRECTION_{bid.direction.name}"
        if bid.run_limits is not None:
            document["runLimits"] = self._run_limits(bid.run_limits)
        if bid.migration is not None:
            document["migrationLeg"] = {
                "receivingZone": bid.migration.receiving_zone,
                **without_zeros(receivingRatio=bid.migration.receiving_ratio),
            }
        if bid.availability_price_per_kw_h:
            document["availabilityPricePerKwH"] = self._money.exact(bid.availability_price_per_kw_h)
        return document

    def _offer(self, offer: Offer) -> dict[str, Any]:
        if isinstance(offer, StepOffer):
            return {"stepOffer": {"intervals": self._steps.intervals(offer.steps)} if offer.steps else {}}
        if isinstance(offer, BlockOffer):
            return {"blockOffer": self._block(offer)}
        return {"storeOffer": self._store(offer)}

    def _block(self, offer: BlockOffer) -> dict[str, Any]:
        document: dict[str, Any] = {
            "profileKw": list(offer.profile_kw),
            "pricePerMwh": self._money.exact(offer.price_per_mwh),
            "minAcceptanceRatio": offer.min_acceptance_ratio,
        }
        if offer.fixed_cost:
            document["fixedCostAmount"] = self._money.exact(offer.fixed_cost)
        return document

    def _store(self, offer: StoreOffer) -> dict[str, Any]:
        document: dict[str, Any] = {
            "dischargeKw": offer.discharge_kw,
            **without_zeros(
                chargeKw=offer.charge_kw,
                capacityKwh=offer.capacity_kwh,
                reserveKwh=offer.reserve_kwh,
                startKwh=offer.start_kwh,
                endKwh=offer.end_kwh,
            ),
            "pricePerMwh": self._money.exact(offer.price_per_mwh),
            "chargeEfficiencyRatio": offer.charge_efficiency,
            "dischargeEfficiencyRatio": offer.discharge_efficiency,
            "holdRatio": offer.hold_ratio,
        }
        if offer.cycle_limit_kwh is not None:
            document["cycleLimitKwh"] = offer.cycle_limit_kwh
        return document

    def _run_limits(self, limits: RunLimits) -> dict[str, Any]:
        spans = {
            "minRunDuration": limits.min_run_intervals,
            "maxRunDuration": limits.max_run_intervals or 0,
            "restDuration": limits.rest_intervals,
        }
        document: dict[str, Any] = {
            key: span_text(self._step * count) for key, count in spans.items() if count
        }
        document |= without_zeros(maxCallCount=limits.max_calls or 0, minLevelKw=limits.min_level_kw)
        if limits.start_cost:
            document["startCostAmount"] = self._money.exact(limits.start_cost)
        return document


def _rebound(rebound: Rebound | ReboundProfile) -> dict[str, Any]:
    if isinstance(rebound, ReboundProfile):
        return {"reboundProfile": {"returnRatio": list(rebound.ratios)}}
    return {
        "rebound": without_zeros(
            returnRatio=rebound.ratio,
            deadlineIntervalCount=rebound.window_intervals,
            maxReturnKw=rebound.max_return_kw,
        )
    }
