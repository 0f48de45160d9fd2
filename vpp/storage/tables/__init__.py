"""The tables, all under one `METADATA`."""

from vpp.storage.tables import (
    auction,
    baselines,
    dispatch,
    forecasts,
    green_certificates,
    ledger,
    ledger_guards,
    messaging,
    observability,
    portfolio,
    revenue,
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
    "green_certificates",
    "ledger",
    "ledger_guards",
    "messaging",
    "observability",
    "portfolio",
    "revenue",
    "settlement",
    "telemetry",
    "tracking",
]
