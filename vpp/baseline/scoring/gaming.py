"""All the signs of gaming in one event's baseline."""

from collections.abc import Mapping
from datetime import datetime

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.scoring.day_table import DayTable
from vpp.baseline.scoring.gaming_flag import GamingFlag, GamingLimits
from vpp.baseline.scoring.gaming_view import GamingView
from vpp.baseline.scoring.odd_exclusions import odd_exclusions
from vpp.baseline.scoring.raised_load import pre_event_ramp, raised_load
from vpp.baseline.scoring.thinned_days import old_days, thinned_days
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule

NO_RULES: Mapping[str, BaselineRule] = {}
OUR_LIMITS = GamingLimits()


def gaming_flags(  # noqa: PLR0913  the same inputs as the baseline's, and the baseline
    rule: BaselineRule,
    site: SiteMeter,
    event: Interval,
    baseline: RuleBaseline,
    *,
    notice_at: datetime | None = None,
    limits: GamingLimits = OUR_LIMITS,
    library: Mapping[str, BaselineRule] = NO_RULES,
    direction: Direction = Direction.LOAD_DOWN,
) -> tuple[GamingFlag, ...]:
    """Look for signs that a site moved its baseline; readings from the event's start on are not used.

    A flag is a reason to look, never a judgement. Where too little is known to tell, there is none.

    Args:
        rule: The rule that the baseline was made by.
        site: What it was made from.
        event: The event.
        baseline: The baseline.
        notice_at: When the site was told; None for the event's start.
        limits: When a figure is flagged.
        library: Rules that `rule` may name.
        direction: Which way the event asks consumption to move.

    Returns:
        The flags, by kind in the order of `GamingKind`.

    Raises:
        InvalidInput: The meter's series is empty or not regular in UTC.
    """
    view = GamingView(
        rule=rule,
        site=site,
        event=event,
        baseline=baseline,
        notice_at=notice_at,
        limits=limits,
        library=library,
        table=DayTable.of(site),
        direction=direction,
    )
    found = (raised_load(view), pre_event_ramp(view), thinned_days(view), old_days(view))
    return (*(flag for flag in found if flag is not None), *odd_exclusions(view))
