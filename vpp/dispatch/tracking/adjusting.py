"""Which sites are told less, the dearest first, and which get back what was taken from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vpp.dispatch.tracking.correction import Correction

Key = tuple[str, str]
"""A site and one of its flexible resources."""
Profile = npt.NDArray[np.float64]
KEPT_RATIO = 0.1
"""A site that is told less keeps this share of what it was told: one that is told nothing counts no more,
and with it goes all that its meter shows beside its baseline, of either sign. That would be a jump where a
small step was meant."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A part of what was bought of a resource.

    Attributes:
        site_id: The site.
        resource_id: The flexible resource.
        price_per_mwh: What it costs where it costs most, only to be compared.
        is_top_up: Whether it was bought in the course of the event.
        award_kw: Bought reduction net of rebound per delivery interval, kW, 0 or more. Shape (N,).
    """

    site_id: str
    resource_id: str
    price_per_mwh: float
    is_top_up: bool
    award_kw: Profile

    @property
    def key(self) -> Key:
        """Its site and resource."""
        return self.site_id, self.resource_id


@dataclass(slots=True, eq=False)
class Adjustment:
    """Changes of what resources are told.

    Attributes:
        change_kw: Change per delivery interval, kW, by site and resource. Shape (N,) each.
        left_kw: What was wanted and could not be had, kW, 0 or more. Shape (N,).
    """

    change_kw: dict[Key, Profile] = field(default_factory=dict)
    left_kw: Profile = field(default_factory=lambda: np.zeros(0))


def take_away(  # noqa: PLR0913  what is needed, of whom, and how far each may go
    needed: Correction,
    layers: Sequence[Layer],
    told_kw: Mapping[Key, Profile],
    gains: Mapping[str, float],
    min_change_kw: float,
    *,
    least_kw: Mapping[Key, float],
) -> Adjustment:
    """Choose whom to tell less.

    What was bought in the course of the event goes before what was bought at first, the dearest
    first. Of the present interval only what is left of it can be changed. Nobody is told nothing at all.

    Args:
        needed: How much less, by `less_kw`.
        layers: What was bought of the sites that may be told anew.
        told_kw: What each resource is told at present, kW. Shape (N,) each.
        gains: Share of what a site is told that it delivers, 0..1, by site.
        min_change_kw: A site is not told anew for less than this in any interval, kW.
        least_kw: The least that a resource can be told beside nothing, kW; 0 where it is not named.
    """
    order = sorted(layers, key=lambda each: (not each.is_top_up, -each.price_per_mwh, each.key))
    left_kw = needed.less_kw.copy()
    change_kw: dict[Key, Profile] = {}
    kept_kw = {key: np.maximum(KEPT_RATIO * kw, least_kw.get(key, 0.0)) for key, kw in told_kw.items()}
    for layer in order:
        gain = gains.get(layer.site_id, 0.0)
        if gain <= 0.0 or not left_kw.any():
            continue
        told = told_kw.get(layer.key, np.zeros_like(left_kw)) + change_kw.get(layer.key, 0.0)
        may_go = np.maximum(0.0, told - kept_kw.get(layer.key, 0.0))
        taken = np.minimum(np.minimum(layer.award_kw, may_go) * needed.left_ratio, left_kw / gain)
        taken = np.where(left_kw > 0.0, np.maximum(taken, 0.0), 0.0)
        if taken.max(initial=0.0) < min_change_kw:
            continue
        change_kw[layer.key] = change_kw.get(layer.key, np.zeros_like(left_kw)) - taken
        left_kw = np.maximum(0.0, left_kw - taken * gain)
    return Adjustment(change_kw, left_kw)


def give_back(
    needed: Correction,
    layers: Sequence[Layer],
    told_kw: Mapping[Key, Profile],
    gains: Mapping[str, float],
    min_change_kw: float,
) -> Adjustment:
    """Choose who gets back what was taken from it: it is bought already, so it goes before new awards.

    Args:
        needed: How much more, by `more_kw`.
        layers: What was bought of the sites that may be told anew.
        told_kw: What each resource is told at present, kW. Shape (N,) each.
        gains: Share of what a site is told that it delivers, 0..1, by site.
        min_change_kw: A site is not told anew for less than this in any interval, kW.
    """
    bought_kw: dict[Key, Profile] = {}
    price: dict[Key, tuple[bool, float]] = {}
    for layer in layers:
        bought_kw[layer.key] = bought_kw.get(layer.key, np.zeros_like(needed.more_kw)) + layer.award_kw
        rank = (layer.is_top_up, layer.price_per_mwh)
        price[layer.key] = min(price.get(layer.key, rank), rank)
    left_kw = needed.more_kw.copy()
    change_kw: dict[Key, Profile] = {}
    for key in sorted(bought_kw, key=lambda each: (price[each], each)):
        gain = gains.get(key[0], 0.0)
        if gain <= 0.0 or not left_kw.any():
            continue
        missing = np.maximum(0.0, bought_kw[key] - told_kw.get(key, np.zeros_like(left_kw)))
        given = np.minimum(missing * needed.left_ratio, left_kw / gain)
        if given.max(initial=0.0) < min_change_kw:
            continue
        change_kw[key] = given
        left_kw = np.maximum(0.0, left_kw - given * gain)
    return Adjustment(change_kw, left_kw)


def share_out(
    needed: Correction,
    room_kw: Mapping[Key, Profile],
    gains: Mapping[str, float],
    min_change_kw: float,
) -> Adjustment:
    """Share what more is needed over resources in proportion to their room, as an order does.

    Args:
        needed: How much more, by `more_kw`.
        room_kw: What each resource could still be told, kW, 0 or more. Shape (N,) each.
        gains: Share of what a site is told that it delivers, 0..1, by site.
        min_change_kw: A site is not told anew for less than this in any interval, kW.
    """
    counted = {
        key: np.maximum(0.0, kw) * needed.left_ratio * gains.get(key[0], 0.0)
        for key, kw in room_kw.items()
        if gains.get(key[0], 0.0) > 0.0
    }
    total = sum(counted.values(), np.zeros_like(needed.more_kw))
    share = np.divide(needed.more_kw, total, out=np.zeros_like(total), where=total > 0.0).clip(0.0, 1.0)
    change_kw: dict[Key, Profile] = {}
    left_kw = needed.more_kw.copy()
    for key in sorted(counted):
        given = share * counted[key] / gains[key[0]]
        if given.max(initial=0.0) < min_change_kw:
            continue
        change_kw[key] = given
        left_kw = left_kw - share * counted[key]
    return Adjustment(change_kw, np.maximum(0.0, left_kw))
