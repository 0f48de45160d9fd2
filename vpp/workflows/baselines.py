"""Baselines: frozen once, before delivery, and told to the site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rule_reach import history_days, read_until
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import InstructionState
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.site import Site
from vpp.telemetry.metered_series import MeteredSeries
from vpp.workflows.aggregate_baselines import freeze_aggregate
from vpp.workflows.baseline_making import BaselineJob, MadeBaseline, NotMade, make_baseline
from vpp.workflows.baseline_records import BaselineProvenance, MeterEditsRecord, RuleChoiceRecord
from vpp.workflows.choosing_rules import choice_for, chosen_rules, scores_of
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.outbox_ports import MessageKind
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import HUB, audit, product_of, promised
from vpp.workflows.records import BaselineRecord
from vpp.workflows.reporting import instructions_of
from vpp.workflows.site_readings import SiteReadings, gather_readings
from vpp.workflows.windows_beside import windows_beside

OVER = frozenset({EventState.FAILED, EventState.SETTLED})
USUAL = timedelta(days=30)
SITES_AT_ONCE = 200
"""Sites read, made and written in one go: bounds memory, and how long others wait for the write lock."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A site whose baseline is to be frozen, when it was told of the event, and its rule."""

    site: Site
    notice_at: datetime
    choice: RuleChoiceRecord


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """The same, and what its baseline is made from."""

    told: _Told
    job: BaselineJob


def freeze_at(now: datetime, rules: MarketRules, event: Event, product: ProductProfile) -> datetime:
    """Return when an event's baselines can be frozen: what its rules read has come by then.

    That is before delivery starts, unless a rule reads up to the start itself or the site is told so late
    that its readings could not have come: what is read is from before the start all the same.

    Args:
        now: The present instant, at which the sites are told.
        rules: The hub's rules.
        event: The event.
        product: Its product, in whose civil time the event's day begins.
    """
    calendar = SiteCalendar(product.time_zone)
    ends = [
        read_until(
            rule,
            event.delivery,
            calendar,
            now,
            step=product.settlement_interval,
            library=product.baseline.library,
        )
        for rule in product.baseline.rules
    ]
    return max(now, max(ends) + rules.telemetry_allowance)


def was_under_way(event: Event) -> bool:
    """Tell whether an event was cancelled in its course, so that it is measured and paid up to then."""
    return event.cancelled_at is not None and event.cancelled_at > event.delivery.start


def freeze_baselines(
    units: UnitOfWorkFactory,
    pool: WorkerPool,
    rules: MarketRules,
    event_id: str,
    *,
    sites_at_once: int = SITES_AT_ONCE,
) -> None:
    """Freeze the baseline of every instructed site, and owe each of them the figures.

    A baseline that is frozen already stays as it is, whatever readings come later. A site with too
    little history for any of its rules gets none; its delivery cannot be paid and the statement says so.
    Where the product judges all sites together, the baseline of their summed load is frozen with theirs.
    """
    with units() as uow:  # short; what takes long only reads, so that readings can go on coming in
        told = _told(uow, rules, event_id)
        uow.commit()
    for begin in range(0, len(told), sites_at_once):
        _freeze_some(units, pool, rules, event_id, told[begin : begin + sites_at_once])
    # Also where all were frozen before: the hub may have ended between theirs and that of their sum.
    freeze_aggregate(units, pool, rules, event_id, sites_at_once=sites_at_once)


def _freeze_some(
    units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, event_id: str, told: Sequence[_Told]
) -> None:
    with units(write=False) as uow:
        gathered = [(each, _job(uow, rules, event_id, each)) for each in told]
    wanted = [_Wanted(each, job) for each, job in gathered if job is not None]
    results = pool.run_all([partial(make_baseline, each.job) for each in wanted])
    with units() as uow:
        event = promised(uow.events.get(event_id), f"events/{event_id}").value
        for each, job in gathered:
            if job is None:
                _record_none(uow, event_id, each, "no readings")
        for one, result in zip(wanted, results, strict=True):
            if isinstance(result, NotMade):
                refusals = "; ".join(f"{each.baseline_id}: {each.detail}" for each in result.refusals)
                _record_none(uow, event_id, one.told, refusals)
            elif uow.baselines.get(f"{event_id}-{one.told.site.site_id}") is None:
                _freeze(uow, event, one, result)
        uow.commit()


def _told(uow: UnitOfWork, rules: MarketRules, event_id: str) -> list[_Told]:
    """Return the instructed sites without a baseline; settles their rules for the season if need be."""
    event = promised(uow.events.get(event_id), f"events/{event_id}").value
    is_cancelled = event.state is EventState.CANCELLED
    if event.state in OVER or (is_cancelled and not was_under_way(event)):
        return []
    product = product_of(uow, event.product_id, event.product_version)
    notice_at: dict[str, datetime] = {}
    instructed: set[str] = set()
    for stored in instructions_of(uow, event_id):
        site_id = stored.value.site_id
        # A site knew of the event when it got its first instruction, superseded since or not.
        notice_at[site_id] = min(stored.created_at, notice_at.get(site_id, event.delivery.start))
        # A cancellation supersedes what every site was told.
        if is_cancelled or stored.value.state is not InstructionState.SUPERSEDED:
            instructed.add(site_id)
    found = []
    for site_id in sorted(instructed):
        if uow.baselines.get(f"{event_id}-{site_id}") is None:
            site = promised(uow.sites.get(site_id), f"sites/{site_id}").value
            choice = choice_for(uow, rules, site, product, event.delivery)
            found.append(_Told(site, notice_at[site_id], choice))
    return found


def _job(uow: UnitOfWork, rules: MarketRules, event_id: str, told: _Told) -> BaselineJob | None:
    event = promised(uow.events.get(event_id), f"events/{event_id}").value
    product = product_of(uow, event.product_id, event.product_version)
    chosen = chosen_rules(product, told.choice)
    readings = gather_readings(
        uow,
        told.site,
        rules,
        end=min(uow.now, event.delivery.start),
        days=max(history_days(rule, product.baseline.library) for rule in chosen),
        step=product.settlement_interval,
        plan_end=event.delivery.end,
        plans_until=told.notice_at,
        except_event=event.event_id,
        splits_devices=any(rule.device is not None for rule in chosen),
    )
    if readings is None:
        return None
    return BaselineJob(
        readings,
        event.delivery,
        told.notice_at,
        chosen,
        product.baseline.library,
        event.direction,
        windows_beside(event.delivery, product),
    )


def _record_none(uow: UnitOfWork, event_id: str, told: _Told, outcome: str) -> None:
    audit(uow, HUB, "no_baseline", f"events/{event_id}", site=told.site.site_id, outcome=outcome)


def _freeze(uow: UnitOfWork, event: Event, wanted: _Wanted, made: MadeBaseline) -> None:
    site_id, result = wanted.told.site.site_id, made.baseline
    record = BaselineRecord(
        event_id=event.event_id,
        site_id=site_id,
        delivery=wanted.job.event,
        method=result.method,
        days_used=result.days_used,
        raw_kw=tuple(float(value) for value in result.raw_kw),
        adjustment_kw=result.adjustment_kw,
        adjusted=result.adjusted,
        adjusted_kw=tuple(float(value) for value in result.adjusted_kw),
        provenance=_provenance(wanted, made),
        **_beside(wanted.job, result),
    )
    uow.baselines.add(f"{event.event_id}-{site_id}", record)
    _keep_edits(uow, site_id, made, wanted.job.readings)
    uow.outbox.append(site_id, MessageKind.BASELINE_NOTICE, event.event_id)
    audit(
        uow,
        HUB,
        "freeze_baseline",
        f"events/{event.event_id}",
        site=site_id,
        method=result.method,
        adjustment_kw=result.adjustment_kw,
        rule_digest=made.provenance.rule_digest,
        data_version=made.provenance.data_version,
        flags=", ".join(flag["kind"] for flag in made.flags) or "none",
    )


def _beside(job: BaselineJob, result: RuleBaseline) -> dict[str, tuple[float, ...]]:
    """Return the record's fields for the windows beside the event; what the rule cannot say stays empty."""
    names = ("before_kw" if window.end <= job.event.start else "after_kw" for window in job.beside)
    return {
        name: tuple(float(value) for value in load_kw)
        for name, load_kw in zip(names, result.beside_kw, strict=False)
    }


def highest_kw(metered: MeteredSeries) -> float | None:
    """Return the largest reading of the last 30 days either way, kW, by which an odd one is told."""
    last = metered.net_power_kw.to_numpy(dtype=np.float64)[-(USUAL // metered.step) :]
    known = np.abs(last[~np.isnan(last)])
    return float(known.max()) if len(known) else None


def _provenance(wanted: _Wanted, made: MadeBaseline) -> BaselineProvenance:
    source, result = made.provenance, made.baseline
    return BaselineProvenance(
        rule_id=source.baseline_id,
        rule_version=source.rule_version,
        rule_digest=source.rule_digest,
        engine_version=source.engine_version,
        data_version=source.data_version,
        adjustment_ratio=result.adjustment_ratio,
        capped=result.capped,
        inputs=wanted.job.readings.document()
        | {
            "notice_at": wanted.job.notice_at.isoformat(),
            "editing_version": made.editing_version,
            "highest_kw": highest_kw(wanted.job.readings.metered),
        },
        notes=made.notes,
        score=scores_of(wanted.told.choice).get(source.rule_digest),
        flags=made.flags,
    )


def _keep_edits(uow: UnitOfWork, site_id: str, made: MadeBaseline, readings: SiteReadings) -> None:
    """Keep the edited readings beside what was read; two events on the same readings share one record."""
    edits_id = edits_key(site_id, made.provenance.data_version)
    if not made.edits or uow.meter_edits.get(edits_id) is not None:
        return
    record = MeterEditsRecord(
        edits_id=edits_id,
        site_id=site_id,
        data_version=made.provenance.data_version,
        step=readings.metered.step,
        edits=made.edits,
        editing_version=made.editing_version,
    )
    uow.meter_edits.add(edits_id, record)


def edits_key(site_id: str, data_version: str) -> str:
    """Return the id of a site's edited readings of one data version."""
    return f"{site_id}-{data_version}"
