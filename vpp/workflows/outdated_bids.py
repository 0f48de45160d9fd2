"""Standing bids that the version of a product that calls them does not take.

A standing bid is checked by the version that is newest when it is entered. It stays open when a later version
has another least or largest size, or measures more finely than the site does; such a bid is not called.
"""

from collections.abc import Iterable

from vpp.auction.bid import Bid
from vpp.auction.entry import check_size
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.site import Site
from vpp.workflows.fine_metering import check_metering
from vpp.workflows.ports import UnitOfWork


def outdated_bids(uow: UnitOfWork, product: ProductProfile, bids: Iterable[Bid]) -> dict[str, str]:
    """Return why standing bids cannot be called under a version of their product, by bid id.

    Args:
        uow: The transaction.
        product: The version that calls them.
        bids: The standing bids.
    """
    every = list(bids)
    sites = {
        site_id: each.value
        for site_id, each in uow.sites.get_all(sorted({bid.site_id for bid in every})).items()
    }
    return {
        bid.bid_id: f"{reason}, as version {product.version} of products/{product.product_id} has it"
        for bid in every
        if (reason := _refusal(product, bid, sites[bid.site_id])) is not None
    }


def _refusal(product: ProductProfile, bid: Bid, site: Site) -> str | None:
    try:
        check_size(bid, product.bid)
        check_metering(product, site)
    except InvalidInput as refusal:
        return str(refusal)
    return None
