"""What a site delivered, counted from its baseline by the rule."""

import numpy as np
import pandas as pd

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.event_view import Floats, taken
from vpp.baseline.rules.wall_positions import WallPositions
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.telemetry.grid import metering_step


def delivered_reduction_kw(rule: BaselineRule, found: RuleBaseline, site: SiteMeter) -> pd.Series:
    """Count what was delivered: `(baseline - metered) * losses`, signed.

    With a device split, only output that served load counts: what storage and generation exported is
    left out, and charging in the event counts neither way. The two parts are never counted twice:

        (load baseline - load) + (min(output, load) - typical output)

    Args:
        rule: The rule that the baseline was made by.
        found: The baseline.
        site: The site's readings, the event's among them.

    Returns:
        kW on the event's intervals, negative where the site used more than its baseline; NaN where it
        was not metered. Shape (N,).

    Source:
        Metering generator output without net export, as in CAISO's method; losses last.
    """
    baseline_kw = found.adjusted_kw.to_numpy(dtype=np.float64)
    net_kw = _on_event(site, site.net_power_kw, found)
    if found.device_typical_kw is None or site.device_kw is None:
        reduction_kw = baseline_kw - net_kw
    else:
        output_kw = _on_event(site, site.device_kw, found)
        load_kw = net_kw + output_kw
        served_kw = np.clip(output_kw, 0.0, np.maximum(load_kw, 0.0))
        reduction_kw = baseline_kw - load_kw + served_kw  # the typical output is off the baseline already
    return pd.Series(reduction_kw * rule.loss_ratio, index=found.adjusted_kw.index, name="reduction_kw")


def _on_event(site: SiteMeter, series_kw: pd.Series, found: RuleBaseline) -> Floats:
    """Return a series' readings on the baseline's intervals."""
    step = metering_step(series_kw)
    grid = WallPositions(site.calendar, series_kw.index[0].to_pydatetime(), step)
    start = found.adjusted_kw.index[0].to_pydatetime()
    event = Interval(start, start + len(found.adjusted_kw) * step)
    return taken(series_kw.to_numpy(dtype=np.float64), grid.of(event))
