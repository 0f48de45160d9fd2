"""Books from the published bids of Great Britain's Demand Flexibility Service."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from vpp.auction.bid import Bid, BlockOffer
from vpp.auction.book import Book
from vpp.auction.dfs_rows import HALF_HOUR, DfsRow

_ZONE = "gb"  # the service is bought for the whole system
_HALF_AN_HOUR_H = Decimal("0.5")
_KW_PER_MW = 1000
_CAP_STEP = 1000  # GBP per MWh: the cap is the next multiple above the dearest bid
_LONGEST_STEM = 55  # leaves room within an id's 63 characters for a number that tells two apart


@dataclass(frozen=True, slots=True)
class DfsHalfHour:
    """One half-hour as a book, and what was in fact bought.

    Attributes:
        book: All bids that offered something, the rejected ones included.
        accepted_bid_ids: Bids that were bought, by id.
        accepted_kw: What they add up to, kW.
        accepted_cost_gbp: What they were paid, as bid.
        empty_rows: Rows with a volume of 0: they offer nothing, so they are no bids.
    """

    book: Book
    accepted_bid_ids: tuple[str, ...]
    accepted_kw: float
    accepted_cost_gbp: Decimal
    empty_rows: tuple[DfsRow, ...]


def dfs_books(
    rows: tuple[DfsRow, ...], required_kw: Mapping[datetime, float] | None = None
) -> tuple[DfsHalfHour, ...]:
    """Turn published bids into books, one for each half-hour.

    A bid becomes a block that is accepted whole or not at all: in the published files no bid was
    ever bought in part, and on the two evenings when several asked the price at the margin, those
    were bought whose volumes fill the requirement exactly, not a part of the next. When bids were
    entered is not published, so all carry the start of delivery and their ids decide ties.

    Args:
        rows: Bids of any number of half-hours.
        required_kw: Start of a half-hour -> target, kW; where there is none, the target is the
            volume that was bought.

    Returns:
        The half-hours, by start.

    Example:
        >>> from datetime import UTC, datetime
        >>> evening = datetime(2024, 3, 1, 18, tzinfo=UTC)
        >>> rows = (
        ...     DfsRow(2, evening, "EDF-01", Decimal("18.0"), Decimal("750.0"), True),
        ...     DfsRow(3, evening, "URAC-01", Decimal("4.0"), Decimal("750.0"), False),
        ... )
        >>> half_hour = dfs_books(rows)[0]
        >>> half_hour.book.target_kw, half_hour.accepted_bid_ids, half_hour.accepted_cost_gbp
        ((18000.0,), ('edf-01',), Decimal('6750.000'))
    """
    of_start: dict[datetime, list[DfsRow]] = defaultdict(list)
    for row in rows:
        of_start[row.start].append(row)
    targets_kw = required_kw or {}
    return tuple(_half_hour(start, of_start[start], targets_kw.get(start)) for start in sorted(of_start))


def _half_hour(start: datetime, rows: list[DfsRow], required_kw: float | None) -> DfsHalfHour:
    offering = [row for row in rows if row.volume_mw > 0]
    ids = _ids(offering)
    accepted = [row for row in offering if row.was_accepted]
    accepted_kw = float(sum((row.volume_mw for row in accepted), Decimal(0)) * _KW_PER_MW)
    dearest = max((row.price_gbp_per_mwh for row in offering), default=Decimal(0))
    book = Book(
        auction_id=f"gb-dfs-{start:%Y-%m-%d-%H%M}",
        start=start,
        step=HALF_HOUR,
        target_kw=(accepted_kw if required_kw is None else required_kw,),
        recovery_interval_count=0,
        price_cap_per_mwh=Decimal(max(0, int(dearest // _CAP_STEP)) + 1) * _CAP_STEP,
        rebound_headroom_kw=None,
        bids=tuple(_bid(row, bid_id) for row, bid_id in zip(offering, ids, strict=True)),
        currency="GBP",
    )
    return DfsHalfHour(
        book=book,
        accepted_bid_ids=tuple(
            sorted(bid_id for row, bid_id in zip(offering, ids, strict=True) if row.was_accepted)
        ),
        accepted_kw=accepted_kw,
        accepted_cost_gbp=sum(
            (row.volume_mw * row.price_gbp_per_mwh * _HALF_AN_HOUR_H for row in accepted), Decimal(0)
        ),
        empty_rows=tuple(row for row in rows if row.volume_mw == 0),
    )


def _bid(row: DfsRow, bid_id: str) -> Bid:
    return Bid(
        bid_id=bid_id,
        site_id=bid_id,
        resource_id="unit",
        zone=_ZONE,
        submitted_at=row.start,
        delivery_ratio=1.0,
        offer=BlockOffer((float(row.volume_mw * _KW_PER_MW),), row.price_gbp_per_mwh),
    )


def _ids(rows: list[DfsRow]) -> list[str]:
    """Return an id for each row: its unit's name as an id, numbered where two would be the same."""
    taken: set[str] = set()
    ids = []
    for row in rows:
        stem = _stem(row.unit_id)
        bid_id, number = stem, 1
        while bid_id in taken:
            number += 1
            bid_id = f"{stem}-{number}"
        taken.add(bid_id)
        ids.append(bid_id)
    return ids


def _stem(unit_id: str) -> str:
    """Write a unit's published name as an id.

    Example:
        >>> _stem("GB_DFS1"), _stem("1st Unit")
        ('gb-dfs1', 'unit-1st-unit')
    """
    words = re.sub("[^a-z0-9]+", "-", unit_id.lower()).strip("-")
    named = words if re.match("[a-z]", words) else f"unit-{words}"
    return named[:_LONGEST_STEM].strip("-")
