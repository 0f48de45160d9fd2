"""The windows before and after an event in which energy is reported beside it."""

from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile


def windows_beside(delivery: Interval, product: ProductProfile) -> tuple[Interval, ...]:
    """Return the window before delivery and the one after it, in whole settlement intervals.

    Args:
        delivery: The event's delivery, or what is paid of it.
        product: The product, which says how long they are.

    Returns:
        None, one or both: a window shorter than an interval is left out.
    """
    step, terms = product.settlement_interval, product.measurement
    before, after = terms.before_window // step * step, terms.after_window // step * step
    windows = []
    if before:
        windows.append(Interval(delivery.start - before, delivery.start))
    if after:
        windows.append(Interval(delivery.end, delivery.end + after))
    return tuple(windows)
