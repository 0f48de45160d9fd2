"""The two baselines of an event's sites together: the sum of theirs, and that of their sum."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from vpp.settlement.evidence import AggregateEvidence
from vpp.workflows.event_frame import EventFrame
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import BaselineRecord


def aggregate_evidence(
    uow: UnitOfWork, frame: EventFrame, baselines: Mapping[str, BaselineRecord]
) -> AggregateEvidence | None:
    """State the baselines of an event's sites together.

    The two are of the same sites: those whose loads were added when the baseline of the sum was frozen. Where
    one of them has no baseline of its own that fits the event, the baseline of the sum is a gap: what the two
    differ by would be that site's load.

    Args:
        uow: The transaction.
        frame: The event.
        baselines: The sites' own baselines, by site.

    Returns:
        Both, losses included; None where the product judges each site by itself, or no site has a baseline.
    """
    if frame.product.money.measured_as != "aggregate" or not baselines:
        return None
    usable = sorted(one for one, record in baselines.items() if len(record.adjusted_kw) >= frame.count)
    stored = uow.aggregate_baselines.get(frame.event.event_id)
    is_paid_by_sum = frame.product.measurement.aggregate_baseline == "baseline_of_sum"
    of_sum_kw: Sequence[float] = (math.nan,) * frame.count
    site_ids = usable
    if stored is not None:
        site_ids = [site_id for site_id in stored.value.site_ids if site_id in usable]
        if len(site_ids) == len(stored.value.site_ids) and len(stored.value.adjusted_kw) >= frame.count:
            rule = frame.rules.get(stored.value.rule_digest, frame.rules[""])
            of_sum_kw = [kw * rule.loss_ratio for kw in stored.value.adjusted_kw[: frame.count]]
    sum_kw = np.zeros(frame.count)
    for site_id in site_ids:
        record = baselines[site_id]
        digest = record.provenance.rule_digest if record.provenance is not None else ""
        rule = frame.rules.get(digest, frame.rules[""])
        sum_kw += np.asarray(record.adjusted_kw[: frame.count]) * rule.loss_ratio
    return AggregateEvidence(
        site_count=len(site_ids),
        sum_of_baselines_kw=tuple(sum_kw.tolist()),
        baseline_of_sum_kw=tuple(math.nan if math.isnan(kw) else float(kw) for kw in of_sum_kw),
        is_paid_by_sum=is_paid_by_sum,
    )
