"""A baseline beyond its event: what the site would have used just before and after, for reports.

Loads catch up after an event, and some move ahead of it. Both show against the same baseline that the event
is measured by: the rule's method and the event's own adjustment, extended over a window `w` beside the event,

    beside_kw[i] = limits(model(w)[i] * ratio + added_kw)

It reads nothing that the event's baseline did not read, so it is frozen with it. It is never paid by.

Source:
    Baseline reference, section 2: rebound, reported before and after separately.
"""

from collections.abc import Sequence

import numpy as np

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.event_view import EventView, Floats
from vpp.baseline.rules.finishing import within_limits
from vpp.baseline.rules.load_model import LoadModel
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule


def beside_event(
    rule: BaselineRule, view: EventView, model: LoadModel, found: RuleBaseline, windows: Sequence[Interval]
) -> tuple[Floats, ...]:
    """Extend a baseline over windows beside its event.

    Args:
        rule: The rule.
        view: The event's view of the site.
        model: The method's answer.
        found: The event's baseline, with its adjustment.
        windows: Spans on the metering grid.

    Returns:
        kW per window, NaN where the method cannot say, and throughout where a device is split off or a window
        is off the grid. Each of shape (window.duration // step,).
    """
    added_kw = found.adjustment_kw if found.adjustment_ratio == 1.0 else 0.0
    beside = []
    for window in windows:
        if found.device_typical_kw is not None or not view.fits(window):
            beside.append(np.full(window.duration // view.grid.step, np.nan))
            continue
        raw_kw = model.load_kw(window)
        beside_kw, _ = within_limits(rule, view.site, raw_kw, raw_kw * found.adjustment_ratio + added_kw)
        beside.append(beside_kw)
    return tuple(beside)
