"""Making a frozen baseline again, from the rule and the readings of then."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from vpp.baseline.scoring.provenance import Provenance
from vpp.baseline.scoring.rederive import Rederivation, rederive
from vpp.foundation.errors import WrongState
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.workflows.baseline_records import BaselineProvenance
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import product_of, promised
from vpp.workflows.records import BaselineRecord
from vpp.workflows.site_readings import SiteReadings, edited_meter, restored_readings
from vpp.workflows.viewing_baselines import visible_baseline


def verify_baseline(
    units: UnitOfWorkFactory, principal: Principal, pool: WorkerPool, event_id: str, site_id: str
) -> Rederivation:
    """Make a frozen baseline again and say whether anything differs.

    Readings that came after it was frozen are left out, as they were then.

    Args:
        units: Makes the transaction.
        principal: Who asks.
        pool: Runs the engine.
        event_id: The event.
        site_id: The site.

    Raises:
        NotFound: There is no such baseline that the caller may see.
        WrongState: It was frozen before it was kept what baselines are made from.
    """
    with units(write=False) as uow:
        record = visible_baseline(uow, principal, event_id, site_id).value
        provenance = record.provenance
        if provenance is None:
            raise WrongState(
                f"the baseline of sites/{site_id} in events/{event_id} is from before it was kept what "
                "baselines are made from",
                event=event_id,
                site=site_id,
            )
        site = promised(uow.sites.get(site_id), f"sites/{site_id}").value
        readings = restored_readings(uow, site, provenance.inputs)
        rule, library = _rules_of(uow, record, provenance)
    return pool.run(made_again, record, provenance, readings, rule, library)


def made_again(
    record: BaselineRecord,
    provenance: BaselineProvenance,
    readings: SiteReadings,
    rule: BaselineRule,
    library: Mapping[str, BaselineRule],
) -> Rederivation:
    """Make a baseline again from restored readings, and compare."""
    meter = edited_meter(readings, readings.calendar.civil_date(record.delivery.start))
    return rederive(
        _stored(record, provenance, readings),
        np.array(record.raw_kw),
        np.array(record.adjusted_kw),
        rule,
        meter.meter,
        quality=meter.quality,
        library=library,
    )


def _stored(record: BaselineRecord, provenance: BaselineProvenance, readings: SiteReadings) -> Provenance:
    inputs: Mapping[str, Any] = provenance.inputs
    span = Interval(datetime.fromisoformat(inputs["start"]), datetime.fromisoformat(inputs["end"]))
    whole = span.duration // readings.step * readings.step
    return Provenance(
        baseline_id=provenance.rule_id,
        rule_version=provenance.rule_version,
        rule_digest=provenance.rule_digest,
        engine_version=provenance.engine_version,
        data_version=provenance.data_version,
        event=record.delivery,
        notice_at=datetime.fromisoformat(inputs["notice_at"]),
        data_start=span.start,
        data_end=span.start + whole,
        unverified=(),
    )


def _rules_of(
    uow: UnitOfWork, record: BaselineRecord, provenance: BaselineProvenance
) -> tuple[BaselineRule, Mapping[str, BaselineRule]]:
    event = promised(uow.events.get(record.event_id), f"events/{record.event_id}").value
    terms = product_of(uow, event.product_id, event.product_version).baseline
    [rule] = [rule for rule in terms.rules if rule.digest == provenance.rule_digest]
    return rule, terms.library
