"""Whether a site's meter is fine enough for a product.

settlement interval mod metering interval = 0,   metering interval <= telemetry_interval
"""

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.site import Site


def check_metering(product: ProductProfile, site: Site) -> None:
    """Refuse a site whose meter is too coarse for a product.

    Raises:
        InvalidInput: The message names both intervals.
    """
    interval, longest = site.metering_interval, product.telemetry_interval
    if product.settlement_interval % interval:
        raise InvalidInput(
            f"metering_interval of sites/{site.site_id} is {interval}, expected one that divides the "
            f"product's settlement interval of {product.settlement_interval}",
            metering_interval=str(interval),
        )
    if longest is not None and interval > longest:
        raise InvalidInput(
            f"metering_interval of sites/{site.site_id} is {interval}, expected at most the product's "
            f"telemetry_interval of {longest}",
            metering_interval=str(interval),
        )
