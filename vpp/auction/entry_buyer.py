"""What the buyer's side of a book must look like: target, cap, limits and rules of entry."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import inf

from vpp.auction.book import Book
from vpp.auction.entry_refusal import CURRENCY, CURRENCY_EXPECTED, refused_book


def check_buyer(book: Book) -> None:
    """Refuse a book whose own fields, the bids aside, break a rule.

    Args:
        book: The book.

    Raises:
        InvalidInput: A field is out of range, of a wrong length, or names something twice.
    """
    if book.step <= timedelta(0):
        raise refused_book(book, "step", book.step, "above zero")
    if not book.target_kw or not all(0 <= kw < inf for kw in book.target_kw):
        raise refused_book(book, "target_kw", book.target_kw, "one or more finite values, none negative")
    _check_least(book, "recovery_interval_count", book.recovery_interval_count)
    if book.rebound_headroom_kw is not None:
        _check_least(book, "rebound_headroom_kw", book.rebound_headroom_kw)
    for key, kw in book.resource_limit_kw.items():
        _check_least(book, f"resource_limit_kw of {'/'.join(key)}", kw)
    if not book.price_cap_per_mwh.is_finite() or book.price_cap_per_mwh <= 0:
        raise refused_book(book, "price_cap_per_mwh", book.price_cap_per_mwh, "above 0")
    if book.currency and not CURRENCY.fullmatch(book.currency):
        raise refused_book(book, "currency", repr(book.currency), CURRENCY_EXPECTED)
    _check_entry_rules(book)
    _check_terms(book)
    _check_limits(book)


def _check_least(book: Book, field: str, value: float, least: float = 0) -> None:
    if not least <= value < inf:  # NaN fails as well
        raise refused_book(book, field, value, f"{least} or more")


def _check_entry_rules(book: Book) -> None:
    entry = book.entry
    floor = entry.price_floor_per_mwh
    if floor is not None and (not floor.is_finite() or floor >= book.price_cap_per_mwh):
        expected = f"below the price cap of {book.price_cap_per_mwh}, or none"
        raise refused_book(book, "entry.price_floor_per_mwh", floor, expected)
    _check_least(book, "entry.min_bid_kw", entry.min_bid_kw)
    _check_least(book, "entry.increment_kw", entry.increment_kw)
    _check_least(book, "entry.max_bids_per_party", entry.max_bids_per_party, 1)


def _check_terms(book: Book) -> None:
    terms = book.terms
    _check_least(book, "terms.margin_ratio", terms.margin_ratio)
    _check_least(book, "terms.min_site_count", terms.min_site_count)
    if terms.has_loss_reserve and not terms.allows_over_delivery:
        expected = "false where allows_over_delivery is false, because a reserve is bought beyond the target"
        raise refused_book(book, "terms.has_loss_reserve", terms.has_loss_reserve, expected)
    if terms.max_start_ramp_kw is not None:
        _check_least(book, "terms.max_start_ramp_kw", terms.max_start_ramp_kw)
    if terms.max_release_ramp_kw is not None:
        _check_least(book, "terms.max_release_ramp_kw", terms.max_release_ramp_kw)
    if not 0 < terms.activation_ratio <= 1:
        raise refused_book(book, "terms.activation_ratio", terms.activation_ratio, "above 0 and at most 1")


def _check_limits(book: Book) -> None:
    terms, delivery, horizon = book.terms, book.delivery_interval_count, book.horizon_interval_count
    _check_once(book, "terms.zones", (limit.zone for limit in terms.zones))
    for zone in terms.zones:
        name = f"of zone {zone.zone}"
        _check_row(book, f"local_target_kw {name}", zone.local_target_kw, delivery)
        _check_row(book, f"max_reduction_kw {name}", zone.max_reduction_kw, horizon)
        _check_row(book, f"max_rebound_kw {name}", zone.max_rebound_kw, horizon)
    _check_once(book, "terms.feeders", (limit.feeder_id for limit in terms.feeders))
    for feeder in terms.feeders:
        name = f"of feeder {feeder.feeder_id}"
        if not feeder.site_ids:
            raise refused_book(book, f"site_ids {name}", "empty", "one site at least")
        _check_once(book, f"site_ids {name}", feeder.site_ids)
        _check_row(book, f"max_reduction_kw {name}", feeder.max_reduction_kw, horizon)
        _check_row(book, f"max_rebound_kw {name}", feeder.max_rebound_kw, horizon)
    _check_once(book, "terms.sites", (limit.site_id for limit in terms.sites))
    for site in terms.sites:
        _check_row(book, f"max_rebound_kw of site {site.site_id}", site.max_rebound_kw, horizon)
    _check_once(book, "terms.paths", (f"{path.from_zone}>{path.to_zone}" for path in terms.paths))
    for path in terms.paths:
        name = f"of path {path.from_zone}>{path.to_zone}"
        if path.from_zone == path.to_zone:
            raise refused_book(book, f"to_zone {name}", path.to_zone, "another zone than it leads from")
        _check_row(book, f"max_moved_kw {name}", path.max_moved_kw, delivery)


def _check_once(book: Book, field: str, names: Iterable[str]) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise refused_book(book, field, f"{name} twice", "each once")
        seen.add(name)


def _check_row(book: Book, field: str, row_kw: Sequence[float] | None, interval_count: int) -> None:
    if row_kw is None:
        return
    if len(row_kw) != interval_count:
        raise refused_book(book, field, f"{len(row_kw)} intervals", f"{interval_count} intervals, or none")
    for t, kw in enumerate(row_kw):
        if not 0 <= kw < inf:
            raise refused_book(book, f"{field} in interval {t}", kw, "0 or more")
