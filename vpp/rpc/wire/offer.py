"""What a bid offers, and on what terms, on the wire: prices are all in one currency."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from vpp.auction.bid import (
    BlockOffer,
    Migration,
    Offer,
    PriceStep,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.foundation.errors import InvalidInput
from vpp.rpc.wire.money_fields import MoneyMessage, amount_in
from vpp.rpc.wire.time_fields import duration, span
from vpp.v1 import auction_pb2 as pb

Price = Callable[[Decimal], MoneyMessage]


def currency_of(message: pb.Bid) -> str:
    """Return the currency of the first price of an offer, empty if it has none."""
    kind = message.WhichOneof("offer")
    if kind == "block_offer":
        return str(message.block_offer.price_per_mwh.currency_code)
    if kind == "store_offer":
        return str(message.store_offer.price_per_mwh.currency_code)
    for interval in message.step_offer.intervals:
        for step in interval.steps:
            return str(step.price_per_mwh.currency_code)
    return ""


def offer_of(message: pb.Bid, currency: str) -> Offer:
    """Read what is offered.

    Raises:
        InvalidInput: A price is malformed or in another currency; names its field.
    """
    kind = message.WhichOneof("offer")
    if kind == "block_offer":
        return _block(message.block_offer, currency)
    if kind == "store_offer":
        return _store(message.store_offer, currency)
    return StepOffer(
        steps=tuple(
            tuple(
                PriceStep(
                    step.reduction_kw,
                    amount_in(
                        step.price_per_mwh,
                        currency,
                        f"bid.step_offer.intervals[{n}].steps[{m}].price_per_mwh",
                    ),
                )
                for m, step in enumerate(interval.steps)
            )
            for n, interval in enumerate(message.step_offer.intervals)
        )
    )


def _block(block: pb.BlockOffer, currency: str) -> BlockOffer:
    has_cost = block.HasField("fixed_cost_amount")
    return BlockOffer(
        profile_kw=tuple(block.profile_kw),
        price_per_mwh=amount_in(block.price_per_mwh, currency, "bid.block_offer.price_per_mwh"),
        fixed_cost=amount_in(block.fixed_cost_amount, currency, "bid.block_offer.fixed_cost_amount")
        if has_cost
        else Decimal(0),
        min_acceptance_ratio=block.min_acceptance_ratio,
    )


def _store(store: pb.StoreOffer, currency: str) -> StoreOffer:
    def share(field: str) -> float:
        return float(getattr(store, field)) if store.HasField(field) else 1.0  # type: ignore[arg-type]  # one of three

    return StoreOffer(
        discharge_kw=store.discharge_kw,
        charge_kw=store.charge_kw,
        capacity_kwh=store.capacity_kwh,
        reserve_kwh=store.reserve_kwh,
        start_kwh=store.start_kwh,
        end_kwh=store.end_kwh,
        price_per_mwh=amount_in(store.price_per_mwh, currency, "bid.store_offer.price_per_mwh"),
        charge_efficiency=share("charge_efficiency_ratio"),
        discharge_efficiency=share("discharge_efficiency_ratio"),
        hold_ratio=share("hold_ratio"),
        cycle_limit_kwh=store.cycle_limit_kwh if store.HasField("cycle_limit_kwh") else None,
    )


def rebound_of(message: pb.Bid) -> Rebound | ReboundProfile | None:
    """Read what comes back."""
    if message.HasField("rebound_profile"):
        return ReboundProfile(tuple(message.rebound_profile.return_ratio))
    if not message.HasField("rebound"):
        return None
    rebound = message.rebound
    return Rebound(
        ratio=rebound.return_ratio,
        window_intervals=rebound.deadline_interval_count,
        max_return_kw=rebound.max_return_kw,
    )


def run_limits_of(message: pb.RunLimits, currency: str, interval: timedelta) -> RunLimits:
    """Read when it may run and must rest.

    Args:
        message: The limits on the wire, in spans of time.
        currency: Currency of the bid's prices.
        interval: Length of a delivery interval.

    Raises:
        InvalidInput: A span is no whole number of intervals, or the start cost is malformed.
    """

    def count(field: str) -> int:
        path = f"bid.run_limits.{field}"
        length = span(getattr(message, field), path)
        if length % interval:
            raise InvalidInput(
                f"{path} is {length}, expected a whole multiple of {interval}", field=path, span=str(length)
            )
        return length // interval

    has_cost = message.HasField("start_cost_amount")
    return RunLimits(
        min_level_kw=message.min_level_kw,
        min_run_intervals=max(1, count("min_run_duration")),
        max_run_intervals=count("max_run_duration") or None,
        rest_intervals=count("rest_duration"),
        max_calls=message.max_call_count or None,
        start_cost=amount_in(message.start_cost_amount, currency, "bid.run_limits.start_cost_amount")
        if has_cost
        else Decimal(0),
    )


def migration_of(message: pb.MigrationLeg) -> Migration:
    """Read where the load goes."""
    return Migration(message.receiving_zone, message.receiving_ratio)


def put_offer(message: pb.Bid, offer: Offer, price: Price) -> None:
    """Write what is offered into a bid."""
    if isinstance(offer, BlockOffer):
        message.block_offer.profile_kw.extend(offer.profile_kw)
        message.block_offer.price_per_mwh.CopyFrom(price(offer.price_per_mwh))
        if offer.fixed_cost:
            message.block_offer.fixed_cost_amount.CopyFrom(price(offer.fixed_cost))
        message.block_offer.min_acceptance_ratio = offer.min_acceptance_ratio
    elif isinstance(offer, StoreOffer):
        message.store_offer.CopyFrom(_store_message(offer, price))
    else:
        for steps in offer.steps:
            message.step_offer.intervals.add(
                steps=[
                    pb.PriceStep(reduction_kw=step.reduction_kw, price_per_mwh=price(step.price_per_mwh))
                    for step in steps
                ]
            )


def _store_message(store: StoreOffer, price: Price) -> pb.StoreOffer:
    return pb.StoreOffer(
        discharge_kw=store.discharge_kw,
        charge_kw=store.charge_kw,
        capacity_kwh=store.capacity_kwh,
        reserve_kwh=store.reserve_kwh,
        start_kwh=store.start_kwh,
        end_kwh=store.end_kwh,
        price_per_mwh=price(store.price_per_mwh),
        charge_efficiency_ratio=store.charge_efficiency,
        discharge_efficiency_ratio=store.discharge_efficiency,
        hold_ratio=store.hold_ratio,
        cycle_limit_kwh=store.cycle_limit_kwh,
    )


def put_rebound(message: pb.Bid, rebound: Rebound | ReboundProfile) -> None:
    """Write what comes back into a bid."""
    if isinstance(rebound, ReboundProfile):
        message.rebound_profile.return_ratio.extend(rebound.ratios)
        return
    message.rebound.return_ratio = rebound.ratio
    message.rebound.deadline_interval_count = rebound.window_intervals
    message.rebound.max_return_kw = rebound.max_return_kw


def run_limits_message(limits: RunLimits, price: Price, interval: timedelta) -> pb.RunLimits:
    """Write when it may run and must rest, in spans of time."""
    message = pb.RunLimits(
        min_run_duration=duration(limits.min_run_intervals * interval),
        rest_duration=duration(limits.rest_intervals * interval),
        max_call_count=limits.max_calls or 0,
        min_level_kw=limits.min_level_kw,
    )
    if limits.max_run_intervals is not None:
        message.max_run_duration.CopyFrom(duration(limits.max_run_intervals * interval))
    if limits.start_cost:
        message.start_cost_amount.CopyFrom(price(limits.start_cost))
    return message
