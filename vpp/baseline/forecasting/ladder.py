"""Which forecast method each site's history allows, for a panel of sites."""

from collections.abc import Sequence

import numpy as np

from vpp.baseline.forecast_request import PastErrors
from vpp.baseline.forecasting.fallback_steps import constant_step, mean_load_step, plan_step, profile_step
from vpp.baseline.forecasting.ladder_step import LadderStep
from vpp.baseline.forecasting.member import ComputedBy
from vpp.baseline.forecasting.member_step import member_steps
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.forecasting.replay import FEWEST_DAYS_TO_FIT
from vpp.baseline.forecasting.site_panels import SitePanel

# A fit on two weeks, and the errors of two days to judge it by. The members err a sixth less than the class
# profile from then on: shrinkage and the range they are held in keep them from what short fits are known for.
FEWEST_DAYS_FOR_MEMBERS = FEWEST_DAYS_TO_FIT + 3
FEWEST_DAYS_FOR_PROFILE = 2
FEWEST_DAYS_TO_OVERRULE_PLAN = 5
LONGEST_LEAD_DAYS = 7
LEAST_KNOWN_RATIO, KNOWN_WITHIN_DAYS = 0.5, 56


def ladder_steps(
    sites: SitePanel, mix: ForecastMix, past_errors: Sequence[PastErrors | None], *, by: ComputedBy
) -> list[LadderStep]:
    """Take for every site the best method that its history allows.

    A load that never changed stays as it is. With at least half the slots known, 17 days allow the two
    members that need least for the next day, and one more for every day that the horizon lies further
    ahead, up to a week; four weeks allow the mix asked for; with
    less than five days a plan that covers the horizon is taken as nominated; two days allow the class
    profile; less, the mean load with the quantiles of the load itself.

    Args:
        sites: The panel.
        mix: Which members.
        past_errors: By site, errors of its own earlier forecasts, if known.
        by: Which computation.

    Returns:
        Steps that together hold every site once; finite throughout.
    """
    panel, m = sites.panel, sites.panel.slots_per_day
    known = ~np.isnan(panel.load_kw)
    lowest, highest = np.nanmin(panel.load_kw, axis=1), np.nanmax(panel.load_kw, axis=1)
    known_days = np.add.reduceat(known, np.arange(0, panel.length, m), axis=1).astype(np.bool_).sum(axis=1)
    steps: list[LadderStep] = []
    left = np.ones(panel.site_count, dtype=np.bool_)

    def take(found: list[LadderStep]) -> None:
        for step in found:
            steps.append(step)
            left[step.sites] = False

    take(constant_step(sites, np.flatnonzero(lowest == highest), lowest))
    is_enough = known[:, -KNOWN_WITHIN_DAYS * m :].mean(axis=1) >= LEAST_KNOWN_RATIO
    fewest = FEWEST_DAYS_FOR_MEMBERS * m + max(sites.lead - m, 0)  # farther ahead, fewer days to learn from
    if panel.length >= fewest and sites.lead <= LONGEST_LEAD_DAYS * m:
        take(member_steps(sites, np.flatnonzero(left & is_enough), mix, past_errors, by))
    if panel.plan_kw is not None:
        take(plan_step(sites, np.flatnonzero(left & (known_days < FEWEST_DAYS_TO_OVERRULE_PLAN))))
    take(profile_step(sites, np.flatnonzero(left & (known_days >= FEWEST_DAYS_FOR_PROFILE))))
    take(mean_load_step(sites, np.flatnonzero(left)))
    return steps
