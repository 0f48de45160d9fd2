"""The output of a site's storage and generation, by their own meters, as baselines want it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pandas as pd

from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.site import Site
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.revenue_grid import device_power_kw
from vpp.workflows.revenue_records import NO_DEVICE


@dataclass(frozen=True, slots=True, eq=False)
class DeviceOutput:
    """What a site's devices gave.

    Attributes:
        output_kw: Their output together, kW, discharge positive; None where none has been read. Shape (T,).
        versions: The newest import of each that is in.
    """

    output_kw: pd.Series | None = None
    versions: Mapping[str, int] = field(default_factory=dict)


def device_output(
    uow: UnitOfWork,
    site: Site,
    span: Interval,
    step: timedelta,
    *,
    versions: Mapping[str, int] | None = None,
) -> DeviceOutput:
    """Read what a site's devices gave in a span.

    Args:
        uow: The transaction.
        site: The site.
        span: When; what is over of it in whole steps counts.
        step: Length of an interval.
        versions: Only imports up to these, and of these devices: what was known then; None for all.
    """
    whole = span.duration // step
    pieces = [
        piece
        for piece in uow.revenue.load_many([site.site_id], span).get(site.site_id, ())
        if piece.device_id != NO_DEVICE
        and (versions is None or piece.version <= versions.get(piece.device_id, 0))
    ]
    if not whole or not pieces:
        return DeviceOutput()
    window = Interval(span.start, span.start + whole * step)
    output_kw = device_power_kw(pieces, window, step)
    newest = {piece.device_id: piece.version for piece in pieces}  # by version, the newest last
    return DeviceOutput(None if output_kw is None else regular(output_kw, window.start, step), newest)
