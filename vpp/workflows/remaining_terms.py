"""What of a buyer's limits is left for what is bought in the course of an event."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from vpp.auction.buyer import ANY_TERMS, BuyerTerms
from vpp.auction.tender import Tender
from vpp.dispatch.allocation import net_reduction
from vpp.workflows.records import AwardRecord

Profile = npt.NDArray[np.float64]


def remaining_terms(
    tender: Tender | None, awards: Sequence[AwardRecord], first: int, horizon: int
) -> tuple[BuyerTerms, float | None]:
    """Return the buyer's limits less what has been bought, for a clearing from an interval on.

    Limits of reduction and rebound hold for what is bought at first and later together. What asks for
    more of the target (margin, reserve, local targets) or shapes its ramps has been served by the first
    clearing and is not asked again.

    Args:
        tender: The auction; None for an event without one, which has no such limits.
        awards: What the event has bought.
        first: The event's interval with which the clearing begins.
        horizon: Delivery and recovery intervals of the clearing together, T.

    Returns:
        The terms, and the rebound headroom of all sites together, kW; None for no limit.
    """
    if tender is None:
        return ANY_TERMS, None
    nets = {award.award_id: _net_kw(award, first, horizon) for award in awards}

    def bought_kw(concerns: Callable[[AwardRecord], bool]) -> Profile:
        total = np.zeros(horizon)
        for award in awards:
            if concerns(award):
                total += nets[award.award_id]
        return total

    def left(limit_kw: Sequence[float] | None, taken_kw: Profile) -> tuple[float, ...] | None:
        if limit_kw is None:
            return None
        whole = np.array([*limit_kw, *(limit_kw[-1],) * (first + horizon)])[first : first + horizon]
        return tuple(np.maximum(0.0, whole - np.maximum(0.0, taken_kw)).tolist())

    everyone_kw = bought_kw(lambda _: True)
    terms = tender.terms
    remaining = BuyerTerms(
        zones=tuple(
            replace(
                zone,
                local_target_kw=None,
                max_reduction_kw=left(zone.max_reduction_kw, everyone_kw),
                max_rebound_kw=left(zone.max_rebound_kw, -everyone_kw),
            )
            for zone in terms.zones
            if zone.zone == tender.zone
        ),
        feeders=tuple(
            replace(
                feeder,
                max_reduction_kw=left(feeder.max_reduction_kw, behind_kw),
                max_rebound_kw=left(feeder.max_rebound_kw, -behind_kw),
            )
            for feeder in terms.feeders
            for behind_kw in (bought_kw(lambda award, f=feeder: award.site_id in f.site_ids),)  # type: ignore[misc]  # binds the feeder
        ),
        sites=tuple(
            replace(
                site,
                max_rebound_kw=left(
                    site.max_rebound_kw,
                    -bought_kw(lambda award, s=site: award.site_id == s.site_id),  # type: ignore[misc]  # binds the site
                ),
            )
            for site in terms.sites
        ),
    )
    headroom_kw = tender.rebound_headroom_kw
    if headroom_kw is not None:
        headroom_kw = max(0.0, headroom_kw - float(np.maximum(0.0, -everyone_kw).max(initial=0.0)))
    return remaining, headroom_kw


def _net_kw(award: AwardRecord, first: int, horizon: int) -> Profile:
    """Return an award's net reduction from an interval on, recovery included, kW. Shape (T,)."""
    within = np.array(net_reduction(award.reduction_kw, award.rebound_kw))
    after = -np.array(award.rebound_kw[len(award.reduction_kw) :])
    whole = np.concatenate((within, after, np.zeros(first + horizon)))
    return whole[first : first + horizon]
