"""The baseline of the summed load of an event's sites, frozen with theirs where a product judges their sum.

The sum of baselines and the baseline of the sum differ wherever a rule ranks days or caps an adjustment. Both
are kept; the product says which one is paid by.

Source:
    Baseline reference, section 2, aggregate or per site.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rule_reach import history_days
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.scoring.provenance import provenance_of
from vpp.baseline.site_meter import SiteMeter
from vpp.dispatch.event import Event
from vpp.foundation.errors import InvalidInput, NotFound
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.product import ProductProfile
from vpp.telemetry.grid import metering_step
from vpp.workflows.baseline_records import AggregateBaselineRecord
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.civil_time import zone_calendar
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import HUB, audit, product_of, promised
from vpp.workflows.reporting import instructions_of
from vpp.workflows.site_readings import SiteReadings, edited_meter, gather_readings


@dataclass(frozen=True, slots=True, eq=False)
class SummedLoad:
    """The load of some sites together, and what is known of its times.

    Attributes:
        load_kw: Sum of the sites' edited loads on the settlement grid, kW; a gap where one site has one.
        device_kw: Sum of the output of their devices; None where none has a meter of its own.
        events: When any of them delivered in other events.
        masked: When any of them may have recovered.
        contract_kw: Sum of their contract capacities.
    """

    load_kw: pd.Series
    device_kw: pd.Series | None
    events: frozenset[Interval]
    masked: frozenset[Interval]
    contract_kw: float


def freeze_aggregate(
    units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, event_id: str, *, sites_at_once: int
) -> None:
    """Freeze the baseline of an event's sites together, if its product judges their sum and none is frozen.

    Args:
        units: Makes transactions.
        pool: Runs the engine.
        rules: The hub's rules.
        event_id: The event; its sites' own baselines are frozen.
        sites_at_once: Sites read in one go, which bounds memory.
    """
    with units(write=False) as uow:
        event = promised(uow.events.get(event_id), f"events/{event_id}").value
        product = product_of(uow, event.product_id, event.product_version)
        if product.money.measured_as != "aggregate" or uow.aggregate_baselines.get(event_id) is not None:
            return
        frozen = uow.baselines.page(where={"event_id": event_id}, limit=EVERYTHING)
        site_ids = sorted(one.value.site_id for one in frozen)
        told_at = [one.created_at for one in instructions_of(uow, event_id)]
        calendar = zone_calendar(product.time_zone, rules, uow.now)
    if not site_ids:
        return
    parts, added = [], []
    for begin in range(0, len(site_ids), sites_at_once):
        with units(write=False) as uow:
            readings = _readings(uow, rules, event, product, site_ids[begin : begin + sites_at_once])
        if not readings:
            continue
        added += [each.site.site_id for each in readings]
        try:
            parts.append(pool.run(partial(summed_load, readings, event.delivery)))
        except InvalidInput as error:  # one site's readings, of which no sum can be made
            _record_none(units, event_id, str(error))
            return
    if not parts:
        _record_none(units, event_id, "no readings")
        return
    meter_of_sum = added_up(parts)
    meter = SiteMeter(
        net_power_kw=meter_of_sum.load_kw,
        calendar=calendar,
        events=sorted(meter_of_sum.events),
        masked=sorted(meter_of_sum.masked),
        device_kw=meter_of_sum.device_kw,
        contract_kw=meter_of_sum.contract_kw,
    )
    notice_at = min([event.delivery.start, *told_at])
    rule, library = product.baseline.rule, product.baseline.library
    try:
        found = pool.run(
            partial(compute_baseline, rule, meter, event.delivery, notice_at=notice_at, library=library)
        )
    except (InvalidInput, NotFound) as error:
        _record_none(units, event_id, str(error))
        return
    if isinstance(found, NoBaseline):
        _record_none(units, event_id, found.detail)
        return
    source = provenance_of(rule, meter, event.delivery, notice_at=notice_at)
    _keep(units, event, _record(event, found, source.rule_digest, source.data_version, added))


def summed_load(readings: Sequence[SiteReadings], event: Interval) -> SummedLoad:
    """Add up the edited loads of sites.

    Args:
        readings: Of each site, all up to the same instant and on the same settlement grid.
        event: The event that a baseline is for.
    """
    meters = [edited_meter(each, each.calendar.civil_date(event.start)).meter for each in readings]
    return added_up(
        [
            SummedLoad(
                load_kw=meter.net_power_kw,
                device_kw=meter.device_kw,
                events=frozenset(each.deliveries),
                masked=frozenset(each.recoveries),
                contract_kw=each.site.import_limit_kw,
            )
            for each, meter in zip(readings, meters, strict=True)
        ]
    )


def added_up(parts: Sequence[SummedLoad]) -> SummedLoad:
    """Add loads up; the sum begins where the youngest does.

    Args:
        parts: At least one.
    """
    load_kw = _added([part.load_kw for part in parts])
    devices = [part.device_kw.fillna(0.0) for part in parts if part.device_kw is not None]
    device_kw = _added([load_kw * 0.0, *devices]) if devices else None
    return SummedLoad(
        load_kw=load_kw,
        device_kw=device_kw,
        events=frozenset().union(*(part.events for part in parts)),
        masked=frozenset().union(*(part.masked for part in parts)),
        contract_kw=sum(part.contract_kw for part in parts),
    )


def _added(series: Sequence[pd.Series]) -> pd.Series:
    """Add series on one grid that end at the same instant, from the latest of their beginnings on."""
    count = min(len(each) for each in series)
    total_kw = np.sum([each.to_numpy(dtype=np.float64)[-count:] for each in series], axis=0)
    return regular(total_kw, series[0].index[-count].to_pydatetime(), metering_step(series[0]))


def _readings(
    uow: UnitOfWork, rules: MarketRules, event: Event, product: ProductProfile, site_ids: Sequence[str]
) -> list[SiteReadings]:
    sites = uow.sites.get_all(site_ids)
    rule = product.baseline.rule
    found = [
        gather_readings(
            uow,
            sites[site_id].value,
            rules,
            end=min(uow.now, event.delivery.start),
            days=history_days(rule, product.baseline.library),
            step=product.settlement_interval,
            except_event=event.event_id,
            splits_devices=rule.device is not None,
        )
        for site_id in site_ids
    ]
    return [readings for readings in found if readings is not None]


def _record(
    event: Event, found: RuleBaseline, rule_digest: str, data_version: str, site_ids: Sequence[str]
) -> AggregateBaselineRecord:
    return AggregateBaselineRecord(
        event_id=event.event_id,
        delivery=event.delivery,
        method=found.method,
        days_used=found.days_used,
        raw_kw=tuple(float(value) for value in found.raw_kw),
        adjustment_kw=found.adjustment_kw,
        adjusted=found.adjusted,
        adjusted_kw=tuple(float(value) for value in found.adjusted_kw),
        rule_id=found.method.partition("/")[0],
        rule_digest=rule_digest,
        site_ids=tuple(site_ids),
        data_version=data_version,
        notes=found.notes,
    )


def _keep(units: UnitOfWorkFactory, event: Event, record: AggregateBaselineRecord) -> None:
    with units() as uow:
        if uow.aggregate_baselines.get(event.event_id) is None:
            uow.aggregate_baselines.add(event.event_id, record)
            audit(
                uow,
                HUB,
                "freeze_aggregate_baseline",
                f"events/{event.event_id}",
                sites=len(record.site_ids),
                method=record.method,
                rule_digest=record.rule_digest,
                data_version=record.data_version,
            )
        uow.commit()


def _record_none(units: UnitOfWorkFactory, event_id: str, outcome: str) -> None:
    with units() as uow:
        audit(uow, HUB, "no_aggregate_baseline", f"events/{event_id}", outcome=outcome)
        uow.commit()
