"""The site's own plan, told before the event."""

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.event_view import EventView
from vpp.baseline.rules.load_model import LoadModel
from vpp.baseline.rules.other_series import on_intervals


def nominated(view: EventView) -> LoadModel | NoBaseline:
    """Take the load that the site planned."""
    plan_kw = view.site.plan_kw
    if plan_kw is None:
        return view.none(NoBaselineReason.MISSING_INPUT, "the rule needs the site's plan, plan_kw")
    step = view.grid.step
    if np.isnan(on_intervals(plan_kw, view.event, step)).any():
        return view.none(
            NoBaselineReason.MISSING_INPUT, "the site's plan, plan_kw, does not cover the whole event"
        )
    return LoadModel(lambda window: on_intervals(plan_kw, window, step))
