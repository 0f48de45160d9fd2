"""Stores of energy for generated books: batteries, UPSs and chilled masses."""

from vpp.auction.bid import Bid, StoreOffer
from vpp.auction.generated_dice import Dice, on_increment
from vpp.auction.generated_frame import BidFrame, new_bid


def store_bid(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    """Offer a battery, a UPS above its reserve, or a chilled mass that may drift."""
    make = dice.pick((_battery, _battery, _ups, _thermal))
    return make(dice, frame, bid_id, site_id)


def _battery(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    power_kw = dice.size_kw(100, 2000)
    capacity_kwh = power_kw * dice.pick((1.0, 2.0, 4.0))
    start_kwh = capacity_kwh * dice.whole(6, 10) / 10
    offer = StoreOffer(
        discharge_kw=power_kw,
        charge_kw=power_kw,
        capacity_kwh=capacity_kwh,
        reserve_kwh=capacity_kwh / 10,
        start_kwh=start_kwh,
        end_kwh=start_kwh * dice.pick((0.5, 1.0)),
        price_per_mwh=dice.money(40, 160),
        charge_efficiency=0.95,
        discharge_efficiency=0.95,
        cycle_limit_kwh=capacity_kwh if dice.chance(0.5) else None,
    )
    return new_bid(dice, frame, bid_id, site_id, f"battery-{bid_id}", offer)


def _ups(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    power_kw = dice.size_kw(100, 1500)
    capacity_kwh = power_kw * dice.pick((0.25, 0.5, 1.0))
    reserve_kwh = capacity_kwh / 2
    recharges = dice.chance(0.5)
    offer = StoreOffer(
        discharge_kw=power_kw,
        charge_kw=on_increment(power_kw / 4) if recharges else 0.0,
        capacity_kwh=capacity_kwh,
        reserve_kwh=reserve_kwh,
        start_kwh=capacity_kwh,
        end_kwh=capacity_kwh if recharges else reserve_kwh,
        price_per_mwh=dice.money(150, 600),
        charge_efficiency=0.95,
        discharge_efficiency=0.95,
    )
    return new_bid(dice, frame, bid_id, site_id, f"ups-{bid_id}", offer)


def _thermal(dice: Dice, frame: BidFrame, bid_id: str, site_id: str) -> Bid:
    power_kw = dice.size_kw(50, 800)
    offer = StoreOffer(
        discharge_kw=power_kw,
        charge_kw=on_increment(power_kw * 0.8),
        capacity_kwh=power_kw * dice.pick((0.0, 0.5)),
        reserve_kwh=-power_kw * dice.pick((0.5, 1.0, 2.0)),
        start_kwh=0.0,
        end_kwh=0.0,
        price_per_mwh=dice.money(20, 120),
        hold_ratio=dice.whole(900, 990) / 1000,
    )
    return new_bid(dice, frame, bid_id, site_id, f"chilled-{bid_id}", offer)
