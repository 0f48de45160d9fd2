"""The load of sites that were not called, scaled to the site's own level."""

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.candidates import known_mean
from vpp.baseline.rules.event_view import EventView, Floats, taken
from vpp.baseline.rules.load_model import LoadModel
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import ControlGroup


def control_group(view: EventView, method: ControlGroup) -> LoadModel | NoBaseline:
    """Take the group's mean load, times the site's share of it before the event.

    Sites of the group that lack readings in the event or before it are left out, so that both means
    are over the same sites.

    Raises:
        InvalidInput: The group's readings are not on the site's own grid, or infinite in places.
    """
    group = view.site.control_kw
    if group is None:
        return view.none(NoBaselineReason.MISSING_INPUT, "the rule needs a control group, control_kw")
    if not group.index.equals(view.site.net_power_kw.index):
        raise InvalidInput(
            "control_kw has an index of its own, expected that of net_power_kw", control_kw="index"
        )
    before = Interval(view.event.start - method.match, view.event.start)
    if not view.fits(before):
        return view.off_grid(before)
    columns = group.to_numpy(dtype=np.float64).T
    if np.isinf(columns).any():
        raise InvalidInput(
            "control_kw is infinite in places, expected finite values and NaN", control_kw="inf"
        )
    positions = np.concatenate([view.grid.of(before), view.grid.of(view.event)])
    complete = np.array([not np.isnan(taken(column, positions)).any() for column in columns], dtype=np.bool_)
    if complete.sum() < method.fewest_sites:
        return view.none(
            NoBaselineReason.INSUFFICIENT_HISTORY,
            f"{complete.sum()} sites of the control group are metered throughout, expected at least "
            f"{method.fewest_sites}",
        )
    mean_kw, _ = known_mean(columns[complete].T)
    own_kw, group_kw = float(view.actual(before).mean()), float(taken(mean_kw, view.grid.of(before)).mean())
    if np.isnan(own_kw):
        return view.none(
            NoBaselineReason.WINDOW_NOT_METERED, f"the site is not metered in all of {method.match} before"
        )
    if group_kw <= 0 or own_kw < 0:
        return view.none(
            NoBaselineReason.WINDOW_NOT_METERED,
            f"means of {own_kw:.3f} kW and {group_kw:.3f} kW in the group before the event have no ratio",
        )
    ratio = own_kw / group_kw

    def load_kw(window: Interval) -> Floats:
        return ratio * taken(mean_kw, view.grid.of(window))

    return LoadModel(load_kw, notes=(f"{complete.sum()} sites of the control group, scaled by {ratio:.6g}",))
