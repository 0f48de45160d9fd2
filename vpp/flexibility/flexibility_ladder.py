"""The ladder: what each resource gives within a time and holds for as long.

A rung of, say, 5 minutes asks two things at once: that the whole change is there within 5 minutes, and
that it can be held for 5 minutes. The site's own row is what its resources give together, nothing counted
twice.

Source:
    Response-time ladder and reference site RS-1: the domain reference "Flexibility models", sections 2
    and 10.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vpp.flexibility.envelope import Envelope
from vpp.flexibility.site_envelope import SharedUse, held_kw, site_envelope

RUNGS = (timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3))


@dataclass(frozen=True, slots=True)
class LadderRow:
    """What one resource gives.

    Attributes:
        resource_id: The flexible resource.
        alone_kw: What it gives by itself on each rung, kW. Shape (R,).
        together_kw: What it gives beside the others, nothing counted twice, kW. Shape (R,).
        firm_kw: What of `together_kw` comes nine times in ten, kW. Shape (R,).
    """

    resource_id: str
    alone_kw: tuple[float, ...]
    together_kw: tuple[float, ...]
    firm_kw: tuple[float, ...]


def ladder(
    envelopes: Sequence[Envelope],
    rungs: Sequence[timedelta] = RUNGS,
    *,
    shared: Sequence[SharedUse] = (),
    bound_kw: float = math.inf,
) -> tuple[LadderRow, ...]:
    """Return a site's ladder, one row per resource in the order given.

    Args:
        envelopes: Of its resources, one each, all in one direction.
        rungs: Spans, above zero. Shape (R,).
        shared: What resources have in common.
        bound_kw: What the site's load or connection leaves, kW.

    Example:
        >>> from vpp.flexibility.envelope import Boundary, DeliveryConfidence, FlexDirection
        >>> chiller = Envelope("chillers", FlexDirection.LOAD_DOWN, Boundary.POC, 770.0, 190.0,
        ...     timedelta(hours=1), DeliveryConfidence(0.9), delay=timedelta(minutes=2))
        >>> [round(kw) for kw in ladder([chiller])[0].alone_kw]
        [0, 770, 380, 0]
    """
    together = [
        {
            part.resource_id: part
            for part in site_envelope(
                envelopes, rung, shared=shared, sheddable_kw=bound_kw, notice=rung
            ).parts
        }
        for rung in rungs
    ]
    rows = []
    for each in envelopes:
        parts = [found.get(each.resource_id) for found in together]
        rows.append(
            LadderRow(
                resource_id=each.resource_id,
                alone_kw=tuple(held_kw(each, rung) if each.response_time <= rung else 0.0 for rung in rungs),
                together_kw=tuple(0.0 if part is None else part.p_max_kw for part in parts),
                firm_kw=tuple(0.0 if part is None else part.promised_kw for part in parts),
            )
        )
    return tuple(rows)
