"""The tables, all under one `METADATA`."""

from vpp.storage.tables import (
    auction,
    baselines,
    dispatch,
    forecasts,
    messaging,
    observability,
    portfolio,
    settlement,
    telemetry,
    tracking,
)
from vpp.storage.tables.schema import METADATA

__all__ = [
    "METADATA",
    "auction",
    "baselines",
    "dispatch",
    "forecasts",
    "messaging",
    "observability",
    "portfolio",
    "settlement",
    "telemetry",
    "tracking",
]
