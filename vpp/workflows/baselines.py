"""Baselines: frozen once, before delivery, and told to the site."""

from functools import partial

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.baseline.site_baseline import site_baseline
from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.metering import curtailed, usable_history
from vpp.workflows.ports import MessageKind, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import HUB, audit, product_of, promised
from vpp.workflows.records import BaselineRecord
from vpp.workflows.responding import instructions_of

OVER = frozenset({EventState.CANCELLED, EventState.FAILED, EventState.SETTLED})


def freeze_baselines(units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, event_id: str) -> None:
    """Freeze the baseline of every instructed site, and owe each of them the figures.

    A baseline that is frozen already stays as it is, whatever readings come later. A site with too
    little history for any fallback gets none; its delivery cannot be paid and the statement says so.
    """
    calls, sites = [], []
    with units(write=False) as uow:
        event = promised(uow.events.get(event_id), f"events/{event_id}").value
        if event.state in OVER:
            return
        product = product_of(uow, event.product_id, event.product_version)
        wanted = {
            stored.value.site_id
            for stored in instructions_of(uow, event_id)
            if stored.value.state is not InstructionState.SUPERSEDED
        }
        for site_id in sorted(wanted):
            if uow.baselines.get(f"{event_id}-{site_id}") is not None:
                continue
            site = promised(uow.sites.get(site_id), f"sites/{site_id}").value
            calendar = SiteCalendar(site.time_zone, rules.holidays)
            hidden = curtailed(uow, site, calendar, except_event=event_id)
            history_kw = usable_history(
                uow, site, uow.now, product.baseline.lookback_days + 1, product.settlement_interval
            )
            sites.append(site_id)
            calls.append(
                partial(
                    site_baseline,
                    history_kw,
                    event.delivery,
                    product.baseline,
                    time_zone=site.time_zone,
                    holidays=rules.holidays,
                    excluded_dates=hidden.dates,
                    masked=hidden.masked,
                )
            )
    results = pool.run_all(calls)
    with units() as uow:
        event = promised(uow.events.get(event_id), f"events/{event_id}").value
        for site_id, result in zip(sites, results, strict=True):
            key = f"{event_id}-{site_id}"
            if uow.baselines.get(key) is not None:
                continue
            if isinstance(result, InsufficientHistory):
                audit(uow, HUB, "no_baseline", f"events/{event_id}", site=site_id, outcome=result)
                continue
            record = BaselineRecord(
                event_id=event_id,
                site_id=site_id,
                delivery=event.delivery,
                method=result.method,
                days_used=result.days_used,
                raw_kw=tuple(float(value) for value in result.raw_kw),
                adjustment_kw=result.adjustment_kw,
                adjusted=result.adjusted,
                adjusted_kw=tuple(float(value) for value in result.adjusted_kw),
            )
            uow.baselines.add(key, record)
            uow.outbox.append(site_id, MessageKind.BASELINE_NOTICE, event_id)
            audit(
                uow,
                HUB,
                "freeze_baseline",
                f"events/{event_id}",
                site=site_id,
                method=result.method,
                adjustment_kw=result.adjustment_kw,
            )
        uow.commit()
