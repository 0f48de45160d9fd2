"""What the mix of members says, with the errors it made or would have made."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from vpp.baseline.forecast_request import PastErrors
from vpp.baseline.forecasting.horizon import HorizonMap
from vpp.baseline.forecasting.imputation import imputed
from vpp.baseline.forecasting.ladder_step import LadderStep, around, with_replayed_errors
from vpp.baseline.forecasting.member import ComputedBy
from vpp.baseline.forecasting.mix import ForecastMix, mix_forecast
from vpp.baseline.forecasting.panel import EPOCH, Floats, Ints
from vpp.baseline.forecasting.replay import mix_at, replay
from vpp.baseline.forecasting.scaling import Scale
from vpp.baseline.forecasting.site_panels import SitePanel

MEAN_OF_MEMBERS = "mean-of-members"
FEWER_MEMBERS = "fewer-members"


def member_steps(
    sites: SitePanel,
    rows: Ints,
    mix: ForecastMix,
    past_errors: Sequence[PastErrors | None],
    by: ComputedBy,
) -> list[LadderStep]:
    """Take the mix, with errors as given or else replayed.

    Args:
        sites: The panel.
        rows: Sites of it. Shape (S,).
        mix: Which members, as far as history allows.
        past_errors: Of every site of the panel, errors of its own earlier forecasts, if known.
        by: Which computation.

    Returns:
        Steps; sites without a known error or a finite forecast are left to the next step.
    """
    if len(rows) == 0:
        return []
    on_horizon = HorizonMap.of(sites)
    scale = Scale.of(sites.panel.take(rows))
    panel = imputed(scale.scaled(sites.panel.take(rows)), by=by)
    mix_now = mix_at(mix, panel.length // panel.slots_per_day)
    method = MEAN_OF_MEMBERS if mix_now == mix else FEWER_MEMBERS
    found = mix_forecast(panel, np.array([panel.length]), sites.lead, panel.length, mix=mix_now, by=by)
    point = scale.in_kw(found.kw)
    works = np.isfinite(point).all(axis=(1, 2))
    days_back = _days_back([past_errors[row] for row in rows], on_horizon)
    steps: list[LadderStep] = []
    for back in dict.fromkeys(days_back):
        mine = np.array([n for n in np.flatnonzero(works) if days_back[n] == back], dtype=np.int64)
        if back:
            steps.extend(
                _with_given(sites, rows[mine], method, found.members, point[mine], past_errors, back)
            )
            continue
        again = replay(panel.take(mine), sites.lead, mix, by)
        part = Scale(scale.mean_kw[mine], scale.spread_kw[mine])
        paths_kw = np.concatenate([part.in_kw(again.paths), point[mine]], axis=1)
        steps.extend(
            with_replayed_errors(sites, rows[mine], method, found.members, paths_kw, again.days_back)
        )
    return steps


def _days_back(past_errors: Sequence[PastErrors | None], on_horizon: HorizonMap) -> list[tuple[int, ...]]:
    """Return, by site, how many days before the horizon past errors lie; empty where none is known."""
    first = int(on_horizon.days[0])
    of_days: dict[tuple[date, ...], tuple[int, ...]] = {}  # the sites of a fleet mostly share their days
    found: list[tuple[int, ...]] = []
    for past in past_errors:
        if past is None or np.isnan(past.error_kw).all():
            found.append(())
            continue
        if past.days not in of_days:
            of_days[past.days] = tuple(first - (day - EPOCH).days for day in past.days)
        found.append(of_days[past.days])
    return found


def _with_given(  # noqa: PLR0913, PLR0917  one step's description, its path and errors
    sites: SitePanel,
    rows: Ints,
    method: str,
    members: tuple[str, ...],
    path_kw: Floats,
    past_errors: Sequence[PastErrors | None],
    days_back: tuple[int, ...],
) -> list[LadderStep]:
    if len(rows) == 0:
        return []
    given = tuple(past for row in rows if (past := past_errors[row]) is not None)
    point_kw = HorizonMap.of(sites).values(sites.panel.load_kw[rows, -1:], path_kw)[:, 0]
    errors_kw = np.stack([past.error_kw for past in given])
    step = around(sites, rows, method, members, point_kw, np.array(days_back), errors_kw)
    return [replace(step, given=given)]
