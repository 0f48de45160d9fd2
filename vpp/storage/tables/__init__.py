"""The tables, all under one `METADATA`."""

from vpp.storage.tables import (
    access,
    auction,
    audit,
    baselines,
    dispatch,
    forecasts,
    green_certificates,
    ledger,
    ledger_guards,
    messaging,
    observability,
    portfolio,
    restorations,
    revenue,
    settlement,
    telemetry,
    tracking,
)
from vpp.storage.tables.schema import METADATA

__all__ = [
    "METADATA",
    "access",
    "auction",
    "audit",
    "baselines",
    "dispatch",
    "forecasts",
    "green_certificates",
    "ledger",
    "ledger_guards",
    "messaging",
    "observability",
    "portfolio",
    "restorations",
    "revenue",
    "settlement",
    "telemetry",
    "tracking",
]
