"""Delivery spans as two columns."""

from datetime import datetime

from sqlalchemy import RowMapping as Row

from vpp.foundation.interval import Interval


def delivery_columns(delivery: Interval) -> dict[str, datetime]:
    """Return the two columns of a delivery span."""
    return {"delivery_start_at": delivery.start, "delivery_end_at": delivery.end}


def delivery_of(row: Row) -> Interval:
    """Return the delivery span of a row."""
    return Interval(row["delivery_start_at"], row["delivery_end_at"])
