"""Scores of sites: what each has shown in an event, written once its readings should have come."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.dispatch.attribution import Claim, claim_of, taken_by_others
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction
from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.scoring import EventReadings, is_telling, score_site
from vpp.dispatch.site_score import SiteScore
from vpp.foundation.interval import Interval
from vpp.portfolio.site import Site
from vpp.telemetry.assemble import assemble
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.civil_time import site_calendar
from vpp.workflows.event_claims import claims_beside
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.metering import curtailed, metered_load
from vpp.workflows.newest_instructions import newest_instructions
from vpp.workflows.ports import Due, DueKind, Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit, promised
from vpp.workflows.records import BaselineRecord
from vpp.workflows.reporting import instructions_of
from vpp.workflows.site_load import site_load

SCORED = frozenset({EventState.ENDED, EventState.MEASURED, EventState.SETTLED})
"""States of an event that shows something; one that was called off shows nothing."""
SITES_AT_ONCE = 200
"""Sites read and written in one go: bounds memory, and how long others wait for the write lock."""
MONTH = timedelta(days=30)
DAY = timedelta(days=1)


def owe_scores(uow: UnitOfWork, event: Event, rules: MarketRules) -> None:
    """Make an ended event's scores due, once readings have had the time that measuring gives them."""
    if event.purpose.moves_devices:
        uow.due.add(scoring_due(event, rules))


def scoring_due(event: Event, rules: MarketRules) -> Due:
    """Return when an event's sites are scored: its readings have come by then, or are late."""
    return Due(DueKind.SCORING, event.event_id, event.delivery.end + rules.measurement_allowance)


def score_event(
    units: UnitOfWorkFactory, rules: MarketRules, event_id: str, *, sites_at_once: int = SITES_AT_ONCE
) -> None:
    """Score every instructed site of an ended event that has not been scored for it.

    Args:
        units: Makes the transactions.
        rules: The hub's rules.
        event_id: The event.
        sites_at_once: Sites of one transaction.
    """
    with units(write=False) as uow:
        event = promised(uow.events.get(event_id), f"events/{event_id}").value
        if event.state not in SCORED or event.purpose is EventPurpose.DRY_RUN:
            return
        scored = uow.scores.scored_sites(event_id)
        every = newest_instructions([stored.value for stored in instructions_of(uow, event_id)])
        others = claims_beside(uow, event, event.delivery)
    wanted = [
        one for one in every if one.site_id not in scored and any(one.target_reduction_kw) and is_telling(one)
    ]
    for begin in range(0, len(wanted), sites_at_once):
        some = wanted[begin : begin + sites_at_once]
        with units(write=False) as uow:
            scores = [_score(uow, one, others.get(one.site_id, []), rules) for one in some]
        with units() as uow:
            already = uow.scores.scored_sites(event_id)  # another hub may have been quicker
            fresh = [score for score in scores if score.site_id not in already]
            uow.scores.add_all(fresh)
            audit(uow, HUB, "score_sites", f"events/{event_id}", count=len(fresh))
            uow.commit()


def _score(
    uow: UnitOfWork, instruction: Instruction, others: Sequence[Claim], rules: MarketRules
) -> SiteScore:
    site = promised(uow.sites.get(instruction.site_id), f"sites/{instruction.site_id}")
    stored = uow.baselines.get(f"{instruction.event_id}-{instruction.site_id}")
    record = None if stored is None else stored.value
    span, step = instruction.delivery, site.value.metering_interval
    series = assemble(uow.telemetry.load(site.value.site_id, span), span, step)
    metered_kw = series.net_power_kw.to_numpy(dtype=np.float64)
    baseline_kw = _baseline_kw(record, instruction, len(metered_kw), step)
    claim = claim_of(instruction)
    if claim is not None and others:
        direction = instruction.direction
        delivered_kw = direction.delivered(baseline_kw, metered_kw)
        elsewhere_kw = taken_by_others(claim, others, delivered_kw, span, step)
        baseline_kw = direction.level(baseline_kw, elsewhere_kw)
    readings = EventReadings(
        step=step,
        metered_kw=metered_kw,
        baseline_kw=baseline_kw,
        doubtful=np.isin(series.quality, [MeterQuality.ESTIMATED, MeterQuality.BAD]),
        month_observed_ratio=_month_observed(uow, site, span.start),
        quiet_kw=_quiet_kw(uow, site.value, instruction, rules),
        placebo_error_ratio=_placebo_error(record),
    )
    return score_site(instruction, readings, rules.scores)


def _baseline_kw(
    record: BaselineRecord | None, instruction: Instruction, count: int, step: timedelta
) -> npt.NDArray[np.float64]:
    """Return the frozen baseline per metering interval, kW; NaN where there is none."""
    baseline_kw = np.full(count, np.nan)
    if record is None:
        return baseline_kw
    per_interval = (record.delivery.duration / len(record.adjusted_kw)) // step
    frozen_kw = np.repeat(np.asarray(record.adjusted_kw, dtype=np.float64), per_interval)
    first = (instruction.delivery.start - record.delivery.start) // step  # 0: no event starts elsewhere
    known = frozen_kw[first : first + count]
    baseline_kw[: len(known)] = known
    return baseline_kw


def _month_observed(uow: UnitOfWork, site: Stored[Site], until: datetime) -> float:
    """Return the share of readings that there are of the days before, since the site was enrolled."""
    step = site.value.metering_interval
    since = max(until - MONTH, site.created_at)
    first = until - (until - since) // step * step
    if until - first < DAY:
        return 1.0  # too new to say; the event's own share stands alone
    series = site_load(uow, site.value, Interval(first, until))
    return float(np.mean(series.quality != MeterQuality.MISSING))


def _quiet_kw(
    uow: UnitOfWork, site: Site, instruction: Instruction, rules: MarketRules
) -> npt.NDArray[np.float64]:
    """Return the day before on the delivery grid, kW, without deliveries and recoveries."""
    end = instruction.delivery.start
    span = Interval(end - DAY, end)
    metered = metered_load(uow, site, span, instruction.interval)
    load_kw = metered.usable_kw().to_numpy(dtype=np.float64, copy=True)  # holes are made in it
    busy = curtailed(
        uow,
        site,
        site_calendar(site, rules, uow.now),
        since=span.start,
        except_event=instruction.event_id,
    )
    for one in busy.masked:
        first = max(0, (one.start - span.start) // instruction.interval)
        after = max(0, -((span.start - one.end) // instruction.interval))
        load_kw[first:after] = np.nan
    return load_kw


def _placebo_error(record: BaselineRecord | None) -> float | None:
    """Return how far the baseline's rule is off at the site, as a share of the load; None if not scored."""
    score = None if record is None or record.provenance is None else record.provenance.score
    ratio = None if score is None or not score.get("scored", True) else score.get("rrmse_ratio")
    return None if ratio is None else float(ratio)
