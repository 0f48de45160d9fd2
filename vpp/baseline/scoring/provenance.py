"""What a stored baseline was made from."""

from dataclasses import dataclass
from datetime import datetime

import numpy.typing as npt
import pandas as pd

from vpp.baseline.engine_version import ENGINE_VERSION
from vpp.baseline.scoring.data_version import data_version
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.telemetry.grid import metering_step


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that decides a baseline, by name, version and content.

    Attributes:
        baseline_id: The rule.
        rule_version: Its version.
        rule_digest: SHA-256 of its content.
        engine_version: Version of the engine: it changes when any figure may.
        data_version: SHA-256 of everything known of the site that the baseline was made from.
        event: The event.
        notice_at: When notice was given; None where the event's start counts.
        data_start: Start of the metering that was looked at; with `data_end` the span to load again.
        data_end: Its end.
        unverified: Dotted names of the rule's values that nobody checked; ("*",) for all.
    """

    baseline_id: str
    rule_version: int
    rule_digest: str
    engine_version: str
    data_version: str
    event: Interval
    notice_at: datetime | None
    data_start: datetime
    data_end: datetime
    unverified: tuple[str, ...]


def provenance_of(
    rule: BaselineRule,
    site: SiteMeter,
    event: Interval,
    *,
    notice_at: datetime | None = None,
    quality: npt.ArrayLike | None = None,
) -> Provenance:
    """State what a baseline of these inputs is made from; call it with what the engine is given.

    Args:
        rule: The rule.
        site: What the engine is given.
        event: The event.
        notice_at: When notice was given; None where the event's start counts.
        quality: Name of the quality of each interval of the meter, if known. Shape (T,).

    Raises:
        InvalidInput: As `data_version`.
    """
    index = pd.DatetimeIndex(site.net_power_kw.index)
    ends = [event.end]
    if rule.adjustment is not None:  # a forecast reaches to its windows after the event
        ends += [event.end + window.end for window in rule.adjustment.windows if window.anchor == "end"]
    data_end = index[-1].to_pydatetime() + metering_step(site.net_power_kw) if len(index) else event.start
    return Provenance(
        baseline_id=rule.baseline_id,
        rule_version=rule.version,
        rule_digest=rule.digest,
        engine_version=ENGINE_VERSION,
        data_version=data_version(site, quality=quality, until=max(data_end, *ends)),
        event=event,
        notice_at=notice_at,
        data_start=index[0].to_pydatetime() if len(index) else event.start,
        data_end=data_end,
        unverified=rule.source.unverified or (() if rule.is_verified else ("*",)),
    )
