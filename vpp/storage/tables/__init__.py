"""The tables, all under one `METADATA`."""

from vpp.storage.tables import auction, dispatch, messaging, portfolio, settlement, telemetry
from vpp.storage.tables.schema import METADATA

__all__ = ["METADATA", "auction", "dispatch", "messaging", "portfolio", "settlement", "telemetry"]
