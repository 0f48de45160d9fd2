r"""What a site can do with all its resources together, once what is counted twice has been taken out.

Three things are counted twice when envelopes are merely added up:

1. A kW can be saved once. A cut of dP at the computers is worth (1 + k) dP at the meter because the
   cooling follows; what the cooling has saved already, a warming hall or a cold store cannot save again.
2. A load can be carried once. A UPS takes over the computers' load; what was switched off it cannot
   take over.
3. A store can be emptied once. Resources that stand for one and the same store share its energy.

The first two are shared limits sum_r w_r d_r <= L, the third a shared budget sum_r e_r <= E:

    cooling: d_chiller + d_store + k / (1 + k) sum d_it <= power that the chillers draw
    carried: d_ups + 1 / (1 + k) sum d_it <= load that the UPS carries

What is found is the largest sum of reductions under them. Resources that weigh less than 1 go first:
the others in a limit weigh 1, so that a kW whose weights sum up to at most 1, like one of computers,
takes away at most 1 kW of them, and no other order gives more. A resource that comes in blocks is left
out where its block does not fit. Among resources that exclude each other, those that give most
together are kept.

Source:
    Portfolio rule of this project: the envelope of a site is that of its resources after removing double
    use (a battery counted once; an IT cut lowers cooling); (1 + k) dP: `measurement_boundary`.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from vpp.flexibility.bounds import TOLERANCE_KW, check_within, hours_of
from vpp.flexibility.envelope import Envelope
from vpp.foundation.errors import InvalidInput

MOST_TRIED_SUBSETS = 4096
"""Up to 12 resources with exclusions are tried in every combination, more of them one by one."""


@dataclass(frozen=True, slots=True)
class SharedUse:
    """What several resources have in common: sum_r weight_r d_r <= limit.

    Attributes:
        name: What it is, in words.
        weight: Share of each resource's reduction that counts, 0 or more, by resource id.
        limit_kw: Largest weighted sum, kW; infinite for none.
        limit_kwh: Largest weighted sum of energies, kWh; infinite for none.
    """

    name: str
    weight: Mapping[str, float]
    limit_kw: float = math.inf
    limit_kwh: float = math.inf

    def __post_init__(self) -> None:
        """Refuse negative weights and limits."""
        for value in self.weight.values():
            check_within(value, "weight")
        for field in ("limit_kw", "limit_kwh"):
            if getattr(self, field) != math.inf:
                check_within(getattr(self, field), field)


def shared_cooling(
    chiller_kw: float,
    cooling_ids: Sequence[str],
    it_ids: Sequence[str],
    overhead_slope_ratio: float,
    *,
    cooling_share_ratio: float = 1.0,
) -> SharedUse:
    """Return the limit of what all of a site's cooling can save.

    Args:
        chiller_kw: Power that the chillers draw, kW.
        cooling_ids: Resources that save chiller power: chillers, stores of cold.
        it_ids: Resources that cut computers, their reductions at the point of connection.
        overhead_slope_ratio: Overhead that follows IT power, k.
        cooling_share_ratio: Share of that overhead which is chiller power; all of it unless known.

    Example:
        >>> cooling = shared_cooling(180.0, ["chiller"], ["gpu"], 0.125)
        >>> cooling.limit_kw, {key: round(value, 3) for key, value in cooling.weight.items()}
        (180.0, {'chiller': 1.0, 'gpu': 0.111})
    """
    by_it = cooling_share_ratio * overhead_slope_ratio / (1.0 + overhead_slope_ratio)
    weight = {**dict.fromkeys(cooling_ids, 1.0), **dict.fromkeys(it_ids, by_it)}
    return SharedUse("power that the chillers draw", weight, chiller_kw)


def shared_carried_load(
    carried_kw: float, ups_ids: Sequence[str], it_ids: Sequence[str], overhead_slope_ratio: float
) -> SharedUse:
    """Return the limit of what UPS can take over beside cuts of the same computers.

    Args:
        carried_kw: Load that the UPS carry, kW.
        ups_ids: The UPS.
        it_ids: Resources that cut the computers they carry, reductions at the point of connection.
        overhead_slope_ratio: Overhead that follows IT power, k.
    """
    weight = {**dict.fromkeys(ups_ids, 1.0), **dict.fromkeys(it_ids, 1.0 / (1.0 + overhead_slope_ratio))}
    return SharedUse("load that the UPS carry", weight, carried_kw)


def shared_store(resource_ids: Sequence[str], power_kw: float, energy_kwh: float) -> SharedUse:
    """Return the limit of resources that stand for one and the same store."""
    return SharedUse("one store", dict.fromkeys(resource_ids, 1.0), power_kw, energy_kwh)


@dataclass(frozen=True, slots=True)
class SiteEnvelope:
    """What a site can do over one span.

    Attributes:
        parts: Envelopes as they can be used together: powers and budgets already bounded. What can do
            nothing beside the others is left out.
        left_out: Why a resource is not among the parts, in words, by resource id.
        p_max_kw: Sum of the parts' powers, kW.
        promised_kw: Sum of what a bid may promise of them, kW.
        energy_budget_kwh: Sum of the parts' budgets, kWh.
        response_time: Until the slowest part has responded.
        recovery_cap_kw: Sum of the powers of all recoveries, kW.
    """

    parts: tuple[Envelope, ...]
    left_out: Mapping[str, str]
    p_max_kw: float
    promised_kw: float
    energy_budget_kwh: float
    response_time: timedelta
    recovery_cap_kw: float


def held_kw(envelope: Envelope, span: timedelta) -> float:
    """Return the largest power of an envelope that holds for a whole span, kW.

    Example:
        >>> from vpp.flexibility.envelope import Boundary, DeliveryConfidence, FlexDirection
        >>> bess = Envelope("bess", FlexDirection.LOAD_DOWN, Boundary.POC, 2000.0, 3200.0,
        ...     timedelta(days=1), DeliveryConfidence(0.95))
        >>> held_kw(bess, timedelta(minutes=30)), round(held_kw(bess, timedelta(hours=3)))
        (2000.0, 1067)
    """
    if span > envelope.max_duration:
        return 0.0
    kw = min(envelope.p_max_kw, envelope.energy_budget_kwh / hours_of(span, "span"))
    return kw if kw >= envelope.p_min_kw and kw > TOLERANCE_KW else 0.0


def site_envelope(
    envelopes: Sequence[Envelope],
    span: timedelta,
    *,
    shared: Sequence[SharedUse] = (),
    sheddable_kw: float = math.inf,
    notice: timedelta | None = None,
) -> SiteEnvelope:
    """Return what a site can do for a span, nothing counted twice.

    Args:
        envelopes: Of its resources, one each, all in one direction and at one boundary.
        span: How long it is to be held.
        shared: What resources have in common.
        sheddable_kw: Load of the site that is there to be shed, kW.
        notice: How soon the whole change must be there; None for no such limit.

    Raises:
        InvalidInput: A resource is given twice, or directions or boundaries differ.
    """
    _check(envelopes)
    left_out: dict[str, str] = {}
    useful = []
    for each in envelopes:
        if held_kw(each, span) <= 0.0:
            left_out[each.resource_id] = each.why_not or f"cannot hold for {span}"
        elif notice is not None and each.response_time > notice:
            left_out[each.resource_id] = f"takes {each.response_time} to respond"
        else:
            useful.append(each)
    best: dict[str, float] = {}
    kept: frozenset[str] = frozenset()
    for chosen in _compatible(useful, span):
        taken = _taken_kw([each for each in useful if each.resource_id in chosen], span, shared, sheddable_kw)
        if math.fsum(taken.values()) > math.fsum(best.values()) + TOLERANCE_KW:
            best, kept = taken, chosen
    parts = []
    for each in useful:
        kw = best.get(each.resource_id, 0.0)
        if kw > TOLERANCE_KW:
            share = kw / held_kw(each, span)
            budget_kwh = min(each.energy_budget_kwh, max(kw * hours_of(span), share * each.energy_budget_kwh))
            recovery = replace(each.recovery, energy_kwh=each.recovery.energy_kwh * share)
            parts.append(replace(each, p_max_kw=kw, energy_budget_kwh=budget_kwh, recovery=recovery))
        else:
            excluded = each.excludes | {
                other.resource_id for other in useful if each.resource_id in other.excludes
            }
            others = sorted(excluded & kept)
            left_out[each.resource_id] = (
                f"cannot be used with {', '.join(others)}" if others else "others use what it would save"
            )
    return SiteEnvelope(
        parts=tuple(parts),
        left_out=left_out,
        p_max_kw=math.fsum(part.p_max_kw for part in parts),
        promised_kw=math.fsum(part.promised_kw for part in parts),
        energy_budget_kwh=math.fsum(part.energy_budget_kwh for part in parts),
        response_time=max((part.response_time for part in parts), default=timedelta(0)),
        recovery_cap_kw=math.fsum(part.recovery.cap_kw for part in parts),
    )


def _check(envelopes: Sequence[Envelope]) -> None:
    ids = [each.resource_id for each in envelopes]
    if len(set(ids)) != len(ids):
        raise InvalidInput(f"envelopes are of {ids}, expected each resource once")
    if len({(each.direction, each.boundary) for each in envelopes}) > 1:
        raise InvalidInput("envelopes differ in direction or boundary, expected one of each")


def _compatible(envelopes: Sequence[Envelope], span: timedelta) -> list[frozenset[str]]:
    """Return sets of resources that exclude each other nowhere, none of them in need of another member."""
    ids = frozenset(each.resource_id for each in envelopes)
    conflicts = {
        frozenset({each.resource_id, other}) for each in envelopes for other in each.excludes if other in ids
    }
    disputed = sorted(frozenset().union(*conflicts))
    free = ids - frozenset(disputed)
    if 2 ** len(disputed) <= MOST_TRIED_SUBSETS:
        subsets = (
            frozenset(subset)
            for count in range(len(disputed), -1, -1)
            for subset in itertools.combinations(disputed, count)
        )
        return [free | subset for subset in subsets if not any(pair <= subset for pair in conflicts)]
    power = {each.resource_id: held_kw(each, span) for each in envelopes}
    chosen: frozenset[str] = frozenset()
    for resource_id in sorted(disputed, key=lambda key: (-power[key], key)):
        if not any(frozenset({resource_id, other}) in conflicts for other in chosen):
            chosen |= {resource_id}
    return [free | chosen]


def _taken_kw(
    envelopes: Sequence[Envelope], span: timedelta, shared: Sequence[SharedUse], sheddable_kw: float
) -> dict[str, float]:
    """Return what each resource gives for the largest sum, kW, by resource id."""

    def heaviest(resource_id: str) -> float:
        return max((each.weight.get(resource_id, 0.0) for each in shared), default=0.0)

    order = sorted(envelopes, key=lambda each: (heaviest(each.resource_id), each.resource_id))
    left_kw = [min(each.limit_kw, each.limit_kwh / hours_of(span)) for each in shared]
    left_site_kw = sheddable_kw
    taken: dict[str, float] = {}
    for each in order:
        weights = [use.weight.get(each.resource_id, 0.0) for use in shared]
        room = (left / weight for left, weight in zip(left_kw, weights, strict=True) if weight > 0.0)
        kw = max(0.0, min(held_kw(each, span), left_site_kw, *room))
        kw = kw if kw >= each.p_min_kw else 0.0
        taken[each.resource_id] = kw
        left_site_kw -= kw
        left_kw = [left - weight * kw for left, weight in zip(left_kw, weights, strict=True)]
    return taken
